package import Model
package import RecordBatch

/// Decides batch by batch and record by record what compaction keeps, in one pass over a log in offset order. Kafka's
/// rules (`Cleaner`):
///
/// - Of each key the newest record stays; what lies behind the map stays whole.
/// - A tombstone stays until its batch's delete horizon, which is set when a run first keeps it.
/// - Records of aborted transactions go, and markers once no batch of their transaction is left and their delete
///   horizon has passed.
/// - The last batch of a producer that is remembered stays, if need be without records, and so does the last batch of
///   what is compacted, so that neither sequences nor the end of the log are forgotten.
package struct CompactionFilter: Sendable {
    /// The newest batch of one producer, as far as its state goes.
    package struct LastBatch: Sendable, Equatable {
        /// The last offset of its newest batch of records; `nil` when its newest one is a marker.
        package var lastOffset: Offset?
        package var epoch: ProducerEpoch

        package init(lastOffset: Offset?, epoch: ProducerEpoch) {
            self.lastOffset = lastOffset
            self.epoch = epoch
        }
    }

    package struct Verdict: Sendable, Equatable {
        package enum Fate: Sendable, Equatable {
            /// None of it stays, for all its records.
            case drop
            /// Its records are looked at; without any it is dropped.
            case filter
            /// Its records are looked at; without any its header stays.
            case keep
        }

        package var fate: Fate
        /// None of its records stays.
        package var discardsRecords: Bool
        /// A marker that nobody needs: it gets a delete horizon and goes after that.
        package var isUnneededMarker: Bool
    }

    private var transactions = CleanedTransactions()
    private let producers: [ProducerID: LastBatch]
    /// What this run cleans ends here.
    private let end: Offset
    private let now: Timestamp
    /// The last offset that the map knows.
    private let latestOffset: Offset
    /// Records without a key, which no compacted topic should have; they go.
    package private(set) var keylessCount = 0

    /// - Parameters:
    ///   - producers: those that the partition remembers.
    ///   - end: the first offset that the run may not touch.
    ///   - latestOffset: of the map.
    package init(producers: [ProducerID: LastBatch], end: Offset, latestOffset: Offset, now: Timestamp) {
        self.producers = producers
        self.end = end
        self.latestOffset = latestOffset
        self.now = now
    }

    /// See `CleanedTransactions.add`.
    package mutating func add(_ aborted: [AbortedTransactions.Entry]) { self.transactions.add(aborted) }

    /// See `CleanedTransactions.takeKept`.
    package mutating func takeKeptAborted() -> [AbortedTransactions.Entry] { self.transactions.takeKept() }

    /// The next batch.
    ///
    /// - Parameter control: what it holds, if it is a control batch.
    package mutating func passed(_ header: RecordBatchHeader, control: CleanedTransactions.Control?) -> Verdict {
        let isUnneeded: Bool
        var discards: Bool
        if let control {
            isUnneeded = self.transactions.passed(header, control)
            discards = isUnneeded && header.attributes.hasDeleteHorizon && header.baseTimestamp <= self.now
        } else {
            isUnneeded = false
            discards = self.transactions.passed(header)
        }
        var fate: Verdict.Fate = discards ? .drop : .filter
        if header.hasProducer && self.isLastOfProducer(header) || header.nextOffset == self.end { fate = .keep }
        return Verdict(fate: fate, discardsRecords: discards, isUnneededMarker: isUnneeded)
    }

    private func isLastOfProducer(_ header: RecordBatchHeader) -> Bool {
        guard let last = self.producers[header.producerID] else { return false }
        if let offset = last.lastOffset { return header.lastOffset == offset }
        return header.attributes.isControl && header.producerEpoch == last.epoch
    }

    /// Whether a record of a batch that is neither a control batch nor aborted stays.
    package mutating func retains(
        _ record: BatchFilter.Candidate,
        of header: RecordBatchHeader,
        _ map: borrowing OffsetMap
    ) -> Bool {
        if record.offset > self.latestOffset { return true }
        guard let key = record.key else {
            self.keylessCount += 1
            return false
        }
        if let newest = map.offset(of: key), record.offset < newest { return false }
        return record.hasValue || !header.attributes.hasDeleteHorizon || self.now < header.baseTimestamp
    }
}
