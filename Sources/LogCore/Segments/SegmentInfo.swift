package import Model

/// A segment as readers and retention see it: only what is in its files.
package struct SegmentInfo: Sendable, Equatable {
    package let baseOffset: Offset
    package var sizeBytes: Int64
    package var offsetIndexCount: Int
    package var timeIndexCount: Int
    /// Aborted transactions whose markers are in the segment.
    package var transactionIndexCount: Int
    package var largestTimestamp: Timestamp
    package var offsetOfLargestTimestamp: Offset
    /// Wall clock of the last write; retention by time uses it when no record has a timestamp.
    package var modifiedAt: Timestamp
    /// What compaction made it of; `nil` of a segment that it did not write, in which no offset may be missing.
    package var cleaned: CleanedSegments.Entry?
    /// Its transaction index has entries of other offsets: none of them can be believed.
    package var hasForeignTransactionIndex = false

    package init(
        baseOffset: Offset,
        sizeBytes: Int64 = 0,
        offsetIndexCount: Int = 0,
        timeIndexCount: Int = 0,
        transactionIndexCount: Int = 0,
        largestTimestamp: Timestamp = -1,
        offsetOfLargestTimestamp: Offset = -1,
        modifiedAt: Timestamp
    ) {
        self.baseOffset = baseOffset
        self.sizeBytes = sizeBytes
        self.offsetIndexCount = offsetIndexCount
        self.timeIndexCount = timeIndexCount
        self.transactionIndexCount = transactionIndexCount
        self.largestTimestamp = largestTimestamp
        self.offsetOfLargestTimestamp = offsetOfLargestTimestamp
        self.modifiedAt = modifiedAt
        self.cleaned = nil
    }

    /// What retention by time compares with the clock.
    package var retentionTimestamp: Timestamp {
        self.largestTimestamp >= 0 ? self.largestTimestamp : self.modifiedAt
    }
}
