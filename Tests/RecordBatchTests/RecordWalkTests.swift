import Model
import NIOCore
import Testing

@testable import RecordBatch

/// Validation walks records without looking at their bytes. It passes what a walk that reads each field passes, and
/// nothing else.
@Suite
struct RecordWalkTests {
    private static let limits: [RecordBatchLimits] = [
        RecordBatchLimits(),
        RecordBatchLimits(timestamps: 1_699_999_999_990...1_700_000_000_019),
        RecordBatchLimits(requiresKeys: true),
    ]

    /// Of the batch's bytes, whose checksum is set right first.
    private func scan(_ batch: ByteBuffer, _ limits: RecordBatchLimits) throws -> Timestamp? {
        var sound = batch
        let checksum = batch.withUnsafeReadableBytes {
            CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[RecordBatchHeader.checksummedPosition...]))
        }
        sound.setInteger(checksum, at: sound.readerIndex + RecordBatchHeader.crcPosition)
        var limits = limits
        limits.batchBytesMax = .max
        let validated = try? RecordBatchValidation.validate(sound, limits: limits, context: .produce(version: 9))
        return validated?.maxTimestamps[0]
    }

    private func careful(_ batch: ByteBuffer, _ limits: RecordBatchLimits) throws -> Timestamp? {
        let header = try RecordBatchHeader(reading: batch, at: batch.readerIndex)
        return batch.withUnsafeReadableBytes { bytes in
            var cursor = RecordCursor(UnsafeRawBufferPointer(rebasing: bytes[RecordBatchHeader.encodedLength...]))
            var largest: Timestamp = -1
            for index in 0..<header.recordCount {
                guard let length = cursor?.varint(), length >= 0, let body = cursor?.bytes(Int(length)),
                    var inside = RecordCursor(body), let record = inside.recordBody(), record.offsetDelta == index,
                    record.key != nil || !limits.requiresKeys
                else { return nil }
                let (timestamp, overflow) = header.baseTimestamp.addingReportingOverflow(record.timestampDelta)
                guard !overflow else { return nil }
                if let range = limits.timestamps, timestamp != -1, !range.contains(timestamp) { return nil }
                largest = max(largest, timestamp)
            }
            return cursor?.remaining == 0 ? largest : nil
        }
    }

    @Test(arguments: ["aiokafka", "kafka-python", "librdkafka"])
    func `what clients send passes`(client: String) throws {
        let batch = try BatchFixtures.load("\(client)-none")
        #expect(try self.scan(batch, RecordBatchLimits()) == 1_700_000_000_008)
        #expect(try self.scan(batch, RecordBatchLimits(requiresKeys: true)) == nil)
    }

    @Test(arguments: [1, 127, 128, 129, 8_191, 8_192, 70_000, 1 << 21])
    func `values of any length pass`(length: Int) throws {
        var builder = RecordBatchBuilder(options: .init())
        let value = ByteBuffer(repeating: 7, count: length)
        builder.append(key: nil, value: value, timestamp: 5)
        builder.append(key: value, value: nil, headers: [("a", value), ("b", nil)], timestamp: 5 + Int64(length) << 20)
        builder.append(key: value, value: value, timestamp: 0)
        let batch = try builder.finish()
        #expect(try self.scan(batch, RecordBatchLimits()) == 5 + Int64(length) << 20)
    }

    @Test(arguments: limits.indices)
    func `every byte changed to every value is judged as the careful walk does`(at: Int) throws {
        let limits = Self.limits[at]
        let batch = try BatchFixtures.batch(count: 9)
        #expect(try self.scan(batch, limits) == 1_700_000_000_008)
        var passed = 0
        for index in RecordBatchHeader.encodedLength..<batch.readableBytes {
            for value in UInt8.min...UInt8.max {
                var changed = batch
                changed.setInteger(value, at: index)
                let found = try self.scan(changed, limits)
                if found != nil { passed += 1 }
                #expect(try self.careful(changed, limits) == found, "\(value) at \(index)")
            }
        }
        #expect(passed > 0)
    }

    @Test(arguments: limits.indices)
    func `random splices of bytes are judged as the careful walk does`(at: Int) throws {
        let limits = Self.limits[at]
        let batch = try BatchFixtures.batch(count: 4)
        var random = SystemRandomNumberGenerator()
        // Bytes that mean something: continuations, small lengths, -1, the ends of five-byte numbers.
        let telling: [UInt8] = [0, 1, 2, 3, 4, 14, 0x7F, 0x80, 0x81, 0xFE, 0xFF, 0x0F, 0x10]
        for _ in 0..<10_000 {
            var changed = batch
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let index = Int.random(in: RecordBatchHeader.encodedLength..<batch.readableBytes, using: &random)
                changed.setInteger(telling.randomElement(using: &random)!, at: index)
            }
            #expect(
                try self.careful(changed, limits) == self.scan(changed, limits),
                "\(changed.readableBytesView.map { $0 })"
            )
        }
    }

    @Test func `numbers longer than they need be are read as the careful walk reads them`() throws {
        // A length, a timestamp delta, an offset delta or a key length of 1 to 11 bytes, the last ones zero.
        for field in 0..<4 {
            for count in 1...11 {
                func number(_ value: UInt8, _ place: Int) -> [UInt8] {
                    guard place == field, count > 1 else { return [value] }
                    return [value | 0x80] + [UInt8](repeating: 0x80, count: count - 2) + [0]
                }
                let value: [UInt8] = [16, 1, 2, 3, 4, 5, 6, 7, 8]
                let body = [0] + number(2, 1) + number(0, 2) + number(2, 3) + [0x6B] + value + [0]
                let bytes = number(UInt8(body.count * 2), 0) + body
                let batch = BatchFixtures.raw(ByteBuffer(bytes: bytes))
                let found = try self.scan(batch, RecordBatchLimits())
                #expect(try self.careful(batch, RecordBatchLimits()) == found, "\(field) \(count)")
                #expect((found != nil) == (count <= (field == 1 ? 10 : 5)), "\(field) \(count)")
            }
        }
    }
}
