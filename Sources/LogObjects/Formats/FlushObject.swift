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
    package static let headerBytes = ObjectFrame.headerBytes
    package static let trailerBytes = ObjectFrame.trailerBytes

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
        let footerPosition = Self.headerBytes + runs.reduce(0) { $0 + $1.length }
        precondition(
            batches.reduce(Self.headerBytes) { $0 + $1.readableBytes } == footerPosition,
            "the runs are the batches"
        )
        var tail = ByteBuffer()
        RunTable.write(runs, withOffsets: false, to: &tail)
        ObjectFrame.close(&tail, at: footerPosition)
        return [ObjectFrame.header(Self.magic, writer: writer, number: sequence)] + batches + [tail]
    }

    /// Who wrote an object, and its runs; every checksum is verified. For audits, and where etcd is lost.
    package static func inspect(
        _ object: ByteBuffer
    ) throws(ObjectCodingError) -> (writer: Incarnation, sequence: Int64, runs: [FlushRun]) {
        let (writer, sequence) = try ObjectFrame.readHeader(Self.magic, of: object)
        let start = object.readerIndex
        var trailer = object
        trailer.moveReaderIndex(to: object.writerIndex - Self.trailerBytes)
        let (range, checksum) = try ObjectFrame.readTrailer(trailer, size: object.readableBytes)
        guard var footer = object.getSlice(at: start + range.lowerBound, length: range.count),
            footer.withUnsafeReadableBytes({ CRC32C.checksum($0) }) == checksum
        else { throw .damaged("The footer of an object fails its checksum.") }
        let runs = try RunTable.read(from: &footer, withOffsets: false, start: Self.headerBytes)
        let end = runs.last.map { $0.position + $0.length } ?? Self.headerBytes
        guard footer.readableBytes == 0, end == range.lowerBound else {
            throw .damaged("The runs of an object are not all of it.")
        }
        for run in runs { _ = try StoredRun.verified(run, in: object) }
        return (writer, sequence, runs)
    }
}
