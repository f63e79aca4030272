package import Model

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

    package enum Plan: Sendable, Equatable {
        case nothing
        /// Remove this many leading segments.
        case remove(count: Int)
        /// Remove all segments after beginning a new, empty one at the log's end.
        case removeAll
    }

    /// What to remove now.
    ///
    /// - Parameter hasUnstored: batches wait for the active segment, which therefore stays.
    package static func plan(
        _ segments: [SegmentInfo],
        offsets: LogOffsets,
        hasUnstored: Bool,
        sizeBytes: Int64,
        settings: LogSettings,
        now: Timestamp
    ) -> Plan {
        let count = Self.removable(
            segments,
            logStart: offsets.logStart,
            logEnd: offsets.logEnd,
            highWatermark: offsets.highWatermark,
            sizeBytes: sizeBytes,
            settings: settings,
            now: now
        )
        if count == 0 { return .nothing }
        if count < segments.count { return .remove(count: count) }
        if !hasUnstored { return .removeAll }
        return count > 1 ? .remove(count: count - 1) : .nothing
    }

    private static func age(of segment: SegmentInfo, now: Timestamp) -> Int64 {
        let (age, overflow) = now.subtractingReportingOverflow(segment.retentionTimestamp)
        return overflow ? (now > segment.retentionTimestamp ? .max : .min) : age
    }
}
