package import Model

/// What an engine with an object store counts and holds, for metrics. Read at a scrape.
package struct ObjectEngineStatistics: Sendable {
    /// Requests of one kind to the store.
    package struct Requests: Sendable, Equatable {
        package var kind: String
        package var count: UInt64
        package var failures: UInt64
        package var bytes: UInt64

        package init(kind: String, count: UInt64, failures: UInt64, bytes: UInt64) {
            self.kind = kind
            self.count = count
            self.failures = failures
            self.bytes = bytes
        }
    }

    /// From when an upload of a flush is sent until it is answered.
    package var uploads = DurationCounts()
    /// From when a commit's transaction is first sent until it is decided.
    package var commits = DurationCounts()
    /// Flushes that were committed, and their bytes.
    package var flushes: UInt64 = 0
    package var flushedBytes: UInt64 = 0
    package var uploadFailures: UInt64 = 0
    /// Commit records that no checkpoint has taken over.
    package var commitRecords = 0
    package var checkpoints = 0
    /// Of all kinds, in the same order at each scrape.
    package var requests: [Requests] = []
    package var pools: [LogEngineStatistics.Pool] = []

    package init() {}
}
