package import NIOCore

/// Variable-length integers: seven bits a byte, lowest first, the top bit set on all but the last byte.
extension ByteBuffer {
    /// Reads at most five bytes.
    package mutating func readUnsignedVarint() throws(WireError) -> UInt32 {
        if let byte = self.getInteger(at: self.readerIndex, as: UInt8.self), byte < 0x80 {
            self.moveReaderIndex(forwardBy: 1)
            return UInt32(byte)
        }
        return UInt32(truncatingIfNeeded: try self.readVarintSlowly())
    }

    package mutating func writeUnsignedVarint(_ value: UInt32) {
        var rest = value
        while rest >= 0x80 {
            self.writeInteger(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        self.writeInteger(UInt8(truncatingIfNeeded: rest))
    }

    @inline(never)
    package mutating func readVarintSlowly() throws(WireError) -> UInt64 {
        let start = self.readerIndex
        var value: UInt64 = 0
        var shift = 0
        let bits = 32
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
