internal import NIOCore

/// Writes protocol buffers (proto3): fields of `tag, value`, numbers as varints, everything else with its length.
///
/// A field that has its default value is left out, as proto3 does; `always` writes those whose presence says something.
struct ProtobufWriter {
    private(set) var buffer: ByteBuffer

    init() { self.buffer = ByteBuffer() }

    /// The message of what `body` writes.
    static func message(_ body: (inout ProtobufWriter) -> Void) -> ByteBuffer {
        var writer = ProtobufWriter()
        body(&writer)
        return writer.buffer
    }

    mutating func number(_ field: Int, _ value: Int64, always: Bool = false) {
        guard value != 0 || always else { return }
        self.tag(field, .varint)
        self.varint(UInt64(bitPattern: value))
    }

    mutating func flag(_ field: Int, _ value: Bool) { self.number(field, value ? 1 : 0) }

    mutating func bytes(_ field: Int, _ value: [UInt8], always: Bool = false) {
        guard !value.isEmpty || always else { return }
        self.tag(field, .sized)
        self.varint(UInt64(value.count))
        self.buffer.writeBytes(value)
    }

    mutating func text(_ field: Int, _ value: String) { self.bytes(field, Array(value.utf8)) }

    /// A message inside this one; written even when it is empty, since its presence is what it says.
    mutating func message(_ field: Int, _ body: (inout ProtobufWriter) -> Void) {
        let inner = Self.message(body)
        self.tag(field, .sized)
        self.varint(UInt64(inner.readableBytes))
        self.buffer.writeImmutableBuffer(inner)
    }

    private mutating func tag(_ field: Int, _ type: ProtobufWireType) {
        self.varint(UInt64(field) << 3 | UInt64(type.rawValue))
    }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            self.buffer.writeInteger(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        self.buffer.writeInteger(UInt8(truncatingIfNeeded: rest))
    }
}

/// How a field's value is laid out.
enum ProtobufWireType: UInt8 {
    case varint = 0
    case fixed64 = 1
    case sized = 2
    case fixed32 = 5
}
