/// Writes CBOR into memory in which the caller has made room for all that is to come.
///
/// Writing past the room would be a bug of the caller: `count` is checked after the fact.
struct CBORText {
    private let start: UnsafeMutableRawPointer
    private let limit: UnsafeMutableRawPointer
    private var next: UnsafeMutableRawPointer

    /// - Parameter room: not empty.
    init(_ room: UnsafeMutableRawBufferPointer) {
        guard let start = room.baseAddress else { preconditionFailure("the buffer is empty") }
        self.start = start
        self.limit = start + room.count
        self.next = start
    }

    /// Bytes written.
    var count: Int {
        precondition(self.next <= self.limit, "the room was too small")
        return self.next - self.start
    }

    /// The head of an item is at most so long.
    static var headBytesMax: Int { 9 }

    /// The bytes of a head.
    @inline(__always)
    static func headByteCount(_ argument: UInt64) -> Int {
        switch argument {
        case ..<24: 1
        case ...0xFF: 2
        case ...0xFFFF: 3
        case ...0xFFFF_FFFF: 5
        default: 9
        }
    }

    /// The bytes of a string and its head.
    @inline(__always)
    static func byteCount(string count: Int) -> Int { Self.headByteCount(UInt64(count)) + count }

    @inline(__always)
    mutating func write(_ byte: UInt8) {
        self.next.storeBytes(of: byte, as: UInt8.self)
        self.next += 1
    }

    /// The shortest head for the argument.
    @inline(__always)
    mutating func head(_ kind: CBORHead.Kind, _ argument: UInt64) {
        let first = kind.rawValue << 5
        switch argument {
        case ..<24: self.write(first | UInt8(truncatingIfNeeded: argument))
        case ...0xFF:
            self.write(first | 24)
            self.write(UInt8(truncatingIfNeeded: argument))
        case ...0xFFFF:
            self.write(first | 25)
            self.store(UInt16(truncatingIfNeeded: argument).bigEndian)
        case ...0xFFFF_FFFF:
            self.write(first | 26)
            self.store(UInt32(truncatingIfNeeded: argument).bigEndian)
        default:
            self.write(first | 27)
            self.store(argument.bigEndian)
        }
    }

    @inline(__always)
    private mutating func store(_ value: some FixedWidthInteger & BitwiseCopyable) {
        self.next.storeBytes(of: value, as: type(of: value))
        self.next += value.bitWidth / 8
    }

    @inline(__always)
    mutating func integer(_ value: Int64) {
        if value >= 0 {
            self.head(.unsigned, UInt64(value))
        } else {
            self.head(.negative, UInt64(bitPattern: ~value))
        }
    }

    @inline(__always)
    static func byteCount(integer value: Int64) -> Int {
        Self.headByteCount(value >= 0 ? UInt64(value) : UInt64(bitPattern: ~value))
    }

    @inline(__always)
    mutating func string(_ kind: CBORHead.Kind, _ bytes: UnsafeRawBufferPointer) {
        self.head(kind, UInt64(bytes.count))
        guard let source = bytes.baseAddress else { return }
        self.next.copyMemory(from: source, byteCount: bytes.count)
        self.next += bytes.count
    }

    @inline(__always)
    mutating func text(_ text: StaticString) {
        self.string(.text, UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    @inline(__always)
    static func byteCount(text: StaticString) -> Int { Self.byteCount(string: text.utf8CodeUnitCount) }

    /// Text of which `body` writes the bytes.
    @inline(__always)
    mutating func text(count: Int, _ body: (UnsafeMutableRawPointer) -> Void) {
        self.head(.text, UInt64(count))
        body(self.next)
        self.next += count
    }
}
