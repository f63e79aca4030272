package import Model
package import RecordBatch

/// Compares a segment's offset index with the batches of its log, in the order of the log. Sans-IO.
package struct OffsetIndexCheck: Sendable {
    private let entries: [OffsetIndexEntry]
    private let baseOffset: Offset
    private var next = 0
    /// Bytes since the last batch that has an entry, and the largest batch among them.
    private var bytesWithoutEntry: Int64 = 0
    private var largestBatch: Int64 = 0
    /// The first thing that is wrong.
    package private(set) var flaw: String?

    /// A stretch of so many bytes without an entry is an index that was cut; Kafka's default is one every 4 KiB.
    private static let stretchBytesMin: Int64 = 1 << 20

    package init(_ entries: [OffsetIndexEntry], baseOffset: Offset) {
        self.entries = entries
        self.baseOffset = baseOffset
    }

    /// A batch of the log, at this position.
    package mutating func passed(_ header: RecordBatchHeader, at position: Int64) {
        self.bytesWithoutEntry += Int64(header.sizeInBytes)
        self.largestBatch = max(self.largestBatch, Int64(header.sizeInBytes))
        while self.flaw == nil, self.next < self.entries.count {
            let entry = self.entries[self.next]
            let last = self.baseOffset + Offset(entry.relativeOffset)
            guard last <= header.lastOffset || Int64(entry.position) <= position else { return }
            guard last == header.lastOffset, Int64(entry.position) == position else {
                self.flaw =
                    "entry \(self.next) says that offset \(last) ends the batch at byte \(entry.position), which it does not"
                return
            }
            self.next += 1
            self.bytesWithoutEntry = 0
            self.largestBatch = 0
        }
    }

    /// What lies before this position is damaged: entries for it cannot be compared.
    package mutating func skipped(to position: Int64) {
        while self.next < self.entries.count, Int64(self.entries[self.next].position) < position { self.next += 1 }
        self.bytesWithoutEntry = 0
        self.largestBatch = 0
    }

    /// The log has no more batches.
    ///
    /// - Parameter isClosed: the segment's index files have all their entries.
    package mutating func ended(isClosed: Bool) {
        guard self.flaw == nil else { return }
        if self.next < self.entries.count {
            self.flaw = "entry \(self.next) and those behind it are for batches that the log does not have"
        } else if isClosed, self.bytesWithoutEntry > max(Self.stretchBytesMin, 16 * self.largestBatch) {
            self.flaw = "the index ends \(self.bytesWithoutEntry) bytes before the log does"
        }
    }
}

/// The same for a time index. An entry says that no batch up to and including its offset has a later timestamp.
package struct TimeIndexCheck: Sendable {
    private let entries: [TimeIndexEntry]
    private let baseOffset: Offset
    private var next = 0
    private var largest: Timestamp = -1
    /// Damaged batches lie before: their timestamps are not known.
    private var isBlind = false
    /// The first thing that is wrong.
    package private(set) var flaw: String?

    package init(_ entries: [TimeIndexEntry], baseOffset: Offset) {
        self.entries = entries
        self.baseOffset = baseOffset
        let sound = IndexSearch.soundPrefix(entries)
        if sound < entries.count { self.flaw = "entry \(sound) does not grow" }
    }

    package mutating func passed(_ header: RecordBatchHeader) {
        let before = self.largest
        self.largest = max(self.largest, header.maxTimestamp)
        while self.flaw == nil, self.next < self.entries.count {
            let entry = self.entries[self.next]
            let last = self.baseOffset + Offset(entry.relativeOffset)
            guard last <= header.lastOffset else { return }
            let isLater = last == header.lastOffset ? self.largest > entry.timestamp : before > entry.timestamp
            guard !isLater, self.isBlind || self.largest >= entry.timestamp else {
                self.flaw =
                    "entry \(self.next) gives offset \(last) the timestamp \(entry.timestamp), the log \(self.largest)"
                return
            }
            self.next += 1
        }
    }

    package mutating func skipped() { self.isBlind = true }

    /// The log has no more batches.
    ///
    /// - Parameter isIndexed: the offset index has entries, and so this one has to.
    package mutating func ended(isClosed: Bool, isIndexed: Bool) {
        guard self.flaw == nil else { return }
        if self.next < self.entries.count, !self.isBlind {
            self.flaw = "entry \(self.next) and those behind it are for batches that the log does not have"
        } else if isClosed, isIndexed, self.entries.isEmpty, self.largest >= 0 {
            self.flaw = "the index has no entries"
        }
    }
}
