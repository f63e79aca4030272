import Model
import NIOCore
import TestSupport
import Testing

@testable import RecordBatch

@Suite
struct BuilderTests {
    @Test(arguments: CompressionCodec.allCases, [1, 20, 2_500])
    func `what is built reads back`(codec: CompressionCodec, count: Int) throws {
        let batch = try BatchFixtures.batch(codec, count: count)
        let limits = RecordBatchLimits(batchBytesMax: 1 << 30)
        let validated = try RecordBatchValidation.validate(
            batch,
            limits: limits,
            context: .produce(version: 9),
            depth: .records
        )
        #expect(validated.recordCount == count)
        let records = try BatchFixtures.records(batch)
        #expect(records.count == count)
        for (index, record) in records.enumerated() {
            let headers = index % 3 == 0 ? ["trace=t\(index)", "none=null"] : []
            let expected = BatchFixtures.Expected(
                1_700_000_000_000 + Int64(index),
                "key-\(index)",
                "value-\(index)",
                headers
            )
            guard BatchFixtures.Expected(record) == expected else {
                Issue.record("record \(index)")
                return
            }
        }
    }

    @Test(arguments: CompressionCodec.allCases)
    func `a record larger than any codec block reads back`(codec: CompressionCodec) throws {
        var random = SeededGenerator(seed: 3)
        let value = ByteBuffer(bytes: (0..<300_000).map { _ in UInt8.random(in: 0...15, using: &random) })
        var builder = RecordBatchBuilder(options: .init(compression: codec))
        builder.append(key: nil, value: ByteBuffer(string: "small"), timestamp: 5)
        builder.append(key: nil, value: value, timestamp: 6)
        builder.append(key: nil, value: ByteBuffer(string: "end"), timestamp: 7)
        let batch = try builder.finish()
        #expect(BatchFixtures.code(of: batch, limits: .init(batchBytesMax: 1 << 24)) == nil)
        let records = try BatchFixtures.records(batch)
        #expect(records.count == 3)
        #expect(records[1].value == value)
        #expect(records[2].value == ByteBuffer(string: "end"))
    }

    @Test func `the builder starts afresh after finish and does not touch the finished batch`() throws {
        var builder = RecordBatchBuilder()
        builder.append(key: nil, value: ByteBuffer(string: "one"), timestamp: 1)
        let first = try builder.finish()
        #expect(builder.isEmpty && builder.sizeInBytes == 61)
        builder.append(key: nil, value: ByteBuffer(string: "two"), timestamp: 2)
        let second = try builder.finish()
        #expect(try BatchFixtures.records(first).first?.value == ByteBuffer(string: "one"))
        #expect(try BatchFixtures.records(second).first?.value == ByteBuffer(string: "two"))
        #expect(try BatchFixtures.records(second).first?.timestamp == 2)
    }

    @Test(arguments: [ControlRecord.Kind.abort, .commit])
    func `a transaction marker round-trips in a control batch`(kind: ControlRecord.Kind) throws {
        let marker = ControlRecord(kind: kind, coordinatorEpoch: 77)
        let batch = marker.encodeBatch(producerID: ProducerID(9), producerEpoch: ProducerEpoch(3), timestamp: 123)
        let header = batch.headers[0]
        #expect(header.attributes.isControl && header.attributes.isTransactional)
        #expect(header.producerID == ProducerID(9) && header.baseSequence == -1)
        // 61 header bytes, and a record of 4 key and 6 value bytes: what Kafka writes.
        #expect(batch.sizeInBytes == 78)
        #expect(try ControlRecord.read(from: batch.buffer) == marker)
        #expect(BatchFixtures.code(of: batch.buffer, context: .replay) == nil)
        #expect(BatchFixtures.code(of: batch.buffer) == .controlFromClient)
    }

    @Test func `a control record of another type is skipped, a short one refused`() throws {
        let value: [UInt8] = [0, 0, 0, 0, 0, 1]
        #expect(try self.decode([0, 0, 0, 5], nil) == nil)
        #expect(try self.decode([0, 0, 0, 1], value) == ControlRecord(kind: .commit, coordinatorEpoch: 1))
        for key: [UInt8] in [[0, 0, 0], [0xFF, 0xFF, 0, 1]] {
            #expect(throws: RecordBatchError.self) { try self.decode(key, value) }
        }
        #expect(throws: RecordBatchError.self) { try self.decode([0, 0, 0, 1], [0, 0]) }
        #expect(throws: RecordBatchError.self) { try self.decode([0, 0, 0, 1], nil) }
    }

    private func decode(_ key: [UInt8], _ value: [UInt8]?) throws -> ControlRecord? {
        try BatchFixtures.records(
            {
                var builder = RecordBatchBuilder(options: .init(isControl: true))
                builder.append(key: ByteBuffer(bytes: key), value: value.map { ByteBuffer(bytes: $0) }, timestamp: 0)
                return builder.finishUncompressed().buffer
            }()
        ).first.flatMap { record in
            try record.key?.withUnsafeReadableBytes { key in
                guard let value = record.value else { return try ControlRecord.decode(key: key, value: nil) }
                return try value.withUnsafeReadableBytes { try ControlRecord.decode(key: key, value: $0) }
            }
        }
    }

    @Test(arguments: CompressionCodec.allCases)
    func `assigning offset and epoch keeps the checksum right`(codec: CompressionCodec) throws {
        var batch = try BatchFixtures.batch(codec)
        let header = try RecordBatchHeader(reading: batch, at: 0)
        let assigned = RecordBatchPatch.assigned(header, baseOffset: 1 << 40, leaderEpoch: LeaderEpoch(5))
        batch.withUnsafeMutableReadableBytes { assigned.encode(into: $0) }
        let patched = try RecordBatchValidation.validate(batch, context: .replay, depth: .records).headers[0]
        #expect(patched == assigned)
        #expect(patched.lastOffset == 1 << 40 + 19)
        #expect(try BatchFixtures.records(batch).last?.offset == 1 << 40 + 19)
    }

    @Test(arguments: CompressionCodec.allCases, [1, 20, 2_000])
    func `the append time is set without reading the payload`(codec: CompressionCodec, count: Int) throws {
        var batch = try BatchFixtures.batch(codec, count: count)
        let header = try RecordBatchHeader(reading: batch, at: 0)
        let payload = try #require(batch.getSlice(at: 61, length: header.payloadLength))
        #expect(header.payloadChecksum == payload.withUnsafeReadableBytes { CRC32C.checksum($0) })
        let patched = RecordBatchPatch.withTimestamp(header, maxTimestamp: 1_800_000_000_000, isLogAppendTime: true)
        batch.withUnsafeMutableReadableBytes { patched.encode(into: $0) }
        let validated = try RecordBatchValidation.validate(batch, context: .replay, depth: .records)
        #expect(validated.headers[0].attributes.isLogAppendTime)
        #expect(validated.headers[0] == patched)
        #expect(try BatchFixtures.records(batch).allSatisfy { $0.timestamp == 1_800_000_000_000 })
    }

    @Test(arguments: [
        (Int32(0), Int32(0), Int32(0)), (5, 3, 8), (Int32.max, 1, 0), (Int32.max - 1, 5, 3),
        (Int32.max, Int32.max, Int32.max - 1),
    ])
    func `sequences wrap from the largest to zero`(base: Int32, increment: Int32, expected: Int32) {
        #expect(RecordBatchHeader.sequence(base, advancedBy: increment) == expected)
    }

    @Test func `sizes of varints are those written`() {
        for value in [0, -1, 1, 63, 64, -64, -65, 8_191, 8_192, Int64(Int32.max), Int64(Int32.min), .max, .min] {
            var buffer = ByteBuffer()
            buffer.writeVarint(value)
            #expect(buffer.readableBytes == RecordEncoding.size(ofVarint: value))
            #expect(
                buffer.withUnsafeReadableBytes {
                    var cursor = RecordCursor($0); return cursor?.varlong()
                } == value
            )
        }
    }
}
