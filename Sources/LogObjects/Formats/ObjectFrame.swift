internal import Model
internal import NIOCore
internal import RecordBatch

/// What the objects of the engine have around their content.
///
/// | bytes | |
/// | --- | --- |
/// | 8 | which format it is |
/// | 4, 8, 8 | broker, incarnation and number of the writer |
/// | 4 | CRC-32C of those before |
/// | … | content, and behind it a footer |
/// | 8, 4, 4 | position, length and CRC-32C of the footer |
/// | 8 | size of the object |
/// | 8 | `MLRCEND1` |
///
/// Numbers are big-endian.
enum ObjectFrame {
    static let headerBytes = 32
    static let trailerBytes = 32
    private static let endMagic = Array("MLRCEND1".utf8)

    static func header(_ magic: [UInt8], writer: Incarnation, number: Int64) -> ByteBuffer {
        var head = ByteBuffer()
        head.reserveCapacity(Self.headerBytes)
        head.writeBytes(magic)
        head.writeInteger(writer.broker.rawValue)
        head.writeInteger(writer.number)
        head.writeInteger(number)
        head.writeInteger(head.withUnsafeReadableBytes { CRC32C.checksum($0) })
        return head
    }

    /// Who wrote a whole object. Its checksum and its least length are verified.
    static func readHeader(
        _ magic: [UInt8],
        of object: ByteBuffer
    ) throws(ObjectCodingError) -> (writer: Incarnation, number: Int64) {
        guard object.readableBytes >= Self.headerBytes + Self.trailerBytes else { throw .truncated }
        var head = object
        let checksum = object.getSlice(at: object.readerIndex, length: Self.headerBytes - 4)
            .map { $0.withUnsafeReadableBytes { CRC32C.checksum($0) } }
        guard head.readBytes(length: 8) == magic else { throw .damaged("An object is not one of this engine.") }
        let broker = BrokerID(try head.readFixed(as: Int32.self))
        let writer = Incarnation(broker: broker, number: try head.readFixed(as: Int64.self))
        let number = try head.readFixed(as: Int64.self)
        guard try head.readFixed(as: UInt32.self) == checksum else {
            throw .damaged("The header of an object fails its checksum.")
        }
        return (writer, number)
    }

    /// Appends the trailer to a footer that begins at a position of the object.
    static func close(_ footer: inout ByteBuffer, at position: Int) {
        let length = footer.readableBytes
        let checksum = footer.withUnsafeReadableBytes { CRC32C.checksum($0) }
        footer.writeInteger(UInt64(position))
        footer.writeInteger(UInt32(length))
        footer.writeInteger(checksum)
        footer.writeInteger(UInt64(position + length + Self.trailerBytes))
        footer.writeBytes(Self.endMagic)
    }

    /// Where the footer of an object is, and its CRC-32C.
    ///
    /// - Parameters:
    ///   - trailer: the last `trailerBytes` of the object.
    ///   - size: of the object.
    static func readTrailer(
        _ trailer: ByteBuffer,
        size: Int
    ) throws(ObjectCodingError) -> (footer: Range<Int>, checksum: UInt32) {
        var trailer = trailer
        let position = try trailer.readFixed(as: UInt64.self)
        let length = Int(try trailer.readFixed(as: UInt32.self))
        let checksum = try trailer.readFixed(as: UInt32.self)
        let stored = try trailer.readFixed(as: UInt64.self)
        guard trailer.readBytes(length: 8) == Self.endMagic, stored == UInt64(size),
            let start = Int(exactly: position), start >= Self.headerBytes, start <= size - Self.trailerBytes,
            length == size - Self.trailerBytes - start
        else { throw .damaged("The trailer of an object contradicts it.") }
        return (start..<start + length, checksum)
    }
}
