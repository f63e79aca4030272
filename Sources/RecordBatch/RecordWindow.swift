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

    /// The body (without length) of the next record; the pointer is good until the next call.
    func nextRecord(
        from payload: UnsafeRawBufferPointer,
        index: Int32
    ) throws(RecordBatchError) -> (start: UnsafeRawPointer, count: Int) {
        // A length takes at most five bytes, and near the end there may be fewer.
        try self.fill(5, from: payload)
        guard let base = self.memory.baseAddress else { preconditionFailure("the window has memory") }
        var cursor = RecordCursor(UnsafeRawPointer(base) + self.start, count: self.end - self.start)
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
        try self.fill(count, from: payload)
        guard count <= self.end - self.start, let moved = self.memory.baseAddress else {
            throw RecordBatchError(.badRecord, "record \(index) is longer than the batch", recordIndex: index)
        }
        defer { self.start += count }
        return (UnsafeRawPointer(moved) + self.start, count)
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
