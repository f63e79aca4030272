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

    /// Batches that may be stored now: durable ones, and those that skip the journal.
    ///
    /// - Parameter bytesMax: of all of them; a larger first batch comes alone.
    package func storable(bytesMax: Int) -> [TailBatch] {
        var batches: [TailBatch] = []
        var bytes = 0
        var index = self.tail.firstUnstored
        while index < self.tail.count {
            let batch = self.tail[index]
            if batch.isJournaled && batch.summary.lastOffset >= self.highWatermark { break }
            if !batches.isEmpty && bytes + batch.summary.sizeBytes > bytesMax { break }
            bytes += batch.summary.sizeBytes
            batches.append(batch)
            index += 1
        }
        return batches
    }

    /// Everything before `end` is stored.
    ///
    /// - Returns: bytes that were stored, and whether the high watermark moved.
    package mutating func stored(to end: Offset) -> (bytes: Int64, highWatermarkMoved: Bool) {
        precondition(end >= self.storedEnd && end <= self.logEnd, "stored out of order")
        self.storedEnd = end
        self.aborted.trim(storedEnd: end)
        let bytes = self.tail.stored(to: end)
        return (bytes, self.becameDurable(to: end))
    }

    /// What is stored up to `end` is forced to its medium.
    package mutating func forced(to end: Offset) {
        self.forcedEnd = max(self.forcedEnd, end)
        if self.awaitsForcingForJournal && end >= self.logEnd { self.isJournaled = true }
    }

    /// Drops stored batches from memory.
    ///
    /// - Returns: the bytes that became free.
    package mutating func evict(before end: Offset) -> Int64 {
        self.tail.evict(before: min(end, self.storedEnd))
    }

    /// Goes back to what is durable: the batches after it got offsets, but can never become durable. Nobody has seen
    /// them, so their offsets and sequences are free again. What a write has taken already stays, durable or not.
    ///
    /// - Parameter stored: the state of what is stored, a write that is under way or is tried again included. One of a
    ///   partition whose data was forgotten rolls back nothing.
    /// - Returns: the bytes of the batches that are gone.
    package mutating func rollBackUndurable(onto stored: StoredState) -> Int64 {
        guard stored.endOffset >= self.storedEnd else { return 0 }
        let end = max(self.highWatermark, stored.endOffset)
        let bytes = self.tail.rollBack(to: end)
        var state = stored
        for index in self.tail.index(for: stored.endOffset)..<self.tail.count {
            _ = state.apply(self.tail[index].summary)
        }
        self.logEnd = end
        self.producers = state.producers
        self.ledger = TransactionLedger(open: state.producers.openTransactions)
        self.aborted.truncate(to: end)
        self.epochs.truncate(to: end)
        return bytes
    }
}
