package import RecordBatch

/// How a producer works. The defaults are those of Kafka 4's producer unless a line says otherwise.
package struct ProducerSettings: Sendable {
    package enum Acks: Int16, Sendable, CaseIterable {
        case none = 0
        case leader = 1
        case all = -1
    }

    package var acks: Acks = .all
    package var compression: CompressionCodec = .none
    /// Each record is written exactly once to its partition, in order, also after retries (KIP-98). Needs acks all.
    package var isIdempotent = true
    /// A batch is sent when it has this many bytes before compression. Kafka: 16 KiB; larger ones are what makes a
    /// single process fast.
    package var batchBytes = 256 << 10
    /// A batch is sent at the latest so long after its first record.
    package var linger: Duration = .milliseconds(5)
    /// Batches on the way per partition, at most 5 when idempotent, because brokers remember that many.
    package var batchesInFlightMax = 5
    /// Requests on the way per broker.
    package var requestsInFlightMax = 5
    /// Bytes of batches in one request, unless a single batch is larger: `max.request.size`.
    package var requestBytesMax = 1 << 20
    /// `send` waits while this many bytes are not acknowledged: `buffer.memory`.
    package var bufferBytesMax = 32 << 20
    /// How long the broker may take to replicate: `request.timeout.ms`.
    package var timeout: Duration = .seconds(30)
    /// A batch that is not acknowledged by then has failed: `delivery.timeout.ms`.
    package var deliveryTimeout: Duration = .seconds(120)

    package init() {}
}
