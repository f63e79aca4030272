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

    /// Where a file read looks, taken under the head's lock in one go.
    private struct Target {
        var segment: SegmentLayout.Segment
        var hint: Int64?
        var limit: Offset
        /// Where to go on when the segment has nothing at or after the offset.
        var following: Offset?
    }

    private enum Plan {
        case answered(FetchedRecords)
        /// Memory has the records, and files have transactions that may have been aborted among them.
        case memory(FetchedRecords, Range<Offset>)
        case file(Target)
    }

    /// Carries out a deferred read. Blocking.
    func readFile(_ request: ReadRequest) throws(LogError) -> FetchedRecords {
        var request = request
        // A segment may end before the offset where compaction removed batches; then the next one has it.
        while true {
            let target: Target
            switch try self.plan(request) {
            case .answered(let records): return records
            case .memory(let records, let range):
                if let complete = try self.withAborted(records, in: range) { return complete }
                continue
            case .file(let found): target = found
            }
            let slice: Slice
            do throws(FileError) {
                slice = try Self.slice(target, request)
            } catch {
                // Retention or deletion came in between: look again.
                if target.segment.files.isRetired { continue }
                let error = LogError(error)
                self.goOffline(error)
                throw error
            }
            switch slice {
            case .records(let buffer, let firstOffset, let end, let position):
                let base = target.segment.info.baseOffset
                let records = self.head.withLock { head -> FetchedRecords in
                    head.readHints.add(.init(offset: end, segmentBase: base, position: position))
                    return FetchedRecords(
                        parts: buffer.readableBytes == 0 ? [] : [buffer],
                        bytes: buffer.readableBytes,
                        offsets: head.state.offsets
                    )
                }
                if request.isolation == .readUncommitted || records.bytes == 0 { return records }
                if let complete = try self.withAborted(records, in: firstOffset..<end) { return complete }
            case .pastEnd:
                guard let following = target.following else {
                    return FetchedRecords(parts: [], bytes: 0, offsets: self.offsets)
                }
                request.offset = following
            case .damaged(let reason):
                throw self.corrupt(target.segment.files.path(.log), request.offset, reason)
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
                    return .success(.memory(records, request.offset..<read.end))
                }
                guard case .stored = read, let index = head.layout.index(for: request.offset) else {
                    return .success(.answered(FetchedRecords(parts: [], bytes: 0, offsets: head.state.offsets)))
                }
                let segment = head.layout.segments[index]
                var target = Target(
                    segment: segment,
                    hint: head.readHints.position(of: request.offset, in: segment.info.baseOffset),
                    limit: head.state.readLimit(request.isolation)
                )
                if index + 1 < head.layout.segments.count {
                    target.following = head.layout.segments[index + 1].info.baseOffset
                } else if let first = head.state.tail.firstOffset, first > request.offset {
                    // What follows is in memory only.
                    target.following = first
                }
                return .success(.file(target))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private enum Slice {
        /// Whole batches, the first one's base offset, the offset after them, and the position after them.
        case records(ByteBuffer, firstOffset: Offset, end: Offset, position: Int64)
        case pastEnd
        case damaged(String)
    }

    private static func slice(_ target: Target, _ request: ReadRequest) throws(FileError) -> Slice {
        let (info, files) = (target.segment.info, target.segment.files)
        let size = info.sizeBytes
        var position = 0 as Int64
        if let hint = target.hint {
            position = hint
        } else {
            position = try files.position(before: request.offset, info: info)
        }
        // An index is a hint. One that leads too far ahead would skip records in silence.
        var isUnproved = target.hint == nil && position > 0
        // Room for the batches before the offset, which the index leaves to be skipped.
        let slack = target.hint == nil ? 8 << 10 : 0
        var wanted = max(request.bytesMax, RecordBatchHeader.encodedLength) + slack
        while true {
            guard position < size || isUnproved else { return .pastEnd }
            let count = Int(max(0, min(Int64(wanted), size - position)))
            var buffer = try files.readLog(count: count, at: position)
            guard buffer.readableBytes == count else { return .damaged("the file is shorter than it was") }
            if isUnproved {
                isUnproved = false
                guard Self.begins(buffer, atOrBefore: request.offset) else {
                    position = 0
                    continue
                }
            }
            let isRest = position + Int64(count) == size
            switch Self.cut(&buffer, target.limit, request) {
            case .records(let firstOffset, let end, let endPosition):
                return .records(
                    buffer,
                    firstOffset: firstOffset,
                    end: end,
                    position: position + Int64(endPosition)
                )
            case .skipped(let bytes, let next):
                position += Int64(bytes)
                // At least the next batch, and then what was asked for.
                wanted = max(next, request.bytesMax, RecordBatchHeader.encodedLength)
                // A whole batch that this read cut off lies within the segment; of the rest nothing is cut off.
                if isRest ? position != size : Int64(next) > size - position {
                    return .damaged("at position \(position): a batch goes beyond the end of the segment")
                }
            case .damaged(let reason):
                return .damaged("at position \(position): \(reason)")
            }
        }
    }

    private static func begins(_ buffer: ByteBuffer, atOrBefore offset: Offset) -> Bool {
        guard buffer.readableBytes >= RecordBatchHeader.encodedLength,
            let header = try? RecordBatchHeader(reading: buffer, at: buffer.readerIndex)
        else { return false }
        return header.baseOffset <= offset
    }

    private enum Cut {
        case records(firstOffset: Offset, end: Offset, endPosition: Int)
        /// Nothing yet: these bytes lie before the offset; the batch after them has this size, if it is wanted.
        case skipped(bytes: Int, next: Int)
        case damaged(String)
    }

    /// Cuts what was read to whole batches from the requested offset on and below the limit.
    private static func cut(_ buffer: inout ByteBuffer, _ limit: Offset, _ request: ReadRequest) -> Cut {
        let start = buffer.readerIndex
        var index = start
        var first: (index: Int, offset: Offset)?
        var end = request.offset
        while buffer.writerIndex - index >= RecordBatchHeader.encodedLength {
            let header: RecordBatchHeader
            do throws(RecordBatchError) {
                header = try RecordBatchHeader(reading: buffer, at: index)
            } catch {
                if first != nil { break }
                return .damaged("\(error)")
            }
            let size = header.sizeInBytes
            let isWhole = size <= buffer.writerIndex - index
            if header.lastOffset < request.offset {
                guard isWhole else { return .skipped(bytes: index - start + size, next: 0) }
                index += size
                continue
            }
            if header.lastOffset >= limit {
                if first == nil { first = (index, header.baseOffset) }
                break
            }
            let taken = first.map { index - $0.index } ?? 0
            if first == nil {
                guard size <= request.bytesMax || request.atLeastOneBatch else {
                    first = (index, header.baseOffset)
                    break
                }
                guard isWhole else { return .skipped(bytes: index - start, next: size) }
                first = (index, header.baseOffset)
            } else if !isWhole || taken + size > request.bytesMax {
                break
            }
            index += size
            end = header.lastOffset + 1
        }
        guard let first else {
            // Too little of the next batch was read to see its header.
            return .skipped(bytes: index - start, next: 0)
        }
        buffer.moveReaderIndex(to: first.index)
        buffer.moveWriterIndex(to: index)
        return .records(firstOffset: first.offset, end: end, endPosition: index - start)
    }

    /// Says once per partition what is wrong; every reader there is answered with it.
    func corrupt(_ path: String, _ offset: Offset, _ reason: String) -> LogError {
        let error = LogError(.corruptBatch, "\(path) is damaged near offset \(offset): \(reason)")
        let isFirst = self.files.withLock { files in
            defer { files.reportedCorruption = true }
            return !files.reportedCorruption
        }
        if isFirst {
            self.engine.logger.error(
                "damaged segment",
                metadata: ["partition": "\(self.name)", "error": "\(error.message)"]
            )
        }
        return error
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
