internal import NIOCore

/// Reads protocol buffers. Never reads past the end and never allocates more than the bytes that are there; a field
/// that the reader does not know is skipped.
struct ProtobufReader {
    /// The message is cut short or says something that protocol buffers do not.
    struct Malformed: Error {}

    /// One field as it came.
    struct Field {
        var number: Int
        fileprivate var value: Value

        fileprivate enum Value {
            case varint(UInt64)
            case sized(ByteBuffer)
            /// Eight or four bytes, of which none of the messages here has any.
            case fixed
        }
    }

    private var buffer: ByteBuffer

    init(_ buffer: ByteBuffer) { self.buffer = buffer }

    /// The next field; `nil` at the end.
    mutating func next() throws(Malformed) -> Field? {
        guard self.buffer.readableBytes > 0 else { return nil }
        let tag = try self.varint()
        guard let number = Int(exactly: tag >> 3), number > 0, number < 1 << 29,
            let type = ProtobufWireType(rawValue: UInt8(tag & 7))
        else { throw Malformed() }
        switch type {
        case .varint: return Field(number: number, value: .varint(try self.varint()))
        case .sized:
            guard let count = Int(exactly: try self.varint()), let slice = self.buffer.readSlice(length: count) else {
                throw Malformed()
            }
            return Field(number: number, value: .sized(slice))
        case .fixed64, .fixed32:
            guard self.buffer.readSlice(length: type == .fixed64 ? 8 : 4) != nil else { throw Malformed() }
            return Field(number: number, value: .fixed)
        }
    }

    private mutating func varint() throws(Malformed) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte: UInt8 = self.buffer.readInteger() else { throw Malformed() }
            // The tenth byte holds one bit only.
            if shift == 63, byte > 1 { break }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw Malformed()
    }
}

extension ProtobufReader.Field {
    var number64: Int64 {
        get throws(ProtobufReader.Malformed) {
            guard case .varint(let value) = self.value else { throw ProtobufReader.Malformed() }
            return Int64(bitPattern: value)
        }
    }

    var flag: Bool {
        get throws(ProtobufReader.Malformed) { try self.number64 != 0 }
    }

    var sized: ByteBuffer {
        get throws(ProtobufReader.Malformed) {
            guard case .sized(let bytes) = self.value else { throw ProtobufReader.Malformed() }
            return bytes
        }
    }

    var bytes: [UInt8] {
        get throws(ProtobufReader.Malformed) { Array(try self.sized.readableBytesView) }
    }

    var text: String {
        get throws(ProtobufReader.Malformed) { String(buffer: try self.sized) }
    }

    var message: ProtobufReader {
        get throws(ProtobufReader.Malformed) { ProtobufReader(try self.sized) }
    }
}
