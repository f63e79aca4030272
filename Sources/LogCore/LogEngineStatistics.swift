package import Model

/// What an engine counts and holds, for metrics. Read at a scrape.
package struct LogEngineStatistics: Sendable {
    /// A part of memory with a bound.
    package struct Pool: Sendable, Equatable {
        package var name: String
        package var limitBytes: Int64
        package var usedBytes: Int64

        package init(name: String, limitBytes: Int64, usedBytes: Int64) {
            self.name = name
            self.limitBytes = limitBytes
            self.usedBytes = usedBytes
        }
    }

    /// Why segments were deleted.
    package enum DeletionReason: String, Sendable, CaseIterable {
        /// Too old, or the partition too large.
        case retention
        /// All of their records were deleted by DeleteRecords.
        case deleteRecords = "delete_records"
        /// Their topic was.
        case topic
    }

    /// The durable writes of the journal.
    package var journalWrites = DurationCounts()
    package var journalWrittenBytes: UInt64 = 0
    /// Payload bytes that are queued or being written.
    package var journalQueuedBytes = 0
    /// How long the oldest change that no checkpoint has forced has been there; 0 while there is none.
    package var checkpointAgeSeconds = 0.0
    /// In the order of the reasons.
    package var deletedBytes: [(reason: DeletionReason, bytes: UInt64)] = []
    package var pools: [Pool] = []

    package init() {}
}
