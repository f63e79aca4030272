import Model
import NIOCore
import Testing

@testable import RecordBatch

@Suite
struct ValidationTests {
    @Test(arguments: CompressionCodec.allCases)
    func `a batch cut at any length is rejected, never trapped`(codec: CompressionCodec) throws {
        let batch = try BatchFixtures.batch(codec)
        for length in 0..<batch.readableBytes {
            let cut = try #require(batch.getSlice(at: 0, length: length))
            let code = BatchFixtures.code(of: cut)
            #expect(code == (length == 0 ? .noBatch : .truncated))
            // The reader trusts no checksum, so it must survive the same on its own.
            _ = try? BatchFixtures.records(cut)
        }
    }

    @Test(arguments: CompressionCodec.allCases)
    func `a flipped bit anywhere is detected or lies outside the checksum`(codec: CompressionCodec) throws {
        let batch = try BatchFixtures.batch(codec, count: 6)
        for index in 0..<batch.readableBytes {
            for bit in [0, index % 7 + 1] {
                var flipped = batch
                let byte: UInt8 = try #require(batch.getInteger(at: index))
                flipped.setInteger(byte ^ 1 << bit, at: index)
                let code = BatchFixtures.code(of: flipped)
                // The leader epoch is the broker's to set; nothing checks what the client put there.
                if (12..<16).contains(index) { #expect(code == nil) } else { #expect(code != nil, "\(index) \(bit)") }
            }
        }
    }

    @Test(arguments: CompressionCodec.allCases)
    func `flipped payload bits with a right checksum never trap any reader`(codec: CompressionCodec) throws {
        let batch = try BatchFixtures.batch(codec, count: 6)
        let whole = try RecordBatchHeader(reading: batch, at: 0)
        for index in RecordBatchHeader.encodedLength..<batch.readableBytes {
            for bit in [0, index % 7 + 1] {
                var payload = try #require(
                    batch.getSlice(at: RecordBatchHeader.encodedLength, length: whole.payloadLength)
                )
                let at = payload.readerIndex + index - RecordBatchHeader.encodedLength
                let byte: UInt8 = try #require(payload.getInteger(at: at))
                payload.setInteger(byte ^ 1 << bit, at: at)
                let hostile = BatchFixtures.raw(payload, codec: codec.rawValue, recordCount: 6)
                _ = BatchFixtures.code(of: hostile)
                for record in (try? BatchFixtures.records(hostile)) ?? [] { _ = Array(record.headers) }
            }
        }
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let code: RecordBatchError.Code
        let change: @Sendable (inout RecordBatchHeader) -> Void

        init(
            _ name: String,
            _ code: RecordBatchError.Code,
            _ change: @escaping @Sendable (inout RecordBatchHeader) -> Void
        ) {
            self.testDescription = name
            self.code = code
            self.change = change
        }
    }

    static let headerCases = [
        Case("record count 0", .badCount) { $0.recordCount = 0 },
        Case("negative record count", .badCount) { $0.recordCount = -1 },
        Case("count beyond the records", .badCount) { $0.recordCount = 2 },
        Case("count and delta beyond the records", .badRecord) {
            $0.recordCount = 2
            $0.lastOffsetDelta = 1
        },
        Case("huge count", .badRecord) {
            $0.recordCount = Int32.max
            $0.lastOffsetDelta = Int32.max - 1
        },
        Case("negative last delta", .badCount) { $0.lastOffsetDelta = -1 },
        Case("base offset", .badBaseOffset) { $0.baseOffset = 7 },
        Case("negative base offset", .badCount) { $0.baseOffset = -1 },
        Case("control", .controlFromClient) { $0.attributes.isControl = true },
        Case("append time", .invalidTimestamp) { $0.attributes.isLogAppendTime = true },
        Case("delete horizon", .badRecord) { $0.attributes.hasDeleteHorizon = true },
        Case("codec 5", .unsupportedCompression) { $0.attributes = BatchAttributes(rawValue: 5) },
        Case("codec 7", .unsupportedCompression) { $0.attributes = BatchAttributes(rawValue: 7) },
        Case("producer without sequence", .badProducer) {
            $0.producerID = ProducerID(1)
            $0.producerEpoch = ProducerEpoch(0)
        },
        Case("producer without epoch", .badProducer) {
            $0.producerID = ProducerID(1)
            $0.baseSequence = 0
        },
        Case("transaction without producer", .badProducer) { $0.attributes.isTransactional = true },
        Case("length below the header", .badLength) { $0.batchLength = 48 },
        Case("negative length", .badLength) { $0.batchLength = -1 },
        Case("minimum length", .badLength) { $0.batchLength = Int32.min },
        Case("longer than the bytes", .tooLarge) { $0.batchLength = Int32.max },
        Case("one byte longer", .truncated) { $0.batchLength += 1 },
        Case("magic 3", .badMagic) { $0.magic = 3 },
        Case("magic -1", .badMagic) { $0.magic = -1 },
        Case("timestamps overflow", .invalidTimestamp) { $0.baseTimestamp = Int64.max },
    ]

    @Test(arguments: headerCases)
    func `a client's header that lies is refused with its own code`(example: Case) {
        // length 8, attributes, timestamp delta 1, offset delta 0, key "k", value null, no headers
        let payload = ByteBuffer(bytes: [14, 0, 2, 0, 2, 0x6B, 1, 0])
        #expect(BatchFixtures.code(of: BatchFixtures.raw(payload)) == nil)
        #expect(BatchFixtures.code(of: BatchFixtures.raw(payload, change: example.change)) == example.code)
    }

    @Test(
        arguments: [
            [14, 0, 2, 2, 2, 0x6B, 1, 0],  // offset delta 1 in the first record
            [14, 0, 2, 0, 3, 0x6B, 1, 0],  // key length -2
            [14, 0, 2, 0, 4, 0x6B, 1, 0],  // key eats the value's length
            [14, 0, 2, 0, 2, 0x6B, 1, 1],  // header count -1
            [14, 0, 2, 0, 2, 0x6B, 1, 2],  // a header that is not there
            [16, 0, 2, 0, 2, 0x6B, 1, 0],  // longer than the batch
            [12, 0, 2, 0, 2, 0x6B, 1, 0],  // shorter than the record
            [13, 0, 2, 0, 2, 0x6B, 1, 0],  // negative length
            [18, 0, 2, 0, 2, 0x6B, 1, 0, 0, 0],  // bytes left in the record
            [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F],  // a length without end
            [0xFE, 0xFF, 0xFF, 0xFF, 0x0F, 0, 0],  // length Int32.max
            [22, 0, 2, 0, 0xFE, 0xFF, 0xFF, 0xFF, 0x0F, 0, 0, 0],  // key length Int32.max
            [22, 0, 2, 0, 1, 1, 0xFE, 0xFF, 0xFF, 0xFF, 0x0F, 0],  // header count Int32.max
        ] as [[UInt8]]
    )
    func `a malformed record is refused, never trapped`(bytes: [UInt8]) {
        let batch = BatchFixtures.raw(ByteBuffer(bytes: bytes))
        #expect(BatchFixtures.code(of: batch) == .badRecord)
        _ = try? BatchFixtures.records(batch)
    }

    @Test func `offset deltas that repeat or skip within the batch are refused`() {
        for deltas: [UInt8] in [[0, 0], [2, 0], [0, 4, 2]] {
            // Zigzag: 0, 2 and 4 are 0, 1 and 2, so every delta is within the batch.
            let payload = ByteBuffer(bytes: deltas.flatMap { [14, 0, 2, $0, 2, 0x6B, 1, 0] })
            let batch = BatchFixtures.raw(payload, recordCount: Int32(deltas.count))
            #expect(BatchFixtures.code(of: batch) == .badRecord)
        }
    }

    @Test func `bytes after the last record are refused`() {
        let batch = BatchFixtures.raw(ByteBuffer(bytes: [14, 0, 2, 0, 2, 0x6B, 1, 0, 0]))
        #expect(BatchFixtures.code(of: batch) == .badCount)
    }

    @Test(arguments: CompressionCodec.allCases)
    func `a compacted topic takes no record without key`(codec: CompressionCodec) throws {
        var builder = RecordBatchBuilder(options: .init(compression: codec))
        builder.append(key: ByteBuffer(string: "k"), value: nil, timestamp: 1)
        builder.append(key: nil, value: ByteBuffer(string: "v"), timestamp: 1)
        let batch = try builder.finish()
        #expect(BatchFixtures.code(of: batch, depth: .header) == nil)
        let limits = RecordBatchLimits(requiresKeys: true)
        #expect(BatchFixtures.code(of: batch, limits: limits, depth: .header) == .missingKey)
    }

    @Test(arguments: CompressionCodec.allCases, [true, false])
    func `timestamps outside the topic's range are refused`(codec: CompressionCodec, isDeep: Bool) throws {
        let batch = try BatchFixtures.batch(codec)
        let range: ClosedRange<Timestamp> = 1_700_000_000_000...1_700_000_000_018
        let limits = RecordBatchLimits(timestamps: range)
        #expect(BatchFixtures.code(of: batch, limits: limits, depth: isDeep ? .records : .header) == .invalidTimestamp)
        let wide = RecordBatchLimits(timestamps: 0...1_700_000_000_019)
        #expect(BatchFixtures.code(of: batch, limits: wide, depth: isDeep ? .records : .header) == nil)
    }

    @Test func `zstd needs Produce version 7`() throws {
        let batch = try BatchFixtures.batch(.zstd)
        #expect(BatchFixtures.code(of: batch, context: .produce(version: 6)) == .unsupportedCompression)
        #expect(BatchFixtures.code(of: batch, context: .produce(version: 7)) == nil)
    }

    @Test func `a batch above max.message.bytes is too large, one at it is not`() throws {
        let batch = try BatchFixtures.batch()
        let size = batch.readableBytes
        #expect(BatchFixtures.code(of: batch, limits: .init(batchBytesMax: size - 1)) == .tooLarge)
        #expect(BatchFixtures.code(of: batch, limits: .init(batchBytesMax: size)) == nil)
    }

    @Test func `several batches are replayed in offset order but not produced`() throws {
        var both = try BatchFixtures.batch(count: 3)
        let later = try BatchFixtures.batch(.lz4, count: 2, options: .init(baseOffset: 3))
        both.writeImmutableBuffer(later)
        #expect(BatchFixtures.code(of: both) == .trailingBytes)
        let validated = try RecordBatchValidation.validate(both, context: .replay)
        #expect(validated.headers.map(\.baseOffset) == [0, 3])
        #expect(validated.recordCount == 5)
        var repeated = try BatchFixtures.batch(count: 3)
        repeated.writeImmutableBuffer(try BatchFixtures.batch(count: 3, options: .init(baseOffset: 2)))
        #expect(BatchFixtures.code(of: repeated, context: .replay) == .badBaseOffset)
    }

    @Test func `a batch that compaction thinned out is replayed`() {
        let empty = BatchFixtures.raw(ByteBuffer(), recordCount: 0) { $0.lastOffsetDelta = 9 }
        #expect(BatchFixtures.code(of: empty, context: .replay) == nil)
        // Offset delta 4 of 10, the only record left.
        let one = BatchFixtures.raw(ByteBuffer(bytes: [14, 0, 2, 8, 2, 0x6B, 1, 0])) { $0.lastOffsetDelta = 9 }
        #expect(BatchFixtures.code(of: one, context: .replay) == nil)
        #expect(BatchFixtures.code(of: one) == .badCount)
    }

    @Test func `validation works on a buffer whose reader index is past 16 MiB`() throws {
        var large = ByteBuffer()
        large.writeRepeatingByte(0, count: 17 << 20)
        large.writeImmutableBuffer(try BatchFixtures.batch())
        large.moveReaderIndex(forwardBy: 17 << 20)
        let validated = try RecordBatchValidation.validate(large, context: .produce(version: 9))
        #expect(try BatchFixtures.records(validated.buffer).count == 20)
    }
}
