package import Model
package import NIOCore

/// A record to be written.
package struct ProducerRecord: Sendable {
    package var key: ByteBuffer?
    package var value: ByteBuffer?
    package var headers: [(key: String, value: ByteBuffer?)]
    /// `nil` leaves the choice to the key's hash, or without a key to the producer.
    package var partition: Int32?
    /// `nil` for the time at which the producer takes the record.
    package var timestamp: Timestamp?

    package init(
        key: ByteBuffer? = nil,
        value: ByteBuffer?,
        headers: [(key: String, value: ByteBuffer?)] = [],
        partition: Int32? = nil,
        timestamp: Timestamp? = nil
    ) {
        self.key = key
        self.value = value
        self.headers = headers
        self.partition = partition
        self.timestamp = timestamp
    }

    /// Bytes of key, value and headers.
    package var payloadBytes: Int {
        self.headers.reduce((self.key?.readableBytes ?? 0) + (self.value?.readableBytes ?? 0)) {
            $0 + $1.key.utf8.count + ($1.value?.readableBytes ?? 0)
        }
    }
}

/// What became of the records so far.
package struct DeliveryCounts: Sendable, Equatable {
    /// Taken by the producer.
    package var taken = 0
    package var acknowledged = 0
    package var failed = 0
    /// Bytes of keys, values and headers of acknowledged records.
    package var acknowledgedBytes = 0
    /// Requests that were tried again.
    package var retries = 0
}

/// What became of one batch.
package struct Delivery: Sendable {
    package var partition: NamedPartition
    /// The first record's offset; `-1` when the broker does not tell, as with acks 0.
    package var baseOffset: Offset
    package var recordCount: Int
    /// From the batch's first record to the acknowledgement.
    package var latency: Duration
    package var error: ClientError?
}
