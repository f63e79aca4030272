/// The part of a decompressed payload that is being read: at least one whole record, in one piece.
///
/// Grows only as decompressed bytes arrive, so that a record's claimed length reserves nothing, and never past the
/// stated bound. Not thread-safe.
final class RecordWindow {
    private let decoder: PayloadDecoder
    private let bytesMax: Int
    private var memory: UnsafeMutableRawBufferPointer
    /// The unread bytes lie in `start..<end`.
    private var start = 0
    private var end = 0
    private var decompressed = 0
    private var isAtEnd = false

    /// Enough for several ordinary records, and for whole blocks of lz4 and snappy.
    private static let initialCapacity = 1 << 16

    init(_ header: RecordBatchHeader, bytesMax: Int) throws(RecordBatchError) {
        guard let codec = header.attributes.compression else {
            throw RecordBatchError(.unsupportedCompression, "unknown compression codec")
        }
        self.decoder = try PayloadDecoder(codec, bytesMax: bytesMax)
        self.bytesMax = bytesMax
        self.memory = .allocate(byteCount: Self.initialCapacity, alignment: 16)
    }

    deinit { self.memory.deallocate() }

    /// Bytes of memory for decompressed records; the codec's own come on top.
    var capacity: Int { self.memory.count }

    /// The body (without length) of the next record; the pointer is good until the next call.
    func nextRecord(
        from payload: UnsafeRawBufferPointer,
        index: Int32
    ) throws(RecordBatchError) -> (start: UnsafeRawPointer, count: Int) {
        let count = try self.nextLength(from: payload, index: index)
        let start = try self.body(count, from: payload, index: index)
        defer { self.start += count }
        return (start, count)
    }

    /// What the next record's validity depends on, in no more memory than the window's first, however long it is.
    func nextShape(from payload: UnsafeRawBufferPointer, index: Int32) throws(RecordBatchError) -> RecordShape {
        let count = try self.nextLength(from: payload, index: index)
        guard count <= Self.initialCapacity else { return try self.longShape(count, from: payload, index: index) }
        var cursor = RecordCursor(try self.body(count, from: payload, index: index), count: count)
        guard let shape = cursor.recordShape(count: count) else { throw Self.malformed(index) }
        self.start += count
        return shape
    }

    private func nextLength(
        from payload: UnsafeRawBufferPointer,
        index: Int32
    ) throws(RecordBatchError) -> Int {
        // A length takes at most five bytes, and near the end there may be fewer.
        try self.fill(5, from: payload)
        var cursor = RecordCursor(self.unread, count: self.end - self.start)
        let before = cursor.remaining
        guard before > 0 else {
            throw RecordBatchError(.badCount, "the batch holds only \(index) records", recordIndex: index)
        }
        guard let length = cursor.varint(), length >= 0 else {
            throw RecordBatchError(.badRecord, "record \(index) has no valid length", recordIndex: index)
        }
        self.start += before - cursor.remaining
        let count = Int(length)
        guard count <= self.bytesMax else {
            throw RecordBatchError(
                .decompressedTooLarge,
                "record \(index) claims \(count) bytes, more than the bound of \(self.bytesMax)",
                recordIndex: index
            )
        }
        return count
    }

    private var unread: UnsafeRawPointer {
        guard let base = self.memory.baseAddress else { preconditionFailure("the window has memory") }
        return UnsafeRawPointer(base) + self.start
    }

    private func body(
        _ count: Int,
        from payload: UnsafeRawBufferPointer,
        index: Int32
    ) throws(RecordBatchError) -> UnsafeRawPointer {
        try self.fill(count, from: payload)
        guard count <= self.end - self.start else { throw Self.cutOff(index) }
        return self.unread
    }

    /// Reads the fields as they come and drops their bytes.
    private func longShape(
        _ count: Int,
        from payload: UnsafeRawBufferPointer,
        index: Int32
    ) throws(RecordBatchError) -> RecordShape {
        var left = count
        func number(bytesMax: Int) throws(RecordBatchError) -> Int64 {
            try self.fill(bytesMax, from: payload)
            var cursor = RecordCursor(self.unread, count: min(left, self.end - self.start))
            let before = cursor.remaining
            guard let value = bytesMax == 5 ? cursor.varint().map(Int64.init) : cursor.varlong() else {
                throw Self.malformed(index)
            }
            self.start += before - cursor.remaining
            left -= before - cursor.remaining
            return value
        }
        func skip(_ count: Int) throws(RecordBatchError) {
            guard count <= left else { throw Self.malformed(index) }
            left -= count
            var rest = count
            while rest > 0 {
                try self.fill(1, from: payload)
                let here = min(rest, self.end - self.start)
                guard here > 0 else { throw Self.cutOff(index) }
                self.start += here
                rest -= here
            }
        }
        /// Whether the field is there.
        func skipField(isNullable: Bool = true) throws(RecordBatchError) -> Bool {
            let length = Int(try number(bytesMax: 5))
            guard length >= (isNullable ? -1 : 0) else { throw Self.malformed(index) }
            if length > 0 { try skip(length) }
            return length >= 0
        }
        try skip(1)
        let timestampDelta = try number(bytesMax: 10)
        let offsetDelta = Int32(truncatingIfNeeded: try number(bytesMax: 5))
        let hasKey = try skipField()
        _ = try skipField()
        let headerCount = try number(bytesMax: 5)
        guard headerCount >= 0, headerCount <= left / 2 else { throw Self.malformed(index) }
        for _ in 0..<headerCount {
            _ = try skipField(isNullable: false)
            _ = try skipField()
        }
        guard left == 0 else { throw Self.malformed(index) }
        return RecordShape(timestampDelta: timestampDelta, offsetDelta: offsetDelta, hasKey: hasKey)
    }

    private static func malformed(_ index: Int32) -> RecordBatchError {
        RecordBatchError(.badRecord, "record \(index) is malformed", recordIndex: index)
    }

    private static func cutOff(_ index: Int32) -> RecordBatchError {
        RecordBatchError(.badRecord, "record \(index) is longer than the batch", recordIndex: index)
    }

    /// Throws `.badCount` unless all records are read, and what the codec finds wrong with the stream's end.
    func expectEnd(of payload: UnsafeRawBufferPointer) throws(RecordBatchError) {
        try self.fill(1, from: payload)
        guard self.start == self.end else {
            throw RecordBatchError(.badCount, "bytes follow the last record")
        }
    }

    /// Decompresses until `count` bytes are unread or the stream ends.
    private func fill(_ count: Int, from payload: UnsafeRawBufferPointer) throws(RecordBatchError) {
        while self.end - self.start < count, !self.isAtEnd {
            self.makeRoom(for: count)
            // One byte beyond the bound tells a payload that just fits from one that does not.
            let allowed = min(self.memory.count - self.end, self.bytesMax - self.decompressed + 1)
            let room = UnsafeMutableRawBufferPointer(rebasing: self.memory[self.end..<(self.end + allowed)])
            let produced = try self.decoder.read(payload, into: room)
            self.isAtEnd = produced == 0
            self.end += produced
            self.decompressed += produced
            guard self.decompressed <= self.bytesMax else {
                throw RecordBatchError(.decompressedTooLarge, "the batch expands beyond \(self.bytesMax) bytes")
            }
        }
    }

    private func makeRoom(for count: Int) {
        let unread = self.end - self.start
        guard self.end == self.memory.count || self.memory.count - self.start < count else { return }
        if unread * 2 > self.memory.count {
            let grown = UnsafeMutableRawBufferPointer.allocate(byteCount: self.memory.count * 2, alignment: 16)
            grown.copyMemory(from: UnsafeRawBufferPointer(rebasing: self.memory[self.start..<self.end]))
            self.memory.deallocate()
            self.memory = grown
        } else if self.start > 0 {
            self.memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: self.memory[self.start..<self.end]))
        }
        self.start = 0
        self.end = unread
    }
}
