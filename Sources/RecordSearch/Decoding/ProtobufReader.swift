internal import Text

/// Reads a Protobuf message without its schema: fields by their numbers, several of one number as a list.
///
/// The wire does not say what a length-delimited field is: text when it is UTF-8 without control characters, else a
/// message when all of it is fields, else bytes. Numbers are shown as they are on the wire: a zigzag number is not
/// told from another one.
///
/// Source: protobuf.dev, "Encoding".
struct ProtobufReader {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    /// Fields of all messages.
    private var count: Int

    private init(_ bytes: UnsafeRawBufferPointer, count: Int) {
        self.bytes = bytes
        self.count = count
    }

    /// `nil` unless all bytes are fields.
    static func value(of bytes: UnsafeRawBufferPointer) -> SearchValue? {
        var reader = ProtobufReader(bytes, count: 0)
        return reader.message(depth: 0)
    }

    private mutating func varint() -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard self.position < self.bytes.count else { return nil }
            let byte = self.bytes[self.position]
            self.position += 1
            if shift < 64 { value |= UInt64(byte & 0x7F) << shift }
            if byte < 0x80 { return value }
        }
        return nil
    }

    private mutating func fixed(_ count: Int) -> UInt64? {
        guard self.bytes.count - self.position >= count else { return nil }
        var value: UInt64 = 0
        for index in (0..<count).reversed() { value = value << 8 | UInt64(self.bytes[self.position + index]) }
        self.position += count
        return value
    }

    private mutating func message(depth: Int) -> SearchValue? {
        guard depth < SearchValue.depthMax, !self.bytes.isEmpty else { return nil }
        var order: [UInt64] = []
        var fields: [UInt64: [SearchValue]] = [:]
        while self.position < self.bytes.count {
            self.count += 1
            guard self.count <= SearchValue.countMax, let tag = self.varint(), tag >> 3 >= 1, tag >> 3 < 1 << 29,
                let value = self.field(tag & 7, depth)
            else { return nil }
            if fields[tag >> 3] == nil { order.append(tag >> 3) }
            fields[tag >> 3, default: []].append(value)
        }
        return .map(
            order.map { number in
                let values = fields[number] ?? []
                return SearchValue.Member(String(number), values.count == 1 ? values[0] : .list(values))
            }
        )
    }

    private mutating func field(_ wireType: UInt64, _ depth: Int) -> SearchValue? {
        switch wireType {
        case 0: return self.varint().map { .integer(Int128($0)) }
        case 1: return self.fixed(8).map { .integer(Int128($0)) }
        case 5: return self.fixed(4).map { .integer(Int128($0)) }
        case 2:
            guard let length = self.varint(), length <= UInt64(self.bytes.count - self.position) else { return nil }
            let end = self.position + Int(length)
            defer { self.position = end }
            return self.delimited(UnsafeRawBufferPointer(rebasing: self.bytes[self.position..<end]), depth)
        // Groups were never common, and these numbers stand for nothing else.
        default: return nil
        }
    }

    private mutating func delimited(_ bytes: UnsafeRawBufferPointer, _ depth: Int) -> SearchValue {
        if bytes.isEmpty { return .string("") }
        let isText = UTF8Check.scalarCount(bytes) != nil && !bytes.contains { $0 < 0x20 && $0 != 0x0A && $0 != 0x09 }
        if isText { return .string(String(decoding: bytes, as: UTF8.self)) }
        var reader = ProtobufReader(bytes, count: self.count)
        if let message = reader.message(depth: depth + 1) {
            self.count = reader.count
            return message
        }
        return .bytes(Array(bytes))
    }
}
