package import Model

/// Where a partition's batches go in a layout of segments: to which segment, at which position, and with which index
/// entries. Pure; who writes carries it out, and recovery takes the same steps with the batches that it reads.
package struct SegmentPlanner: Sendable, Equatable {
    /// The end of the segment that is being filled; `nil` before the first batch.
    package private(set) var active: SegmentFrontier?

    package init(active: SegmentFrontier? = nil) { self.active = active }

    /// Whether a batch must go to a new segment.
    package func mustBegin(for batch: BatchSummary, appendedAt: Timestamp, settings: LogSettings) -> Bool {
        guard let active = self.active else { return true }
        return active.mustRoll(
            sizeBytes: batch.sizeBytes,
            lastOffset: batch.lastOffset,
            maxTimestamp: batch.maxTimestamp,
            now: appendedAt,
            settings: settings
        )
    }

    /// A new, empty segment is the active one.
    ///
    /// - Parameter rollJitterMilliseconds: how much earlier than others it ends by time.
    package mutating func began(at base: Offset, createdAt: Timestamp, rollJitterMilliseconds: Int64 = 0) {
        var frontier = SegmentFrontier(baseOffset: base, createdAt: createdAt)
        frontier.rollJitterMilliseconds = rollJitterMilliseconds
        self.active = frontier
    }

    /// The active segment ends here: recovery trusts so much of it, or its time index has one more entry.
    package mutating func resume(_ frontier: SegmentFrontier) { self.active = frontier }

    /// Damage in the active segment ends at `position`.
    package mutating func skip(to position: Int64) { self.active?.skip(to: position) }

    /// Puts a batch at the end of the active segment, which must exist.
    ///
    /// - Parameter abortsTransaction: the batch brings an entry of the transaction index.
    package mutating func place(
        _ batch: BatchSummary,
        abortsTransaction: Bool,
        settings: LogSettings
    ) -> SegmentFrontier.Placement {
        guard var active = self.active else { preconditionFailure("a batch is placed in no segment") }
        let placement = active.place(batch, settings: settings)
        if abortsTransaction { active.transactionIndexCount += 1 }
        self.active = active
        return placement
    }

    /// The entry that makes the active segment's time index cover all of it, when it does not yet. Counted once
    /// `active` is replaced by what this returns, so that a failed write can be tried again.
    package func closing() -> (entry: TimeIndexEntry, active: SegmentFrontier)? {
        guard var active = self.active, let entry = active.timeEntry() else { return nil }
        return (entry, active)
    }
}
