package import Model

/// The producers of one partition and the transactions they have open.
///
/// Semantics of Kafka's producer state: a batch must carry the next sequence of its producer's epoch, a new epoch
/// begins at 0, an older epoch is fenced, one of the last five batches repeated is answered with its first
/// offsets, and a producer without state here may begin anywhere (KIP-360).
///
/// Producer IDs cost a client nothing, so the table is bounded: at `producersMax` the producers that have been silent
/// longest are forgotten, a sixteenth at once. One of them that comes back is new here: its next batch is accepted
/// with any sequence, and a batch that it repeats is not recognized. Producers with an open transaction stay.
///
/// Bad input is the client's error and leaves the table as it was.
package struct ProducerTable: Sendable {
    package enum Check: Sendable, Equatable {
        case new
        /// The batch repeats one that has these offsets.
        case duplicate(baseOffset: Offset, lastOffset: Offset)
    }

    /// The most producers that a partition remembers.
    package static let producersMax = 10_000

    private var entries: [ProducerID: ProducerEntry] = [:]

    package init() {}

    package var count: Int { self.entries.count }
    package var isEmpty: Bool { self.entries.isEmpty }

    package subscript(id: ProducerID) -> ProducerEntry? {
        get { self.entries[id] }
        set { self.entries[id] = newValue }
    }

    /// Producers ordered by ID, so that snapshots of the same state have the same bytes.
    package var sorted: [(id: ProducerID, entry: ProducerEntry)] {
        self.entries.map { (id: $0.key, entry: $0.value) }
            .sorted { $0.id.rawValue < $1.id.rawValue }
    }

    /// Open transactions by first offset.
    package var openTransactions: [TransactionLedger.Open] {
        self.entries.compactMap { id, entry in
            entry.transactionFirstOffset.map { TransactionLedger.Open(firstOffset: $0, producerID: id) }
        }
        .sorted { $0.firstOffset < $1.firstOffset }
    }

    /// Whether a batch of a client repeats one that the log has.
    package func check(_ batch: BatchSummary) -> Check {
        guard batch.hasProducer, !batch.isControl, let entry = self.entries[batch.producerID],
            let known = entry.duplicate(of: batch)
        else { return .new }
        return .duplicate(baseOffset: known.firstOffset, lastOffset: known.lastOffset)
    }

    /// Validates a batch against its producer's state and takes it into the table.
    ///
    /// - Parameters:
    ///   - origin: only a client's sequences are checked; a coordinator's records carry none.
    ///   - transactionVersion: 2 when the coordinator bumps the epoch with each marker (KIP-890), so that a marker
    ///     with the current epoch is a late one.
    /// - Returns: the transaction that the batch ended, if any.
    package mutating func append(
        _ batch: BatchSummary,
        origin: AppendOptions.Origin,
        transactionVersion: Int16
    ) throws(LogError) -> TransactionLedger.Completed? {
        guard batch.hasProducer else { return nil }
        var entry = self.entries[batch.producerID] ?? ProducerEntry()
        try Self.checkEpoch(batch, entry, isStrict: batch.marker != nil && transactionVersion >= 2)
        if let marker = batch.marker, marker.coordinatorEpoch < entry.coordinatorEpoch {
            throw LogError(
                .staleCoordinatorEpoch,
                """
                marker of producer \(batch.producerID) has coordinator epoch \(marker.coordinatorEpoch), \
                \(entry.coordinatorEpoch) is current
                """
            )
        }
        if batch.marker == nil {
            if origin == .client && !batch.isControl { try Self.checkSequence(batch, entry) }
            if entry.transactionFirstOffset != nil && !batch.isTransactional {
                throw LogError(
                    .invalidTransactionState,
                    "producer \(batch.producerID) has a transaction open but sent a batch outside of it"
                )
            }
        }
        if entry.epoch == .none {
            self.makeRoom()
            guard self.entries.count < Self.producersMax || batch.marker != nil else {
                throw LogError(
                    .invalidTransactionState,
                    "the partition has \(self.entries.count) producers with open transactions, which is its limit"
                )
            }
        }
        let completed = Self.apply(batch, to: &entry)
        self.entries[batch.producerID] = entry
        return completed
    }

    /// Takes over a batch that the log already holds; nothing is checked.
    ///
    /// - Returns: the transaction that the batch ended, if any.
    package mutating func replay(_ batch: BatchSummary) -> TransactionLedger.Completed? {
        guard batch.hasProducer else { return nil }
        var entry = self.entries[batch.producerID] ?? ProducerEntry()
        if entry.epoch == .none { self.makeRoom() }
        let completed = Self.apply(batch, to: &entry)
        self.entries[batch.producerID] = entry
        return completed
    }

    /// A full table forgets the producers without an open transaction whose last batches are the oldest.
    private mutating func makeRoom() {
        guard self.entries.count >= Self.producersMax else { return }
        let idle = self.entries.filter { $0.value.transactionFirstOffset == nil }
            .map { (id: $0.key, lastOffset: $0.value.lastBatch?.lastOffset ?? -1) }
            .sorted { ($0.lastOffset, $0.id.rawValue) < ($1.lastOffset, $1.id.rawValue) }
        for (id, _) in idle.prefix(Self.producersMax / 16) { self.entries[id] = nil }
    }

    /// Forgets producers without an open transaction whose last batch is at least `age` milliseconds old.
    package mutating func removeExpired(now: Timestamp, age: Int64) {
        let isExpired = { (entry: ProducerEntry) in
            guard entry.transactionFirstOffset == nil else { return false }
            let (difference, overflow) = now.subtractingReportingOverflow(entry.lastTimestamp)
            return overflow ? now > entry.lastTimestamp : difference >= age
        }
        guard self.entries.contains(where: { isExpired($0.value) }) else { return }
        self.entries = self.entries.filter { !isExpired($0.value) }
    }

    private static func checkEpoch(
        _ batch: BatchSummary,
        _ entry: ProducerEntry,
        isStrict: Bool
    ) throws(LogError) {
        if batch.producerEpoch < entry.epoch || (isStrict && batch.producerEpoch == entry.epoch) {
            throw LogError(
                .staleProducerEpoch,
                "producer \(batch.producerID) has epoch \(batch.producerEpoch), \(entry.epoch) was seen"
            )
        }
    }

    private static func checkSequence(
        _ batch: BatchSummary,
        _ entry: ProducerEntry
    ) throws(LogError) {
        // No state: the records of this producer may have been deleted, so any sequence is the next one.
        if entry.epoch == .none { return }
        let expected =
            batch.producerEpoch == entry.epoch ? ProducerSequence.advance(entry.lastSequence, by: 1) : 0
        guard batch.baseSequence == expected else {
            throw LogError(
                .outOfOrderSequence,
                """
                producer \(batch.producerID) epoch \(batch.producerEpoch) sent sequence \
                \(batch.baseSequence), \(expected) is next
                """
            )
        }
    }

    private static func apply(
        _ batch: BatchSummary,
        to entry: inout ProducerEntry
    ) -> TransactionLedger.Completed? {
        if let marker = batch.marker {
            let completed = entry.transactionFirstOffset.map {
                TransactionLedger.Completed(
                    producerID: batch.producerID,
                    firstOffset: $0,
                    lastOffset: batch.lastOffset,
                    isAborted: marker.isAbort
                )
            }
            entry.update(epoch: batch.producerEpoch)
            entry.coordinatorEpoch = marker.coordinatorEpoch
            entry.transactionFirstOffset = nil
            entry.lastTimestamp = batch.maxTimestamp
            return completed
        }
        if batch.isControl { return nil }
        entry.update(epoch: batch.producerEpoch)
        entry.append(
            ProducerEntry.Batch(
                lastSequence: batch.lastSequence,
                offsetDelta: batch.offsetDelta,
                lastOffset: batch.lastOffset
            )
        )
        entry.lastTimestamp = batch.maxTimestamp
        if batch.isTransactional && entry.transactionFirstOffset == nil {
            entry.transactionFirstOffset = batch.baseOffset
        }
        return nil
    }
}
