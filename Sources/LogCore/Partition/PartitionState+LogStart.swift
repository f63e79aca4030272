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

    /// Moves the log start offset up, to the high watermark at most: nothing before it can be read from now on.
    ///
    /// - Returns: whether it moved.
    package mutating func moveLogStart(to wanted: Offset) -> Bool {
        let offset = min(wanted, self.highWatermark)
        guard offset > self.logStart else { return false }
        self.logStart = offset
        self.epochs.removeBefore(offset)
        self.aborted.removeBefore(offset)
        return true
    }

    /// See `AbortedTransactions.forget`.
    package mutating func forgetAborted(before end: Offset) { self.aborted.forget(before: end) }

    package mutating func removeExpiredProducers(now: Timestamp) {
        self.producers.removeExpired(
            now: now,
            age: self.settings.producerIDExpirationMilliseconds
        )
    }

    /// Lets go of everything in memory, for a partition that was deleted or whose data is kept elsewhere until the next
    /// start.
    package mutating func forgetData() {
        self.tail = TailCache()
        self.producers = ProducerTable()
        self.aborted = AbortedTransactions(knownFrom: self.logEnd)
        self.storedEnd = self.logEnd
        self.highWatermark = self.logEnd
    }
}
