import CSystemZlib
import CSystemZstd
import Model
import NIOCore
import TestSupport
import Testing

@testable import RecordBatch

@Suite
struct DecompressionTests {
    /// A gigabyte of zeros in tens of kilobytes: many zstd frames.
    private func zstdBomb() -> ByteBuffer {
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        var frame = ByteBuffer()
        frame.writeWithUnsafeMutableBytes(minimumWritableBytes: 4_096) { room in
            zeros.withUnsafeBytes { ZSTD_compress(room.baseAddress, room.count, $0.baseAddress, $0.count, 3) }
        }
        var bomb = ByteBuffer()
        for _ in 0..<1_024 { bomb.writeImmutableBuffer(frame) }
        return bomb
    }

    /// One record that claims, and has, `length` bytes.
    private func record(_ length: Int, _ codec: CompressionCodec) throws -> ByteBuffer {
        var value = ByteBuffer()
        value.writeRepeatingByte(0, count: length)
        var builder = RecordBatchBuilder(options: .init(compression: codec))
        builder.append(key: nil, value: value, timestamp: 0)
        return try builder.finish()
    }

    @Test(arguments: [CompressionCodec.gzip, .snappy, .lz4, .zstd])
    func `a payload that expands beyond the bound is stopped`(codec: CompressionCodec) throws {
        let batch = try self.record(8 << 20, codec)
        let limits = RecordBatchLimits(decompressedBytesMax: 1 << 20)
        #expect(BatchFixtures.code(of: batch, limits: limits) == .decompressedTooLarge)
        #expect(BatchFixtures.code(of: batch) == nil)
        #expect(throws: RecordBatchError.self) { try BatchFixtures.records(batch, bytesMax: 1 << 20) }
    }

    @Test(arguments: [CompressionCodec.gzip, .snappy, .lz4, .zstd])
    func `a payload of exactly the bound passes, one byte more does not`(codec: CompressionCodec) throws {
        let batch = try self.record(200_000, codec)
        // length 3, attributes, timestamp, offset, key, value length 3, value, headers
        let exact = 200_000 + 3 + 1 + 1 + 1 + 1 + 3 + 1
        #expect(BatchFixtures.code(of: batch, limits: .init(decompressedBytesMax: exact)) == nil)
        #expect(
            BatchFixtures.code(of: batch, limits: .init(decompressedBytesMax: exact - 1)) == .decompressedTooLarge
        )
    }

    @Test func `a bomb of a thousand frames is stopped at the bound`() {
        let batch = BatchFixtures.raw(self.zstdBomb(), codec: 4, recordCount: Int32.max)
        let code = BatchFixtures.code(of: batch, limits: .init(decompressedBytesMax: 4 << 20))
        // Zeros are records of length 0, which are malformed before they are many.
        #expect(code == .badRecord)
        var payload = ByteBuffer(bytes: [0x80, 0x80, 0x80, 0x10])
        payload.writeRepeatingByte(0, count: 100)
        var frame = ByteBuffer()
        frame.writeWithUnsafeMutableBytes(minimumWritableBytes: 4_096) { room in
            payload.withUnsafeReadableBytes { ZSTD_compress(room.baseAddress, room.count, $0.baseAddress, $0.count, 3) }
        }
        frame.writeImmutableBuffer(self.zstdBomb())
        // A first record of 16 MiB, which the bound of 32 MiB allows: read as it comes, then malformed.
        let long = BatchFixtures.raw(frame, codec: 4, recordCount: 1)
        #expect(BatchFixtures.code(of: long, limits: .init(decompressedBytesMax: 32 << 20)) == .badRecord)
        #expect(BatchFixtures.code(of: long, limits: .init(decompressedBytesMax: 15 << 20)) == .decompressedTooLarge)
    }

    @Test(arguments: [CompressionCodec.gzip, .snappy, .lz4, .zstd])
    func `a payload cut short fails in the codec or the record, never traps`(codec: CompressionCodec) throws {
        let batch = try BatchFixtures.batch(codec)
        let header = try RecordBatchHeader(reading: batch, at: 0)
        for length in 0..<header.payloadLength {
            let cut = try #require(batch.getSlice(at: 61, length: length))
            let code = BatchFixtures.code(of: BatchFixtures.raw(cut, codec: codec.rawValue, recordCount: 20))
            #expect(code == .decompressionFailed || code == .badRecord || code == .badCount, "\(length)")
        }
    }

    @Test(arguments: [CompressionCodec.gzip, .snappy, .lz4, .zstd])
    func `garbage in place of a payload fails in the codec`(codec: CompressionCodec) {
        var random = SeededGenerator(seed: 4)
        for length in [1, 2, 7, 16, 100, 5_000] {
            let garbage = ByteBuffer(bytes: (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) })
            let code = BatchFixtures.code(of: BatchFixtures.raw(garbage, codec: codec.rawValue, recordCount: 3))
            #expect(code != nil)
        }
    }

    @Test func `a snappy block that claims more than the format can yield reserves nothing`() {
        // The preamble says 4 GiB - 1.
        let raw = ByteBuffer(bytes: [0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0, 0])
        #expect(BatchFixtures.code(of: BatchFixtures.raw(raw, codec: 2)) == .decompressionFailed)
        var framed = ByteBuffer(bytes: [0x82, 0x53, 0x4E, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1])
        framed.writeInteger(Int32.max)
        #expect(BatchFixtures.code(of: BatchFixtures.raw(framed, codec: 2)) == .decompressionFailed)
    }

    @Test func `gzip members that follow each other are one payload`() throws {
        let plain = try BatchFixtures.batch(count: 4)
        let payload = Array(plain.readableBytesView.dropFirst(61))
        var members = ByteBuffer()
        for part in [payload[..<30], payload[30...]] {
            try Compressor.compress(ByteBuffer(bytes: part), with: .gzip, into: &members)
        }
        let batch = BatchFixtures.raw(members, codec: 1, recordCount: 4)
        #expect(BatchFixtures.code(of: batch) == nil)
        #expect(try BatchFixtures.records(batch).count == 4)
    }

    @Test func `a second lz4 frame, which Kafka's consumers would not see, is refused`() throws {
        let plain = try BatchFixtures.batch(count: 4)
        let payload = Array(plain.readableBytesView.dropFirst(61))
        var frames = ByteBuffer()
        for part in [payload[..<30], payload[30...]] {
            try Compressor.compress(ByteBuffer(bytes: part), with: .lz4, into: &frames)
        }
        #expect(BatchFixtures.code(of: BatchFixtures.raw(frames, codec: 3, recordCount: 4)) == .decompressionFailed)
    }
}
