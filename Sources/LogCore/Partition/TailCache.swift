package import Model

/// The batches in memory: those that are not stored yet, and before them some that are.
package struct TailCache: Sendable {
    private var batches = FIFO<TailBatch>()
    /// Leading batches that are stored.
    private var storedCount = 0
    package private(set) var storedBytes: Int64 = 0
    package private(set) var unstoredBytes: Int64 = 0

    package init() {}

    package var isEmpty: Bool { self.batches.isEmpty }
    package var count: Int { self.batches.count }
    package subscript(index: Int) -> TailBatch { self.batches[index] }

    /// The first offset in memory; `nil` when nothing is.
    package var firstOffset: Offset? { self.batches.first?.summary.baseOffset }

    /// Index of the first batch that is not stored.
    package var firstUnstored: Int { self.storedCount }

    mutating func append(_ batch: TailBatch) {
        self.batches.append(batch)
        self.unstoredBytes += Int64(batch.summary.sizeBytes)
    }

    /// Index of the batch that holds `offset` or, where offsets are missing, of the next one.
    package func index(for offset: Offset) -> Int {
        self.batches.partitioningIndex { $0.summary.lastOffset >= offset }
    }

    /// Marks batches as stored up to `end`. They stay in memory until evicted.
    ///
    /// - Returns: their bytes.
    mutating func stored(to end: Offset) -> Int64 {
        var bytes: Int64 = 0
        while self.storedCount < self.batches.count {
            let summary = self.batches[self.storedCount].summary
            guard summary.lastOffset < end else { break }
            bytes += Int64(summary.sizeBytes)
            self.storedCount += 1
        }
        self.storedBytes += bytes
        self.unstoredBytes -= bytes
        return bytes
    }

    /// Drops stored batches from the old end up to `end`.
    ///
    /// - Returns: the bytes that became free.
    mutating func evict(before end: Offset) -> Int64 {
        var bytes: Int64 = 0
        while self.storedCount > 0, let first = self.batches.first, first.summary.lastOffset < end {
            self.batches.removeFirst()
            self.storedCount -= 1
            bytes += Int64(first.summary.sizeBytes)
        }
        self.storedBytes -= bytes
        return bytes
    }

    /// Drops the unstored batches at and after `end`, which never became durable.
    ///
    /// - Returns: their bytes.
    mutating func rollBack(to end: Offset) -> Int64 {
        var bytes: Int64 = 0
        while self.batches.count > self.storedCount, let last = self.batches.last, last.summary.baseOffset >= end {
            self.batches.removeLast()
            bytes += Int64(last.summary.sizeBytes)
        }
        self.unstoredBytes -= bytes
        return bytes
    }
}
