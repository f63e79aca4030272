internal import LogCore
internal import LogObjects
internal import Model
internal import NIOCore
internal import RecordBatch
internal import Synchronization

extension ObjectPartitionLog {
    /// What a search looks at, taken under the head's lock in one go.
    private struct View {
        /// Those that memory has not got whole.
        var stretches: [StoredStretch]
        var memory: [TailBatch]
        var logStart: Offset
        var limit: Offset
        var generation: Int
    }

    /// Finds an offset by timestamp among what readers may see.
    func findOffset(
        _ query: TimestampQuery,
        isolation: IsolationLevel
    ) async throws(LogError) -> TimestampedOffset? {
        var attempts = 0
        while true {
            let view = try self.view(isolation)
            do throws(StretchFailure) {
                switch query {
                case .atOrAfter(let timestamp): return try await self.first(atOrAfter: timestamp, in: view)
                case .maximum: return try await self.largest(in: view)
                }
            } catch {
                attempts += 1
                try self.readFailed(
                    error.failure,
                    error.stretch,
                    generation: view.generation,
                    attempts: attempts,
                    self.reader(of: error.stretch)
                )
            }
        }
    }

    private struct StretchFailure: Error {
        var stretch: StoredStretch
        var failure: StretchReader.Failure
    }

    private func first(
        atOrAfter threshold: Timestamp,
        in view: View
    ) async throws(StretchFailure) -> TimestampedOffset? {
        for stretch in view.stretches where stretch.maxTimestamp >= threshold {
            var found: TimestampedOffset?
            try await self.forEachBatch(of: stretch, view) { header, batch in
                guard header.maxTimestamp >= threshold else { return true }
                found = TimestampSearch.record(in: batch(), from: view.logStart, atOrAfter: threshold)
                return found == nil
            }
            if let found { return found }
        }
        for batch in view.memory where batch.summary.maxTimestamp >= threshold {
            let found = TimestampSearch.record(in: batch.whole, from: view.logStart, atOrAfter: threshold)
            if let found { return found }
        }
        return nil
    }

    /// The largest timestamps of stretches are upper bounds of what readers see of them, and order the search.
    private func largest(in view: View) async throws(StretchFailure) -> TimestampedOffset? {
        var best: TimestampedOffset?
        for batch in view.memory where batch.summary.maxTimestamp > best?.timestamp ?? -1 {
            best = TimestampSearch.earlierOfLargest(
                best,
                TimestampSearch.largest(in: batch.whole, from: view.logStart)
            )
        }
        let candidates = view.stretches.sorted {
            ($0.maxTimestamp, $1.baseOffset) > ($1.maxTimestamp, $0.baseOffset)
        }
        for stretch in candidates where stretch.maxTimestamp >= 0 {
            if let best, stretch.maxTimestamp < best.timestamp { break }
            try await self.forEachBatch(of: stretch, view) { header, batch in
                guard header.maxTimestamp >= best?.timestamp ?? -1 else { return true }
                best = TimestampSearch.earlierOfLargest(
                    best,
                    TimestampSearch.largest(in: batch(), from: view.logStart)
                )
                return true
            }
        }
        return best
    }

    /// Walks the batches of a stretch that readers see.
    ///
    /// - Parameter body: gets a header and the whole batch; answers whether to walk on.
    private func forEachBatch(
        of stretch: StoredStretch,
        _ view: View,
        _ body: (RecordBatchHeader, () -> ByteBuffer) -> Bool
    ) async throws(StretchFailure) {
        let reader = self.reader(of: stretch)
        var wanted = StretchReader.Wanted(
            offset: max(stretch.baseOffset, view.logStart),
            limit: view.limit,
            bytesMax: self.engine.settings.blockBytes,
            atLeastOneBatch: true
        )
        while wanted.offset < stretch.endOffset {
            let slice: StretchReader.Slice
            do throws(StretchReader.Failure) {
                slice = try await reader.read(wanted)
            } catch {
                throw StretchFailure(stretch: stretch, failure: error)
            }
            for index in stride(from: 0, to: slice.parts.count, by: 2) {
                guard
                    let header = try? RecordBatchHeader(reading: slice.parts[index], at: slice.parts[index].readerIndex)
                else { continue }
                let whole = { () -> ByteBuffer in
                    var whole = slice.parts[index]
                    whole.writeImmutableBuffer(slice.parts[index + 1])
                    return whole
                }
                guard body(header, whole) else { return }
            }
            if slice.parts.isEmpty || slice.reachedEnd { return }
            wanted.offset = slice.end
            wanted.position = slice.endPosition
        }
    }

    private func view(_ isolation: IsolationLevel) throws(LogError) -> View {
        let result = self.head.withLock { head -> Result<View, LogError> in
            Result { () throws(LogError) in
                try head.state.checkAvailable()
                let limit = head.state.readLimit(isolation)
                let memoryStart = head.state.tail.firstOffset ?? .max
                var memory: [TailBatch] = []
                for index in 0..<head.state.tail.count {
                    let batch = head.state.tail[index]
                    guard batch.summary.lastOffset < limit else { break }
                    if batch.summary.lastOffset >= head.state.logStart { memory.append(batch) }
                }
                return View(
                    stretches: head.index.stretches.filter { $0.baseOffset < min(memoryStart, limit) },
                    memory: memory,
                    logStart: head.state.logStart,
                    limit: limit,
                    generation: head.index.generation
                )
            }
        }
        return try result.get()
    }
}
