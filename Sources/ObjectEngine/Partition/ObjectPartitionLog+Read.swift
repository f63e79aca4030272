package import LogCore
internal import LogObjects
internal import Logging
internal import Model
internal import NIOCore
internal import ObjectStore
internal import Synchronization

extension ObjectPartitionLog {
    package func read(_ request: ReadRequest) throws(LogError) -> ReadStep {
        let result = self.head.withLock { head -> Result<ReadStep, LogError> in
            do throws(LogError) {
                switch try head.state.planRead(request) {
                case .empty:
                    return .success(.records(FetchedRecords(parts: [], bytes: 0, offsets: head.state.offsets)))
                case .memory(let read): return .success(.records(head.fetched(read, request)))
                case .stored: return .success(.deferred(DeferredRead(log: self, request: request)))
                }
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private enum Plan {
        case nothing
        case memory(PartitionState.MemoryRead)
        case stretch(StoredStretch, StretchReader.Wanted, generation: Int)
    }

    /// Stretches of one answer: small ones are read together, each with a request of its own to the store.
    private static let stretchesPerRead = 8

    /// Carries out a deferred read: memory may have the records by now, else the store has.
    func readStored(_ request: ReadRequest) async throws(LogError) -> FetchedRecords {
        while true {
            let cleanings = self.head.withLock { $0.cleanings }
            if let records = try await self.readStored(request, cleanings: cleanings) { return records }
        }
    }

    /// - Returns: `nil` when compaction replaced stretches meanwhile, and the answer may lack aborted transactions.
    private func readStored(_ request: ReadRequest, cleanings: Int) async throws(LogError) -> FetchedRecords? {
        var parts: [ByteBuffer] = []
        var bytes = 0
        var end = request.offset
        var rest = request
        var stretchCount = 0
        reading: while stretchCount < Self.stretchesPerRead, parts.isEmpty || bytes < request.bytesMax {
            rest.offset = end
            rest.bytesMax = request.bytesMax - bytes
            rest.atLeastOneBatch = request.atLeastOneBatch && parts.isEmpty
            do throws(LogError) {
                switch try await self.readOnce(rest) {
                case .nothing: break reading
                case .memory(let read):
                    parts += read.parts
                    bytes += read.bytes
                    end = read.end
                    break reading
                case .stored(let slice, let next):
                    stretchCount += 1
                    parts += slice.parts
                    bytes += slice.bytes
                    end = next
                    if !slice.reachedEnd { break reading }
                }
            } catch {
                // What was read before is an answer; the next read meets the error.
                guard !parts.isEmpty else { throw error }
                break
            }
        }
        return self.head.withLock { head in
            var records = FetchedRecords(parts: parts, bytes: bytes, offsets: head.state.offsets)
            if request.isolation == .readCommitted, !parts.isEmpty {
                if head.cleanings != cleanings { return nil }
                records.abortedTransactions = head.abortedTransactions(in: request.offset..<end)
            }
            return records
        }
    }

    private enum Step {
        case nothing
        case memory(PartitionState.MemoryRead)
        /// What was found, and where to read on.
        case stored(StretchReader.Slice, next: Offset)
    }

    /// Reads from memory, or from one stretch.
    private func readOnce(_ request: ReadRequest) async throws(LogError) -> Step {
        var attempts = 0
        while true {
            switch try self.plan(request) {
            case .nothing: return .nothing
            case .memory(let read): return .memory(read)
            case .stretch(let stretch, let wanted, let generation):
                let reader = self.reader(of: stretch)
                do throws(StretchReader.Failure) {
                    let slice = try await reader.read(wanted)
                    if !slice.parts.isEmpty { self.noteEnd(of: slice, in: stretch, generation: generation) }
                    // Compaction may have removed all that the stretch had from the offset on.
                    return .stored(slice, next: slice.reachedEnd ? stretch.endOffset : slice.end)
                } catch {
                    attempts += 1
                    try self.readFailed(error, stretch, generation: generation, attempts: attempts, reader)
                }
            }
        }
    }

    private func noteEnd(of slice: StretchReader.Slice, in stretch: StoredStretch, generation: Int) {
        self.head.withLock { head in
            if head.index.generation == generation {
                head.hints.add(slice.end, in: stretch.baseOffset, position: slice.endPosition)
            }
        }
    }

    func reader(of stretch: StoredStretch) -> StretchReader {
        StretchReader(cache: self.engine.blocks, stretch: stretch, blockBytes: self.engine.settings.blockBytes)
    }

    /// Decides whether a read that failed is tried once more.
    ///
    /// - Throws: what is answered when it is not.
    func readFailed(
        _ failure: StretchReader.Failure,
        _ stretch: StoredStretch,
        generation: Int,
        attempts: Int,
        _ reader: StretchReader
    ) throws(LogError) {
        switch failure {
        case .unavailable(let error):
            throw LogError(.storage, "the object store does not answer: \(error.message)")
        case .missing(let reason), .damaged(let reason):
            // A checkpoint may have put another object in its place meanwhile, which is not counted as an attempt.
            if self.head.withLock({ $0.index.generation != generation }) { return }
            // What is in memory may be what is damaged.
            reader.forget()
            if attempts < 2 { return }
            throw self.quarantine(stretch, reason)
        }
    }

    private func quarantine(_ stretch: StoredStretch, _ reason: String) -> LogError {
        let range = DamagedRange(
            offsets: stretch.baseOffset..<stretch.endOffset,
            path: stretch.objectName,
            bytes: Int64(stretch.position)..<Int64(stretch.position + stretch.length),
            reason: reason
        )
        let isNews = self.head.withLock { $0.state.quarantine.add(range) }
        if isNews {
            self.engine.logger.error(
                "stored records are damaged",
                metadata: ["partition": "\(self.name)", "object": "\(range.path)", "error": "\(range.error.message)"]
            )
        }
        return range.error
    }

    private func plan(_ request: ReadRequest) throws(LogError) -> Plan {
        let result = self.head.withLock { head -> Result<Plan, LogError> in
            do throws(LogError) {
                switch try head.state.planRead(request) {
                case .empty: return .success(.nothing)
                case .memory(let read): return .success(.memory(read))
                case .stored: break
                }
                guard let index = head.index.index(covering: request.offset) else {
                    throw LogError(.corruptBatch, "offset \(request.offset) is in no object")
                }
                let stretch = head.index.stretches[index]
                let wanted = StretchReader.Wanted(
                    offset: request.offset,
                    limit: head.state.readLimit(request.isolation, from: request.offset),
                    bytesMax: request.bytesMax,
                    atLeastOneBatch: request.atLeastOneBatch,
                    position: head.hints.position(of: request.offset, in: stretch.baseOffset)
                )
                return .success(.stretch(stretch, wanted, generation: head.index.generation))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}

extension ObjectPartitionLog.Head {
    /// The answer to a read that memory serves.
    fileprivate func fetched(_ read: PartitionState.MemoryRead, _ request: ReadRequest) -> FetchedRecords {
        var records = FetchedRecords(parts: read.parts, bytes: read.bytes, offsets: self.state.offsets)
        if request.isolation == .readCommitted {
            records.abortedTransactions = self.abortedTransactions(in: request.offset..<read.end)
        }
        return records
    }

    /// Everything that a `read_committed` reader sees is stored, and so are the markers that end before it.
    func abortedTransactions(in range: Range<Offset>) -> [AbortedTransaction] {
        if self.aborted.isEmpty { return [] }
        var found = AbortedTransactions.Overlap(range)
        var (low, high) = (0, self.aborted.count)
        while low < high {
            let middle = (low + high) / 2
            if self.aborted[middle].lastOffset < range.lowerBound { low = middle + 1 } else { high = middle }
        }
        while low < self.aborted.count, !found.isComplete {
            found.add(self.aborted[low])
            low += 1
        }
        return found.transactions
    }
}
