package import Model
package import NIOCore

/// Reads the records of one batch in order, decompressing as it goes.
///
/// Does not check the checksum (`RecordBatchValidation` does); malformed records throw and never trap. After an
/// error or the end, stop. For hot paths prefer `forEachRecord`, which allocates nothing per record.
package struct RecordReader {
    package let header: RecordBatchHeader
    private let batch: ByteBuffer
    private let window: RecordWindow?
    /// Where the next uncompressed record begins, from the batch's start.
    private var position = RecordBatchHeader.encodedLength
    private var index: Int32 = 0

    /// - Parameters:
    ///   - batch: a whole batch at the reader index; what follows it is ignored.
    ///   - decompressedBytesMax: the most that the payload may expand to.
    ///
    /// Throws as the header's reader, `.truncated` or `.unsupportedCompression`.
    package init(
        _ batch: ByteBuffer,
        decompressedBytesMax: Int = RecordBatchLimits.unlimited.decompressedBytesMax
    ) throws(RecordBatchError) {
        self.header = try RecordBatchHeader(reading: batch, at: batch.readerIndex)
        guard self.header.sizeInBytes <= batch.readableBytes else {
            throw RecordBatchError(.truncated, "the batch is not whole")
        }
        self.batch = batch
        self.window =
            self.header.attributes.compression == CompressionCodec.none
            ? nil : try RecordWindow(self.header, bytesMax: decompressedBytesMax)
    }

    /// The next record, or `nil` after the last.
    ///
    /// Slices share the batch's storage when it is uncompressed; a compressed batch's record owns a copy.
    package mutating func next() throws(RecordBatchError) -> Record? {
        guard self.index < self.header.recordCount else { return nil }
        defer { self.index += 1 }
        let layout: Layout
        let bytes: ByteBuffer
        if let window {
            let header = self.header
            let index = self.index
            let read: Result<(ByteBuffer, Layout), RecordBatchError> = self.batch.withUnsafeReadableBytes { whole in
                Result { () throws(RecordBatchError) in
                    let payload = whole[RecordBatchHeader.encodedLength..<header.sizeInBytes]
                    let body = try window.nextRecord(from: UnsafeRawBufferPointer(rebasing: payload), index: index)
                    let layout = try Layout(body.start, count: body.count, from: body.start, index: index)
                    return (ByteBuffer(bytes: UnsafeRawBufferPointer(start: body.start, count: body.count)), layout)
                }
            }
            (bytes, layout) = try read.get()
        } else {
            (layout, self.position) = try self.plainRecord()
            bytes = self.batch
        }
        return Record(
            attributes: layout.attributes,
            offset: self.header.offset(of: layout.offsetDelta),
            timestamp: self.header.timestamp(of: layout.timestampDelta),
            timestampDelta: layout.timestampDelta,
            offsetDelta: layout.offsetDelta,
            key: layout.key.flatMap { bytes.slice($0) },
            value: layout.value.flatMap { bytes.slice($0) },
            headers: RecordHeaders(count: layout.headerCount, encoded: bytes.slice(layout.headers) ?? ByteBuffer())
        )
    }

    private func plainRecord() throws(RecordBatchError) -> (Layout, end: Int) {
        let position = self.position
        let index = self.index
        let size = self.header.sizeInBytes
        let read: Result<(Layout, Int), RecordBatchError> = self.batch.withUnsafeReadableBytes { whole in
            Result { () throws(RecordBatchError) in
                guard let base = whole.baseAddress else {
                    throw RecordBatchError(.truncated, "the batch is not whole")
                }
                var cursor = RecordCursor(base + position, count: size - position)
                guard let length = cursor.varint(), length >= 0, Int(length) <= cursor.remaining else {
                    throw RecordBatchError(.badRecord, "record \(index) is longer than the batch", recordIndex: index)
                }
                let layout = try Layout(cursor.next, count: Int(length), from: base, index: index)
                return (layout, cursor.next - base + Int(length))
            }
        }
        return try read.get()
    }

    /// Calls `body` for every record of whole batches back to back, with its batch's header, until it returns false.
    ///
    /// Allocates nothing per record (and nothing at all for uncompressed batches); the slices are good during the
    /// call only. Control batches are visited like others: look at the header's attributes.
    ///
    /// - Parameter firstOffset: batches that end before it are skipped unread, records before it unvisited.
    package static func forEachRecord(
        in batches: ByteBuffer,
        from firstOffset: Offset = 0,
        decompressedBytesMax: Int = RecordBatchLimits.unlimited.decompressedBytesMax,
        _ body: (RecordBatchHeader, RecordSlices) throws(RecordBatchError) -> Bool
    ) throws(RecordBatchError) {
        let visited: Result<Void, RecordBatchError> = batches.withUnsafeReadableBytes { bytes in
            Result { () throws(RecordBatchError) in
                var position = 0
                while position < bytes.count {
                    let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
                    let header = try RecordBatchHeader(reading: rest)
                    guard header.sizeInBytes <= rest.count else {
                        throw RecordBatchError(.truncated, "the batch is not whole")
                    }
                    position += header.sizeInBytes
                    if header.lastOffset < firstOffset { continue }
                    let payload = rest[RecordBatchHeader.encodedLength..<header.sizeInBytes]
                    let isWanted = try Self.visit(
                        header,
                        UnsafeRawBufferPointer(rebasing: payload),
                        firstOffset,
                        decompressedBytesMax,
                        body
                    )
                    guard isWanted else { return }
                }
            }
        }
        try visited.get()
    }

    /// The same for one batch whose header and payload lie apart.
    package static func forEachRecord(
        of header: RecordBatchHeader,
        payload: ByteBuffer,
        from firstOffset: Offset = 0,
        decompressedBytesMax: Int = RecordBatchLimits.unlimited.decompressedBytesMax,
        _ body: (RecordBatchHeader, RecordSlices) throws(RecordBatchError) -> Bool
    ) throws(RecordBatchError) {
        let visited: Result<Bool, RecordBatchError> = payload.withUnsafeReadableBytes { bytes in
            Result { () throws(RecordBatchError) in
                try Self.visit(header, bytes, firstOffset, decompressedBytesMax, body)
            }
        }
        _ = try visited.get()
    }

    private static func visit(
        _ header: RecordBatchHeader,
        _ payload: UnsafeRawBufferPointer,
        _ firstOffset: Offset,
        _ bytesMax: Int,
        _ body: (RecordBatchHeader, RecordSlices) throws(RecordBatchError) -> Bool
    ) throws(RecordBatchError) -> Bool {
        guard header.recordCount > 0 else { return true }
        let isPlain = header.attributes.compression == CompressionCodec.none
        let window = isPlain ? nil : try RecordWindow(header, bytesMax: bytesMax)
        var plain = RecordCursor(payload)
        for index in 0..<header.recordCount {
            var record: RecordCursor
            if let window {
                let next = try window.nextRecord(from: payload, index: index)
                record = RecordCursor(next.start, count: next.count)
            } else {
                guard let length = plain?.varint(), length >= 0, let bytes = plain?.bytes(Int(length)),
                    let cursor = RecordCursor(bytes)
                else {
                    throw RecordBatchError(.badRecord, "record \(index) is longer than the batch", recordIndex: index)
                }
                record = cursor
            }
            guard let slices = record.recordBody() else {
                throw RecordBatchError(.badRecord, "record \(index) is malformed", recordIndex: index)
            }
            if header.offset(of: slices.offsetDelta) < firstOffset { continue }
            guard try body(header, slices) else { return false }
        }
        return true
    }

    /// A record's fields as positions, which unlike pointers may leave the closure.
    private struct Layout {
        var attributes: Int8
        var timestampDelta: Int64
        var offsetDelta: Int32
        var key: Range<Int>?
        var value: Range<Int>?
        var headerCount: Int
        var headers: Range<Int>

        init(
            _ body: UnsafeRawPointer,
            count: Int,
            from base: UnsafeRawPointer,
            index: Int32
        ) throws(RecordBatchError) {
            var cursor = RecordCursor(body, count: count)
            guard let record = cursor.recordBody() else {
                throw RecordBatchError(.badRecord, "record \(index) is malformed", recordIndex: index)
            }
            func range(_ bytes: UnsafeRawBufferPointer) -> Range<Int>? {
                bytes.baseAddress.map { ($0 - base)..<($0 - base + bytes.count) }
            }
            self.attributes = record.attributes
            self.timestampDelta = record.timestampDelta
            self.offsetDelta = record.offsetDelta
            self.key = record.key.flatMap(range)
            self.value = record.value.flatMap(range)
            self.headerCount = Int(record.headerCount)
            self.headers = range(record.headerBytes) ?? 0..<0
        }
    }
}

extension ByteBuffer {
    /// A slice by positions from the reader index.
    fileprivate func slice(_ range: Range<Int>) -> ByteBuffer? {
        self.getSlice(at: self.readerIndex + range.lowerBound, length: range.count)
    }
}
