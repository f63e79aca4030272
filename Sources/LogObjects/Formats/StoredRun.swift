internal import LogCore
internal import Model
package import NIOCore
internal import RecordBatch

/// A run as it is read back.
package enum StoredRun {
    /// The bytes of a run in a whole object.
    ///
    /// - Throws: `.damaged` when they fail their checksum.
    package static func verified(
        _ run: FlushRun,
        in object: ByteBuffer
    ) throws(ObjectCodingError) -> ByteBuffer {
        guard let bytes = object.getSlice(at: object.readerIndex + run.position, length: run.length) else {
            throw .truncated
        }
        return try Self.verified(run, bytes)
    }

    /// The bytes of a run as a ranged read brought them.
    package static func verified(_ run: FlushRun, _ bytes: ByteBuffer) throws(ObjectCodingError) -> ByteBuffer {
        guard bytes.readableBytes == run.length else { throw .truncated }
        guard bytes.withUnsafeReadableBytes({ CRC32C.checksum($0) }) == run.checksum else {
            throw .damaged("A run of \(run.partition) at offset \(run.baseOffset) fails its checksum.")
        }
        return bytes
    }

    /// The batches of a run with their offsets and leader epoch: for each the patched header and its payload, which
    /// stays where it is.
    ///
    /// - Parameter bytes: verified.
    package static func parts(_ run: FlushRun, _ bytes: ByteBuffer) throws(ObjectCodingError) -> [ByteBuffer] {
        var parts: [ByteBuffer] = []
        var next = run.baseOffset
        var cursor = BatchCursor(bytes)
        do throws(RecordBatchError) {
            while let batch = try cursor.next() {
                let header = RecordBatchPatch.assigned(batch.header, baseOffset: next, leaderEpoch: run.leaderEpoch)
                var head = ByteBuffer()
                head.reserveCapacity(RecordBatchHeader.encodedLength)
                header.write(to: &head)
                parts += [head, batch.payload]
                next = header.nextOffset
            }
        } catch {
            throw .damaged("A run of \(run.partition) at offset \(run.baseOffset) is not record batches: \(error)")
        }
        guard next == run.endOffset else {
            throw .damaged(
                "A run of \(run.partition) at offset \(run.baseOffset) ends at \(next), not \(run.endOffset)."
            )
        }
        return parts
    }
}
