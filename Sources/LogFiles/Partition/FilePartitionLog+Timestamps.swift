internal import LogCore
internal import Model
internal import NIOCore
internal import RecordBatch
internal import Synchronization

extension FilePartitionLog {
    /// What a search looks at, taken under the head's lock in one go.
    private struct View {
        var segments: [SegmentLayout.Segment]
        /// Readable batches that are not stored yet.
        var tail: [TailBatch]
        var logStart: Offset
        var limit: Offset
        /// The end of what is stored.
        var end: Offset
        var gapsBefore: Offset

        /// The segments, each with the offset after it.
        var bounded: [(segment: SegmentLayout.Segment, end: Offset)] {
            let ends = self.segments.dropFirst().map(\.info.baseOffset) + [self.end]
            return Array(zip(self.segments, ends)).map { (segment: $0.0, end: $0.1) }
        }
    }

    /// Finds an offset by timestamp among what readers may see. Blocking.
    ///
    /// - Parameter isolation: what the reader may see ends at this level's limit, as it is when the search begins.
    func findOffset(
        _ query: TimestampQuery,
        isolation: IsolationLevel = .readUncommitted
    ) throws(LogError) -> TimestampedOffset? {
        while true {
            if case .found(let offset) = try self.findOffset(query, in: try self.view(isolation)) { return offset }
        }
    }

    private enum Finding {
        case found(TimestampedOffset?)
        /// Retention removed a segment of the view.
        case outdated
    }

    private func findOffset(_ query: TimestampQuery, in view: View) throws(LogError) -> Finding {
        switch query {
        case .atOrAfter(let timestamp): try self.firstOffset(atOrAfter: timestamp, in: view)
        case .maximum: try self.offsetOfLargest(in: view)
        }
    }

    private func firstOffset(atOrAfter threshold: Timestamp, in view: View) throws(LogError) -> Finding {
        for (segment, end) in view.bounded where segment.info.largestTimestamp >= threshold {
            do throws(SegmentSearch.Failure) {
                if let found = try Self.search(segment, end, view, threshold) { return .found(found) }
            } catch {
                if segment.files.isRetired { return .outdated }
                throw self.searchFailed(error)
            }
        }
        for batch in view.tail where batch.summary.maxTimestamp >= threshold {
            if let found = TimestampSearch.record(in: batch.whole, from: view.logStart, atOrAfter: threshold) {
                return .found(found)
            }
        }
        return .found(nil)
    }

    /// The first record with the largest timestamp.
    ///
    /// What a segment knows of its largest timestamp counts records that readers do not see: those before the log
    /// start, and those of open transactions. It is an upper bound, which orders the segments; at most the first and
    /// the last few have to be walked.
    private func offsetOfLargest(in view: View) throws(LogError) -> Finding {
        var best: TimestampedOffset?
        let candidates = view.bounded.sorted { one, other in
            let (left, right) = (one.segment.info, other.segment.info)
            return left.largestTimestamp == right.largestTimestamp
                ? left.baseOffset < right.baseOffset : left.largestTimestamp > right.largestTimestamp
        }
        for (segment, end) in candidates where segment.info.largestTimestamp >= 0 {
            if let best, segment.info.largestTimestamp < best.timestamp { break }
            do throws(SegmentSearch.Failure) {
                // The first record that is as late; else all of its records that readers see are earlier.
                var found = try Self.search(segment, end, view, segment.info.largestTimestamp)
                if found == nil { found = try Self.largest(segment, end, view) }
                best = TimestampSearch.earlierOfLargest(best, found)
            } catch {
                if segment.files.isRetired { return .outdated }
                throw self.searchFailed(error)
            }
        }
        for batch in view.tail where batch.summary.maxTimestamp > best?.timestamp ?? -1 {
            best = TimestampSearch.earlierOfLargest(best, TimestampSearch.largest(in: batch.whole, from: view.logStart))
        }
        return .found(best)
    }

    private func searchFailed(_ failure: SegmentSearch.Failure) -> LogError {
        switch failure {
        case .file(let error): return LogError(.storage, error.description)
        case .damaged(let range):
            self.quarantine(range)
            return range.error
        }
    }

    private func view(_ isolation: IsolationLevel) throws(LogError) -> View {
        let result = self.head.withLock { head -> Result<View, LogError> in
            Result { () throws(LogError) in
                try head.state.checkAvailable()
                let limit = head.state.readLimit(isolation)
                var tail: [TailBatch] = []
                for index in head.state.tail.firstUnstored..<head.state.tail.count {
                    let batch = head.state.tail[index]
                    guard batch.summary.lastOffset < limit else { break }
                    tail.append(batch)
                }
                return View(
                    segments: head.layout.segments,
                    tail: tail,
                    logStart: head.state.logStart,
                    limit: limit,
                    end: head.state.storedEnd,
                    gapsBefore: head.state.gapsBefore
                )
            }
        }
        return try result.get()
    }

    /// The first record with the largest timestamp of those in a segment that readers see. Walks all of them.
    private static func largest(
        _ segment: SegmentLayout.Segment,
        _ end: Offset,
        _ view: View
    ) throws(SegmentSearch.Failure) -> TimestampedOffset? {
        let start = max(segment.info.baseOffset, view.logStart)
        var best: TimestampedOffset?
        try Self.walk(segment, end, view, from: start) { header, search throws(SegmentSearch.Failure) in
            guard header.maxTimestamp > best?.timestamp ?? -1 else { return true }
            best = TimestampSearch.earlierOfLargest(best, TimestampSearch.largest(in: try search.batch(), from: start))
            return true
        }
        return best
    }

    private static func search(
        _ segment: SegmentLayout.Segment,
        _ end: Offset,
        _ view: View,
        _ threshold: Timestamp
    ) throws(SegmentSearch.Failure) -> TimestampedOffset? {
        let info = segment.info
        var start = max(info.baseOffset, view.logStart)
        // Batches up to a time index entry's offset have no later timestamp: begin after the last that is too early.
        if let early = try SegmentSearch.lastTimeEntry(segment, before: threshold) {
            start = max(start, info.baseOffset + Offset(early.relativeOffset) + 1)
        }
        var found: TimestampedOffset?
        try Self.walk(segment, end, view, from: start) { header, search throws(SegmentSearch.Failure) in
            guard header.maxTimestamp >= threshold else { return true }
            found = TimestampSearch.record(in: try search.batch(), from: view.logStart, atOrAfter: threshold)
            return found == nil
        }
        return found
    }

    /// Walks the batches of a segment that readers see and that end at or after `start`.
    ///
    /// - Parameter body: gets a batch's header and the search that reads all of it; answers whether to walk on.
    private static func walk(
        _ segment: SegmentLayout.Segment,
        _ end: Offset,
        _ view: View,
        from start: Offset,
        _ body: (RecordBatchHeader, inout SegmentSearch) throws(SegmentSearch.Failure) -> Bool
    ) throws(SegmentSearch.Failure) {
        let gapsBefore = segment.info.cleaned?.end ?? view.gapsBefore
        var search = try SegmentSearch(segment, from: start, end: end, gapsBefore: gapsBefore)
        while let header = try search.next() {
            if header.lastOffset < start { continue }
            guard header.lastOffset < view.limit else { return }
            guard try body(header, &search) else { return }
        }
    }
}
