package import NIOCore

/// Lengths in front of text, bytes and arrays: `int16` or `int32` with -1 for null, or in flexible versions an
/// unsigned varint that is one more than the length, with 0 for null.
extension ByteBuffer {
    /// - Returns: `nil` for null.
    package mutating func readCompactLength() throws(WireError) -> Int? {
        let encoded = try self.readUnsignedVarint()
        return encoded == 0 ? nil : Int(encoded) - 1
    }

    package mutating func writeCompactLength(_ length: Int) {
        self.writeUnsignedVarint(UInt32(length + 1))
    }

    /// Reads the length of text.
    package mutating func readTextLength(flexible: Bool) throws(WireError) -> Int? {
        let position = self.readerIndex
        if flexible {
            guard let length = try self.readCompactLength() else { return nil }
            guard length <= Int(Int16.max) else {
                throw WireError(.lengthTooLarge, position: position, value: Int64(length))
            }
            return length
        }
        let length = try Int16.decode(from: &self, flexible: false)
        if length >= 0 { return Int(length) }
        guard length == -1 else {
            throw WireError(.negativeLength, position: position, value: Int64(length))
        }
        return nil
    }

    /// Reads the length of bytes or the count of an array. Not yet checked against the bytes that remain.
    package mutating func readLength(flexible: Bool) throws(WireError) -> Int? {
        if flexible { return try self.readCompactLength() }
        let position = self.readerIndex
        let length = try Int32.decode(from: &self, flexible: false)
        if length >= 0 { return Int(length) }
        guard length == -1 else {
            throw WireError(.negativeLength, position: position, value: Int64(length))
        }
        return nil
    }

    package mutating func writeLength(_ length: Int, flexible: Bool) {
        if flexible {
            self.writeCompactLength(length)
        } else {
            self.writeInteger(Int32(length))
        }
    }

    package mutating func writeNullLength(flexible: Bool) {
        if flexible {
            self.writeInteger(0, as: UInt8.self)
        } else {
            self.writeInteger(-1, as: Int32.self)
        }
    }
}

extension String: WireNullableValue {
    package static var minimumWireSize: Int { 1 }

    /// Invalid UTF-8 becomes U+FFFD, as Kafka reads it.
    package static func decode(from buffer: inout ByteBuffer, flexible: Bool) throws(WireError) -> String {
        let position = buffer.readerIndex
        guard let text = try Self.decodeNullable(from: &buffer, flexible: flexible) else {
            throw WireError(.unexpectedNull, position: position)
        }
        return text
    }

    package static func decodeNullable(
        from buffer: inout ByteBuffer,
        flexible: Bool
    ) throws(WireError) -> String? {
        guard let length = try buffer.readTextLength(flexible: flexible) else { return nil }
        guard let text = buffer.readString(length: length) else {
            throw WireError(.truncated, position: buffer.readerIndex, value: Int64(length))
        }
        return text
    }

    /// Text over 32,767 bytes, the protocol's limit, is cut at a character's boundary: a peer can make us hold
    /// such text (each invalid byte it sends becomes three), so it must not be able to stop the process with it.
    package func encode(into buffer: inout ByteBuffer, flexible: Bool) {
        let limit = Int(Int16.max)
        let length = self.utf8.count
        guard length <= limit else {
            self.cut(toBytes: limit).encode(into: &buffer, flexible: flexible)
            return
        }
        if flexible {
            buffer.writeCompactLength(length)
        } else {
            buffer.writeInteger(Int16(length))
        }
        buffer.writeString(self)
    }

    package static func encodeNullable(_ value: String?, into buffer: inout ByteBuffer, flexible: Bool) {
        if let value {
            value.encode(into: &buffer, flexible: flexible)
        } else if flexible {
            buffer.writeInteger(0, as: UInt8.self)
        } else {
            buffer.writeInteger(-1, as: Int16.self)
        }
    }

    private func cut(toBytes limit: Int) -> String {
        let bytes = self.utf8
        var end = bytes.index(bytes.startIndex, offsetBy: limit)
        while end > bytes.startIndex, bytes[end] & 0xC0 == 0x80 { end = bytes.index(before: end) }
        return String(self[..<end])
    }
}

/// Bytes stay slices of the request's buffer.
extension ByteBuffer: WireNullableValue {
    package static var minimumWireSize: Int { 1 }

    package static func decode(from buffer: inout ByteBuffer, flexible: Bool) throws(WireError) -> ByteBuffer {
        let position = buffer.readerIndex
        guard let bytes = try Self.decodeNullable(from: &buffer, flexible: flexible) else {
            throw WireError(.unexpectedNull, position: position)
        }
        return bytes
    }

    package static func decodeNullable(
        from buffer: inout ByteBuffer,
        flexible: Bool
    ) throws(WireError) -> ByteBuffer? {
        guard let length = try buffer.readLength(flexible: flexible) else { return nil }
        guard let bytes = buffer.readSlice(length: length) else {
            throw WireError(.truncated, position: buffer.readerIndex, value: Int64(length))
        }
        return bytes
    }

    package func encode(into buffer: inout ByteBuffer, flexible: Bool) {
        buffer.writeLength(self.readableBytes, flexible: flexible)
        buffer.writeImmutableBuffer(self)
    }

    package static func encodeNullable(
        _ value: ByteBuffer?,
        into buffer: inout ByteBuffer,
        flexible: Bool
    ) {
        if let value {
            value.encode(into: &buffer, flexible: flexible)
        } else {
            buffer.writeNullLength(flexible: flexible)
        }
    }
}
