internal import LogCore
internal import Model
internal import NIOCore
internal import RecordBatch
internal import Synchronization

extension FilePartitionLog {
    /// What a search looks at, taken under the head's lock in one go.
    private struct View {
        var segments: [(handle: SegmentFiles, info: SegmentInfo)]
        /// Readable batches that no segment has yet.
        var tail: [TailBatch]
        var logStart: Offset
        var limit: Offset
        /// Of everything readable; `-1` when no record has one.
        var largestTimestamp: Timestamp
    }

    /// Finds an offset by timestamp among what readers may see. Blocking.
    func findOffset(_ query: TimestampQuery) throws(LogError) -> TimestampedOffset? {
        while true {
            if case .found(let offset) = try self.findOffset(query, in: try self.view()) { return offset }
        }
    }

    private enum Finding {
        case found(TimestampedOffset?)
        /// Retention removed a segment of the view.
        case outdated
    }

    private func findOffset(_ query: TimestampQuery, in view: View) throws(LogError) -> Finding {
        let threshold: Timestamp
        switch query {
        case .atOrAfter(let timestamp): threshold = timestamp
        case .maximum:
            guard view.largestTimestamp >= 0 else { return .found(nil) }
            threshold = view.largestTimestamp
        }
        for (handle, info) in view.segments where info.largestTimestamp >= threshold {
            do throws(FileError) {
                if let found = try Self.search(handle, info, view, threshold) { return .found(found) }
            } catch {
                if handle.isRetired { return .outdated }
                throw LogError(.storage, error.description)
            }
        }
        for batch in view.tail where batch.summary.maxTimestamp >= threshold {
            var whole = batch.header
            whole.writeImmutableBuffer(batch.payload)
            if let found = Self.record(in: whole, view.logStart, threshold) { return .found(found) }
        }
        return .found(nil)
    }

    private func view() throws(LogError) -> View {
        let result = self.head.withLock { head -> Result<View, LogError> in
            Result { () throws(LogError) in
                try head.state.checkAvailable()
                var tail: [TailBatch] = []
                for index in head.state.tail.firstUnwritten..<head.state.tail.count {
                    let batch = head.state.tail[index]
                    guard batch.summary.lastOffset < head.state.highWatermark else { break }
                    tail.append(batch)
                }
                let segments = Array(zip(head.handles, head.state.segments))
                let largest = tail.reduce(
                    segments.reduce(-1) { max($0, $1.1.largestTimestamp) }
                ) { max($0, $1.summary.maxTimestamp) }
                return View(
                    segments: segments.map { (handle: $0.0, info: $0.1) },
                    tail: tail,
                    logStart: head.state.logStart,
                    limit: head.state.highWatermark,
                    largestTimestamp: largest
                )
            }
        }
        return try result.get()
    }

    private static func search(
        _ handle: SegmentFiles,
        _ info: SegmentInfo,
        _ view: View,
        _ threshold: Timestamp
    ) throws(FileError) -> TimestampedOffset? {
        // Batches up to a time index entry's offset have no later timestamp: begin after the last that is too early.
        let early = try IndexSearch.last(
            count: info.timeIndexCount,
            entry: { (index) throws(FileError) in try handle.timeEntry(index) },
            where: { $0.timestamp < threshold }
        )
        var start = max(info.baseOffset, view.logStart)
        if let early { start = max(start, info.baseOffset + Offset(early.entry.relativeOffset) + 1) }
        let file = try handle.file(.log)
        var scanner = BatchScanner(
            file: file,
            from: try handle.position(before: start, info: info),
            limit: info.sizeBytes
        )
        while case .batch(let header, let position, var whole) = try scanner.next(checksFrom: .max) {
            if header.lastOffset < start || header.maxTimestamp < threshold { continue }
            guard header.lastOffset < view.limit else { return nil }
            if whole.readableBytes == 0 {
                _ = try file.read(into: &whole, count: header.sizeInBytes, at: position)
            }
            if let found = Self.record(in: whole, view.logStart, threshold) { return found }
        }
        return nil
    }

    /// The first record of a batch that is late enough. A batch whose records cannot be read answers as a whole.
    private static func record(
        in batch: ByteBuffer,
        _ start: Offset,
        _ threshold: Timestamp
    ) -> TimestampedOffset? {
        var found: TimestampedOffset?
        do throws(RecordBatchError) {
            try RecordReader.forEachRecord(in: batch, from: start) { header, record in
                let timestamp = header.timestamp(of: record.timestampDelta)
                guard timestamp >= threshold else { return true }
                found = TimestampedOffset(
                    offset: header.offset(of: record.offsetDelta),
                    timestamp: timestamp,
                    leaderEpoch: header.partitionLeaderEpoch
                )
                return false
            }
        } catch {
            guard let header = try? RecordBatchHeader(reading: batch, at: batch.readerIndex) else { return nil }
            return TimestampedOffset(
                offset: max(header.baseOffset, start),
                timestamp: header.maxTimestamp,
                leaderEpoch: header.partitionLeaderEpoch
            )
        }
        return found
    }
}
