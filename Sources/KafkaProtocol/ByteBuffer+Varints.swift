package import NIOCore

/// Variable-length integers: seven bits a byte, lowest first, the top bit set on all but the last byte. The signed
/// ones are zigzag-encoded first.
extension ByteBuffer {
    /// Reads at most five bytes.
    package mutating func readUnsignedVarint() throws(WireError) -> UInt32 {
        if let byte = self.getInteger(at: self.readerIndex, as: UInt8.self), byte < 0x80 {
            self.moveReaderIndex(forwardBy: 1)
            return UInt32(byte)
        }
        return UInt32(truncatingIfNeeded: try self.readVarintSlowly(bits: 32))
    }

    /// Reads at most ten bytes.
    package mutating func readUnsignedVarlong() throws(WireError) -> UInt64 {
        try self.readVarintSlowly(bits: 64)
    }

    package mutating func readVarint() throws(WireError) -> Int32 {
        let value = try self.readUnsignedVarint()
        return Int32(bitPattern: value >> 1) ^ -Int32(bitPattern: value & 1)
    }

    package mutating func writeUnsignedVarint(_ value: UInt32) {
        if value < 0x80 {
            self.writeInteger(UInt8(truncatingIfNeeded: value))
        } else {
            self.writeUnsignedVarlong(UInt64(value))
        }
    }

    package mutating func writeUnsignedVarlong(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            self.writeInteger(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        self.writeInteger(UInt8(truncatingIfNeeded: rest))
    }

    package mutating func writeVarint(_ value: Int32) {
        self.writeUnsignedVarint(UInt32(bitPattern: (value << 1) ^ (value >> 31)))
    }

    @inline(never)
    package mutating func readVarintSlowly(bits: Int) throws(WireError) -> UInt64 {
        let start = self.readerIndex
        var value: UInt64 = 0
        var shift = 0
        while shift < bits {
            guard let byte = self.readInteger(as: UInt8.self) else {
                throw WireError(.truncated, position: start, value: Int64(shift / 7 + 1))
            }
            let group = UInt64(byte & 0x7F)
            if bits - shift < 7, group >> UInt64(bits - shift) != 0 { break }
            value |= group << UInt64(shift)
            if byte < 0x80 { return value }
            shift += 7
        }
        throw WireError(.varintOverflow, position: start)
    }
}
