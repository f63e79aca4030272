package import Model

/// The end of the segment that is being filled: decides when to roll and which index entries a batch brings.
///
/// It moves when batches are written, and when recovery reads them again: by the same function, so both agree byte for
/// byte.
package struct SegmentFrontier: Sendable, Equatable {
    package let baseOffset: Offset
    package private(set) var sizeBytes: Int64 = 0
    /// Wall clock when the segment began; it rolls by this when its first batch has no timestamp.
    package var createdAt: Timestamp
    /// How much earlier than by `segment.ms` it ends.
    package var rollJitterMilliseconds: Int64 = 0
    /// The first batch's largest timestamp; `-1` when it has none.
    package private(set) var firstTimestamp: Timestamp = -1
    package private(set) var largestTimestamp: Timestamp = -1
    /// Last offset of the batch that brought `largestTimestamp`.
    package private(set) var offsetOfLargestTimestamp: Offset
    package private(set) var bytesSinceIndexEntry: Int64 = 0
    package private(set) var offsetIndexCount = 0
    package private(set) var timeIndexCount = 0
    /// Entries of the transaction index.
    package var transactionIndexCount = 0
    package private(set) var lastTimeEntry: Timestamp = -1

    /// Positions and relative offsets are 31 bits in Kafka's indexes.
    package static let sizeBytesMax = Int64(Int32.max)

    package init(baseOffset: Offset, createdAt: Timestamp) {
        self.baseOffset = baseOffset
        self.createdAt = createdAt
        self.offsetOfLargestTimestamp = baseOffset
    }

    /// Continues a segment that recovery read.
    package init(
        baseOffset: Offset,
        createdAt: Timestamp,
        sizeBytes: Int64,
        firstTimestamp: Timestamp,
        largestTimestamp: Timestamp,
        offsetOfLargestTimestamp: Offset,
        offsetIndexCount: Int,
        timeIndexCount: Int,
        lastTimeEntry: Timestamp,
        bytesSinceIndexEntry: Int64
    ) {
        self.baseOffset = baseOffset
        self.createdAt = createdAt
        self.sizeBytes = sizeBytes
        self.firstTimestamp = firstTimestamp
        self.largestTimestamp = largestTimestamp
        self.offsetOfLargestTimestamp = offsetOfLargestTimestamp
        self.offsetIndexCount = offsetIndexCount
        self.timeIndexCount = timeIndexCount
        self.lastTimeEntry = lastTimeEntry
        self.bytesSinceIndexEntry = bytesSinceIndexEntry
    }

    /// What one batch brings to the segment's files.
    package struct Placement: Sendable, Equatable {
        package var position: Int64
        /// Written before the batch's own bytes count.
        package var offsetEntry: OffsetIndexEntry?
        package var timeEntry: TimeIndexEntry?
    }

    /// Whether the next batch must go to a new segment.
    package func mustRoll(
        sizeBytes: Int,
        lastOffset: Offset,
        maxTimestamp: Timestamp,
        now: Timestamp,
        settings: LogSettings
    ) -> Bool {
        guard self.sizeBytes > 0 else { return false }
        let limit = min(settings.segmentBytes, Self.sizeBytesMax)
        if self.sizeBytes > limit - Int64(sizeBytes) { return true }
        if lastOffset - self.baseOffset > Offset(Int32.max) { return true }
        let offsetEntriesMax = Int(clamping: settings.segmentIndexBytes) / OffsetIndexEntry.sizeBytes
        // One slot is kept for the entry that closing the segment writes.
        let timeEntriesMax = Int(clamping: settings.segmentIndexBytes) / TimeIndexEntry.sizeBytes - 1
        if self.offsetIndexCount >= offsetEntriesMax || self.timeIndexCount >= timeEntriesMax { return true }
        // By the records' own clock when they have one, so that a replayed log rolls where the original did.
        let (begin, end) =
            self.firstTimestamp >= 0 ? (self.firstTimestamp, maxTimestamp) : (self.createdAt, now)
        let (waited, overflow) = end.subtractingReportingOverflow(begin)
        return overflow ? end > begin : waited > settings.segmentMilliseconds - self.rollJitterMilliseconds
    }

    /// Takes the next batch.
    package mutating func place(
        _ batch: BatchSummary,
        settings: LogSettings
    ) -> Placement {
        precondition(batch.baseOffset >= self.baseOffset, "a batch lies before its segment")
        var placement = Placement(position: self.sizeBytes)
        if self.sizeBytes == 0 { self.firstTimestamp = batch.maxTimestamp }
        if batch.maxTimestamp > self.largestTimestamp {
            self.largestTimestamp = batch.maxTimestamp
            self.offsetOfLargestTimestamp = batch.lastOffset
        }
        if self.bytesSinceIndexEntry > settings.indexIntervalBytes {
            placement.offsetEntry = OffsetIndexEntry(
                relativeOffset: UInt32(clamping: batch.lastOffset - self.baseOffset),
                position: UInt32(clamping: self.sizeBytes)
            )
            self.offsetIndexCount += 1
            placement.timeEntry = self.timeEntry()
            self.bytesSinceIndexEntry = 0
        }
        self.sizeBytes += Int64(batch.sizeBytes)
        self.bytesSinceIndexEntry += Int64(batch.sizeBytes)
        return placement
    }

    /// Bytes up to `position` are damaged and stay where they are: the next batch follows them. The position may lie
    /// within the last batch, whose length was part of the damage.
    package mutating func skip(to position: Int64) { self.sizeBytes = max(0, position) }

    /// The entry that makes the time index cover the whole segment, when it does not yet.
    package mutating func timeEntry() -> TimeIndexEntry? {
        guard self.largestTimestamp > self.lastTimeEntry else { return nil }
        self.lastTimeEntry = self.largestTimestamp
        self.timeIndexCount += 1
        return TimeIndexEntry(
            timestamp: self.largestTimestamp,
            relativeOffset: UInt32(clamping: self.offsetOfLargestTimestamp - self.baseOffset)
        )
    }
}
