package import NIOCore

/// One tagged field (KIP-482): its number and its bytes.
package struct TaggedField {
    package var tag: UInt32
    package var payload: ByteBuffer

    /// Checks that the value took all the bytes that the field declared.
    package func requireEnd() throws(WireError) {
        guard self.payload.readableBytes == 0 else {
            throw WireError(
                .taggedFieldSize,
                position: self.payload.readerIndex,
                value: Int64(self.payload.readableBytes)
            )
        }
    }
}

extension ByteBuffer {
    /// Reads the number of tagged fields that follow. Each takes two bytes at least, so a larger number than the
    /// remaining bytes allow is refused.
    package mutating func readTaggedFieldCount() throws(WireError) -> Int {
        let position = self.readerIndex
        let count = Int(try self.readUnsignedVarint())
        guard count <= self.readableBytes / 2 else {
            throw WireError(.lengthTooLarge, position: position, value: Int64(count))
        }
        return count
    }

    package mutating func readTaggedField() throws(WireError) -> TaggedField {
        let tag = try self.readUnsignedVarint()
        let size = Int(try self.readUnsignedVarint())
        guard let payload = self.readSlice(length: size) else {
            throw WireError(.truncated, position: self.readerIndex, value: Int64(size))
        }
        return TaggedField(tag: tag, payload: payload)
    }

    /// Skips the tagged fields of a struct that knows none.
    package mutating func skipTaggedFields() throws(WireError) {
        let count = try self.readTaggedFieldCount()
        for _ in 0..<count {
            _ = try self.readTaggedField()
        }
    }

    package mutating func writeNoTaggedFields() {
        self.writeInteger(0, as: UInt8.self)
    }

    /// Starts a tagged field; returns what `endTaggedField` needs.
    package mutating func beginTaggedField(_ tag: UInt32) -> Int {
        self.writeUnsignedVarint(tag)
        self.writeInteger(0, as: UInt8.self)
        return self.writerIndex
    }

    /// Fills in the size of the field whose bytes begin at `start`. One byte was kept for it; a field of 128
    /// bytes or more is moved up to make room.
    package mutating func endTaggedField(_ start: Int) {
        let size = self.writerIndex - start
        guard size >= 0x80 else {
            self.setInteger(UInt8(size), at: start - 1)
            return
        }
        var scratch = ByteBuffer()
        scratch.writeUnsignedVarint(UInt32(size))
        let shift = scratch.readableBytes - 1
        self.writeRepeatingByte(0, count: shift)
        do {
            try self.copyBytes(at: start, to: start + shift, length: size)
        } catch {
            preconditionFailure("a tagged field lies outside its own buffer")
        }
        self.setBuffer(scratch, at: start - 1)
    }
}
