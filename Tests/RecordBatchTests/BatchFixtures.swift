import Foundation
import Model
import NIOCore
import Testing

@testable import RecordBatch

/// Bytes and shorthands that the tests of this target share.
enum BatchFixtures {
    /// Batches that real clients built; all hold the five records of `expected`.
    static let clients: [String] = ["aiokafka", "kafka-python", "librdkafka"].flatMap { client in
        CompressionCodec.allCases.map { "\(client)-\($0)" }
    }

    static func load(_ name: String, file: String = #filePath) throws -> ByteBuffer {
        let tests = URL(fileURLWithPath: file).deletingLastPathComponent().deletingLastPathComponent()
        let path = tests.appendingPathComponent("Fixtures/batches/\(name).hex")
        let text = try String(contentsOf: path, encoding: .utf8)
        var buffer = ByteBuffer()
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let digits = Array(line)
            for at in stride(from: 0, to: digits.count, by: 2) {
                buffer.writeInteger(try #require(UInt8(String(digits[at...(at + 1)]), radix: 16)))
            }
        }
        return buffer
    }

    struct Expected: Equatable {
        var timestamp: Timestamp
        var key: String?
        var value: String?
        var headers: [String]

        init(_ timestamp: Timestamp, _ key: String?, _ value: String?, _ headers: [String] = []) {
            self.timestamp = timestamp
            self.key = key
            self.value = value
            self.headers = headers
        }

        init(_ record: Record) {
            self.timestamp = record.timestamp
            self.key = record.key.map { String(buffer: $0) }
            self.value = record.value.map { String(buffer: $0) }
            self.headers = record.headers.map { "\($0.key)=\($0.value.map { String(buffer: $0) } ?? "null")" }
        }
    }

    static func expected(client: String) -> [Expected] {
        // librdkafka takes no header without a name.
        let empty = client.hasPrefix("librdkafka") ? "e=" : "="
        return [
            Expected(1_700_000_000_000, "key-0", "value-0", ["h0=x", "h1=null"]),
            Expected(1_700_000_000_005, nil, "value-1"),
            Expected(1_699_999_999_990, "key-2", nil, [empty]),
            Expected(1_700_000_000_007, "", ""),
            Expected(
                1_700_000_000_008,
                "long",
                String(repeating: "abcdefgh", count: 100),
                ["long=" + String(repeating: "z", count: 70)]
            ),
        ]
    }

    static func records(_ batch: ByteBuffer, bytesMax: Int = 1 << 30) throws -> [Record] {
        var reader = try RecordReader(batch, decompressedBytesMax: bytesMax)
        var records: [Record] = []
        while let record = try reader.next() { records.append(record) }
        return records
    }

    /// A batch of `count` records `key-i`/`value-i`, ready for Produce.
    static func batch(
        _ codec: CompressionCodec = .none,
        count: Int = 20,
        options: RecordBatchBuilder.Options = .init()
    ) throws -> ByteBuffer {
        var options = options
        options.compression = codec
        var builder = RecordBatchBuilder(options: options)
        for index in 0..<count {
            builder.append(
                key: ByteBuffer(string: "key-\(index)"),
                value: ByteBuffer(string: "value-\(index)"),
                headers: index % 3 == 0 ? [("trace", ByteBuffer(string: "t\(index)")), ("none", nil)] : [],
                timestamp: 1_700_000_000_000 + Int64(index)
            )
        }
        return try builder.finish()
    }

    /// A batch round raw payload bytes, with a right checksum.
    static func raw(
        _ payload: ByteBuffer,
        codec: UInt8 = 0,
        recordCount: Int32 = 1,
        change: (inout RecordBatchHeader) -> Void = { _ in }
    ) -> ByteBuffer {
        var header = RecordBatchHeader(
            baseOffset: 0,
            batchLength: Int32(49 + payload.readableBytes),
            partitionLeaderEpoch: LeaderEpoch(-1),
            crc: 0,
            attributes: BatchAttributes(rawValue: Int16(codec)),
            lastOffsetDelta: recordCount - 1,
            baseTimestamp: 1_000,
            maxTimestamp: 1_000,
            producerID: .none,
            producerEpoch: .none,
            baseSequence: -1,
            recordCount: recordCount
        )
        change(&header)
        header.crc = CRC32C.combine(
            header.headChecksum,
            payload.withUnsafeReadableBytes { CRC32C.checksum($0) },
            lengthOfB: payload.readableBytes
        )
        var buffer = ByteBuffer()
        header.write(to: &buffer)
        buffer.writeImmutableBuffer(payload)
        return buffer
    }

    static func code(
        of batch: ByteBuffer,
        limits: RecordBatchLimits = .init(),
        context: RecordBatchValidation.Context = .produce(version: 12),
        depth: RecordBatchValidation.Depth = .records
    ) -> RecordBatchError.Code? {
        do {
            _ = try RecordBatchValidation.validate(batch, limits: limits, context: context, depth: depth)
            return nil
        } catch {
            return error.code
        }
    }
}
