internal import Model
package import NIOCore
internal import RecordBatch

/// A write-ahead object: the batches of many partitions, and a table of them that makes it readable without etcd.
///
/// | bytes | |
/// | --- | --- |
/// | 8 | `MLRCWAL1` |
/// | 4, 8, 8 | broker, incarnation, sequence of the writer |
/// | 4 | CRC-32C of those before |
/// | … | runs: record batches v2 as they were received, partition by partition |
/// | … | footer: `RunTable` without offsets |
/// | 8, 4, 4 | position, length and CRC-32C of the footer |
/// | 8 | size of the object |
/// | 8 | `MLRCEND1` |
///
/// Numbers are big-endian. The object knows no offsets: base offset and leader epoch lie outside a batch's checksum and
/// are patched when it is read (`StoredRun`).
package enum FlushObject {
    private static let magic = Array("MLRCWAL1".utf8)
    private static let endMagic = Array("MLRCEND1".utf8)
    package static let headerBytes = 32
    package static let trailerBytes = 32

    /// The header, footer and trailer around the runs, whose bytes are sent as they are.
    ///
    /// - Parameters:
    ///   - name: the attempt is not part of the bytes: all attempts of a flush are the same.
    ///   - runs: one behind the other from `headerBytes` on.
    ///   - batches: the bytes of the runs, in their order.
    package static func parts(
        writer: Incarnation,
        sequence: Int64,
        runs: [FlushRun],
        batches: [ByteBuffer]
    ) -> [ByteBuffer] {
        var head = ByteBuffer()
        head.reserveCapacity(Self.headerBytes)
        head.writeBytes(Self.magic)
        head.writeInteger(writer.broker.rawValue)
        head.writeInteger(writer.number)
        head.writeInteger(sequence)
        head.writeInteger(head.withUnsafeReadableBytes { CRC32C.checksum($0) })
        let footerPosition = Self.headerBytes + runs.reduce(0) { $0 + $1.length }
        precondition(
            batches.reduce(Self.headerBytes) { $0 + $1.readableBytes } == footerPosition,
            "the runs are the batches"
        )
        var tail = ByteBuffer()
        RunTable.write(runs, withOffsets: false, to: &tail)
        let footerLength = tail.readableBytes
        let checksum = tail.withUnsafeReadableBytes { CRC32C.checksum($0) }
        tail.writeInteger(UInt64(footerPosition))
        tail.writeInteger(UInt32(footerLength))
        tail.writeInteger(checksum)
        tail.writeInteger(UInt64(footerPosition + footerLength + Self.trailerBytes))
        tail.writeBytes(Self.endMagic)
        return [head] + batches + [tail]
    }

    /// Who wrote an object, and its runs; every checksum is verified. For audits, and where etcd is lost.
    package static func inspect(
        _ object: ByteBuffer
    ) throws(ObjectCodingError) -> (writer: Incarnation, sequence: Int64, runs: [FlushRun]) {
        guard object.readableBytes >= Self.headerBytes + Self.trailerBytes else { throw .truncated }
        let start = object.readerIndex
        var head = object
        let headChecksum = object.getSlice(at: start, length: Self.headerBytes - 4)
            .map { $0.withUnsafeReadableBytes { CRC32C.checksum($0) } }
        guard head.readBytes(length: 8) == Self.magic else { throw .damaged("An object is not one of this engine.") }
        let broker = BrokerID(try head.readFixed(as: Int32.self))
        let writer = Incarnation(broker: broker, number: try head.readFixed(as: Int64.self))
        let sequence = try head.readFixed(as: Int64.self)
        guard try head.readFixed(as: UInt32.self) == headChecksum else {
            throw .damaged("The header of an object fails its checksum.")
        }
        var trailer = object
        trailer.moveReaderIndex(to: object.writerIndex - Self.trailerBytes)
        let position = try trailer.readFixed(as: UInt64.self)
        let length = Int(try trailer.readFixed(as: UInt32.self))
        let checksum = try trailer.readFixed(as: UInt32.self)
        let size = try trailer.readFixed(as: UInt64.self)
        guard trailer.readBytes(length: 8) == Self.endMagic, size == UInt64(object.readableBytes),
            position >= UInt64(Self.headerBytes), let footerStart = Int(exactly: position),
            footerStart <= object.readableBytes - Self.trailerBytes,
            length == object.readableBytes - Self.trailerBytes - footerStart,
            var footer = object.getSlice(at: start + footerStart, length: length),
            footer.withUnsafeReadableBytes({ CRC32C.checksum($0) }) == checksum
        else { throw .damaged("The trailer of an object contradicts it, or the footer fails its checksum.") }
        let runs = try RunTable.read(from: &footer, withOffsets: false, start: Self.headerBytes)
        let end = runs.last.map { $0.position + $0.length } ?? Self.headerBytes
        guard footer.readableBytes == 0, end == footerStart else {
            throw .damaged("The runs of an object are not all of it.")
        }
        for run in runs { _ = try StoredRun.verified(run, in: object) }
        return (writer, sequence, runs)
    }
}
