import CSystemZlib
import CSystemZstd
import Model
import NIOCore
import TestSupport
import Testing

@testable import RecordBatch

/// The walk of compressed records: the same rules as for plain ones, in memory that does not grow with the records.
@Suite struct CompressedWalkTests {
    private static let codecs: [CompressionCodec] = [.gzip, .snappy, .lz4, .zstd]

    /// As `batch`, compressed: the same payload bytes and header.
    private func compressed(_ plain: ByteBuffer, _ codec: CompressionCodec, recordCount: Int32) throws -> ByteBuffer {
        let payload = try #require(plain.getSlice(at: 61, length: plain.readableBytes - 61))
        var packed = ByteBuffer()
        try Compressor.compress(payload, with: codec, into: &packed)
        return BatchFixtures.raw(packed, codec: codec.rawValue, recordCount: recordCount) {
            $0.baseTimestamp = 1_700_000_000_000
        }
    }

    @Test(arguments: codecs)
    func `a changed byte is judged in a compressed payload as in a plain one`(codec: CompressionCodec) throws {
        let limits = RecordBatchLimits(timestamps: 1_699_999_999_990...1_700_000_000_019)
        let plain = try BatchFixtures.batch(count: 4)
        var random = SeededGenerator(seed: 11)
        for index in RecordBatchHeader.encodedLength..<plain.readableBytes {
            for _ in 0..<6 {
                var changed = plain
                changed.setInteger(UInt8.random(in: 0...255, using: &random), at: index)
                let payload = try #require(changed.getSlice(at: 61, length: changed.readableBytes - 61))
                let raw = BatchFixtures.raw(payload, recordCount: 4) { $0.baseTimestamp = 1_700_000_000_000 }
                let expected = BatchFixtures.code(of: raw, limits: limits)
                let found = BatchFixtures.code(
                    of: try self.compressed(changed, codec, recordCount: 4),
                    limits: limits
                )
                #expect(found == expected, "byte \(index)")
            }
        }
    }

    @Test(arguments: codecs)
    func `the largest timestamp is that of the records, not the header's`(codec: CompressionCodec) throws {
        let batch = try self.compressed(try BatchFixtures.batch(count: 9), codec, recordCount: 9)
        let validated = try RecordBatchValidation.validate(batch, context: .produce(version: 12))
        #expect(validated.headers[0].maxTimestamp == 1_000)
        #expect(validated.maxTimestamps == [1_700_000_000_008])
        let believed = try RecordBatchValidation.validate(batch, context: .produce(version: 12), depth: .header)
        #expect(believed.maxTimestamps == [1_000])
    }

    @Test(arguments: codecs, [Int32(1), 8, 10, 1_000])
    func `a wrong count is refused`(codec: CompressionCodec, count: Int32) throws {
        let batch = try self.compressed(try BatchFixtures.batch(count: 9), codec, recordCount: count)
        #expect(BatchFixtures.code(of: batch) == .badCount)
        #expect(BatchFixtures.code(of: batch, depth: .header) == nil)
    }

    /// Values, keys and headers longer than the window, at each place of a record.
    @Test(arguments: codecs, [65_520, 65_536, 70_000, 300_000])
    func `records longer than the window are walked`(codec: CompressionCodec, length: Int) throws {
        var random = SeededGenerator(seed: UInt64(length))
        let long = ByteBuffer(bytes: (0..<length).map { _ in UInt8.random(in: 0...15, using: &random) })
        let short = ByteBuffer(string: "s")
        var builder = RecordBatchBuilder(options: .init(compression: codec))
        builder.append(key: long, value: nil, timestamp: 1)
        builder.append(key: nil, value: long, headers: [("a", nil)], timestamp: 2)
        builder.append(key: short, value: short, headers: [("a", long), ("b", nil), ("c", short)], timestamp: 9)
        builder.append(key: long, value: long, headers: [("a", long)], timestamp: 4)
        let batch = try builder.finish()
        let limits = RecordBatchLimits(batchBytesMax: .max)
        let validated = try RecordBatchValidation.validate(batch, limits: limits, context: .produce(version: 12))
        #expect(validated.maxTimestamps == [9])
        let keyed = RecordBatchLimits(batchBytesMax: .max, requiresKeys: true)
        #expect(BatchFixtures.code(of: batch, limits: keyed) == .missingKey)
    }

    @Test func `long records with fields that contradict their length are malformed`() throws {
        let length = 70_000
        func payload(_ change: (inout [UInt8]) -> Void) throws -> ByteBuffer {
            var builder = RecordBatchBuilder(options: .init())
            let value = ByteBuffer(repeating: 1, count: length)
            builder.append(key: ByteBuffer(string: "k"), value: value, headers: [("h", nil)], timestamp: 0)
            var bytes = Array(try builder.finish().readableBytesView.dropFirst(61))
            change(&bytes)
            var packed = ByteBuffer()
            try Compressor.compress(ByteBuffer(bytes: bytes), with: .zstd, into: &packed)
            return packed
        }
        func code(_ change: (inout [UInt8]) -> Void = { _ in }) throws -> RecordBatchError.Code? {
            BatchFixtures.code(of: BatchFixtures.raw(try payload(change), codec: 4))
        }
        #expect(try code() == nil)
        // 3 bytes of length, attributes, two deltas, key length and key, 3 bytes of value length.
        for (place, byte) in [(3 + 3, UInt8(3)), (3 + 3, 0x80), (3 + 5, 0xFF), (3 + 5, 0x80)] {
            #expect(try code { $0[place] = byte } == .badRecord, "\(place) \(byte)")
        }
        // The header count, the key's length and the value's length at the record's end.
        for (place, byte) in [(4, UInt8(4)), (4, 1), (4, 0), (3, 1), (3, 6), (1, 3), (1, 2)] {
            #expect(try code { $0[$0.count - place] = byte } == .badRecord, "\(place) from the end: \(byte)")
        }
        #expect(try code { $0.removeLast() } == .badRecord)
        #expect(try code { $0.removeLast(60_000) } == .badRecord)
        #expect(try code { $0.append(0) } == .badCount)
    }

    @Test(arguments: codecs)
    func `the window does not grow with a record`(codec: CompressionCodec) throws {
        var builder = RecordBatchBuilder(options: .init(compression: codec))
        builder.append(key: nil, value: ByteBuffer(repeating: 0, count: 64 << 20), timestamp: 0)
        let batch = try builder.finish()
        var cursor = BatchCursor(batch)
        let stored = try #require(try cursor.next())
        let window = try RecordWindow(stored.header, bytesMax: 128 << 20)
        try stored.payload.withUnsafeReadableBytes { payload in
            let shape = try window.nextShape(from: payload, index: 0)
            #expect(!shape.hasKey)
            try window.expectEnd(of: payload)
        }
        #expect(window.capacity <= 128 << 10)
    }

    /// A megabyte that gzip expands to a gigabyte, behind the start of one record that claims all of it.
    @Test func `a gigabyte in a megabyte is refused when the bound is reached`() throws {
        var packed = ByteBuffer()
        var start = ByteBuffer(bytes: [0xFE, 0xFF, 0xFF, 0x7F, 0, 0, 0, 1])
        start.writeRepeatingByte(0x80, count: 1)
        start.writeRepeatingByte(0, count: 1 << 20)
        var zeros = ByteBuffer()
        try Compressor.compress(ByteBuffer(repeating: 0, count: 1 << 20), with: .gzip, into: &zeros)
        try Compressor.compress(start, with: .gzip, into: &packed)
        for _ in 0..<1_000 { packed.writeImmutableBuffer(zeros) }
        #expect(packed.readableBytes < 2 << 20)
        let batch = BatchFixtures.raw(packed, codec: 1)
        let limits = RecordBatchLimits(batchBytesMax: 4 << 20)
        let code = BatchFixtures.code(of: batch, limits: limits)
        #expect(code == .badRecord || code == .decompressedTooLarge)
    }
}
