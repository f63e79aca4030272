internal import Model
package import NIOCore
internal import RecordBatch

/// Kafka's `<offset>.snapshot` file: the producers of a partition as they were when the log ended at `<offset>`.
///
/// Big-endian: version (2, always 1), CRC-32C of everything after it (4), count (4), then 46 bytes an entry:
/// producer ID (8), epoch (2), last sequence (4), last offset (8), offset delta of the last batch (4), last
/// timestamp (8), coordinator epoch (4), first offset of the open transaction or -1 (8).
///
/// Kafka keeps only the last batch of a producer. A producer that repeats its last five after a restart is then told
/// that they are out of order, which is fatal to it. So our own files add `MRB5` (4) and, for each entry in the
/// same order, the number of its earlier batches (1) and 16 bytes a batch, oldest first: last sequence (4), offset
/// delta (4), last offset (8). Kafka's reader checks the checksum up to the end of the file and reads as many entries
/// as are counted. A file without that part, as Kafka writes it, is read as well.
package enum ProducerSnapshot {
    private static let version: Int16 = 1
    private static let entrySizeBytes = 46
    private static let checksummedPosition = 6
    private static let earlierMark = UInt32(0x4D52_4235)
    private static let batchSizeBytes = 16
    /// What a producer takes at most, with all the batches that are remembered.
    package static let producerSizeBytesMax = entrySizeBytes + 1 + (ProducerEntry.batchesMax - 1) * batchSizeBytes

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
        if entries.contains(where: { $0.1.batchCount > 1 }) {
            buffer.writeInteger(Self.earlierMark)
            for (_, entry) in entries { Self.writeEarlier(entry, to: &buffer) }
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
            Int(count) <= buffer.readableBytes / Self.entrySizeBytes
        else { return nil }
        guard let entries = buffer.readSlice(length: Int(count) * Self.entrySizeBytes) else { return nil }
        var earlier = buffer
        // Without the mark it is Kafka's own form.
        let hasEarlier = earlier.readableBytes > 0
        if hasEarlier, earlier.readInteger(as: UInt32.self) != Self.earlierMark { return nil }
        buffer = entries
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
            var entry = ProducerEntry(
                epoch: ProducerEpoch(epoch),
                coordinatorEpoch: last.4,
                lastTimestamp: last.3,
                transactionFirstOffset: last.5 >= 0 ? last.5 : nil
            )
            if hasEarlier, !Self.readEarlier(&entry, from: &earlier) { return nil }
            if let batch { entry.append(batch) }
            table[ProducerID(id)] = entry
        }
        guard earlier.readableBytes == 0 else { return nil }
        return table
    }

    private static func writeEarlier(_ entry: ProducerEntry, to buffer: inout ByteBuffer) {
        let count = max(0, entry.batchCount - 1)
        buffer.writeInteger(UInt8(count))
        for index in 0..<count {
            let batch = entry.batch(at: index)
            buffer.writeInteger(batch.lastSequence)
            buffer.writeInteger(batch.offsetDelta)
            buffer.writeInteger(batch.lastOffset)
        }
    }

    /// False when the bytes end too early, or have more batches than a producer can.
    private static func readEarlier(_ entry: inout ProducerEntry, from buffer: inout ByteBuffer) -> Bool {
        guard let count = buffer.readInteger(as: UInt8.self), count < ProducerEntry.batchesMax else { return false }
        for _ in 0..<count {
            guard let batch = buffer.readMultipleIntegers(as: (Int32, Int32, Int64).self) else { return false }
            entry.append(
                ProducerEntry.Batch(lastSequence: batch.0, offsetDelta: max(0, batch.1), lastOffset: batch.2)
            )
        }
        return true
    }

    private static func checksum(_ buffer: ByteBuffer) -> UInt32 {
        buffer.withUnsafeReadableBytes { bytes in
            CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[Self.checksummedPosition...]))
        }
    }
}
