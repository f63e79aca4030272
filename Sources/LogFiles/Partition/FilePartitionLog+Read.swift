package import LogCore
internal import Logging
internal import Model
internal import NIOCore
internal import RecordBatch
internal import Synchronization

extension FilePartitionLog {
    package func read(_ request: ReadRequest) throws(LogError) -> ReadStep {
        let result = self.head.withLock { head -> Result<ReadStep, LogError> in
            do throws(LogError) {
                switch try head.state.planRead(request) {
                case .empty:
                    return .success(.records(FetchedRecords(parts: [], bytes: 0, offsets: head.state.offsets)))
                case .memory(let read):
                    // Of a great many aborted transactions memory has only the newest.
                    if request.isolation == .readCommitted && request.offset < head.state.aborted.knownFrom { break }
                    return .success(.records(head.fetched(read, request)))
                case .stored:
                    break
                }
                return .success(.deferred(DeferredRead(log: self, request: request)))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private enum Plan {
        case answered(FetchedRecords)
        /// Memory has the records, and files have transactions that may have been aborted among them.
        case memory(FetchedRecords, Range<Offset>, compactionCount: Int)
        case file(SegmentReader.Target)
    }

    /// Carries out a deferred read. Blocking.
    func readFile(_ request: ReadRequest) throws(LogError) -> FetchedRecords {
        var request = request
        // A segment may end before the offset where compaction removed batches; then the next one has it.
        while true {
            let target: SegmentReader.Target
            switch try self.plan(request) {
            case .answered(let records): return records
            case .memory(let records, let range, let count):
                if let complete = try self.withAborted(records, in: range, since: count) { return complete }
                continue
            case .file(let found): target = found
            }
            let slice: SegmentReader.Slice
            var passed: [DamagedRange] = []
            do throws(FileError) {
                var reader = try SegmentReader(target, request)
                slice = try reader.run()
                passed = reader.passed
            } catch {
                // Retention or deletion came in between: look again.
                if target.segment.files.isRetired { continue }
                throw self.readFailed(error)
            }
            // The file may be another one by now, or gone.
            if target.segment.files.isRetired { continue }
            for range in passed { self.quarantine(range) }
            switch slice {
            case .records(let buffer, let firstOffset, let end, let position):
                let base = target.segment.info.baseOffset
                let records = self.head.withLock { head -> FetchedRecords in
                    // A position in a file that compaction has replaced leads nowhere.
                    if head.compactionCount == target.compactionCount {
                        head.readHints.add(.init(offset: end, segmentBase: base, position: position))
                    }
                    return FetchedRecords(
                        parts: buffer.readableBytes == 0 ? [] : [buffer],
                        bytes: buffer.readableBytes,
                        offsets: head.state.offsets
                    )
                }
                if request.isolation == .readUncommitted || records.bytes == 0 { return records }
                let range = firstOffset..<end
                if let complete = try self.withAborted(records, in: range, since: target.compactionCount) {
                    return complete
                }
            case .pastEnd:
                guard target.isFollowed else {
                    return FetchedRecords(parts: [], bytes: 0, offsets: self.offsets)
                }
                request.offset = target.end
            case .damaged(let range):
                self.quarantine(range)
                throw range.error
            }
        }
    }

    private func plan(_ request: ReadRequest) throws(LogError) -> Plan {
        let result = self.head.withLock { head -> Result<Plan, LogError> in
            do throws(LogError) {
                let read = try head.state.planRead(request)
                if case .memory(let read) = read {
                    let known = head.state.aborted.knownFrom
                    guard request.isolation == .readCommitted, request.offset < known else {
                        return .success(.answered(head.fetched(read, request)))
                    }
                    let records = FetchedRecords(parts: read.parts, bytes: read.bytes, offsets: head.state.offsets)
                    let range = request.offset..<read.end
                    return .success(.memory(records, range, compactionCount: head.compactionCount))
                }
                guard case .stored = read, let index = head.layout.index(for: request.offset) else {
                    return .success(.answered(FetchedRecords(parts: [], bytes: 0, offsets: head.state.offsets)))
                }
                let segment = head.layout.segments[index]
                let isLast = index + 1 == head.layout.segments.count
                let end = isLast ? head.state.storedEnd : head.layout.segments[index + 1].info.baseOffset
                return .success(
                    .file(
                        SegmentReader.Target(
                            segment: segment,
                            hint: head.readHints.position(of: request.offset, in: segment.info.baseOffset),
                            limit: head.state.readLimit(request.isolation, from: request.offset),
                            end: end,
                            gapsBefore: segment.info.cleaned?.end ?? head.state.gapsBefore,
                            compactionCount: head.compactionCount,
                            isFollowed: !isLast || end < head.state.logEnd,
                            verifies: !request.isForwarded || head.state.settings.verifiesFetches
                        )
                    )
                )
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}

extension FilePartitionLog.Head {
    /// The answer to a read that memory serves, with the aborted transactions that memory has.
    func fetched(_ read: PartitionState.MemoryRead, _ request: ReadRequest) -> FetchedRecords {
        var records = FetchedRecords(parts: read.parts, bytes: read.bytes, offsets: self.state.offsets)
        if request.isolation == .readCommitted, self.state.aborted.count > 0 {
            var aborted = AbortedTransactions.Overlap(request.offset..<read.end)
            self.state.aborted.collect(into: &aborted)
            records.abortedTransactions = aborted.transactions
        }
        return records
    }
}
