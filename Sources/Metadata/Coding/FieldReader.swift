/// Reads what `FieldWriter` writes. Never reads past the end and never allocates more than the bytes that are there.
struct FieldReader {
    private let bytes: ArraySlice<UInt8>
    private(set) var position: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        self.position = bytes.startIndex
    }

    var remaining: Int { self.bytes.endIndex - self.position }
    var isAtEnd: Bool { self.position == self.bytes.endIndex }

    /// What lies between an earlier `position` and the current one.
    func slice(from start: Int) -> ArraySlice<UInt8> { self.bytes[start..<self.position] }

    mutating func byte() throws(MetadataError) -> UInt8 {
        guard self.position < self.bytes.endIndex else { throw Self.truncated }
        defer { self.position += 1 }
        return self.bytes[self.position]
    }

    mutating func number() throws(MetadataError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            let byte = try self.byte()
            // The tenth byte holds one bit only.
            if shift == 63, byte > 1 { break }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw MetadataError(.corrupt, "A stored number is longer than 64 bits.")
    }

    mutating func signed() throws(MetadataError) -> Int64 {
        let value = try self.number()
        return Int64(bitPattern: (value >> 1)) ^ -Int64(bitPattern: value & 1)
    }

    /// A number that must fit a smaller type, for example an `Int32` that is never negative.
    mutating func number<Value: FixedWidthInteger>(as type: Value.Type) throws(MetadataError) -> Value {
        guard let value = Value(exactly: try self.number()) else {
            throw MetadataError(.corrupt, "A stored number is out of range.")
        }
        return value
    }

    mutating func fixed64() throws(MetadataError) -> UInt64 {
        try self.take(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func fixed128() throws(MetadataError) -> UInt128 {
        let high = try self.fixed64()
        return UInt128(high) << 64 | UInt128(try self.fixed64())
    }

    mutating func take(_ count: Int) throws(MetadataError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= self.remaining else { throw Self.truncated }
        defer { self.position += count }
        return self.bytes[self.position..<(self.position + count)]
    }

    /// The bytes of a length and what follows it.
    mutating func sized() throws(MetadataError) -> FieldReader {
        FieldReader(try self.take(self.number(as: Int.self)))
    }

    mutating func text() throws(MetadataError) -> String {
        let bytes = try self.take(self.number(as: Int.self))
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw MetadataError(.corrupt, "A stored text is not UTF-8.")
        }
        return text
    }

    /// The rest as UTF-8.
    mutating func restAsText() throws(MetadataError) -> String {
        guard let text = String(validating: try self.take(self.remaining), as: UTF8.self) else {
            throw MetadataError(.corrupt, "A stored text is not UTF-8.")
        }
        return text
    }

    mutating func map() throws(MetadataError) -> [String: String] {
        let count = try self.number(as: Int.self)
        guard count <= self.remaining / 2 else { throw Self.truncated }
        var map: [String: String] = [:]
        for _ in 0..<count {
            let key = try self.text()
            guard map.updateValue(try self.text(), forKey: key) == nil else {
                throw MetadataError(.corrupt, "A stored map has a key twice.")
            }
        }
        return map
    }

    static var truncated: MetadataError { MetadataError(.corrupt, "A stored value ends too early.") }
}
