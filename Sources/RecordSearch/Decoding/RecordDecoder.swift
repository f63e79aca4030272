internal import NIOCore
internal import Text

/// Makes values of a record's bytes by what they look like.
package enum RecordDecoder {
    /// What bytes look like.
    package enum Format: String, Sendable, CaseIterable {
        case null
        case empty
        case json
        /// UTF-8 that is not JSON.
        case text
        case msgpack
        /// Without its schema: fields by their numbers.
        case protobuf
        case binary
    }

    /// Bytes and what they mean.
    package struct Decoded: Sendable {
        package var format: Format
        package var value: SearchValue
    }

    /// JSON, else text, else MessagePack, else Protobuf, else bytes.
    ///
    /// The binary formats have no mark of their own, and nearly any few bytes are one or the other: bytes are taken for
    /// MessagePack when they are one map or list to their last byte, and for Protobuf when all of them are fields.
    package static func decode(_ bytes: SearchRecord.Bytes?) -> Decoded {
        guard let bytes else { return Decoded(format: .null, value: .null) }
        guard bytes.readableBytes > 0 else { return Decoded(format: .empty, value: .string("")) }
        return bytes.withUnsafeReadableBytes { bytes in
            guard UTF8Check.scalarCount(bytes) != nil else { return Self.decodeBinary(bytes) }
            if let value = JSONValueReader.value(of: bytes) { return Decoded(format: .json, value: value) }
            if bytes.contains(0), let value = MessagePackReader.value(of: bytes) {
                return Decoded(format: .msgpack, value: value)
            }
            return Decoded(format: .text, value: .string(String(decoding: bytes, as: UTF8.self)))
        }
    }

    private static func decodeBinary(_ bytes: UnsafeRawBufferPointer) -> Decoded {
        if let value = MessagePackReader.value(of: bytes) { return Decoded(format: .msgpack, value: value) }
        if let value = ProtobufReader.value(of: bytes) { return Decoded(format: .protobuf, value: value) }
        return Decoded(format: .binary, value: .bytes(Array(bytes)))
    }

    /// A key is a string when it is UTF-8, also where it is a number in JSON: `key == "17"` is what people mean.
    /// Objects and lists in JSON are decoded.
    package static func decodeKey(_ bytes: SearchRecord.Bytes?) -> SearchValue {
        let decoded = self.decode(bytes)
        guard decoded.format == .json, let bytes else { return decoded.value }
        switch decoded.value {
        case .map, .list: return decoded.value
        default: return .string(String(buffer: bytes))
        }
    }

    /// UTF-8 as a string, else bytes.
    package static func text(_ bytes: SearchRecord.Bytes) -> SearchValue {
        bytes.withUnsafeReadableBytes { bytes in
            UTF8Check.scalarCount(bytes) != nil
                ? .string(String(decoding: bytes, as: UTF8.self)) : .bytes(Array(bytes))
        }
    }
}
