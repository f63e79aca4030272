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
        for segment in view.segments where segment.info.largestTimestamp >= threshold {
            do throws(FileError) {
                if let found = try Self.search(segment, view, threshold) { return .found(found) }
            } catch {
                if segment.files.isRetired { return .outdated }
                throw LogError(.storage, error.description)
            }
        }
        for batch in view.tail where batch.summary.maxTimestamp >= threshold {
            if let found = Self.record(in: batch.whole, view.logStart, threshold) { return .found(found) }
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
        let candidates = view.segments.sorted {
            $0.info.largestTimestamp == $1.info.largestTimestamp
                ? $0.info.baseOffset < $1.info.baseOffset : $0.info.largestTimestamp > $1.info.largestTimestamp
        }
        for segment in candidates where segment.info.largestTimestamp >= 0 {
            if let best, segment.info.largestTimestamp < best.timestamp { break }
            do throws(FileError) {
                // The first record that is as late; else all of its records that readers see are earlier.
                var found = try Self.search(segment, view, segment.info.largestTimestamp)
                if found == nil { found = try Self.largest(segment, view) }
                best = Self.earlierOfLargest(best, found)
            } catch {
                if segment.files.isRetired { return .outdated }
                throw LogError(.storage, error.description)
            }
        }
        for batch in view.tail where batch.summary.maxTimestamp > best?.timestamp ?? -1 {
            best = Self.earlierOfLargest(best, Self.largest(in: batch.whole, view.logStart))
        }
        return .found(best)
    }

    private static func earlierOfLargest(_ one: TimestampedOffset?, _ other: TimestampedOffset?) -> TimestampedOffset? {
        guard let one else { return other }
        guard let other else { return one }
        if one.timestamp != other.timestamp { return one.timestamp > other.timestamp ? one : other }
        return one.offset <= other.offset ? one : other
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
                    limit: limit
                )
            }
        }
        return try result.get()
    }

    /// The first record with the largest timestamp of those in a segment that readers see. Walks all of them.
    private static func largest(
        _ segment: SegmentLayout.Segment,
        _ view: View
    ) throws(FileError) -> TimestampedOffset? {
        let start = max(segment.info.baseOffset, view.logStart)
        var best: TimestampedOffset?
        try Self.walk(segment, view, from: start) { header, whole throws(FileError) in
            guard header.maxTimestamp > best?.timestamp ?? -1 else { return true }
            best = Self.earlierOfLargest(best, Self.largest(in: try whole(), start))
            return true
        }
        return best
    }

    private static func search(
        _ segment: SegmentLayout.Segment,
        _ view: View,
        _ threshold: Timestamp
    ) throws(FileError) -> TimestampedOffset? {
        let (info, files) = (segment.info, segment.files)
        // Batches up to a time index entry's offset have no later timestamp: begin after the last that is too early.
        let early = try IndexSearch.last(
            count: info.timeIndexCount,
            entry: { (index) throws(FileError) in try files.timeEntry(index) },
            where: { $0.timestamp < threshold }
        )
        var start = max(info.baseOffset, view.logStart)
        if let early { start = max(start, info.baseOffset + Offset(early.entry.relativeOffset) + 1) }
        var found: TimestampedOffset?
        try Self.walk(segment, view, from: start) { header, whole throws(FileError) in
            guard header.maxTimestamp >= threshold else { return true }
            found = Self.record(in: try whole(), view.logStart, threshold)
            return found == nil
        }
        return found
    }

    /// Walks the batches of a segment that readers see and that end at or after `start`.
    ///
    /// - Parameter body: gets a batch's header and what reads all of it; answers whether to walk on.
    private static func walk(
        _ segment: SegmentLayout.Segment,
        _ view: View,
        from start: Offset,
        _ body: (RecordBatchHeader, () throws(FileError) -> ByteBuffer) throws(FileError) -> Bool
    ) throws(FileError) {
        let file = try segment.files.file(.log)
        var scanner = BatchScanner(
            file: file,
            from: try segment.files.position(before: start, info: segment.info),
            limit: segment.info.sizeBytes
        )
        while case .batch(let header, let position, let scanned) = try scanner.next(checksFrom: .max) {
            if header.lastOffset < start { continue }
            guard header.lastOffset < view.limit else { return }
            let isNext = try body(header) { () throws(FileError) in
                var whole = scanned
                if whole.readableBytes == 0 {
                    _ = try file.read(into: &whole, count: header.sizeInBytes, at: position)
                }
                return whole
            }
            if !isNext { return }
        }
    }

    /// The first record with the largest timestamp of a batch, from `start` on. A batch whose records cannot be read
    /// answers as a whole.
    private static func largest(in batch: ByteBuffer, _ start: Offset) -> TimestampedOffset? {
        var best: TimestampedOffset?
        let isReadable = Self.forEachRecord(in: batch, from: start) { record in
            if record.timestamp > best?.timestamp ?? -1 { best = record }
            return true
        }
        return isReadable ? best : Self.wholeBatch(batch, start)
    }

    /// The first record of a batch that is late enough. A batch whose records cannot be read answers as a whole.
    private static func record(
        in batch: ByteBuffer,
        _ start: Offset,
        _ threshold: Timestamp
    ) -> TimestampedOffset? {
        var found: TimestampedOffset?
        let isReadable = Self.forEachRecord(in: batch, from: start) { record in
            guard record.timestamp >= threshold else { return true }
            found = record
            return false
        }
        return isReadable ? found : Self.wholeBatch(batch, start)
    }

    /// - Parameter body: answers whether to read on.
    /// - Returns: whether the batch's records could be read.
    private static func forEachRecord(
        in batch: ByteBuffer,
        from start: Offset,
        _ body: (TimestampedOffset) -> Bool
    ) -> Bool {
        do throws(RecordBatchError) {
            try RecordReader.forEachRecord(in: batch, from: start) { header, record in
                body(
                    TimestampedOffset(
                        offset: header.offset(of: record.offsetDelta),
                        timestamp: header.timestamp(of: record.timestampDelta),
                        leaderEpoch: header.partitionLeaderEpoch
                    )
                )
            }
            return true
        } catch {
            return false
        }
    }

    private static func wholeBatch(_ batch: ByteBuffer, _ start: Offset) -> TimestampedOffset? {
        guard let header = try? RecordBatchHeader(reading: batch, at: batch.readerIndex) else { return nil }
        return TimestampedOffset(
            offset: max(header.baseOffset, start),
            timestamp: header.maxTimestamp,
            leaderEpoch: header.partitionLeaderEpoch
        )
    }
}

extension TailBatch {
    /// The batch in one buffer; copies it.
    fileprivate var whole: ByteBuffer {
        var whole = self.header
        whole.writeImmutableBuffer(self.payload)
        return whole
    }
}
