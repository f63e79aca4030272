internal import Model
package import NIOCore
internal import RecordBatch

/// Kafka's `<offset>.snapshot` file: the producers of a partition as they were when the log ended at `<offset>`.
///
/// Big-endian: version (2, always 1), CRC-32C of everything after it (4), count (4), then 46 bytes an entry:
/// producer ID (8), epoch (2), last sequence (4), last offset (8), offset delta of the last batch (4), last
/// timestamp (8), coordinator epoch (4), first offset of the open transaction or -1 (8).
///
/// Only the last of the five batches is kept, as in Kafka, so after a restart from a snapshot older repetitions are out
/// of order; batches after the snapshot are replayed from the log and remembered.
package enum ProducerSnapshot {
    private static let version: Int16 = 1
    private static let entrySizeBytes = 46
    private static let checksummedPosition = 6

    package static func encode(_ table: ProducerTable) -> ByteBuffer {
        let entries = table.sorted
        var buffer = ByteBufferAllocator().buffer(capacity: 10 + entries.count * Self.entrySizeBytes)
        buffer.writeInteger(Self.version)
        buffer.writeInteger(UInt32(0))
        buffer.writeInteger(Int32(clamping: entries.count))
        for (id, entry) in entries {
            let last = entry.lastBatch
            buffer.writeInteger(id.rawValue)
            buffer.writeInteger(entry.epoch.rawValue)
            buffer.writeInteger(last?.lastSequence ?? -1)
            buffer.writeInteger(last?.lastOffset ?? -1)
            buffer.writeInteger(last?.offsetDelta ?? 0)
            buffer.writeInteger(entry.lastTimestamp)
            buffer.writeInteger(entry.coordinatorEpoch)
            buffer.writeInteger(entry.transactionFirstOffset ?? -1)
        }
        buffer.setInteger(Self.checksum(buffer), at: buffer.readerIndex + 2)
        return buffer
    }

    /// `nil` when the bytes are damaged or of another version; older snapshots or the log itself then serve.
    package static func decode(_ bytes: ByteBuffer) -> ProducerTable? {
        var buffer = bytes
        guard buffer.readableBytes >= 10, buffer.readInteger(as: Int16.self) == Self.version,
            buffer.readInteger(as: UInt32.self) == Self.checksum(bytes),
            let count = buffer.readInteger(as: Int32.self), count >= 0,
            buffer.readableBytes == Int(count) * Self.entrySizeBytes
        else { return nil }
        var table = ProducerTable()
        for _ in 0..<count {
            guard let id = buffer.readInteger(as: Int64.self),
                let epoch = buffer.readInteger(as: Int16.self),
                let last = buffer.readMultipleIntegers(as: (Int32, Int64, Int32, Int64, Int32, Int64).self)
            else { return nil }
            let batch =
                last.1 >= 0
                ? ProducerEntry.Batch(
                    lastSequence: last.0,
                    offsetDelta: max(0, last.2),
                    lastOffset: last.1
                ) : nil
            table[ProducerID(id)] = ProducerEntry(
                epoch: ProducerEpoch(epoch),
                coordinatorEpoch: last.4,
                lastTimestamp: last.3,
                transactionFirstOffset: last.5 >= 0 ? last.5 : nil,
                lastBatch: batch
            )
        }
        return table
    }

    private static func checksum(_ buffer: ByteBuffer) -> UInt32 {
        buffer.withUnsafeReadableBytes { bytes in
            CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[Self.checksummedPosition...]))
        }
    }
}
