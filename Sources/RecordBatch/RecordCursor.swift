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
        guard let raw = self.number(bytesMax: 5) else { return nil }
        let low = UInt32(truncatingIfNeeded: raw)
        return Int32(bitPattern: (low >> 1) ^ (0 &- (low & 1)))
    }

    /// A zigzag varint of at most ten bytes; bits beyond 64 are dropped.
    @inlinable @inline(__always)
    mutating func varlong() -> Int64? {
        guard let raw = self.number(bytesMax: 10) else { return nil }
        return Int64(bitPattern: (raw >> 1) ^ (0 &- (raw & 1)))
    }

    /// Nearly every number in a record has one byte or two.
    @inlinable @inline(__always)
    mutating func number(bytesMax: Int) -> UInt64? {
        guard self.next < self.end else { return nil }
        let first = self.next.load(as: UInt8.self)
        if first < 0x80 {
            self.next += 1
            return UInt64(first)
        }
        if self.end - self.next >= 2 {
            let second = self.next.load(fromByteOffset: 1, as: UInt8.self)
            if second < 0x80 {
                self.next += 2
                return UInt64(first & 0x7F) | UInt64(second) &<< 7
            }
        }
        guard let (raw, count) = Self.longNumber(from: self.next, to: self.end, bytesMax: bytesMax) else { return nil }
        self.next += count
        return raw
    }

    /// Apart and by value, so that where it is not called the position stays in a register.
    @inlinable @inline(never)
    static func longNumber(
        from start: UnsafeRawPointer,
        to end: UnsafeRawPointer,
        bytesMax: Int
    ) -> (UInt64, count: Int)? {
        var raw: UInt64 = 0
        for index in 0..<min(end - start, bytesMax) {
            let byte = start.load(fromByteOffset: index, as: UInt8.self)
            raw |= UInt64(byte & 0x7F) &<< UInt64(7 &* index)
            if byte < 0x80 { return (raw, index + 1) }
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
