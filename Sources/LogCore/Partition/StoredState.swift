package import Model

/// The state of a partition up to the batches that are stored where they stay: in segment files, or in objects.
///
/// The head runs ahead of it by the batches that are only in memory and in the journal, and both move by the same
/// steps. It serves three ends: producer snapshots that fit an offset of what is stored, the start after a crash, and
/// rolling back batches that got their offsets and never became durable.
package struct StoredState: Sendable {
    /// End of what is stored or, while a write is tried again, of what that write brings.
    package private(set) var endOffset: Offset
    package private(set) var producers: ProducerTable
    package private(set) var epochs: LeaderEpochs

    package init(
        endOffset: Offset,
        producers: ProducerTable = ProducerTable(),
        epochs: LeaderEpochs = LeaderEpochs()
    ) {
        self.endOffset = endOffset
        self.producers = producers
        self.epochs = epochs
    }

    /// What one batch changed.
    package struct Step: Sendable, Equatable {
        /// What the batch, a transaction's abort marker, adds to the index of aborted transactions.
        package var aborted: AbortedTransactions.Entry?
        package var epochsChanged: Bool
    }

    /// Takes a batch that the log holds: on recovery, on replay of the journal, and when it is written.
    ///
    /// - Parameter countsProducer: `false` where a producer snapshot covers the batch already.
    package mutating func apply(_ batch: BatchSummary, countsProducer: Bool = true) -> Step {
        precondition(batch.baseOffset >= self.endOffset, "a batch lies before the end of the log")
        let aborted = countsProducer ? self.applyProducer(batch) : nil
        self.endOffset = batch.lastOffset + 1
        return Step(aborted: aborted, epochsChanged: self.epochs.assign(batch.leaderEpoch, at: batch.baseOffset))
    }

    private mutating func applyProducer(_ batch: BatchSummary) -> AbortedTransactions.Entry? {
        guard let completed = self.producers.replay(batch), completed.isAborted else { return nil }
        let open = self.producers.openTransactions.first?.firstOffset
        return AbortedTransactions.Entry(
            producerID: completed.producerID,
            firstOffset: completed.firstOffset,
            lastOffset: completed.lastOffset,
            lastStableOffset: open ?? completed.lastOffset + 1
        )
    }

    /// Offsets up to `end` were given and are lost: the next batch comes after them.
    package mutating func skip(to end: Offset) { self.endOffset = max(self.endOffset, end) }

    /// Forgets what lies before the log start offset.
    package mutating func removeBefore(_ start: Offset) { self.epochs.removeBefore(start) }

    /// Drops leader epochs that the partition has not reached.
    ///
    /// - Returns: whether there were any.
    package mutating func removeEpochs(above epoch: LeaderEpoch) -> Bool { self.epochs.remove(above: epoch) }

    package mutating func removeExpiredProducers(now: Timestamp, age: Int64) {
        self.producers.removeExpired(now: now, age: age)
    }
}
