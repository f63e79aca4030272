package import Model
package import NIOCore

/// Reads the records of one batch in order, decompressing as it goes.
///
/// Does not check the checksum (`RecordBatchValidation` does); malformed records throw and never trap. After an
/// error or the end, stop. For hot paths prefer `forEachRecord`, which allocates nothing per record.
package struct RecordReader {
    package let header: RecordBatchHeader
    private let payload: ByteBuffer
    private let window: RecordWindow?
    /// Where the next uncompressed record begins, from the payload's start.
    private var position = 0
    private var index: Int32 = 0

    /// - Parameter decompressedBytesMax: the most that the payload may expand to.
    ///
    /// Throws `.unsupportedCompression`.
    package init(
        _ batch: StoredBatch,
        decompressedBytesMax: Int = RecordBatchLimits.unlimited.decompressedBytesMax
    ) throws(RecordBatchError) {
        self.header = batch.header
        self.payload = batch.payload
        self.window =
            self.header.attributes.compression == CompressionCodec.none
            ? nil : try RecordWindow(self.header, bytesMax: decompressedBytesMax)
    }

    /// - Parameter batch: a whole batch at the reader index; what follows it is ignored.
    ///
    /// Throws as `BatchCursor`, or `.unsupportedCompression`.
    package init(
        _ batch: ByteBuffer,
        decompressedBytesMax: Int = RecordBatchLimits.unlimited.decompressedBytesMax
    ) throws(RecordBatchError) {
        var cursor = BatchCursor(batch)
        guard let first = try cursor.next() else { throw RecordBatchError(.truncated, "the batch is not whole") }
        try self.init(first, decompressedBytesMax: decompressedBytesMax)
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
            let index = self.index
            let read: Result<(ByteBuffer, Layout), RecordBatchError> = self.payload.withUnsafeReadableBytes { payload in
                Result { () throws(RecordBatchError) in
                    let body = try window.nextRecord(from: payload, index: index)
                    let layout = try Layout(body.start, count: body.count, from: body.start, index: index)
                    return (ByteBuffer(bytes: UnsafeRawBufferPointer(start: body.start, count: body.count)), layout)
                }
            }
            (bytes, layout) = try read.get()
        } else {
            (layout, self.position) = try self.plainRecord()
            bytes = self.payload
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
        let read: Result<(Layout, Int), RecordBatchError> = self.payload.withUnsafeReadableBytes { payload in
            Result { () throws(RecordBatchError) in
                guard let base = payload.baseAddress else {
                    throw RecordBatchError(.badRecord, "the batch has no records", recordIndex: index)
                }
                var cursor = RecordCursor(base + position, count: payload.count - position)
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
        var cursor = BatchCursor(batches)
        while let batch = try cursor.next() {
            if batch.header.lastOffset < firstOffset { continue }
            let wantsMore = try Self.visitRecords(
                of: batch.header,
                payload: batch.payload,
                from: firstOffset,
                decompressedBytesMax: decompressedBytesMax,
                body
            )
            guard wantsMore else { return }
        }
    }

    /// The same for one batch whose header and payload lie apart.
    package static func forEachRecord(
        of header: RecordBatchHeader,
        payload: ByteBuffer,
        from firstOffset: Offset = 0,
        decompressedBytesMax: Int = RecordBatchLimits.unlimited.decompressedBytesMax,
        _ body: (RecordBatchHeader, RecordSlices) throws(RecordBatchError) -> Bool
    ) throws(RecordBatchError) {
        _ = try Self.visitRecords(
            of: header,
            payload: payload,
            from: firstOffset,
            decompressedBytesMax: decompressedBytesMax,
            body
        )
    }

    private static func visitRecords(
        of header: RecordBatchHeader,
        payload: ByteBuffer,
        from firstOffset: Offset,
        decompressedBytesMax: Int,
        _ body: (RecordBatchHeader, RecordSlices) throws(RecordBatchError) -> Bool
    ) throws(RecordBatchError) -> Bool {
        let visited: Result<Bool, RecordBatchError> = payload.withUnsafeReadableBytes { bytes in
            Result { () throws(RecordBatchError) in
                try Self.visit(header, bytes, firstOffset, decompressedBytesMax, body)
            }
        }
        return try visited.get()
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
