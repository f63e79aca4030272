package import Model

extension PartitionState {
    /// The journal has everything before `end`.
    ///
    /// - Returns: whether the high watermark moved.
    package mutating func becameDurable(to end: Offset) -> Bool {
        precondition(end <= self.logEnd, "more is durable than was assigned")
        guard end > self.highWatermark else { return false }
        self.highWatermark = end
        self.ledger.highWatermarkAdvanced(to: end)
        return true
    }

    /// Batches that the writer may put into segments now: durable ones, and those that skip the journal. All go to one
    /// segment.
    package func writable(bytesMax: Int) -> [TailBatch] {
        var batches: [TailBatch] = []
        var bytes = 0
        var index = self.tail.firstUnwritten
        while index < self.tail.count {
            let batch = self.tail[index]
            if batch.isJournaled && batch.summary.lastOffset >= self.highWatermark { break }
            if let first = batches.first, first.placement.segmentBase != batch.placement.segmentBase { break }
            if !batches.isEmpty && bytes + batch.summary.sizeBytes > bytesMax { break }
            bytes += batch.summary.sizeBytes
            batches.append(batch)
            index += 1
        }
        return batches
    }

    /// The segment files have everything before `end`.
    ///
    /// - Parameter segment: the segment that was written to, as it is now.
    /// - Returns: bytes that were written, and whether the high watermark moved.
    package mutating func wrote(
        to end: Offset,
        segment: SegmentInfo
    ) -> (bytes: Int64, highWatermarkMoved: Bool) {
        precondition(end >= self.writtenEnd && end <= self.logEnd, "written out of order")
        self.show(segment)
        self.writtenEnd = end
        let bytes = self.tail.wrote(to: end)
        return (bytes, self.becameDurable(to: end))
    }

    /// Makes a segment visible to readers, or its growth.
    package mutating func show(_ segment: SegmentInfo) {
        if let last = self.segments.last, last.baseOffset == segment.baseOffset {
            self.segments[self.segments.count - 1] = segment
        } else {
            precondition((self.segments.last?.baseOffset ?? -1) < segment.baseOffset, "segments must grow")
            self.segments.append(segment)
        }
    }

    /// Drops batches from memory that their segment has.
    ///
    /// - Returns: the bytes that became free.
    package mutating func dropFromMemory(before end: Offset) -> Int64 {
        self.tail.drop(before: min(end, self.writtenEnd))
    }

    /// Goes back to what is durable: the batches after it were assigned, but can never become durable. Nobody has seen
    /// them, so their offsets and sequences are free again.
    ///
    /// - Parameter written: the state of the files, a write included that met a full disk and is tried again.
    /// - Returns: the bytes of the batches taken back.
    package mutating func rollBack(onto written: WrittenState) -> Int64 {
        guard written.endOffset >= self.writtenEnd else { return 0 }
        let bytes = self.tail.removeFrom(self.highWatermark)
        var state = written
        for index in self.tail.firstUnwritten..<self.tail.count {
            let batch = self.tail[index]
            if batch.summary.lastOffset < written.endOffset { continue }
            _ = state.apply(
                batch.summary,
                rolls: batch.placement.beginsSegment,
                now: batch.appendedAt,
                settings: self.settings
            )
        }
        self.logEnd = self.highWatermark
        self.frontier = state.frontier
        self.producers = state.producers
        self.ledger = TransactionLedger(open: state.producers.openTransactions)
        self.aborted.truncate(to: self.highWatermark)
        self.epochs.truncate(to: self.highWatermark)
        return bytes
    }
}
