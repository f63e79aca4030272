/// Writes JSON into memory in which the caller has made room for all that is to come.
///
/// A structure that is written thousands of times in one answer costs one look at the buffer's capacity this way, not
/// one for every quote. Writing past the room would be a bug of the caller: `count` is checked after the fact.
public struct JSONText {
    /// Bytes behind what they write that the writers here may touch.
    package static var slack: Int { 8 }

    @usableFromInline let start: UnsafeMutableRawPointer
    @usableFromInline let limit: UnsafeMutableRawPointer
    @usableFromInline var next: UnsafeMutableRawPointer

    /// - Parameter room: not empty.
    @inlinable
    public init(_ room: UnsafeMutableRawBufferPointer) {
        guard let start = room.baseAddress else { preconditionFailure("the buffer is empty") }
        self.start = start
        self.limit = start + room.count
        self.next = start
    }

    /// Bytes written.
    @inlinable
    public var count: Int {
        precondition(self.next <= self.limit, "the room was too small")
        return self.next - self.start
    }

    /// Text that needs no escapes.
    @inlinable
    @inline(__always)
    public mutating func write(_ text: StaticString) {
        self.next.copyMemory(from: text.utf8Start, byteCount: text.utf8CodeUnitCount)
        self.next += text.utf8CodeUnitCount
    }

    /// One character.
    @inlinable
    @inline(__always)
    public mutating func write(_ byte: UInt8) {
        self.next.storeBytes(of: byte, as: UInt8.self)
        self.next += 1
    }

    /// What `body` puts into the next `count` bytes; it may touch `slack` bytes behind them.
    @inlinable
    @inline(__always)
    public mutating func write(count: Int, _ body: (UnsafeMutableRawPointer) -> Void) {
        body(self.next)
        self.next += count
    }

    /// Base64: four bytes for every three.
    @inlinable
    @inline(__always)
    public mutating func write(base64 bytes: UnsafeRawBufferPointer) {
        let room = UnsafeMutableRawBufferPointer(start: self.next, count: Base64.encodedCount(of: bytes.count))
        self.next += Base64.encode(bytes, into: room)
    }

    /// Without leading zeros: at most 20 bytes.
    @inlinable
    public mutating func write(decimal value: UInt64) {
        let split: UInt64 = 100_000_000
        guard value >= split else {
            self.write(leading: value)
            return
        }
        let upper = value / split
        if upper < split {
            self.write(leading: upper)
        } else {
            self.write(leading: upper / split)
            DecimalDigits.writeEight(upper % split, to: self.next)
            self.next += 8
        }
        DecimalDigits.writeEight(value % split, to: self.next)
        self.next += 8
    }

    /// A number below 10^8 without its leading zeros; zero itself is one digit.
    @inlinable
    @inline(__always)
    mutating func write(leading value: UInt64) {
        let digits = DecimalDigits.eight(value)
        let zeros = min(7, (digits ^ 0x3030_3030_3030_3030).trailingZeroBitCount / 8)
        self.next.storeBytes(of: (digits >> UInt64(8 * zeros)).littleEndian, as: UInt64.self)
        self.next += 8 - zeros
    }

    /// The inside of a string: at most six bytes for every one.
    @inlinable
    public mutating func write(string bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        var position = 0
        while bytes.count - position >= 8 {
            let word = source.loadUnaligned(fromByteOffset: position, as: UInt64.self)
            if JSONBytes.escaped(word) != 0 {
                for index in position..<(position + 8) { self.write(character: bytes[index]) }
            } else {
                self.next.storeBytes(of: word, as: UInt64.self)
                self.next += 8
            }
            position += 8
        }
        while position < bytes.count {
            self.write(character: bytes[position])
            position += 1
        }
    }

    @inlinable
    @inline(__always)
    mutating func write(character byte: UInt8) {
        if byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
            self.write(byte)
        } else {
            self.write(escape: byte)
        }
    }

    @usableFromInline
    @inline(never)
    mutating func write(escape byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): self.write("\\\"")
        case UInt8(ascii: "\\"): self.write("\\\\")
        case 0x08: self.write("\\b")
        case 0x09: self.write("\\t")
        case 0x0A: self.write("\\n")
        case 0x0C: self.write("\\f")
        case 0x0D: self.write("\\r")
        default:
            self.write("\\u00")
            self.write(Hex.digit(byte >> 4))
            self.write(Hex.digit(byte & 0xF))
        }
    }
}

/// The lengths of what the writers above write, without writing it.
extension JSONText {
    /// Digits of a number without leading zeros.
    @inlinable
    public static func byteCount(decimal value: UInt64) -> Int {
        var count = 1
        var rest = value
        while rest >= 10_000 {
            rest /= 10_000
            count += 4
        }
        if rest >= 10 { count += 1 }
        if rest >= 100 { count += 1 }
        if rest >= 1000 { count += 1 }
        return count
    }

    /// The inside of a string.
    @inlinable
    public static func byteCount(string bytes: UnsafeRawBufferPointer) -> Int {
        var count = bytes.count
        var position = 0
        while bytes.count - position >= 8 {
            let word = bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
            if JSONBytes.escaped(word) != 0 {
                for index in position..<(position + 8) { count += Self.escapeCount(bytes[index]) }
            }
            position += 8
        }
        while position < bytes.count {
            count += Self.escapeCount(bytes[position])
            position += 1
        }
        return count
    }

    /// Bytes that are written for a byte of a string beside itself.
    @inlinable
    static func escapeCount(_ byte: UInt8) -> Int {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), 0x08, 0x09, 0x0A, 0x0C, 0x0D: 1
        case 0..<0x20: 5
        default: 0
        }
    }
}

/// Looks at eight bytes of text in one word.
public enum JSONBytes {
    @inlinable static var ones: UInt64 { 0x0101_0101_0101_0101 }
    @inlinable static var tops: UInt64 { 0x8080_8080_8080_8080 }

    /// The top bit of each byte that is a control character, a quote or a backslash. Bytes above the lowest of them may
    /// be marked by mistake.
    @inlinable
    @inline(__always)
    public static func escaped(_ word: UInt64) -> UInt64 {
        let quotes = word ^ (Self.ones &* 0x22)
        let backslashes = word ^ (Self.ones &* 0x5C)
        var found = (word &- Self.ones &* 0x20) & ~word
        found |= (quotes &- Self.ones) & ~quotes
        found |= (backslashes &- Self.ones) & ~backslashes
        return found & Self.tops
    }

    /// The number of bytes from the lowest up that stand for themselves: ASCII except what `escaped` marks.
    @inlinable
    @inline(__always)
    public static func plainCount(_ word: UInt64) -> Int {
        (Self.escaped(word) | word & Self.tops).trailingZeroBitCount / 8
    }
}
