/// Writes stored values: unsigned LEB128 numbers and fields of `tag, length, bytes`.
struct FieldWriter {
    private(set) var bytes: [UInt8] = []

    mutating func byte(_ value: UInt8) { self.bytes.append(value) }

    mutating func number(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            self.bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        self.bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// Zigzag, so that small negative numbers are short.
    mutating func signed(_ value: Int64) {
        self.number(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
    }

    mutating func fixed64(_ value: UInt64) {
        for shift in stride(from: 56, through: 0, by: -8) {
            self.bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
        }
    }

    mutating func fixed128(_ value: UInt128) {
        self.fixed64(UInt64(truncatingIfNeeded: value >> 64))
        self.fixed64(UInt64(truncatingIfNeeded: value))
    }

    mutating func raw(_ bytes: some Sequence<UInt8>) { self.bytes.append(contentsOf: bytes) }

    mutating func text(_ text: String) {
        self.number(UInt64(text.utf8.count))
        self.raw(text.utf8)
    }

    /// Sorted by key, so that equal values have equal bytes.
    mutating func map(_ map: [String: String]) {
        self.number(UInt64(map.count))
        for (key, value) in map.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            self.text(key)
            self.text(value)
        }
    }

    /// A length and what `body` writes.
    mutating func sized(_ body: (inout FieldWriter) -> Void) {
        var inner = FieldWriter()
        body(&inner)
        self.number(UInt64(inner.bytes.count))
        self.raw(inner.bytes)
    }

    mutating func field(_ tag: UInt64, _ body: (inout FieldWriter) -> Void) {
        self.number(tag)
        self.sized(body)
    }
}
