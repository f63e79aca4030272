/// Reads the fields of records from bytes that stay put while it is used. Never reads past the end.
@usableFromInline
struct RecordCursor {
    @usableFromInline var next: UnsafeRawPointer
    @usableFromInline let end: UnsafeRawPointer

    /// `bytes` must not be empty-based: a buffer without memory has no records.
    @inlinable
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return nil }
        self.next = base
        self.end = base + bytes.count
    }

    @inlinable
    init(_ start: UnsafeRawPointer, count: Int) {
        self.next = start
        self.end = start + count
    }

    @inlinable
    var remaining: Int { self.end - self.next }

    @inlinable
    mutating func byte() -> UInt8? {
        guard self.next < self.end else { return nil }
        defer { self.next += 1 }
        return self.next.load(as: UInt8.self)
    }

    /// A zigzag varint of at most five bytes; bits beyond 32 are dropped, as Kafka's reader does.
    @inlinable @inline(__always)
    mutating func varint() -> Int32? {
        guard self.next < self.end else { return nil }
        let first = self.next.load(as: UInt8.self)
        if first < 0x80 {
            self.next += 1
            let raw = UInt32(first)
            return Int32(bitPattern: (raw >> 1) ^ (0 &- (raw & 1)))
        }
        guard let raw = self.unsigned(bytesMax: 5) else { return nil }
        let low = UInt32(truncatingIfNeeded: raw)
        return Int32(bitPattern: (low >> 1) ^ (0 &- (low & 1)))
    }

    /// A zigzag varint of at most ten bytes; bits beyond 64 are dropped.
    @inlinable @inline(__always)
    mutating func varlong() -> Int64? {
        guard self.next < self.end else { return nil }
        let first = self.next.load(as: UInt8.self)
        if first < 0x80 {
            self.next += 1
            let raw = UInt64(first)
            return Int64(bitPattern: (raw >> 1) ^ (0 &- (raw & 1)))
        }
        guard let raw = self.unsigned(bytesMax: 10) else { return nil }
        return Int64(bitPattern: (raw >> 1) ^ (0 &- (raw & 1)))
    }

    @inlinable
    mutating func unsigned(bytesMax: Int) -> UInt64? {
        var raw: UInt64 = 0
        var shift: UInt64 = 0
        var position = self.next
        let limit = self.end - position > bytesMax ? position + bytesMax : self.end
        while position < limit {
            let byte = position.load(as: UInt8.self)
            position += 1
            raw |= UInt64(byte & 0x7F) &<< shift
            if byte < 0x80 {
                self.next = position
                return raw
            }
            shift += 7
        }
        return nil
    }

    /// The next `count` bytes (at least 0), or `nil` when fewer remain.
    @inlinable
    mutating func bytes(_ count: Int) -> UnsafeRawBufferPointer? {
        guard count <= self.remaining else { return nil }
        defer { self.next += count }
        return UnsafeRawBufferPointer(start: self.next, count: count)
    }
}
