package import Model
package import NIOCore

/// Makes of one stored batch what compaction leaves of it (KIP-98, KIP-534).
///
/// Offsets never change: a batch keeps its base offset and its last offset delta, and with them its producer's
/// sequences; its records keep their offset deltas. A batch of which every record stays keeps every byte.
///
/// Holds buffers that are used again from batch to batch: what is retained of a compressed batch, at most the bound on
/// what a batch may expand to.
package struct BatchFilter {
    /// What is to become of a batch without records.
    package enum WhenEmpty: Sendable, Equatable {
        case drop
        /// A header alone stays: it has its producer's last sequence, or is the last batch of what is compacted.
        case keep
    }

    /// One record, as a decision sees it. The key is good during the call only.
    package struct Candidate {
        package var offset: Offset
        package var key: UnsafeRawBufferPointer?
        package var hasValue: Bool
    }

    /// What became of a batch.
    package struct Outcome: Sendable, Equatable {
        /// As the output has it; `nil` when nothing of it is there.
        package var header: RecordBatchHeader?
        package var recordsRead = 0
        package var recordsKept = 0
        /// The output has the batch as it was.
        package var isUnchanged = false

        package init(header: RecordBatchHeader?, recordsRead: Int = 0) {
            self.header = header
            self.recordsRead = recordsRead
        }
    }

    /// Retained records of a compressed batch, or records that are encoded once more, back to back.
    private var plain = ByteBuffer()
    /// Where in the batch's payload the retained records lie, joined where they touch.
    private var runs: [Range<Int>] = []
    private let decompressedBytesMax: Int

    package init(decompressedBytesMax: Int = RecordBatchLimits().decompressedBytesMax) {
        self.decompressedBytesMax = decompressedBytesMax
    }

    /// Appends what is left of a batch to `output`.
    ///
    /// - Parameters:
    ///   - whole: the batch, whose checksum holds.
    ///   - deleteHorizon: given to a batch that has none and keeps tombstones, or whose marker may go: until then they
    ///     stay (KIP-534).
    ///   - isHorizonDue: the batch is a marker that may go.
    ///   - retains: decides about each record, in order.
    /// - Throws: what is wrong with a record or its payload; `.decompressedTooLarge` beyond the bound. `output` is as
    ///   it was then.
    package mutating func filter(
        _ header: RecordBatchHeader,
        _ whole: ByteBuffer,
        into output: inout ByteBuffer,
        whenEmpty: WhenEmpty,
        deleteHorizon: Timestamp,
        isHorizonDue: Bool,
        _ retains: (Candidate) -> Bool
    ) throws(RecordBatchError) -> Outcome {
        var outcome = Outcome(header: header)
        guard
            let payload = whole.getSlice(
                at: whole.readerIndex + RecordBatchHeader.encodedLength,
                length: header.payloadLength
            )
        else { throw RecordBatchError(.truncated, "the batch is not whole") }
        let kept = try self.select(header, payload, retains)
        outcome.recordsRead = kept.read
        outcome.recordsKept = kept.count
        guard kept.count > 0 else {
            outcome.header = whenEmpty == .keep ? Self.writeEmpty(header, to: &output) : nil
            return outcome
        }
        let setsHorizon = (kept.hasTombstone || isHorizonDue) && !header.attributes.hasDeleteHorizon
        if kept.count == kept.read, !setsHorizon {
            output.writeImmutableBuffer(whole)
            outcome.isUnchanged = true
            return outcome
        }
        var rewritten = header
        rewritten.recordCount = Int32(kept.count)
        if !header.attributes.isLogAppendTime { rewritten.maxTimestamp = kept.maxTimestamp }
        if setsHorizon {
            try self.encode(payload, of: header, relativeTo: deleteHorizon)
            rewritten.attributes.hasDeleteHorizon = true
            rewritten.baseTimestamp = deleteHorizon
        }
        outcome.header = try self.write(rewritten, payload, isEncoded: setsHorizon, to: &output)
        return outcome
    }

    private struct Selection {
        var read = 0
        var count = 0
        var hasTombstone = false
        var maxTimestamp: Timestamp = -1
    }

    /// Notes the records that stay: of a plain payload where they lie, of a compressed one their bytes.
    private mutating func select(
        _ header: RecordBatchHeader,
        _ payload: ByteBuffer,
        _ retains: (Candidate) -> Bool
    ) throws(RecordBatchError) -> Selection {
        self.runs.removeAll(keepingCapacity: true)
        self.plain.clear()
        guard header.recordCount > 0 else { return Selection() }
        let isPlain = header.attributes.compression == CompressionCodec.none
        let window = isPlain ? nil : try RecordWindow(header, bytesMax: self.decompressedBytesMax)
        let selected: Result<Selection, RecordBatchError> = payload.withUnsafeReadableBytes { bytes in
            Result { () throws(RecordBatchError) in
                var selection = Selection()
                var position = 0
                for index in 0..<header.recordCount {
                    let body: UnsafeRawBufferPointer
                    var range = 0..<0
                    if let window {
                        let next = try window.nextRecord(from: bytes, index: index)
                        body = UnsafeRawBufferPointer(start: next.start, count: next.count)
                    } else {
                        range = try Self.record(in: bytes, at: position, index: index, &position)
                        body = UnsafeRawBufferPointer(rebasing: bytes[range.upperBound..<position])
                    }
                    guard var cursor = RecordCursor(body), let record = cursor.recordBody() else {
                        throw RecordBatchError(.badRecord, "record \(index) is malformed", recordIndex: index)
                    }
                    selection.read += 1
                    let candidate = Candidate(
                        offset: header.offset(of: record.offsetDelta),
                        key: record.key,
                        hasValue: record.value != nil
                    )
                    guard retains(candidate) else { continue }
                    selection.count += 1
                    if record.value == nil { selection.hasTombstone = true }
                    selection.maxTimestamp = max(selection.maxTimestamp, header.timestamp(of: record.timestampDelta))
                    if isPlain {
                        self.add(range.lowerBound..<position)
                    } else {
                        self.plain.writeVarint(Int64(body.count))
                        self.plain.writeBytes(body)
                    }
                }
                if let window {
                    try window.expectEnd(of: bytes)
                } else if position != bytes.count {
                    throw RecordBatchError(.badCount, "\(bytes.count - position) bytes follow the last record")
                }
                return selection
            }
        }
        return try selected.get()
    }

    /// Where a record of a plain payload begins and where its body does; `end` moves behind it.
    private static func record(
        in bytes: UnsafeRawBufferPointer,
        at start: Int,
        index: Int32,
        _ end: inout Int
    ) throws(RecordBatchError) -> Range<Int> {
        guard let base = bytes.baseAddress else {
            throw RecordBatchError(.badRecord, "the batch has no records", recordIndex: index)
        }
        var cursor = RecordCursor(base + start, count: bytes.count - start)
        guard let length = cursor.varint(), length >= 0, Int(length) <= cursor.remaining else {
            throw RecordBatchError(.badRecord, "record \(index) is longer than the batch", recordIndex: index)
        }
        let body = bytes.count - cursor.remaining
        end = body + Int(length)
        return start..<body
    }

    private mutating func add(_ run: Range<Int>) {
        if let last = self.runs.last, last.upperBound == run.lowerBound {
            self.runs[self.runs.count - 1] = last.lowerBound..<run.upperBound
        } else {
            self.runs.append(run)
        }
    }

    /// Encodes the retained records with timestamps relative to another base.
    private mutating func encode(
        _ payload: ByteBuffer,
        of header: RecordBatchHeader,
        relativeTo base: Timestamp
    ) throws(RecordBatchError) {
        var source = self.plain
        if header.attributes.compression == CompressionCodec.none {
            source = ByteBuffer()
            for run in self.runs { source.writeImmutableBuffer(Self.part(run, of: payload)) }
        }
        var encoded = ByteBufferAllocator().buffer(capacity: source.readableBytes + self.runs.count * 10)
        let isDone = source.withUnsafeReadableBytes { bytes -> Bool in
            var rest = RecordCursor(bytes)
            while let remaining = rest?.remaining, remaining > 0 {
                guard let length = rest?.varint(), length > 0, let body = rest?.bytes(Int(length)),
                    var cursor = RecordCursor(body), let attributes = cursor.byte(), let delta = cursor.varlong()
                else { return false }
                let moved = header.timestamp(of: delta) &- base
                let tail = UnsafeRawBufferPointer(start: cursor.next, count: cursor.remaining)
                encoded.writeVarint(Int64(1 + RecordEncoding.size(ofVarint: moved) + tail.count))
                encoded.writeInteger(attributes)
                encoded.writeVarint(moved)
                encoded.writeBytes(tail)
            }
            return true
        }
        guard isDone else { throw RecordBatchError(.badRecord, "a retained record is malformed") }
        self.plain = encoded
    }

    private static func part(_ run: Range<Int>, of payload: ByteBuffer) -> ByteBuffer {
        guard let part = payload.getSlice(at: payload.readerIndex + run.lowerBound, length: run.count) else {
            preconditionFailure("a record lies outside of its batch")
        }
        return part
    }

    /// - Parameter isEncoded: `plain` has the records also of a batch that is not compressed.
    private func write(
        _ header: RecordBatchHeader,
        _ payload: ByteBuffer,
        isEncoded: Bool,
        to output: inout ByteBuffer
    ) throws(RecordBatchError) -> RecordBatchHeader {
        guard let codec = header.attributes.compression else {
            throw RecordBatchError(.unsupportedCompression, "unknown compression codec")
        }
        let start = output.writerIndex
        output.writeRepeatingByte(0, count: RecordBatchHeader.encodedLength)
        do throws(RecordBatchError) {
            if codec == CompressionCodec.none, !isEncoded {
                for run in self.runs { output.writeImmutableBuffer(Self.part(run, of: payload)) }
            } else {
                try Compressor.compress(self.plain, with: codec, into: &output)
            }
        } catch {
            output.moveWriterIndex(to: start)
            throw error
        }
        return header.sealed(at: start, of: &output)
    }

    private static func writeEmpty(_ header: RecordBatchHeader, to output: inout ByteBuffer) -> RecordBatchHeader {
        var empty = header
        empty.attributes = BatchAttributes(
            isLogAppendTime: header.attributes.isLogAppendTime,
            isTransactional: header.attributes.isTransactional,
            isControl: header.attributes.isControl
        )
        empty.baseTimestamp = -1
        empty.recordCount = 0
        let start = output.writerIndex
        output.writeRepeatingByte(0, count: RecordBatchHeader.encodedLength)
        return empty.sealed(at: start, of: &output)
    }
}

extension RecordBatchHeader {
    /// Writes the header of a batch whose payload is behind `start` and room for it, with its length and checksum.
    ///
    /// - Returns: the header as it was written.
    func sealed(at start: Int, of output: inout ByteBuffer) -> RecordBatchHeader {
        var header = self
        let size = output.writerIndex - start
        precondition(size <= Int(Int32.max), "a batch is smaller than 2 GiB")
        header.batchLength = Int32(size - RecordBatchHeader.overheadLength)
        let offset = start - output.readerIndex
        output.withUnsafeMutableReadableBytes { bytes in
            let batch = UnsafeMutableRawBufferPointer(rebasing: bytes[offset..<(offset + size)])
            header.encode(into: batch)
            header.crc = CRC32C.checksum(
                UnsafeRawBufferPointer(rebasing: batch[RecordBatchHeader.checksummedPosition...])
            )
            batch.storeBigEndian(header.crc, at: RecordBatchHeader.crcPosition)
        }
        return header
    }
}
