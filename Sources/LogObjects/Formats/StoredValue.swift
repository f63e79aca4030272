internal import NIOCore
internal import RecordBatch

/// What all values in etcd and all sections of this engine have in common: a byte for the format in front, CRC-32C of
/// everything behind.
enum StoredValue {
    static func sealed(_ buffer: ByteBuffer) -> [UInt8] {
        var buffer = buffer
        Self.seal(&buffer)
        return Array(buffer.readableBytesView)
    }

    static func seal(_ buffer: inout ByteBuffer) {
        buffer.writeInteger(buffer.withUnsafeReadableBytes { CRC32C.checksum($0) })
    }

    /// The bytes between the format and the checksum.
    ///
    /// - Parameter what: at the beginning of a sentence.
    static func opened(
        _ bytes: [UInt8],
        format: UInt8,
        _ what: String
    ) throws(ObjectCodingError) -> ByteBuffer {
        try Self.opened(ByteBuffer(bytes: bytes), format: format, what)
    }

    static func opened(
        _ bytes: ByteBuffer,
        format: UInt8,
        _ what: String
    ) throws(ObjectCodingError) -> ByteBuffer {
        guard bytes.readableBytes >= 5 else { throw .truncated }
        var buffer = bytes
        guard var body = buffer.readSlice(length: bytes.readableBytes - 4),
            buffer.readInteger(as: UInt32.self) == body.withUnsafeReadableBytes({ CRC32C.checksum($0) })
        else { throw .damaged("\(what) fails its checksum.") }
        guard body.readInteger(as: UInt8.self) == format else {
            throw ObjectCodingError(.newerFormat, "\(what) was written by newer software.")
        }
        return body
    }
}

extension ByteBuffer {
    /// A byte that is 0 or 1.
    mutating func readFlag() throws(ObjectCodingError) -> Bool {
        switch try self.readFixed(as: UInt8.self) {
        case 0: return false
        case 1: return true
        default: throw .damaged("A stored flag is neither 0 nor 1.")
        }
    }
}
