internal import Metadata
internal import Model
internal import NIOCore

/// What a broker that changes the shards of a topic asks of the broker that leads one of its partitions.
///
/// Behind the byte of `PeerSubject.shards`: kind, topic, partition, number of the change, and the fields of the kind.
struct ShardClosingRequest: Equatable {
    enum Action: Equatable {
        /// Close a shard at the end of the log; with `seals` the partition's last one.
        case close(ordinal: Int32, seals: Bool)
        /// The change does not take place.
        case reopen(ordinal: Int32)
        /// Where the log ends.
        case end
        /// Wait until the records before this offset are durable.
        case awaitDurability(until: Offset)
    }

    var partition: TopicPartition
    /// Random, of one change of shards.
    var change: UInt64
    var action: Action

    var encoded: ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeInteger(PeerSubject.shards.rawValue)
        buffer.writeInteger(self.partition.topicID.high)
        buffer.writeInteger(self.partition.topicID.low)
        buffer.writeInteger(self.partition.partition)
        buffer.writeInteger(self.change)
        switch self.action {
        case .close(let ordinal, let seals):
            buffer.writeInteger(UInt8(1))
            buffer.writeInteger(ordinal)
            buffer.writeInteger(UInt8(seals ? 1 : 0))
        case .reopen(let ordinal):
            buffer.writeInteger(UInt8(2))
            buffer.writeInteger(ordinal)
        case .end: buffer.writeInteger(UInt8(3))
        case .awaitDurability(let end):
            buffer.writeInteger(UInt8(4))
            buffer.writeInteger(end)
        }
        return buffer
    }

    init(partition: TopicPartition, change: UInt64, action: Action) {
        self.partition = partition
        self.change = change
        self.action = action
    }

    /// - Parameter buffer: without the subject.
    /// - Returns: `nil` when it is not a request that this version knows.
    init?(_ buffer: ByteBuffer) {
        var buffer = buffer
        guard let high = buffer.readInteger(as: UInt64.self), let low = buffer.readInteger(as: UInt64.self),
            let number = buffer.readInteger(as: Int32.self), let change = buffer.readInteger(as: UInt64.self),
            let kind = buffer.readInteger(as: UInt8.self)
        else { return nil }
        self.partition = TopicPartition(topicID: TopicID(high: high, low: low), partition: number)
        self.change = change
        switch kind {
        case 1:
            guard let ordinal = buffer.readInteger(as: Int32.self), let seals = buffer.readInteger(as: UInt8.self)
            else { return nil }
            self.action = .close(ordinal: ordinal, seals: seals != 0)
        case 2:
            guard let ordinal = buffer.readInteger(as: Int32.self) else { return nil }
            self.action = .reopen(ordinal: ordinal)
        case 3: self.action = .end
        case 4:
            guard let end = buffer.readInteger(as: Int64.self) else { return nil }
            self.action = .awaitDurability(until: end)
        default: return nil
        }
    }
}

/// The answer to one.
enum ShardClosingAnswer: Equatable {
    /// `end` is the end of the log, or of the shard.
    case done(end: Offset, epoch: LeaderEpoch, isWrittenByKafka: Bool)
    /// The shard takes no puts: another change came first, or this broker's metadata is another than the asker's.
    case notOpen
    /// This broker does not lead the partition.
    case notLed
    /// The records are not durable in time.
    case notDurable

    var encoded: ByteBuffer {
        var buffer = ByteBuffer()
        switch self {
        case .done(let end, let epoch, let isWrittenByKafka):
            buffer.writeInteger(UInt8(0))
            buffer.writeInteger(end)
            buffer.writeInteger(epoch.rawValue)
            buffer.writeInteger(UInt8(isWrittenByKafka ? 1 : 0))
        case .notOpen: buffer.writeInteger(UInt8(1))
        case .notLed: buffer.writeInteger(UInt8(2))
        case .notDurable: buffer.writeInteger(UInt8(3))
        }
        return buffer
    }

    /// - Returns: `nil` when it is not an answer that this version knows.
    init?(_ buffer: ByteBuffer) {
        var buffer = buffer
        switch buffer.readInteger(as: UInt8.self) {
        case 0:
            guard let end = buffer.readInteger(as: Int64.self), end >= 0,
                let epoch = buffer.readInteger(as: Int32.self), let flag = buffer.readInteger(as: UInt8.self)
            else { return nil }
            self = .done(end: end, epoch: LeaderEpoch(epoch), isWrittenByKafka: flag != 0)
        case 1: self = .notOpen
        case 2, nil: self = .notLed
        case 3: self = .notDurable
        default: return nil
        }
    }
}
