package import Model

extension PartitionState {
    /// DeleteRecords.
    ///
    /// - Parameter offset: the new log start offset; `-1` for the high watermark.
    /// - Throws: `.offsetOutOfRange` beyond the high watermark.
    /// - Returns: whether the log start offset moved.
    package mutating func deleteRecords(before offset: Offset) throws(LogError) -> Bool {
        try self.checkAvailable()
        let target = offset == -1 ? self.highWatermark : offset
        guard target >= 0, target <= self.highWatermark else {
            throw LogError(
                .offsetOutOfRange,
                "offset \(offset) is beyond the high watermark \(self.highWatermark)"
            )
        }
        return self.moveLogStart(to: target)
    }

    package mutating func moveLogStart(to offset: Offset) -> Bool {
        guard offset > self.logStart else { return false }
        precondition(offset <= self.highWatermark, "the log start cannot pass the high watermark")
        self.logStart = offset
        self.epochs.removeBefore(offset)
        self.aborted.removeBefore(offset)
        return true
    }

    package enum RetentionPlan: Sendable, Equatable {
        case nothing
        /// Remove this many leading segments.
        case remove(count: Int)
        /// Remove all segments after beginning a new, empty one at this offset.
        case removeAll(newBase: Offset)
    }

    package func planRetention(now: Timestamp) -> RetentionPlan {
        let count = Retention.removable(
            self.segments,
            logStart: self.logStart,
            logEnd: self.logEnd,
            highWatermark: self.highWatermark,
            sizeBytes: self.sizeBytes,
            settings: self.settings,
            now: now
        )
        if count == 0 { return .nothing }
        if count < self.segments.count { return .remove(count: count) }
        // While batches wait for the active segment it cannot end here.
        if self.writtenEnd != self.logEnd {
            return count > 1 ? .remove(count: count - 1) : .nothing
        }
        return .removeAll(newBase: self.logEnd)
    }

    /// Ends the active segment, so that all segments can go.
    ///
    /// - Returns: `false` when an append came in between.
    package mutating func restart(at base: Offset, now: Timestamp) -> Bool {
        guard self.logEnd == base, self.writtenEnd == base else { return false }
        self.frontier = SegmentFrontier(baseOffset: base, createdAt: now)
        return true
    }

    /// Takes leading segments out of the readers' sight.
    package mutating func removeSegments(count: Int) -> ArraySlice<SegmentInfo> {
        precondition(count < self.segments.count, "the active segment stays")
        let removed = self.segments[..<count]
        self.segments.removeFirst(count)
        _ = self.moveLogStart(to: min(self.segments[0].baseOffset, self.highWatermark))
        return removed
    }

    package mutating func removeExpiredProducers(now: Timestamp) {
        self.producers.removeExpired(
            now: now,
            age: self.settings.producerIDExpirationMilliseconds
        )
    }
}

extension PartitionState {
    /// Lets go of everything in memory, for a partition that was deleted.
    package mutating func forgetData() {
        self.segments = []
        self.tail = TailCache()
        self.producers = ProducerTable()
        self.writtenEnd = self.logEnd
        self.highWatermark = self.logEnd
    }
}
