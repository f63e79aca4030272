package import Model

/// The batches in memory: those that are not in a segment yet, and before them some that are.
package struct TailCache: Sendable {
    private var batches = FIFO<TailBatch>()
    /// Leading batches that their segment has.
    private var writtenCount = 0
    package private(set) var writtenBytes: Int64 = 0
    package private(set) var unwrittenBytes: Int64 = 0

    package init() {}

    package var isEmpty: Bool { self.batches.isEmpty }
    package var count: Int { self.batches.count }
    package subscript(index: Int) -> TailBatch { self.batches[index] }

    /// The first offset in memory; `nil` when nothing is.
    package var firstOffset: Offset? { self.batches.first?.summary.baseOffset }

    /// Index of the first batch that its segment does not have.
    package var firstUnwritten: Int { self.writtenCount }

    mutating func append(_ batch: TailBatch) {
        self.batches.append(batch)
        self.unwrittenBytes += Int64(batch.summary.sizeBytes)
    }

    /// Index of the batch that holds `offset` or, where offsets are missing, of the next one.
    package func index(for offset: Offset) -> Int {
        self.batches.partitioningIndex { $0.summary.lastOffset >= offset }
    }

    /// Marks batches as written up to `end`. They stay in memory until dropped.
    ///
    /// - Returns: their bytes.
    mutating func wrote(to end: Offset) -> Int64 {
        var bytes: Int64 = 0
        while self.writtenCount < self.batches.count {
            let summary = self.batches[self.writtenCount].summary
            guard summary.lastOffset < end else { break }
            bytes += Int64(summary.sizeBytes)
            self.writtenCount += 1
        }
        self.writtenBytes += bytes
        self.unwrittenBytes -= bytes
        return bytes
    }

    /// Drops written batches from the old end up to `end`.
    ///
    /// - Returns: the bytes that became free.
    mutating func drop(before end: Offset) -> Int64 {
        var bytes: Int64 = 0
        while self.writtenCount > 0, let first = self.batches.first, first.summary.lastOffset < end {
            self.batches.removeFirst()
            self.writtenCount -= 1
            bytes += Int64(first.summary.sizeBytes)
        }
        self.writtenBytes -= bytes
        return bytes
    }

    /// Takes back batches at and after `end`, which never became durable.
    ///
    /// - Returns: their bytes.
    mutating func removeFrom(_ end: Offset) -> Int64 {
        var bytes: Int64 = 0
        while let last = self.batches.last, last.summary.baseOffset >= end {
            precondition(self.batches.count > self.writtenCount, "a written batch cannot be taken back")
            self.batches.removeLast()
            bytes += Int64(last.summary.sizeBytes)
        }
        self.unwrittenBytes -= bytes
        return bytes
    }
}
