internal import Model
package import NIOCore
internal import RecordBatch

/// Bytes in a compacted object, with their checksum: batches, an index, or what is known of producers.
///
/// As it is stored: broker, incarnation and number of the object, position, length (LEB128), CRC-32C (4 bytes).
/// Whether the object is shared is a bit among the flags of what refers to it.
package struct ObjectSection: Hashable, Sendable {
    package var object: CompactedObjectName
    package var position: Int
    package var length: Int
    /// CRC-32C of the bytes.
    package var checksum: UInt32
    /// The object has sections of several partitions: it is counted who still refers to it (`SharedObject`), and
    /// deleted when nobody does. One that is not shared is garbage as soon as its partition does not name it.
    package var isShared: Bool

    package init(object: CompactedObjectName, position: Int, length: Int, checksum: UInt32, isShared: Bool) {
        self.object = object
        self.position = position
        self.length = length
        self.checksum = checksum
        self.isShared = isShared
    }

    /// The position behind it.
    package var end: Int { self.position + self.length }

    /// The bytes as a ranged read brought them.
    ///
    /// - Throws: `.truncated`, or `.damaged` when they fail their checksum.
    package func verified(_ bytes: ByteBuffer) throws(ObjectCodingError) -> ByteBuffer {
        guard bytes.readableBytes == self.length else { throw .truncated }
        guard bytes.withUnsafeReadableBytes({ CRC32C.checksum($0) }) == self.checksum else {
            throw .damaged("The section at \(self.position) of \(self.object) fails its checksum.")
        }
        return bytes
    }

    func write(to buffer: inout ByteBuffer) {
        buffer.writeNumber(self.object.writer.broker.rawValue)
        buffer.writeNumber(self.object.writer.number)
        buffer.writeNumber(self.object.number)
        buffer.writeNumber(self.position)
        buffer.writeNumber(self.length)
        buffer.writeInteger(self.checksum)
    }

    init(from buffer: inout ByteBuffer, isShared: Bool) throws(ObjectCodingError) {
        let broker = BrokerID(try buffer.readNumber(as: Int32.self))
        let writer = Incarnation(broker: broker, number: try buffer.readNumber(as: Int64.self))
        let object = CompactedObjectName(writer: writer, number: try buffer.readNumber(as: Int64.self))
        let position = try buffer.readNumber(as: Int.self)
        let length = try buffer.readNumber(as: Int.self)
        guard length > 0, !position.addingReportingOverflow(length).overflow else {
            throw .damaged("A section of an object is empty, or ends beyond all sizes.")
        }
        self.init(
            object: object,
            position: position,
            length: length,
            checksum: try buffer.readFixed(as: UInt32.self),
            isShared: isShared
        )
    }
}
