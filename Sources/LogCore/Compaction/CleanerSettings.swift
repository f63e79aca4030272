/// How compaction works: Kafka's `log.cleaner.*`, of the whole broker.
package struct CleanerSettings: Sendable, Equatable {
    /// `log.cleaner.threads`; 0 where `log.cleaner.enable` is false, or where somebody else calls the cleaner.
    package var threadCount = 1
    /// `log.cleaner.dedupe.buffer.size`: of all threads. A run takes of its part what the keys that may come need.
    package var dedupeBufferBytes = 128 << 20
    /// `log.cleaner.io.buffer.load.factor`: how full a map of keys may become.
    package var loadFactor = 0.9
    /// `log.cleaner.io.buffer.size`: read and written at a time by all threads; a larger batch is read whole.
    package var ioBufferBytes = 512 << 10
    /// `log.cleaner.io.max.bytes.per.second`: read and written by all threads; infinite means no limit.
    package var ioBytesPerSecondMax = Double.infinity
    /// `log.cleaner.backoff.ms`: between two looks at the logs when there was nothing to clean.
    package var backoffMilliseconds: Int64 = 15_000

    package init() {}
}

/// What the cleaner counts.
package struct CleanerMetrics: Sendable, Equatable {
    /// Runs that cleaned a partition.
    package var runs = 0
    /// Of segments, by the pass that finds the keys and the one that rewrites.
    package var bytesRead: Int64 = 0
    package var bytesWritten: Int64 = 0
    package var recordsRead: Int64 = 0
    package var recordsKept: Int64 = 0
    /// Of the dirtiest partition at the last look.
    package var dirtyPercentMax = 0
    /// The longest run, and the fullest map of keys, since the start.
    package var runMillisecondsMax: Int64 = 0
    package var bufferPercentMax = 0
    /// By how much the most overdue partition was beyond `max.compaction.lag.ms` at the last look.
    package var overdueMillisecondsMax: Int64 = 0
    package var uncleanablePartitions = 0
    /// Since the last look at the logs.
    package var idleMilliseconds: Int64 = 0

    package init() {}
}
