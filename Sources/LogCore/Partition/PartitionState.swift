package import Model

/// The head of one partition: offsets, producers, transactions, and the batches in memory. Pure; the engine keeps it
/// behind a mutex and carries out what it decides.
///
/// ```
/// logStart ≤ … ≤ writtenEnd ≤ … ≤ highWatermark ≤ … ≤ logEnd      (journaled)
/// logStart ≤ … ≤ writtenEnd = highWatermark ≤ … ≤ logEnd          (not journaled)
/// ```
///
/// Input that a client controls throws `LogError` and changes nothing; breaking the order above is our bug and traps.
package struct PartitionState: ~Copyable {
    package enum Availability: Sendable {
        /// Opened, but the journal has not been replayed.
        case recovering
        case online
        /// Storage failed; the error is answered to every append and read.
        case offline(LogError)
        case gone
        case closed
    }

    package let partition: TopicPartition
    package internal(set) var availability: Availability
    package internal(set) var settings: LogSettings
    /// Whether appends go through the journal. Follows the settings, but waits for a sync when it turns true.
    package internal(set) var isJournaled: Bool
    package internal(set) var logStart: Offset
    package internal(set) var highWatermark: Offset
    package internal(set) var writtenEnd: Offset
    package internal(set) var logEnd: Offset
    /// In offset order; only what is in files.
    package internal(set) var segments: [SegmentInfo]
    var frontier: SegmentFrontier?
    package internal(set) var producers: ProducerTable
    var ledger: TransactionLedger
    var aborted: AbortedTransactions
    package internal(set) var epochs: LeaderEpochs
    package internal(set) var tail = TailCache()

    /// A partition as its files are, with nothing in memory.
    package init(
        partition: TopicPartition,
        settings: LogSettings,
        availability: Availability,
        logStart: Offset,
        segments: [SegmentInfo],
        written: WrittenState
    ) {
        self.partition = partition
        self.settings = settings
        self.isJournaled = settings.isJournaled
        self.availability = availability
        self.segments = segments
        self.writtenEnd = written.endOffset
        self.highWatermark = written.endOffset
        self.logEnd = written.endOffset
        self.logStart = min(max(logStart, segments.first?.baseOffset ?? 0), written.endOffset)
        self.frontier = written.frontier
        self.producers = written.producers
        self.ledger = TransactionLedger(open: written.producers.openTransactions)
        self.aborted = written.aborted
        self.epochs = written.epochs
    }

    package var offsets: LogOffsets {
        LogOffsets(
            logStart: self.logStart,
            lastStable: self.lastStableOffset,
            highWatermark: self.highWatermark,
            logEnd: self.logEnd
        )
    }

    package var lastStableOffset: Offset {
        max(self.logStart, min(self.highWatermark, self.ledger.firstUnstableOffset ?? .max))
    }

    package func readLimit(_ isolation: IsolationLevel) -> Offset {
        isolation == .readCommitted ? self.lastStableOffset : self.highWatermark
    }

    package var sizeBytes: Int64 {
        self.segments.reduce(self.tail.unwrittenBytes) { $0 + $1.sizeBytes }
    }

    /// Throws what appends and reads answer while the partition does not serve.
    package func checkAvailable() throws(LogError) {
        switch self.availability {
        case .online: return
        case .recovering: throw LogError(.overloaded, "the partition is being recovered")
        case .offline(let error): throw error
        case .gone: throw LogError(.partitionGone, "the partition was deleted")
        case .closed: throw LogError(.closed, "the log is closed")
        }
    }

    package mutating func makeAvailable(_ availability: Availability) {
        // Gone is final, and an offline partition comes back by a restart only.
        switch (self.availability, availability) {
        case (.gone, _), (.offline, .online), (.offline, .recovering), (.closed, .online): return
        default: self.availability = availability
        }
    }

    /// Changes the settings from the next append on.
    package mutating func update(_ settings: LogSettings) {
        self.settings = settings
        if !settings.isJournaled { self.isJournaled = false }
    }

    /// The settings ask for the journal, but batches that skipped it are not synced yet. A journal entry that follows
    /// them would leave a gap if they were lost.
    package var awaitsSyncForJournal: Bool { self.settings.isJournaled && !self.isJournaled }

    /// Everything up to `offset` in the segments is synced.
    package mutating func synced(to offset: Offset) {
        if self.awaitsSyncForJournal && offset >= self.logEnd { self.isJournaled = true }
    }
}

extension PartitionState {
    /// Records that may be written to segments before these are forced, for partitions without journal.
    package var flushRecordsMax: Int64 { self.isJournaled ? .max : self.settings.flushMessages }

    /// Milliseconds that such records may stay unforced.
    package var flushMillisecondsMax: Int64 { self.isJournaled ? .max : self.settings.flushMilliseconds }
}
