package import Model

/// A segment as readers and retention see it: only what is in its files.
package struct SegmentInfo: Sendable, Equatable {
    package let baseOffset: Offset
    package var sizeBytes: Int64
    package var offsetIndexCount: Int
    package var timeIndexCount: Int
    package var largestTimestamp: Timestamp
    package var offsetOfLargestTimestamp: Offset
    /// Wall clock of the last write; retention by time uses it when no record has a timestamp.
    package var modifiedAt: Timestamp

    package init(
        baseOffset: Offset,
        sizeBytes: Int64 = 0,
        offsetIndexCount: Int = 0,
        timeIndexCount: Int = 0,
        largestTimestamp: Timestamp = -1,
        offsetOfLargestTimestamp: Offset = -1,
        modifiedAt: Timestamp
    ) {
        self.baseOffset = baseOffset
        self.sizeBytes = sizeBytes
        self.offsetIndexCount = offsetIndexCount
        self.timeIndexCount = timeIndexCount
        self.largestTimestamp = largestTimestamp
        self.offsetOfLargestTimestamp = offsetOfLargestTimestamp
        self.modifiedAt = modifiedAt
    }

    /// What retention by time compares with the clock.
    package var retentionTimestamp: Timestamp {
        self.largestTimestamp >= 0 ? self.largestTimestamp : self.modifiedAt
    }
}

/// Which segments may go: Kafka's three rules, each of which takes a prefix of the log.
package enum Retention {
    /// - Parameters:
    ///   - segments: in offset order; the last one is the active one.
    ///   - sizeBytes: of the whole log.
    ///   - highWatermark: a segment that ends beyond it stays.
    /// - Returns: how many leading segments to remove. When it is all of them, the log must begin a new segment first.
    package static func removable(
        _ segments: [SegmentInfo],
        logStart: Offset,
        logEnd: Offset,
        highWatermark: Offset,
        sizeBytes: Int64,
        settings: LogSettings,
        now: Timestamp
    ) -> Int {
        var byStart = 0
        while byStart + 1 < segments.count, segments[byStart + 1].baseOffset <= logStart { byStart += 1 }
        guard settings.cleanupDelete else { return byStart }
        let isWhole = { (index: Int) in
            let end = index + 1 < segments.count ? segments[index + 1].baseOffset : logEnd
            // An empty active segment is what a removed log leaves behind.
            return highWatermark >= end && !(index + 1 == segments.count && segments[index].sizeBytes == 0)
        }
        var count = byStart
        if settings.retentionBytes >= 0 {
            var excess = segments[..<byStart].reduce(sizeBytes - settings.retentionBytes) { $0 - $1.sizeBytes }
            while count < segments.count, isWhole(count), excess - segments[count].sizeBytes >= 0 {
                excess -= segments[count].sizeBytes
                count += 1
            }
        }
        if settings.retentionMilliseconds >= 0 {
            while count < segments.count, isWhole(count),
                Self.age(of: segments[count], now: now) > settings.retentionMilliseconds
            {
                count += 1
            }
        }
        return count
    }

    private static func age(of segment: SegmentInfo, now: Timestamp) -> Int64 {
        let (age, overflow) = now.subtractingReportingOverflow(segment.retentionTimestamp)
        return overflow ? (now > segment.retentionTimestamp ? .max : .min) : age
    }
}
