import Model
import NIOCore
import RecordBatch

extension FuzzTarget {
    static let records: [FuzzTarget] = [
        FuzzTarget(name: "batches", seeds: { Self.batchSeeds().map { .choosing(9, $0) } }, read: Self.readBatches),
        FuzzTarget(name: "payloads", seeds: Self.payloadSeeds, read: Self.readPayload),
    ]

    /// A batch of each codec, one with a producer, one of a transaction, a marker, and two back to back.
    static func batchSeeds() -> [ByteBuffer] {
        var seeds = CompressionCodec.allCases.map { Self.batch(RecordBatchBuilder.Options(compression: $0)) }
        let producer = ProducerID(7)
        seeds.append(
            Self.batch(
                .init(baseOffset: 3, producerID: producer, producerEpoch: ProducerEpoch(1), baseSequence: 4)
            )
        )
        seeds.append(
            Self.batch(
                .init(
                    baseOffset: 6,
                    producerID: producer,
                    producerEpoch: ProducerEpoch(1),
                    baseSequence: 7,
                    isTransactional: true
                )
            )
        )
        let marker = ControlRecord(kind: .abort, coordinatorEpoch: 3)
        seeds.append(
            marker.encodeBatch(producerID: producer, producerEpoch: ProducerEpoch(1), timestamp: 1_000).buffer
        )
        var both = seeds[0]
        both.writeImmutableBuffer(seeds[5])
        seeds.append(both)
        return seeds
    }

    static func batch(_ options: RecordBatchBuilder.Options) -> ByteBuffer {
        var builder = RecordBatchBuilder(options: options)
        builder.append(
            key: ByteBuffer(string: "key"),
            value: ByteBuffer(string: String(repeating: "value ", count: 20)),
            headers: [("name", ByteBuffer(string: "x")), ("none", nil)],
            timestamp: 1_700_000_000_000
        )
        builder.append(key: nil, value: ByteBuffer(string: "v"), timestamp: 1_700_000_000_001)
        builder.append(key: ByteBuffer(string: "k"), value: nil, timestamp: 1_699_999_999_999)
        do {
            return try builder.finish()
        } catch {
            fatalError("\(error)")
        }
    }

    /// Gives every batch the checksum that it should have, so that what lies behind the check is read as well.
    static func fixChecksums(_ bytes: inout [UInt8]) {
        var start = 0
        while start + RecordBatchHeader.encodedLength <= bytes.count {
            let length = bytes[(start + 8)..<(start + 12)].reduce(0) { $0 << 8 | Int($1) }
            let size = length + RecordBatchHeader.overheadLength
            guard size >= RecordBatchHeader.encodedLength, size <= bytes.count - start else { return }
            let crc = bytes.withUnsafeBytes { all in
                CRC32C.checksum(
                    UnsafeRawBufferPointer(
                        rebasing: all[(start + RecordBatchHeader.checksummedPosition)..<(start + size)]
                    )
                )
            }
            for index in 0..<4 {
                bytes[start + RecordBatchHeader.crcPosition + index] = UInt8(
                    truncatingIfNeeded: crc >> (24 - 8 * index)
                )
            }
            start += size
        }
    }

    /// The first byte: 1 with fixed checksums, 2 as a client's, 4 looking at the header only, 8 with required keys.
    private static func readBatches(_ input: ByteBuffer) {
        guard let (choice, rest) = input.split() else { return }
        var bytes = rest.allBytes
        if choice & 1 != 0 { Self.fixChecksums(&bytes) }
        let batches = ByteBuffer(bytes: bytes)
        let limits = RecordBatchLimits(
            decompressedBytesMax: 1 << 20,
            timestamps: choice & 2 != 0 ? 0...2_000_000_000_000 : nil,
            requiresKeys: choice & 8 != 0
        )
        let validated = try? RecordBatchValidation.validate(
            batches,
            limits: limits,
            context: choice & 2 != 0 ? .produce(version: 9) : .replay,
            depth: choice & 4 != 0 ? .header : .records
        )
        let wholeRead = Self.readEveryRecord(batches)
        if validated != nil, choice & 4 == 0 {
            Self.require(wholeRead, "records of a batch that was accepted cannot be read")
        }
        var cursor = BatchCursor(batches, verifiesChecksums: false)
        while let batch = try? cursor.nextWhole() {
            _ = try? batch.verifyChecksum()
            if batch.header.attributes.isControl { _ = try? ControlRecord.read(batch.header, batch.payload) }
        }
    }

    /// Both readers see the same records. Returns false when one of them found a fault.
    @discardableResult
    private static func readEveryRecord(_ batches: ByteBuffer) -> Bool {
        var visited: [Int64] = []
        let isWhole: Bool
        do throws(RecordBatchError) {
            try RecordReader.forEachRecord(in: batches, from: .min, decompressedBytesMax: 1 << 20) {
                header,
                record in
                visited.append(header.offset(of: record.offsetDelta) &+ Int64(record.value?.count ?? -1))
                return visited.count < 10_000
            }
            isWhole = true
        } catch {
            isWhole = false
        }
        var read: [Int64] = []
        do throws(RecordBatchError) {
            var cursor = BatchCursor(batches)
            while let batch = try cursor.next() {
                var reader = try batch.records(decompressedBytesMax: 1 << 20)
                while read.count < 10_000, let record = try reader.next() {
                    read.append(record.offset &+ Int64(record.value?.readableBytes ?? -1))
                    _ = record.headers.map { $0.key.utf8.count }
                }
                if read.count >= 10_000 { break }
            }
            Self.require(!isWhole || visited == read, "the two readers see different records")
        } catch {
            // Only one of them looks at the codec of a batch without records.
            Self.require(
                !isWhole || error.code == .unsupportedCompression,
                "one reader reads what the other refuses: \(error)"
            )
        }
        return isWhole
    }

    private static func payloadSeeds() -> [ByteBuffer] {
        CompressionCodec.allCases.dropFirst().map { codec in
            var batch = Self.batch(.init(compression: codec))
            batch.moveReaderIndex(forwardBy: RecordBatchHeader.encodedLength)
            return .choosing(Int(codec.rawValue), batch.slice())
        }
    }

    /// The payload alone, behind a header that is right: the first byte names the codec.
    private static func readPayload(_ input: ByteBuffer) {
        guard let (choice, payload) = input.split() else { return }
        var whole = Self.batch(.init())
        whole = whole.getSlice(at: whole.readerIndex, length: RecordBatchHeader.encodedLength) ?? ByteBuffer()
        whole.setInteger(Int32(RecordBatchHeader.encodedLength - 12 + payload.readableBytes), at: 8)
        whole.setInteger(Int16(1 + choice % 4), at: 21)
        whole.writeImmutableBuffer(payload)
        Self.readEveryRecord(whole)
        var bytes = whole.allBytes
        Self.fixChecksums(&bytes)
        _ = try? RecordBatchValidation.validate(
            ByteBuffer(bytes: bytes),
            limits: RecordBatchLimits(decompressedBytesMax: 1 << 20),
            context: .produce(version: 9)
        )
    }
}
