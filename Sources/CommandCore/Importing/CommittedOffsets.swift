internal import CoordinatorRuntime
package import KafkaClient
internal import KafkaProtocol
package import Model
package import NIOCore
package import RecordBatch

/// The offsets that groups have committed, gathered from the records of `__consumer_offsets`, and written again.
///
/// Of each key the last record counts; those of a transaction count when its commit comes. Records of other kinds,
/// about members, are left out: members join again.
package struct CommittedOffsets: Sendable {
    package struct Key: Hashable, Sendable {
        package var group: String
        package var partition: NamedPartition

        package init(group: String, partition: NamedPartition) {
            self.group = group
            self.partition = partition
        }
    }

    package struct Commit: Equatable, Sendable {
        package var offset: Offset
        package var metadata: String
    }

    package private(set) var commits: [Key: Commit] = [:]
    /// Of transactions that are open, by producer.
    private var pending: [ProducerID: [(Key, Commit?)]] = [:]
    /// Records that could not be read.
    package private(set) var damagedCount = 0

    package init() {}

    /// Takes the next batch of a partition.
    ///
    /// - Throws: `RecordBatchError`.
    package mutating func add(_ batch: StoredBatch) throws(RecordBatchError) {
        if batch.header.attributes.isControl {
            guard let marker = try ControlRecord.read(batch.header, batch.payload) else { return }
            let held = self.pending.removeValue(forKey: batch.header.producerID) ?? []
            if marker.kind == .commit { for (key, commit) in held { self.commits[key] = commit } }
            return
        }
        var reader = try batch.records(decompressedBytesMax: 1 << 30)
        while let record = try reader.next() {
            guard let (key, commit) = self.decode(record.key, record.value) else { continue }
            if batch.header.attributes.isTransactional {
                self.pending[batch.header.producerID, default: []].append((key, commit))
            } else {
                self.commits[key] = commit
            }
        }
    }

    private mutating func decode(_ key: ByteBuffer?, _ value: ByteBuffer?) -> (Key, Commit?)? {
        guard var key, let kind = key.getInteger(at: key.readerIndex, as: Int16.self), kind == 0 || kind == 1 else {
            return nil
        }
        do throws(WireError) {
            let decoded = try OffsetCommitKey.decodeVersioned(from: &key).value
            let name = Key(
                group: decoded.groupID.rawValue,
                partition: NamedPartition(topic: decoded.topicName, partition: decoded.partitionIndex)
            )
            guard var value else { return (name, nil) }
            let commit = try OffsetCommitValue.decodeVersioned(from: &value).value
            return (name, Commit(offset: commit.offset, metadata: commit.metadata))
        } catch {
            self.damagedCount += 1
            return nil
        }
    }

    package var groups: [String] { Set(self.commits.keys.map(\.group)).sorted() }

    /// Leaves out the offsets of other topics.
    package mutating func keep(topics: Set<String>) {
        self.commits = self.commits.filter { topics.contains($0.key.partition.topic) }
    }

    private static let batchBytesMax = 64 << 10

    /// Batches for each partition of an offsets topic, from offset 0 on.
    ///
    /// The leader epoch is left out, because partitions begin with another one; a client would believe that the log was
    /// cut. The time of the commits is now, so that nothing expires before its group has come.
    ///
    /// - Parameter partitionCount: of the topic.
    package func batches(partitionCount: Int32, now: Timestamp) -> [Int32: [ByteBuffer]] {
        var result: [Int32: [ByteBuffer]] = [:]
        let sorted = self.commits.sorted { left, right in
            (left.key.group, left.key.partition) < (right.key.group, right.key.partition)
        }
        let byPartition = Dictionary(grouping: sorted) {
            CoordinatorKeyPartition.number(of: $0.key.group, count: partitionCount)
        }
        for (partition, commits) in byPartition {
            var next: Offset = 0
            var builder = RecordBatchBuilder(options: .init(baseOffset: 0, leaderEpoch: LeaderEpoch(0)))
            for (key, commit) in commits {
                builder.append(key: Self.encode(key), value: Self.encode(commit, now), timestamp: now)
                guard builder.sizeInBytes > Self.batchBytesMax else { continue }
                next += Offset(builder.recordCount)
                result[partition, default: []].append(builder.finishUncompressed().buffer)
                builder.options.baseOffset = next
            }
            if !builder.isEmpty { result[partition, default: []].append(builder.finishUncompressed().buffer) }
        }
        return result
    }

    private static func encode(_ key: Key) -> ByteBuffer {
        var buffer = ByteBuffer()
        OffsetCommitKey(
            groupID: GroupID(key.group),
            topicName: key.partition.topic,
            partitionIndex: key.partition.partition
        )
        .encodeVersioned(into: &buffer, version: 1)
        return buffer
    }

    private static func encode(_ commit: Commit, _ now: Timestamp) -> ByteBuffer {
        var buffer = ByteBuffer()
        OffsetCommitValue(
            offset: commit.offset,
            leaderEpoch: LeaderEpoch(-1),
            metadata: commit.metadata,
            commitTimestamp: now,
            expireTimestamp: -1,
            topicID: .zero
        )
        .encodeVersioned(into: &buffer, version: 3)
        return buffer
    }
}
