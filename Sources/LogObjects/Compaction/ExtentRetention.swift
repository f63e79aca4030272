package import LogCore
package import Model

/// Retention and compaction of what is in extents, by the rules that segments in files follow: an extent is a segment,
/// and what is not indexed yet is the active one.
package enum ExtentRetention {
    /// Where the log is to begin now; `nil` when nothing is too old or too much.
    ///
    /// - Parameter tailBytes: of what is not indexed yet.
    package static func logStart(
        _ extents: PartitionExtents,
        tailBytes: Int64,
        highWatermark: Offset,
        settings: LogSettings,
        now: Timestamp
    ) -> Offset? {
        let stored = extents.extents
        let count = Retention.removable(
            Self.segments(stored, indexedEnd: extents.head.indexedEnd, tailBytes: tailBytes, now: now),
            logStart: extents.head.logStart,
            logEnd: highWatermark,
            highWatermark: highWatermark,
            sizeBytes: stored.reduce(tailBytes) { $0 + $1.sizeBytes },
            settings: settings,
            now: now
        )
        // The tail goes when a checkpoint has taken it over.
        guard count > 0, !stored.isEmpty else { return nil }
        let end = stored[min(count, stored.count) - 1].endOffset
        return end > extents.head.logStart ? end : nil
    }

    /// What compaction may clean, and the extents that it writes again; `nil` when there is nothing.
    package static func compaction(
        _ extents: PartitionExtents,
        tailBytes: Int64,
        offsets: LogOffsets,
        settings: LogSettings,
        now: Timestamp
    ) -> (plan: CompactionPlan, extents: [Extent])? {
        let stored = extents.extents
        let indexedEnd = extents.head.indexedEnd
        let segments = Self.segments(stored, indexedEnd: indexedEnd, tailBytes: tailBytes, now: now)
        let view = CompactionPlan.View(
            segments: segments,
            offsets: offsets,
            forcedEnd: indexedEnd,
            cleanedEnd: extents.head.cleanedEnd,
            settings: settings,
            now: now
        )
        let plan = CompactionPlan(view) { stored[$0].maxTimestamp }
        guard let plan else { return nil }
        return (plan, stored.filter { $0.baseOffset < plan.firstUncleanable })
    }

    private static func segments(
        _ extents: [Extent],
        indexedEnd: Offset,
        tailBytes: Int64,
        now: Timestamp
    ) -> [SegmentInfo] {
        var segments: [SegmentInfo] = []
        // Extents have no time of their own: one without a timestamp is as old as what follows it.
        var later = now
        for extent in extents.reversed() {
            if extent.maxTimestamp >= 0 { later = extent.maxTimestamp }
            segments.append(
                SegmentInfo(
                    baseOffset: extent.baseOffset,
                    sizeBytes: extent.sizeBytes,
                    largestTimestamp: extent.maxTimestamp,
                    modifiedAt: later
                )
            )
        }
        segments.reverse()
        return segments + [SegmentInfo(baseOffset: indexedEnd, sizeBytes: tailBytes, modifiedAt: now)]
    }
}
