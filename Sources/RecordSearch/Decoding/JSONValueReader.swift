/// Reads JSON (RFC 8259) into values. Integers keep all their digits up to 128 bits.
///
/// Hostile bytes are refused, never trapped: depth and number of values are bounded, and nothing is reserved by a
/// length that the bytes claim.
package struct JSONValueReader {
    private let bytes: UnsafeRawBufferPointer
    private(set) var position = 0
    private var count = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// `nil` unless the bytes are one value and white space.
    package static func value(of bytes: UnsafeRawBufferPointer) -> SearchValue? {
        var reader = JSONValueReader(bytes)
        guard let first = reader.peek(), Self.mayBegin(first), let value = reader.value(depth: 0) else { return nil }
        reader.skipSpace()
        return reader.position == bytes.count ? value : nil
    }

    /// Most text that is not JSON is told by its first character.
    private static func mayBegin(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "\""), UInt8(ascii: "-"), UInt8(ascii: "t"),
            UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    private mutating func skipSpace() {
        while self.position < self.bytes.count {
            switch self.bytes[self.position] {
            case 0x20, 0x09, 0x0A, 0x0D: self.position += 1
            default: return
            }
        }
    }

    private mutating func peek() -> UInt8? {
        self.skipSpace()
        return self.position < self.bytes.count ? self.bytes[self.position] : nil
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard self.peek() == byte else { return false }
        self.position += 1
        return true
    }

    private mutating func value(depth: Int) -> SearchValue? {
        self.count += 1
        guard depth < SearchValue.depthMax, self.count <= SearchValue.countMax, let byte = self.peek() else {
            return nil
        }
        switch byte {
        case UInt8(ascii: "{"): return self.object(depth: depth)
        case UInt8(ascii: "["): return self.array(depth: depth)
        case UInt8(ascii: "\""): return self.string().map { .string($0) }
        case UInt8(ascii: "t"): return self.word("true") ? .bool(true) : nil
        case UInt8(ascii: "f"): return self.word("false") ? .bool(false) : nil
        case UInt8(ascii: "n"): return self.word("null") ? .null : nil
        default: return self.number()
        }
    }

    private mutating func word(_ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard self.bytes.count - self.position >= count else { return false }
        for index in 0..<count where self.bytes[self.position + index] != word.utf8Start[index] { return false }
        self.position += count
        return true
    }

    private mutating func object(depth: Int) -> SearchValue? {
        self.position += 1
        var members: [SearchValue.Member] = []
        if self.take(UInt8(ascii: "}")) { return .map(members) }
        while true {
            guard self.peek() == UInt8(ascii: "\""), let name = self.string(), self.take(UInt8(ascii: ":")),
                let value = self.value(depth: depth + 1)
            else { return nil }
            members.append(SearchValue.Member(name, value))
            if self.take(UInt8(ascii: ",")) { continue }
            return self.take(UInt8(ascii: "}")) ? .map(members) : nil
        }
    }

    private mutating func array(depth: Int) -> SearchValue? {
        self.position += 1
        var values: [SearchValue] = []
        if self.take(UInt8(ascii: "]")) { return .list(values) }
        while true {
            guard let value = self.value(depth: depth + 1) else { return nil }
            values.append(value)
            if self.take(UInt8(ascii: ",")) { continue }
            return self.take(UInt8(ascii: "]")) ? .list(values) : nil
        }
    }

    private mutating func number() -> SearchValue? {
        let start = self.position
        func digit(_ position: Int) -> Bool {
            position < self.bytes.count && self.bytes[position] >= 0x30 && self.bytes[position] <= 0x39
        }
        var end = start
        if self.bytes[end] == UInt8(ascii: "-") { end += 1 }
        guard digit(end) else { return nil }
        if self.bytes[end] == UInt8(ascii: "0") { end += 1 } else { while digit(end) { end += 1 } }
        var isInteger = true
        if end < self.bytes.count, self.bytes[end] == UInt8(ascii: ".") {
            isInteger = false
            end += 1
            guard digit(end) else { return nil }
            while digit(end) { end += 1 }
        }
        if end < self.bytes.count, self.bytes[end] | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            end += 1
            if end < self.bytes.count, self.bytes[end] == UInt8(ascii: "+") || self.bytes[end] == UInt8(ascii: "-") {
                end += 1
            }
            guard digit(end) else { return nil }
            while digit(end) { end += 1 }
        }
        self.position = end
        let digits = UnsafeRawBufferPointer(rebasing: self.bytes[start..<end])
        if isInteger, let integer = Self.integer(digits) { return .integer(integer) }
        // So many digits are a double at most; of a million of them the first ones decide.
        guard digits.count <= 4096, let double = Double(String(decoding: digits, as: UTF8.self)) else { return nil }
        return .double(double)
    }

    private static func integer(_ digits: UnsafeRawBufferPointer) -> Int128? {
        guard digits.count <= 38 else { return nil }
        var value: Int128 = 0
        let isNegative = digits[0] == UInt8(ascii: "-")
        for digit in digits.dropFirst(isNegative ? 1 : 0) { value = value * 10 + Int128(digit - 0x30) }
        return isNegative ? -value : value
    }

    private mutating func string() -> String? {
        self.position += 1
        let start = self.position
        var end = start
        while end < self.bytes.count, self.bytes[end] != UInt8(ascii: "\""), self.bytes[end] != UInt8(ascii: "\\"),
            self.bytes[end] >= 0x20
        {
            end += 1
        }
        guard end < self.bytes.count, self.bytes[end] >= 0x20 else { return nil }
        if self.bytes[end] == UInt8(ascii: "\"") {
            self.position = end + 1
            return String(decoding: self.bytes[start..<end], as: UTF8.self)
        }
        self.position = start
        return self.escapedString()
    }

    private mutating func escapedString() -> String? {
        var text: [UInt8] = []
        while self.position < self.bytes.count {
            let byte = self.bytes[self.position]
            self.position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case 0..<0x20: return nil
            case UInt8(ascii: "\\"):
                guard self.position < self.bytes.count else { return nil }
                let escape = self.bytes[self.position]
                self.position += 1
                switch escape {
                case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(escape)
                case UInt8(ascii: "b"): text.append(0x08)
                case UInt8(ascii: "f"): text.append(0x0C)
                case UInt8(ascii: "n"): text.append(0x0A)
                case UInt8(ascii: "r"): text.append(0x0D)
                case UInt8(ascii: "t"): text.append(0x09)
                case UInt8(ascii: "u"):
                    guard let scalar = self.scalar() else { return nil }
                    text += Array(String(Character(scalar)).utf8)
                default: return nil
                }
            default: text.append(byte)
            }
        }
        return nil
    }

    /// The character behind `\u`; half of a pair is U+FFFD.
    private mutating func scalar() -> Unicode.Scalar? {
        guard let first = self.unit() else { return nil }
        if (0xDC00...0xDFFF).contains(first) { return "\u{FFFD}" }
        guard (0xD800...0xDBFF).contains(first) else { return Unicode.Scalar(first) }
        let before = self.position
        guard self.bytes.count - self.position >= 6, self.bytes[self.position] == UInt8(ascii: "\\"),
            self.bytes[self.position + 1] == UInt8(ascii: "u")
        else { return "\u{FFFD}" }
        self.position += 2
        guard let second = self.unit() else { return nil }
        guard (0xDC00...0xDFFF).contains(second) else {
            self.position = before
            return "\u{FFFD}"
        }
        return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    }

    private mutating func unit() -> UInt32? {
        guard self.bytes.count - self.position >= 4 else { return nil }
        var value: UInt32 = 0
        for _ in 0..<4 {
            let byte = self.bytes[self.position]
            let digit: UInt32
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = UInt32(byte) - 0x30
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = UInt32(byte) - 0x61 + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = UInt32(byte) - 0x41 + 10
            default: return nil
            }
            value = value << 4 | digit
            self.position += 1
        }
        return value
    }
}

extension JSONValueReader {
    /// The members of an object, or the elements of a list, as they are written: for callers that keep values as text.
    ///
    /// - Returns: `nil` unless the bytes are one object and white space.
    package static func members(of bytes: UnsafeRawBufferPointer) -> [(name: String, range: Range<Int>)]? {
        var reader = JSONValueReader(bytes)
        guard reader.take(UInt8(ascii: "{")) else { return nil }
        var members: [(name: String, range: Range<Int>)] = []
        if !reader.take(UInt8(ascii: "}")) {
            while true {
                guard reader.peek() == UInt8(ascii: "\""), let name = reader.string(),
                    reader.take(UInt8(ascii: ":")), let range = reader.skip()
                else { return nil }
                members.append((name, range))
                if reader.take(UInt8(ascii: ",")) { continue }
                guard reader.take(UInt8(ascii: "}")) else { return nil }
                break
            }
        }
        reader.skipSpace()
        return reader.position == bytes.count ? members : nil
    }

    /// The elements of a list, as they are written.
    package static func elements(of bytes: UnsafeRawBufferPointer) -> [Range<Int>]? {
        var reader = JSONValueReader(bytes)
        guard reader.take(UInt8(ascii: "[")) else { return nil }
        var elements: [Range<Int>] = []
        if !reader.take(UInt8(ascii: "]")) {
            while true {
                guard let range = reader.skip() else { return nil }
                elements.append(range)
                if reader.take(UInt8(ascii: ",")) { continue }
                guard reader.take(UInt8(ascii: "]")) else { return nil }
                break
            }
        }
        reader.skipSpace()
        return reader.position == bytes.count ? elements : nil
    }

    private mutating func skip() -> Range<Int>? {
        guard self.peek() != nil else { return nil }
        let start = self.position
        // Of one element the values are counted, not of all together.
        self.count = 0
        guard self.value(depth: 1) != nil else { return nil }
        return start..<self.position
    }
}
