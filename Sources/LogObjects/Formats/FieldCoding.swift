internal import NIOCore

/// Numbers of the engine's formats: unsigned LEB128, zigzag for those that may be negative.
extension ByteBuffer {
    mutating func writeNumber(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            self.writeInteger(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        self.writeInteger(UInt8(truncatingIfNeeded: rest))
    }

    mutating func writeNumber(_ value: some BinaryInteger) { self.writeNumber(UInt64(value)) }

    mutating func writeSigned(_ value: some BinaryInteger) {
        let number = Int64(value)
        self.writeNumber(UInt64(bitPattern: (number << 1) ^ (number >> 63)))
    }

    mutating func readNumber() throws(ObjectCodingError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte: UInt8 = self.readInteger() else { throw .truncated }
            // The tenth byte holds one bit only.
            if shift == 63, byte > 1 { break }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw .damaged("A stored number is longer than 64 bits.")
    }

    /// A number that must fit a smaller type.
    mutating func readNumber<Value: FixedWidthInteger>(
        as type: Value.Type
    ) throws(ObjectCodingError) -> Value {
        guard let value = Value(exactly: try self.readNumber()) else {
            throw .damaged("A stored number is out of range.")
        }
        return value
    }

    mutating func readSigned<Value: FixedWidthInteger>(as type: Value.Type) throws(ObjectCodingError) -> Value {
        let number = try self.readNumber()
        guard let value = Value(exactly: Int64(bitPattern: number >> 1) ^ -Int64(bitPattern: number & 1)) else {
            throw .damaged("A stored number is out of range.")
        }
        return value
    }

    /// A count of things of which each takes some bytes: never more than the bytes that are there can hold.
    mutating func readCount(bytesEach: Int) throws(ObjectCodingError) -> Int {
        let count = try self.readNumber(as: Int.self)
        guard count <= self.readableBytes / bytesEach else { throw .truncated }
        return count
    }

    mutating func readFixed<Value: FixedWidthInteger>(as type: Value.Type) throws(ObjectCodingError) -> Value {
        guard let value: Value = self.readInteger() else { throw .truncated }
        return value
    }
}
