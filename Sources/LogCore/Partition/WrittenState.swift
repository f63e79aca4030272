package import Model

/// The state of a partition up to what its segment files hold.
///
/// The head runs ahead of it by the batches in memory, and both move by the same steps. It serves three ends:
/// producer snapshots that fit an offset of the files, the start after a crash, and going back when batches that were
/// assigned never became durable.
package struct WrittenState: Sendable {
    /// End of what is in the segment files.
    package private(set) var endOffset: Offset
    /// `nil` until the first batch, or where a removed log left nothing.
    package var frontier: SegmentFrontier?
    package private(set) var producers: ProducerTable
    package private(set) var epochs: LeaderEpochs
    package private(set) var aborted: AbortedTransactions

    package init(
        endOffset: Offset,
        frontier: SegmentFrontier? = nil,
        producers: ProducerTable = ProducerTable(),
        epochs: LeaderEpochs = LeaderEpochs(),
        aborted: AbortedTransactions = AbortedTransactions()
    ) {
        self.endOffset = endOffset
        self.frontier = frontier
        self.producers = producers
        self.epochs = epochs
        self.aborted = aborted
    }

    /// What one batch changed.
    package struct Step: Sendable, Equatable {
        package var placement: SegmentFrontier.Placement
        package var aborted: AbortedTransactions.Entry?
        package var epochsChanged: Bool
    }

    /// Takes a batch that the log holds: on recovery, on replay of the journal, and after the writer wrote it.
    ///
    /// - Parameters:
    ///   - rolls: whether it begins a new segment; `nil` decides by the settings.
    ///   - countsProducer: `false` where a producer snapshot covers the batch already.
    package mutating func apply(
        _ batch: BatchSummary,
        rolls: Bool?,
        countsProducer: Bool = true,
        now: Timestamp,
        settings: LogSettings
    ) -> Step {
        precondition(batch.baseOffset >= self.endOffset, "a batch lies before the end of the log")
        var frontier = self.frontier ?? SegmentFrontier(baseOffset: batch.baseOffset, createdAt: now)
        let mustRoll =
            rolls
            ?? frontier.mustRoll(
                sizeBytes: batch.sizeBytes,
                lastOffset: batch.lastOffset,
                maxTimestamp: batch.maxTimestamp,
                now: now,
                settings: settings
            )
        if mustRoll { frontier = SegmentFrontier(baseOffset: batch.baseOffset, createdAt: now) }
        let placement = frontier.place(batch, settings: settings)
        self.frontier = frontier
        let aborted = countsProducer ? self.applyProducer(batch) : nil
        self.endOffset = batch.lastOffset + 1
        return Step(
            placement: placement,
            aborted: aborted,
            epochsChanged: self.epochs.assign(batch.leaderEpoch, at: batch.baseOffset)
        )
    }

    private mutating func applyProducer(_ batch: BatchSummary) -> AbortedTransactions.Entry? {
        guard let completed = self.producers.replay(batch), completed.isAborted else { return nil }
        let open = self.producers.openTransactions.first?.firstOffset
        let entry = AbortedTransactions.Entry(
            producerID: completed.producerID,
            firstOffset: completed.firstOffset,
            lastOffset: completed.lastOffset,
            lastStableOffset: open ?? completed.lastOffset + 1
        )
        self.aborted.append(entry)
        return entry
    }

    /// Forgets what lies before the log start offset.
    package mutating func removeBefore(_ start: Offset) {
        self.epochs.removeBefore(start)
        self.aborted.removeBefore(start)
    }

    package mutating func removeExpiredProducers(now: Timestamp, age: Int64) {
        self.producers.removeExpired(now: now, age: age)
    }

    /// Starts an empty log at `offset`; producers are kept.
    package mutating func restart(at offset: Offset, now: Timestamp) {
        precondition(offset >= self.endOffset, "a log cannot go back")
        self.endOffset = offset
        self.frontier = SegmentFrontier(baseOffset: offset, createdAt: now)
    }
}
