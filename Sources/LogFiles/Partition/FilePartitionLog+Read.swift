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
                    return .success(
                        .records(FetchedRecords(parts: [], bytes: 0, offsets: head.state.offsets))
                    )
                case .memory(let parts, let bytes):
                    return .success(.records(head.fetched(parts, bytes, request)))
                case .file:
                    return .success(.deferred(DeferredRead(log: self, request: request)))
                }
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Where a file read looks, taken under the head's lock in one go.
    private struct Target {
        var handle: SegmentFiles
        var info: SegmentInfo
        var hint: Int64?
        var limit: Offset
        var following: (handle: SegmentFiles, info: SegmentInfo)?
    }

    private enum Plan {
        case answered(FetchedRecords)
        case file(Target)
    }

    /// Carries out a read. Blocking.
    func readFile(_ request: ReadRequest) throws(LogError) -> FetchedRecords {
        var request = request
        // A segment may end before the offset where compaction removed batches; then the next one has it.
        while true {
            let target: Target
            switch try self.plan(request) {
            case .answered(let records): return records
            case .file(let found): target = found
            }
            let slice: Slice
            do throws(FileError) {
                slice = try Self.slice(target, request)
            } catch {
                // Retention or deletion came in between: look again.
                if target.handle.isRetired { continue }
                let error = LogError(error)
                self.goOffline(error)
                throw error
            }
            switch slice {
            case .records(let buffer, let firstOffset, let end, let position):
                return self.head.withLock { head in
                    head.readHints.add(
                        .init(offset: end, segmentBase: target.info.baseOffset, position: position)
                    )
                    var records = FetchedRecords(
                        parts: buffer.readableBytes == 0 ? [] : [buffer],
                        bytes: buffer.readableBytes,
                        offsets: head.state.offsets
                    )
                    if request.isolation == .readCommitted {
                        records.abortedTransactions = head.state.abortedTransactions(
                            from: firstOffset,
                            to: end
                        )
                    }
                    return records
                }
            case .pastEnd:
                guard let following = target.following else {
                    return FetchedRecords(parts: [], bytes: 0, offsets: self.offsets)
                }
                request.offset = following.info.baseOffset
            case .damaged(let reason):
                throw self.corrupt(target, request.offset, reason)
            }
        }
    }

    private func plan(_ request: ReadRequest) throws(LogError) -> Plan {
        let result = self.head.withLock { head -> Result<Plan, LogError> in
            do throws(LogError) {
                switch try head.state.planRead(request) {
                case .empty:
                    return .success(
                        .answered(FetchedRecords(parts: [], bytes: 0, offsets: head.state.offsets))
                    )
                case .memory(let parts, let bytes):
                    return .success(.answered(head.fetched(parts, bytes, request)))
                case .file(let index):
                    let info = head.state.segments[index]
                    var target = Target(
                        handle: head.handles[index],
                        info: info,
                        hint: head.readHints.position(of: request.offset, in: info.baseOffset),
                        limit: head.state.readLimit(request.isolation)
                    )
                    if index + 1 < head.handles.count {
                        target.following = (head.handles[index + 1], head.state.segments[index + 1])
                    } else if let first = head.state.tail.firstOffset, first > request.offset {
                        // What follows is in memory only.
                        target.following = (
                            head.handles[index],
                            SegmentInfo(baseOffset: first, modifiedAt: 0)
                        )
                    }
                    return .success(.file(target))
                }
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
        let size = target.info.sizeBytes
        var position = 0 as Int64
        if let hint = target.hint {
            position = hint
        } else {
            position = try target.handle.position(before: request.offset, info: target.info)
        }
        // An index is a hint. One that leads too far ahead would skip records in silence.
        var isUnproved = target.hint == nil && position > 0
        // Room for the batches before the offset, which the index leaves to be skipped.
        let slack = target.hint == nil ? 8 << 10 : 0
        var wanted = max(request.bytesMax, RecordBatchHeader.encodedLength) + slack
        while true {
            guard position < size || isUnproved else { return .pastEnd }
            let count = Int(max(0, min(Int64(wanted), size - position)))
            var buffer = try target.handle.readLog(count: count, at: position)
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

    /// Says once per partition what is wrong; every reader there is told.
    private func corrupt(_ target: Target, _ offset: Offset, _ reason: String) -> LogError {
        let error = LogError(
            .corruptBatch,
            "\(target.handle.path(.log)) is damaged near offset \(offset): \(reason)"
        )
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
    func fetched(_ parts: [ByteBuffer], _ bytes: Int, _ request: ReadRequest) -> FetchedRecords {
        FetchedRecords(
            parts: parts,
            bytes: bytes,
            offsets: self.state.offsets,
            abortedTransactions: request.isolation == .readCommitted
                ? self.state.abortedTransactions(
                    from: request.offset,
                    to: self.state.lastStableOffset
                ) : []
        )
    }
}
