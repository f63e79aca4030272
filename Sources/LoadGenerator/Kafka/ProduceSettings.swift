package import RecordBatch

/// How a produce load works.
package struct ProduceSettings: Sendable, Equatable {
    package var topic: TopicTarget.Wish
    /// Connections to each broker that leads a partition, each a producer of its own.
    package var connections = 1
    /// Bytes of each record's value.
    package var recordBytes = 100
    /// 0, 1 or -1 (all).
    package var acks: Int16 = -1
    package var compression = CompressionCodec.none
    /// Records a second; `nil` for as fast as it goes.
    package var rate: Double?
    /// Of a batch before compression.
    package var batchBytes = 131_072
    package var lingerMilliseconds: Double = 5
    /// Requests on the way per connection.
    package var requestsInFlight = 5
    package var isIdempotent = false
    package var volume: LoadVolume
    package var hasTimeline = false
    /// Records say which they are: for measuring from end to end.
    package var isStamped = false

    package init(topic: TopicTarget.Wish, volume: LoadVolume) {
        self.topic = topic
        self.volume = volume
    }

    /// - Throws: `LoadFailure` for what cannot be.
    package func validate() throws(LoadFailure) {
        try LoadBounds.check("--partitions", Int(self.topic.partitions), 1...100_000)
        try LoadBounds.check("--connections", self.connections, 1...10_000)
        try LoadBounds.check("--size", self.recordBytes, 0...(100 << 20))
        try LoadBounds.check("--batch-bytes", self.batchBytes, 1...(100 << 20))
        try LoadBounds.check("--in-flight", self.requestsInFlight, 1...1000)
        if let rate, !(rate > 0 && rate <= 1e8) {
            throw LoadFailure("--rate must be above 0 and at most 100000000 records a second, or 0 for full speed")
        }
        guard self.lingerMilliseconds >= 0, self.lingerMilliseconds <= 60_000 else {
            throw LoadFailure("--linger-ms must be from 0 to 60000, not \(self.lingerMilliseconds)")
        }
        guard [0, 1, -1].contains(self.acks) else { throw LoadFailure("--acks is 0, 1 or all") }
        if self.isIdempotent {
            guard self.acks == -1 else { throw LoadFailure("--idempotent needs --acks all") }
            guard self.requestsInFlight <= 5 else {
                throw LoadFailure(
                    "--idempotent allows at most 5 requests in flight, because brokers remember that many"
                )
            }
        }
        if self.isStamped, self.recordBytes < StampedBatches.recordBytesMin {
            throw LoadFailure(
                "--size must be at least \(StampedBatches.recordBytesMin): each record carries its number"
            )
        }
        if let rate, case .seconds(let seconds) = self.volume.limit, rate * seconds > 1e14 {
            throw LoadFailure("--rate and --seconds ask for more records than can be counted")
        }
    }
}

/// Ranges of options.
package enum LoadBounds {
    package static func check(_ option: String, _ value: Int, _ range: ClosedRange<Int>) throws(LoadFailure) {
        guard range.contains(value) else {
            throw LoadFailure("\(option) must be from \(range.lowerBound) to \(range.upperBound), not \(value)")
        }
    }
}
