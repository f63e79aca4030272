package import Metadata
package import Model
internal import NIOCore

/// Which incarnation owns a partition: the value of the key `a/TOPIC/PARTITION`.
///
/// It is a key of its own, beside the partition's head, so that those who place partitions never read or write where
/// records lie, and a checkpoint never races a move.
///
/// Who writes it:
/// - the controller, for a partition without an owner, and once the owner's ownership key is fenced; it also sets
///   `target`, which asks the owner to hand the partition over;
/// - the owner, in a transaction that compares its own ownership key: it hands the partition over, or takes out
///   predecessors whose records it has folded into the head.
///
/// So an owner that once read "this is mine" may commit with the compare of its ownership key alone.
///
/// | bytes | |
/// | --- | --- |
/// | 1 | format, 1 |
/// | n | epoch; owner: broker, incarnation; target + 1, or 0; count of predecessors, each as the owner |
package struct PartitionAssignment: Sendable, Hashable {
    private static let format: UInt8 = 1

    /// Grows with each change of the owner.
    package var epoch: LeaderEpoch
    package var owner: Incarnation
    /// The broker that is to have the partition. The owner releases the log and hands it over.
    package var target: BrokerID?
    /// Incarnations whose commit records may hold runs of the partition that its head does not have, the oldest first.
    /// The owner before is appended with each change; the owner removes them after it has folded their runs. An owner
    /// that had the partition before is among them itself.
    package var predecessors: [Incarnation]

    package init(
        epoch: LeaderEpoch,
        owner: Incarnation,
        target: BrokerID? = nil,
        predecessors: [Incarnation] = []
    ) {
        self.epoch = epoch
        self.owner = owner
        self.target = target
        self.predecessors = predecessors
    }

    /// The epoch of the next owner. Clients may have heard of a target under the epoch after this one, so another
    /// broker gets the one behind it.
    package var nextEpoch: LeaderEpoch { LeaderEpoch(self.epoch.rawValue + (self.target == nil ? 1 : 2)) }

    /// The epoch that the target has when the owner hands over.
    package var targetEpoch: LeaderEpoch { LeaderEpoch(self.epoch.rawValue + 1) }

    /// The assignment to another owner.
    package func given(to owner: Incarnation, epoch: LeaderEpoch) -> PartitionAssignment {
        precondition(epoch > self.epoch, "epochs grow")
        return PartitionAssignment(
            epoch: epoch,
            owner: owner,
            predecessors: self.predecessors.filter { $0 != self.owner } + [self.owner]
        )
    }

    package var encoded: [UInt8] {
        var buffer = ByteBuffer()
        buffer.writeInteger(Self.format)
        buffer.writeNumber(UInt32(bitPattern: self.epoch.rawValue))
        Self.write(self.owner, to: &buffer)
        buffer.writeNumber(self.target.map { Int64($0.rawValue) + 1 } ?? 0)
        buffer.writeNumber(self.predecessors.count)
        for predecessor in self.predecessors { Self.write(predecessor, to: &buffer) }
        return Array(buffer.readableBytesView)
    }

    /// - Throws: `.truncated`, `.damaged` or `.newerFormat`.
    package init(decoding bytes: [UInt8]) throws(ObjectCodingError) {
        var buffer = ByteBuffer(bytes: bytes)
        guard try buffer.readFixed(as: UInt8.self) == Self.format else {
            throw ObjectCodingError(.newerFormat, "A partition's assignment was written by newer software.")
        }
        self.epoch = LeaderEpoch(Int32(bitPattern: try buffer.readNumber(as: UInt32.self)))
        self.owner = try Self.readIncarnation(from: &buffer)
        let target = try buffer.readNumber(as: Int64.self)
        guard target <= Int64(Int32.max) + 1 else { throw .damaged("A target is out of range.") }
        self.target = target == 0 ? nil : BrokerID(Int32(target - 1))
        let count = try buffer.readCount(bytesEach: 2)
        self.predecessors = []
        for _ in 0..<count { self.predecessors.append(try Self.readIncarnation(from: &buffer)) }
        guard buffer.readableBytes == 0 else { throw .damaged("A partition's assignment has bytes behind its end.") }
    }

    private static func write(_ incarnation: Incarnation, to buffer: inout ByteBuffer) {
        buffer.writeNumber(UInt32(bitPattern: incarnation.broker.rawValue))
        buffer.writeNumber(UInt64(bitPattern: incarnation.number))
    }

    private static func readIncarnation(from buffer: inout ByteBuffer) throws(ObjectCodingError) -> Incarnation {
        let broker = Int32(bitPattern: try buffer.readNumber(as: UInt32.self))
        let number = Int64(bitPattern: try buffer.readNumber())
        return Incarnation(broker: BrokerID(broker), number: number)
    }
}

extension PartitionAssignment {
    /// Before the keys of all assignments: `a/`, the topic's ID (16), the partition (4), big-endian.
    package static let keys = MetadataKey("a/")

    package static func key(_ partition: TopicPartition) -> MetadataKey {
        MetadataKey(
            bytes: Self.keys(of: partition.topicID).bytes
                + withUnsafeBytes(of: partition.partition.bigEndian) { Array($0) }
        )
    }

    /// Before the keys of a topic's assignments.
    package static func keys(of topic: TopicID) -> MetadataKey {
        var bytes = Self.keys.bytes
        for part in [topic.high, topic.low] { bytes += withUnsafeBytes(of: part.bigEndian) { Array($0) } }
        return MetadataKey(bytes: bytes)
    }

    /// The partition of a key; `nil` for a key that is not an assignment's.
    package static func partition(of key: MetadataKey) -> TopicPartition? {
        let prefix = Self.keys.bytes.count
        guard key.hasPrefix(Self.keys), key.bytes.count == prefix + 20 else { return nil }
        func number(_ range: Range<Int>) -> UInt64 {
            key.bytes[(prefix + range.lowerBound)..<(prefix + range.upperBound)].reduce(0) { $0 << 8 | UInt64($1) }
        }
        return TopicPartition(
            topicID: TopicID(high: number(0..<8), low: number(8..<16)),
            partition: Int32(truncatingIfNeeded: number(16..<20))
        )
    }
}
