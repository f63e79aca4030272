/// The JSON of a policy (RFC 8259), as a tree: policies are small, and read once.
///
/// Strict: a member twice, a lone surrogate, a control character in a string and anything behind the end are refused.
/// Bounded by `Policy.bytesMax` and `depthMax`, so the tree is never much larger than the text.
indirect enum PolicyValue: Hashable {
    case object([String: PolicyValue])
    case array([PolicyValue])
    case string(String)
    /// As it is written; policies compare it as text or as a number.
    case number(String)
    case bool(Bool)
    case null

    static let depthMax = 10

    init(_ text: String) throws(PolicyRefusal) {
        var reader = PolicyReader(text)
        self = try reader.document()
    }
}

private struct PolicyReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: String) { self.bytes = Array(text.utf8) }

    private static func malformed(_ what: String, at position: Int) -> PolicyRefusal {
        PolicyRefusal("The policy is not valid JSON: \(what) at byte \(position).")
    }

    mutating func document() throws(PolicyRefusal) -> PolicyValue {
        let value = try self.value(depth: 0)
        guard self.next() == nil else { throw Self.malformed("something follows the end", at: self.position) }
        return value
    }

    /// The next byte that is not white space, without taking it.
    private mutating func next() -> UInt8? {
        while self.position < self.bytes.count {
            let byte = self.bytes[self.position]
            guard byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D else { return byte }
            self.position += 1
        }
        return nil
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard self.next() == byte else { return false }
        self.position += 1
        return true
    }

    private mutating func value(depth: Int) throws(PolicyRefusal) -> PolicyValue {
        guard depth <= PolicyValue.depthMax else { throw PolicyRefusal("The policy is nested too deeply.") }
        switch self.next() ?? 0 {
        case UInt8(ascii: "{"): return try self.object(depth)
        case UInt8(ascii: "["): return try self.array(depth)
        case UInt8(ascii: "\""): return .string(try self.string())
        case UInt8(ascii: "t"): return try self.literal("true", .bool(true))
        case UInt8(ascii: "f"): return try self.literal("false", .bool(false))
        case UInt8(ascii: "n"): return try self.literal("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try self.number())
        default: throw Self.malformed("a value is missing", at: self.position)
        }
    }

    private mutating func object(_ depth: Int) throws(PolicyRefusal) -> PolicyValue {
        self.position += 1
        var members: [String: PolicyValue] = [:]
        if self.take(UInt8(ascii: "}")) { return .object(members) }
        repeat {
            guard self.next() == UInt8(ascii: "\"") else {
                throw Self.malformed("a name is missing", at: self.position)
            }
            let name = try self.string()
            guard self.take(UInt8(ascii: ":")) else { throw Self.malformed("':' is missing", at: self.position) }
            let value = try self.value(depth: depth + 1)
            guard members.updateValue(value, forKey: name) == nil else {
                throw PolicyRefusal("The policy has \(name) twice in one place.")
            }
        } while self.take(UInt8(ascii: ","))
        guard self.take(UInt8(ascii: "}")) else { throw Self.malformed("'}' is missing", at: self.position) }
        return .object(members)
    }

    private mutating func array(_ depth: Int) throws(PolicyRefusal) -> PolicyValue {
        self.position += 1
        var elements: [PolicyValue] = []
        if self.take(UInt8(ascii: "]")) { return .array(elements) }
        repeat { elements.append(try self.value(depth: depth + 1)) } while self.take(UInt8(ascii: ","))
        guard self.take(UInt8(ascii: "]")) else { throw Self.malformed("']' is missing", at: self.position) }
        return .array(elements)
    }

    private mutating func literal(_ text: StaticString, _ value: PolicyValue) throws(PolicyRefusal) -> PolicyValue {
        for index in 0..<text.utf8CodeUnitCount {
            guard self.position < self.bytes.count, self.bytes[self.position] == text.utf8Start[index] else {
                throw Self.malformed("an unknown word", at: self.position)
            }
            self.position += 1
        }
        return value
    }

    private mutating func number() throws(PolicyRefusal) -> String {
        let start = self.position
        let allowed = Array("+-.0123456789eE".utf8)
        while self.position < self.bytes.count, allowed.contains(self.bytes[self.position]) { self.position += 1 }
        let text = String(decoding: self.bytes[start..<self.position], as: UTF8.self)
        guard let value = Double(text), value.isFinite else { throw Self.malformed("a bad number", at: start) }
        return text
    }

    private mutating func string() throws(PolicyRefusal) -> String {
        self.position += 1
        var text: [UInt8] = []
        while self.position < self.bytes.count {
            let byte = self.bytes[self.position]
            self.position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): text += Array(String(try self.escape()).utf8)
            case 0..<0x20: throw Self.malformed("a control character", at: self.position)
            default: text.append(byte)
            }
        }
        throw Self.malformed("a string without an end", at: self.position)
    }

    private mutating func escape() throws(PolicyRefusal) -> Unicode.Scalar {
        guard self.position < self.bytes.count else { throw Self.malformed("a bad escape", at: self.position) }
        let byte = self.bytes[self.position]
        self.position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): break
        default: throw Self.malformed("a bad escape", at: self.position)
        }
        let unit = try self.codeUnit()
        guard (0xD800..<0xDC00).contains(unit) else {
            guard let scalar = Unicode.Scalar(unit) else { throw Self.malformed("a lone surrogate", at: self.position) }
            return scalar
        }
        guard self.position + 1 < self.bytes.count, self.bytes[self.position] == UInt8(ascii: "\\"),
            self.bytes[self.position + 1] == UInt8(ascii: "u")
        else { throw Self.malformed("a lone surrogate", at: self.position) }
        self.position += 2
        let low = try self.codeUnit()
        guard (0xDC00..<0xE000).contains(low),
            let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
        else { throw Self.malformed("a lone surrogate", at: self.position) }
        return scalar
    }

    private mutating func codeUnit() throws(PolicyRefusal) -> UInt32 {
        guard self.position + 4 <= self.bytes.count,
            let value = UInt32(
                String(decoding: self.bytes[self.position..<self.position + 4], as: UTF8.self),
                radix: 16
            ),
            self.bytes[self.position] != UInt8(ascii: "+"), self.bytes[self.position] != UInt8(ascii: "-")
        else { throw Self.malformed("a bad escape", at: self.position) }
        self.position += 4
        return value
    }
}
