import Model
import NIOCore
import Testing

@testable import RecordBatch

/// Which records of a batch a refusal names.
@Suite struct InvalidRecordTests {
    private static let now: Timestamp = 1_700_000_000_000

    private func refusal(
        _ batch: ByteBuffer,
        _ limits: RecordBatchLimits
    ) -> RecordBatchError? {
        do throws(RecordBatchError) {
            _ = try RecordBatchValidation.validate(batch, limits: limits, context: .produce(version: 12))
            return nil
        } catch {
            return error
        }
    }

    private func batch(
        _ codec: CompressionCodec,
        count: Int,
        key: (Int) -> ByteBuffer? = { _ in ByteBuffer(string: "k") },
        timestamp: (Int) -> Timestamp = { _ in now }
    ) throws -> ByteBuffer {
        var builder = RecordBatchBuilder(options: .init(compression: codec))
        for index in 0..<count {
            builder.append(key: key(index), value: ByteBuffer(string: "v\(index)"), timestamp: timestamp(index))
        }
        return try builder.finish()
    }

    @Test(arguments: CompressionCodec.allCases)
    func `every record out of range is named, and no other`(codec: CompressionCodec) throws {
        let limits = RecordBatchLimits(timestamps: Self.now...Self.now)
        let batch = try self.batch(codec, count: 40, timestamp: { $0 % 7 == 3 ? Self.now - 1 : Self.now })
        let error = try #require(self.refusal(batch, limits))
        #expect(error.code == .invalidTimestamp)
        #expect(error.invalidRecords.map(\.index) == [3, 10, 17, 24, 31, 38])
        #expect(error.invalidRecords.allSatisfy { $0.code == .invalidTimestamp })
        #expect(error.message.contains("6 invalid records"))
    }

    @Test(arguments: CompressionCodec.allCases)
    func `a timestamp's fault decides the code, wherever it stands`(codec: CompressionCodec) throws {
        let limits = RecordBatchLimits(timestamps: Self.now...Self.now, requiresKeys: true)
        let batch = try self.batch(
            codec,
            count: 9,
            key: { $0 < 5 ? nil : ByteBuffer(string: "k") },
            // Of a record without a key and with a bad timestamp, the key is named.
            timestamp: { $0 == 2 || $0 == 8 ? 5 : Self.now }
        )
        let error = try #require(self.refusal(batch, limits))
        #expect(error.code == .invalidTimestamp)
        #expect(error.invalidRecords.map(\.index) == [0, 1, 2, 3, 4, 8])
        #expect(error.invalidRecords.map(\.code) == Array(repeating: .missingKey, count: 5) + [.invalidTimestamp])
        #expect(try #require(self.refusal(batch, RecordBatchLimits(requiresKeys: true))).code == .missingKey)
    }

    @Test(arguments: [CompressionCodec.none, .lz4])
    func `the list ends at its bound and the message counts all`(codec: CompressionCodec) throws {
        let batch = try self.batch(codec, count: 5_000, key: { _ in nil })
        let error = try #require(self.refusal(batch, RecordBatchLimits(requiresKeys: true)))
        #expect(error.invalidRecords.map(\.index) == (0..<Int32(RecordRefusals.namedRecordsMax)).map { $0 })
        #expect(error.message.contains("5000 invalid records"))
    }

    @Test(arguments: [CompressionCodec.none, .lz4])
    func `a timestamp's fault decides the code also beyond the records that are named`(codec: CompressionCodec) throws {
        let limits = RecordBatchLimits(timestamps: Self.now...Self.now, requiresKeys: true)
        let batch = try self.batch(
            codec,
            count: 3_000,
            key: { $0 < 2_000 ? nil : ByteBuffer(string: "k") },
            timestamp: { $0 == 2_500 ? 5 : Self.now }
        )
        let error = try #require(self.refusal(batch, limits))
        #expect(error.code == .invalidTimestamp)
        #expect(error.invalidRecords.map(\.index) == (0..<Int32(RecordRefusals.namedRecordsMax)).map { $0 })
        #expect(error.message.contains("2001 invalid records"))
    }

    @Test func `a malformed record is the only one named, for nothing behind it can be found`() throws {
        let payload = ByteBuffer(bytes: [14, 0, 2, 0, 1, 1, 0, 0, 14, 0, 2, 2, 4, 0x6B, 1, 0])
        let error = try #require(self.refusal(BatchFixtures.raw(payload, recordCount: 2), .init(requiresKeys: true)))
        #expect(error.code == .badRecord)
        #expect(error.invalidRecords.count == 1)
    }
}
