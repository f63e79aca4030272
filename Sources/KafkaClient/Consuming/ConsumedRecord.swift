package import Model
package import NIOCore
package import RecordBatch

/// A record as it was read.
package struct ConsumedRecord: Sendable {
    package var partition: NamedPartition
    package var offset: Offset
    package var timestamp: Timestamp
    package var key: ByteBuffer?
    package var value: ByteBuffer?
    package var headers: [(key: String, value: ByteBuffer?)]
    /// Of the record's batch.
    package var leaderEpoch: LeaderEpoch
    package var producerID: ProducerID
    package var producerEpoch: ProducerEpoch
    package var attributes: BatchAttributes

    package init(
        partition: NamedPartition,
        offset: Offset,
        timestamp: Timestamp,
        key: ByteBuffer?,
        value: ByteBuffer?,
        headers: [(key: String, value: ByteBuffer?)] = [],
        leaderEpoch: LeaderEpoch = LeaderEpoch(rawValue: -1),
        producerID: ProducerID = ProducerID(rawValue: -1),
        producerEpoch: ProducerEpoch = ProducerEpoch(rawValue: -1),
        attributes: BatchAttributes = BatchAttributes(rawValue: 0)
    ) {
        self.partition = partition
        self.offset = offset
        self.timestamp = timestamp
        self.key = key
        self.value = value
        self.headers = headers
        self.leaderEpoch = leaderEpoch
        self.producerID = producerID
        self.producerEpoch = producerEpoch
        self.attributes = attributes
    }
}

/// Where to begin in a partition.
package enum StartPosition: Sendable, Equatable {
    case earliest
    /// After the last record that exists now.
    case latest
    case offset(Offset)
    /// The first record with this timestamp or a later one; the end when no record has one.
    case timestamp(Timestamp)

    /// The timestamp that asks ListOffsets for it; `nil` for a given offset.
    var listTimestamp: Timestamp? {
        switch self {
        case .earliest: -2
        case .latest: -1
        case .offset: nil
        case .timestamp(let timestamp): timestamp
        }
    }
}

/// How a consumer reads. The defaults are those of Kafka's consumer.
package struct ConsumerSettings: Sendable {
    /// How long a fetch waits for `fetchBytesMin`: `fetch.max.wait.ms`.
    package var wait: Duration = .milliseconds(500)
    package var fetchBytesMin: Int32 = 1
    package var fetchBytesMax: Int32 = 50 << 20
    package var partitionBytesMax: Int32 = 1 << 20
    /// Where to continue when an offset is gone; `nil` to throw instead: `auto.offset.reset`.
    package var reset: StartPosition? = .latest
    /// Leave out records of transactions that are open or were aborted: `isolation.level=read_committed`.
    package var readsCommittedOnly = false

    package init() {}
}
