package import Model

/// Which part of a partition's log compaction may clean now, and whether that is worth it. Kafka's rules
/// (`LogCleanerManager`), which are about whole segments:
///
/// ```
/// log start      first dirty                 first uncleanable       active segment
///     │  clean       │  dirty, cleanable             │  dirty, not yet     │
/// ```
///
/// - *first dirty*: where the last run ended, as `cleaner-offset-checkpoint` says.
/// - *first uncleanable*: the segment with the last stable offset, the first segment with records younger than
///   `min.compaction.lag.ms`, or the active one; and, beyond Kafka, the first one that is not forced to the disk.
package struct CompactionPlan: Sendable, Equatable {
    package var firstDirty: Offset
    package var firstUncleanable: Offset
    package var cleanBytes: Int64
    package var cleanableBytes: Int64
    /// Milliseconds by which a dirty record is older than `max.compaction.lag.ms`; 0 when none is.
    package var overdueMilliseconds: Int64
    /// Whether a run is worth it: enough is dirty, or something is overdue.
    package var isDue: Bool

    /// The part of the log that is dirty and can be cleaned: 0 to 1.
    package var dirtyRatio: Double {
        let all = self.cleanBytes + self.cleanableBytes
        return all > 0 ? Double(self.cleanableBytes) / Double(all) : 0
    }

    /// A partition's log as it is when a plan is made.
    package struct View: Sendable {
        /// In offset order; the last one is the active one.
        package var segments: [SegmentInfo]
        package var offsets: LogOffsets
        /// Everything before it is forced to the disk.
        package var forcedEnd: Offset
        /// Where the last run ended; `nil` before the first.
        package var cleanedEnd: Offset?
        package var settings: LogSettings
        package var now: Timestamp

        package init(
            segments: [SegmentInfo],
            offsets: LogOffsets,
            forcedEnd: Offset,
            cleanedEnd: Offset?,
            settings: LogSettings,
            now: Timestamp
        ) {
            self.segments = segments
            self.offsets = offsets
            self.forcedEnd = forcedEnd
            self.cleanedEnd = cleanedEnd
            self.settings = settings
            self.now = now
        }
    }

    /// - Parameter firstTimestamp: of the segment at an index, the largest timestamp of its first batch; asked only
    ///   where `max.compaction.lag.ms` is set.
    /// - Returns: `nil` when the log has nothing but an empty segment.
    package init?<Failure: Error>(
        _ view: View,
        firstTimestamp: (Int) throws(Failure) -> Timestamp
    ) throws(Failure) {
        let segments = view.segments
        guard let active = segments.last else { return nil }
        let firstDirty = Self.firstDirty(view)
        let firstDirtyIndex = Self.index(of: firstDirty, in: segments)
        let uncleanableIndex = Self.firstUncleanable(view, firstDirty, firstDirtyIndex)
        let cleanable = segments[min(firstDirtyIndex, uncleanableIndex)..<uncleanableIndex]
        let cleanBytes = segments.reduce(Int64(0)) { $1.baseOffset < firstDirty ? $0 + $1.sizeBytes : $0 }
        let cleanableBytes = cleanable.reduce(Int64(0)) { $0 + $1.sizeBytes }
        if cleanBytes + cleanableBytes == 0 { return nil }
        var overdue: Int64 = 0
        let maxLag = view.settings.maxCompactionLagMilliseconds
        if maxLag < .max, firstDirty <= active.baseOffset {
            var earliest = Timestamp.max
            for index in firstDirtyIndex..<(segments.count - 1) where segments[index].sizeBytes > 0 {
                let timestamp = try firstTimestamp(index)
                if timestamp > 0 { earliest = min(earliest, timestamp) }
            }
            let (until, overflow) = view.now.subtractingReportingOverflow(max(0, maxLag))
            if !overflow, earliest < until { overdue = until - earliest }
        }
        self.firstDirty = firstDirty
        self.firstUncleanable = segments[uncleanableIndex].baseOffset
        self.cleanBytes = cleanBytes
        self.cleanableBytes = cleanableBytes
        self.overdueMilliseconds = overdue
        self.isDue = false
        self.isDue =
            self.firstUncleanable > firstDirty
            && (overdue > 0 && cleanableBytes > 0 || self.dirtyRatio > view.settings.minCleanableDirtyRatio)
    }

    /// Index of the first segment that may not be cleaned: segments are cleaned whole.
    private static func firstUncleanable(_ view: View, _ firstDirty: Offset, _ firstDirtyIndex: Int) -> Int {
        let segments = view.segments
        let active = segments[segments.count - 1].baseOffset
        var limit = min(view.offsets.lastStable, view.forcedEnd, active)
        if view.settings.minCompactionLagMilliseconds > 0, firstDirty <= active {
            let (youngest, overflow) = view.now.subtractingReportingOverflow(view.settings.minCompactionLagMilliseconds)
            let isTooYoung = { (segment: SegmentInfo) in !overflow && segment.largestTimestamp > youngest }
            if let young = segments[firstDirtyIndex...].dropLast().first(where: isTooYoung) {
                limit = min(limit, young.baseOffset)
            }
        }
        limit = max(limit, firstDirty)
        return limit >= active ? segments.count - 1 : Self.index(of: limit, in: segments)
    }

    /// What a checkpoint says that lies outside of the log is not believed: all of the log is dirty then.
    private static func firstDirty(_ view: View) -> Offset {
        guard let cleaned = view.cleanedEnd, cleaned >= view.offsets.logStart, cleaned <= view.offsets.logEnd else {
            return view.offsets.logStart
        }
        return cleaned
    }

    /// The segment that an offset belongs to: the last that begins at or before it, or the first.
    private static func index(of offset: Offset, in segments: [SegmentInfo]) -> Int {
        max(0, (segments.firstIndex { $0.baseOffset > offset } ?? segments.count) - 1)
    }
}

extension CompactionPlan {
    /// Gathers neighbouring segments of which one is made: as many as fit into one by their present sizes.
    ///
    /// - Parameters:
    ///   - segments: those that are cleaned, in offset order.
    ///   - end: the offset after the last of them.
    /// - Returns: ranges of their indices that cover all of them.
    package static func groups(of segments: [SegmentInfo], end: Offset, settings: LogSettings) -> [Range<Int>] {
        var groups: [Range<Int>] = []
        var start = 0
        while start < segments.count {
            var bytes = segments[start].sizeBytes
            var offsetBytes = segments[start].offsetIndexBytes
            var timeBytes = segments[start].timeIndexBytes
            var next = start + 1
            while next < segments.count {
                let segment = segments[next]
                let last = (next + 1 < segments.count ? segments[next + 1].baseOffset : end) - 1
                let fitsOffsets = last - segments[start].baseOffset <= Offset(Int32.max)
                guard bytes + segment.sizeBytes <= settings.segmentBytes,
                    offsetBytes + segment.offsetIndexBytes <= settings.segmentIndexBytes,
                    timeBytes + segment.timeIndexBytes <= settings.segmentIndexBytes,
                    segment.sizeBytes == 0 || fitsOffsets
                else { break }
                bytes += segment.sizeBytes
                offsetBytes += segment.offsetIndexBytes
                timeBytes += segment.timeIndexBytes
                next += 1
            }
            groups.append(start..<next)
            start = next
        }
        return groups
    }
}

extension SegmentInfo {
    fileprivate var offsetIndexBytes: Int64 { Int64(self.offsetIndexCount * OffsetIndexEntry.sizeBytes) }
    fileprivate var timeIndexBytes: Int64 { Int64(self.timeIndexCount * TimeIndexEntry.sizeBytes) }
}
