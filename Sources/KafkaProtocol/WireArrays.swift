package import NIOCore

extension ByteBuffer {
    /// Reads an array's count and checks that the bytes that remain can hold so many elements, so that a
    /// caller that reserves room for them never reserves much more than was received.
    package mutating func readArrayCount(
        minimumElementSize: Int,
        flexible: Bool
    ) throws(WireError) -> Int? {
        let position = self.readerIndex
        guard let count = try self.readLength(flexible: flexible) else { return nil }
        guard count <= self.readableBytes / Swift.max(1, minimumElementSize) else {
            throw WireError(.lengthTooLarge, position: position, value: Int64(count))
        }
        return count
    }
}

extension WireValue {
    package static func decodeNullableArray(
        from buffer: inout ByteBuffer,
        flexible: Bool
    ) throws(WireError) -> [Self]? {
        guard
            let count = try buffer.readArrayCount(
                minimumElementSize: Self.minimumWireSize,
                flexible: flexible
            )
        else { return nil }
        var values: [Self] = []
        values.reserveCapacity(count)
        for _ in 0..<count {
            values.append(try Self.decode(from: &buffer, flexible: flexible))
        }
        return values
    }

    package static func decodeArray(
        from buffer: inout ByteBuffer,
        flexible: Bool
    ) throws(WireError) -> [Self] {
        let position = buffer.readerIndex
        guard let values = try Self.decodeNullableArray(from: &buffer, flexible: flexible) else {
            throw WireError(.unexpectedNull, position: position)
        }
        return values
    }

    package static func encodeNullableArray(
        _ values: [Self]?,
        into buffer: inout ByteBuffer,
        flexible: Bool
    ) {
        if let values {
            values.encode(into: &buffer, flexible: flexible)
        } else {
            buffer.writeNullLength(flexible: flexible)
        }
    }
}

extension WireStruct {
    package static func decodeNullableArray(
        from buffer: inout ByteBuffer,
        version: Int16,
        flexible: Bool
    ) throws(WireError) -> [Self]? {
        guard
            let count = try buffer.readArrayCount(
                minimumElementSize: Self.minimumWireSize,
                flexible: flexible
            )
        else { return nil }
        var values: [Self] = []
        values.reserveCapacity(count)
        for _ in 0..<count {
            values.append(try Self.decode(from: &buffer, version: version))
        }
        return values
    }

    package static func decodeArray(
        from buffer: inout ByteBuffer,
        version: Int16,
        flexible: Bool
    ) throws(WireError) -> [Self] {
        let position = buffer.readerIndex
        guard
            let values = try Self.decodeNullableArray(
                from: &buffer,
                version: version,
                flexible: flexible
            )
        else {
            throw WireError(.unexpectedNull, position: position)
        }
        return values
    }

    package static func encodeNullableArray(
        _ values: [Self]?,
        into buffer: inout ByteBuffer,
        version: Int16,
        flexible: Bool
    ) {
        if let values {
            values.encode(into: &buffer, version: version, flexible: flexible)
        } else {
            buffer.writeNullLength(flexible: flexible)
        }
    }

    /// Reads a struct with one byte in front that is negative for null.
    package static func decodeNullable(
        from buffer: inout ByteBuffer,
        version: Int16
    ) throws(WireError) -> Self? {
        guard try Int8.decode(from: &buffer, flexible: true) >= 0 else { return nil }
        return try Self.decode(from: &buffer, version: version)
    }

    package static func encodeNullable(_ value: Self?, into buffer: inout ByteBuffer, version: Int16) {
        if let value {
            buffer.writeInteger(1, as: Int8.self)
            value.encode(into: &buffer, version: version)
        } else {
            buffer.writeInteger(-1, as: Int8.self)
        }
    }
}

extension Array where Element: WireValue {
    package func encode(into buffer: inout ByteBuffer, flexible: Bool) {
        buffer.writeLength(self.count, flexible: flexible)
        for element in self {
            element.encode(into: &buffer, flexible: flexible)
        }
    }
}

extension Array where Element: WireStruct {
    package func encode(into buffer: inout ByteBuffer, version: Int16, flexible: Bool) {
        buffer.writeLength(self.count, flexible: flexible)
        for element in self {
            element.encode(into: &buffer, version: version)
        }
    }
}

extension Array where Element: WirePartedStruct {
    package func encode(into parts: inout OutputParts, version: Int16, flexible: Bool) {
        parts.buffer.writeLength(self.count, flexible: flexible)
        for element in self {
            element.encode(into: &parts, version: version)
        }
    }
}
