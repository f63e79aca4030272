internal import Text

/// Reads MessagePack: one map or list to the last byte. Extension types become their bytes.
///
/// Source: the specification of msgpack.org (`spec.md`), "Formats".
struct MessagePackReader {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    private var count = 0

    private init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// `nil` unless the bytes are one map or list. Single numbers and strings would be nearly any bytes.
    static func value(of bytes: UnsafeRawBufferPointer) -> SearchValue? {
        guard let first = bytes.first, first & 0xE0 == 0x80 || (0xDC...0xDF).contains(first) else { return nil }
        var reader = MessagePackReader(bytes)
        guard let value = reader.value(depth: 0), reader.position == bytes.count else { return nil }
        return value
    }

    private mutating func unsigned(_ count: Int) -> UInt64? {
        guard self.bytes.count - self.position >= count else { return nil }
        var value: UInt64 = 0
        for _ in 0..<count {
            value = value << 8 | UInt64(self.bytes[self.position])
            self.position += 1
        }
        return value
    }

    private mutating func take(_ count: Int) -> UnsafeRawBufferPointer? {
        guard count >= 0, self.bytes.count - self.position >= count else { return nil }
        defer { self.position += count }
        return UnsafeRawBufferPointer(rebasing: self.bytes[self.position..<(self.position + count)])
    }

    private mutating func value(depth: Int) -> SearchValue? {
        self.count += 1
        guard depth < SearchValue.depthMax, self.count <= SearchValue.countMax, let head = self.unsigned(1) else {
            return nil
        }
        switch head {
        case 0x00...0x7F: return .integer(Int128(head))
        case 0x80...0x8F: return self.map(Int(head & 0x0F), depth)
        case 0x90...0x9F: return self.list(Int(head & 0x0F), depth)
        case 0xA0...0xBF: return self.string(Int(head & 0x1F))
        case 0xC0: return .null
        case 0xC2: return .bool(false)
        case 0xC3: return .bool(true)
        case 0xC4...0xC6: return self.unsigned(1 << Int(head - 0xC4)).flatMap { self.data(Int($0)) }
        case 0xC7...0xC9: return self.unsigned(1 << Int(head - 0xC7)).flatMap { self.extended(Int($0)) }
        case 0xCA: return self.unsigned(4).map { .double(Double(Float(bitPattern: UInt32($0)))) }
        case 0xCB: return self.unsigned(8).map { .double(Double(bitPattern: $0)) }
        case 0xCC...0xCF: return self.unsigned(1 << Int(head - 0xCC)).map { .integer(Int128($0)) }
        case 0xD0: return self.unsigned(1).map { .integer(Int128(Int8(truncatingIfNeeded: $0))) }
        case 0xD1: return self.unsigned(2).map { .integer(Int128(Int16(truncatingIfNeeded: $0))) }
        case 0xD2: return self.unsigned(4).map { .integer(Int128(Int32(truncatingIfNeeded: $0))) }
        case 0xD3: return self.unsigned(8).map { .integer(Int128(Int64(bitPattern: $0))) }
        case 0xD4...0xD8: return self.extended(1 << Int(head - 0xD4))
        case 0xD9...0xDB: return self.unsigned(1 << Int(head - 0xD9)).flatMap { self.string(Int($0)) }
        case 0xDC, 0xDD: return self.unsigned(head == 0xDC ? 2 : 4).flatMap { self.list(Int($0), depth) }
        case 0xDE, 0xDF: return self.unsigned(head == 0xDE ? 2 : 4).flatMap { self.map(Int($0), depth) }
        case 0xE0...0xFF: return .integer(Int128(Int8(truncatingIfNeeded: head)))
        // 0xC1 is never used.
        default: return nil
        }
    }

    private mutating func string(_ count: Int) -> SearchValue? {
        guard let bytes = self.take(count) else { return nil }
        guard UTF8Check.scalarCount(bytes) != nil || bytes.isEmpty else { return .bytes(Array(bytes)) }
        return .string(String(decoding: bytes, as: UTF8.self))
    }

    private mutating func data(_ count: Int) -> SearchValue? { self.take(count).map { .bytes(Array($0)) } }

    private mutating func extended(_ count: Int) -> SearchValue? {
        guard self.unsigned(1) != nil else { return nil }
        return self.data(count)
    }

    /// Elements take at least a byte each, so a count beyond the bytes ends soon.
    private mutating func list(_ count: Int, _ depth: Int) -> SearchValue? {
        guard count <= self.bytes.count - self.position else { return nil }
        var values: [SearchValue] = []
        for _ in 0..<count {
            guard let value = self.value(depth: depth + 1) else { return nil }
            values.append(value)
        }
        return .list(values)
    }

    private mutating func map(_ count: Int, _ depth: Int) -> SearchValue? {
        guard count <= (self.bytes.count - self.position) / 2 else { return nil }
        var members: [SearchValue.Member] = []
        for _ in 0..<count {
            guard let key = self.value(depth: depth + 1), let value = self.value(depth: depth + 1) else { return nil }
            members.append(SearchValue.Member(key.name, value))
        }
        return .map(members)
    }
}

extension SearchValue {
    /// What a member is called whose name is not a string.
    fileprivate var name: String {
        switch self {
        case .string(let text): text
        case .integer(let number): String(number)
        case .bool(let value): value ? "true" : "false"
        case .double(let number): String(number)
        case .null: "null"
        case .bytes(let bytes): Hex.text(bytes)
        case .list, .map: "(compound)"
        }
    }
}
