package import Model

/// The head of one partition: offsets, producers, transactions, leader epochs, and the batches in memory. Pure, and it
/// knows neither files nor objects: an engine keeps it behind a mutex, carries out what it decides, and tells it what
/// has become durable, stored and forced.
///
/// A batch passes these offsets one after the other, each of which only grows (but `logEnd` in `rollBackUndurable`):
///
/// ```
/// assigned   append              logEnd
/// durable    the journal has it  highWatermark: readers see what lies before it
/// stored     where it stays      storedEnd: memory may evict what lies before it
/// forced     a checkpoint        forcedEnd: the journal may forget what lies before it
/// evicted    memory is wanted    tail.firstOffset: reads before it are `.stored` ones
///
/// logStart ≤ … ≤ storedEnd ≤ … ≤ highWatermark ≤ … ≤ logEnd      (journaled)
/// logStart ≤ … ≤ storedEnd = highWatermark ≤ … ≤ logEnd          (not journaled)
/// ```
///
/// What moves a partition's batches from one to the next, and what stands in their way, is `BatchLifecycle`.
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
    /// Only coordinators append.
    package var isSealed = false
    /// Whether appends go through the journal. Follows the settings, but waits for forcing when it turns true.
    package internal(set) var isJournaled: Bool
    package internal(set) var logStart: Offset
    package internal(set) var highWatermark: Offset
    package internal(set) var storedEnd: Offset
    package internal(set) var forcedEnd: Offset
    package internal(set) var logEnd: Offset
    package internal(set) var producers: ProducerTable
    var ledger: TransactionLedger
    package internal(set) var aborted: AbortedTransactions
    package internal(set) var epochs: LeaderEpochs
    package internal(set) var tail = TailCache()
    /// What readers are refused.
    package var quarantine: Quarantine
    /// A Kafka broker may have removed offsets below this one, in segments that it compacted.
    package let gapsBefore: Offset

    /// A partition as it is stored, with nothing in memory.
    ///
    /// - Parameters:
    ///   - logStart: the first offset that may be read.
    ///   - forcedEnd: what was forced of it.
    ///   - quarantine: what is damaged of it.
    ///   - gapsBefore: see `SegmentWalk`.
    package init(
        partition: TopicPartition,
        settings: LogSettings,
        availability: Availability,
        logStart: Offset,
        stored: StoredState,
        forcedEnd: Offset,
        quarantine: Quarantine = Quarantine(),
        gapsBefore: Offset = 0
    ) {
        self.quarantine = quarantine
        self.gapsBefore = gapsBefore
        self.partition = partition
        self.settings = settings
        self.isJournaled = settings.isJournaled
        self.availability = availability
        self.storedEnd = stored.endOffset
        self.forcedEnd = forcedEnd
        self.highWatermark = stored.endOffset
        self.logEnd = stored.endOffset
        self.logStart = min(logStart, stored.endOffset)
        self.producers = stored.producers
        self.ledger = TransactionLedger(open: stored.producers.openTransactions)
        self.aborted = AbortedTransactions(knownFrom: stored.endOffset)
        self.epochs = stored.epochs
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

    /// The settings ask for the journal, but batches that skipped it are not forced yet. A journal entry that follows
    /// them would leave a gap if they were lost.
    package var awaitsForcingForJournal: Bool { self.settings.isJournaled && !self.isJournaled }
}

extension PartitionState {
    /// Records that may be stored before they are forced, for partitions without journal.
    package var flushRecordsMax: Int64 { self.isJournaled ? .max : self.settings.flushMessages }

    /// Milliseconds that such records may stay unforced.
    package var flushMillisecondsMax: Int64 { self.isJournaled ? .max : self.settings.flushMilliseconds }
}
