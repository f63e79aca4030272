import Model
import NIOCore
import Testing

@testable import RecordBatch

@Suite struct BatchCursorTests {
    private func batches(_ count: Int) throws -> [ByteBuffer] {
        try (0..<count).map { try BatchFixtures.batch(CompressionCodec.allCases[$0 % 5], count: $0 + 1) }
    }

    private func counts(_ cursor: BatchCursor) throws -> [Int32] {
        var cursor = cursor
        var counts: [Int32] = []
        while let batch = try cursor.next() {
            try batch.verifyChecksum()
            var records = try batch.records()
            var count: Int32 = 0
            while try records.next() != nil { count += 1 }
            #expect(count == batch.header.recordCount)
            counts.append(count)
        }
        return counts
    }

    private func joined(_ buffers: [ByteBuffer]) -> ByteBuffer {
        buffers.reduce(into: ByteBuffer()) { $0.writeImmutableBuffer($1) }
    }

    @Test func `batches in one buffer come in order`() throws {
        let all = self.joined(try self.batches(6))
        #expect(try self.counts(BatchCursor(all)) == [1, 2, 3, 4, 5, 6])
        #expect(try self.counts(BatchCursor(all, verifiesChecksums: true)) == [1, 2, 3, 4, 5, 6])
        #expect(try self.counts(BatchCursor(ByteBuffer())) == [])
    }

    @Test func `a batch may have its payload in the next part`() throws {
        let batches = try self.batches(5)
        var parts: [ByteBuffer] = [ByteBuffer()]
        for (index, batch) in batches.enumerated() {
            let header = try #require(batch.getSlice(at: 0, length: RecordBatchHeader.encodedLength))
            let payload = try #require(batch.getSlice(at: 61, length: batch.readableBytes - 61))
            switch index {
            case 0, 3: parts += [header, payload]
            case 2: parts += [self.joined([batches[1], header]), payload, ByteBuffer()]
            case 4: parts.append(batch)
            default: break
            }
        }
        #expect(try self.counts(BatchCursor(parts: parts)) == [1, 2, 3, 4, 5])
        #expect(try self.counts(BatchCursor(parts: parts, verifiesChecksums: true)) == [1, 2, 3, 4, 5])
    }

    @Test func `bytes cut anywhere throw, and the cursor stays before the batch`() throws {
        let batches = try self.batches(2)
        let whole = self.joined(batches)
        for length in 0..<whole.readableBytes {
            var cursor = BatchCursor(try #require(whole.getSlice(at: 0, length: length)), verifiesChecksums: true)
            var taken = 0
            var failure: RecordBatchError?
            do throws(RecordBatchError) {
                while try cursor.next() != nil { taken += 1 }
            } catch {
                failure = error
            }
            let isAtEnd = length == 0 || length == batches[0].readableBytes
            #expect(failure?.code == (isAtEnd ? nil : .truncated), "\(length)")
            #expect(taken == (length < batches[0].readableBytes ? 0 : 1), "\(length)")
            let left = cursor.unreadBytes
            #expect(left == (taken == 0 ? length : length - batches[0].readableBytes))
            #expect(try cursor.nextWhole() == nil)
            #expect(cursor.unreadBytes == left)
        }
    }

    @Test func `a header whose payload is missing or of another length throws`() throws {
        let batch = try BatchFixtures.batch()
        let header = try #require(batch.getSlice(at: 0, length: 61))
        let payload = try #require(batch.getSlice(at: 61, length: batch.readableBytes - 61))
        var short = payload
        short.moveReaderIndex(forwardBy: 1)
        for parts in [[header], [header, short], [header, ByteBuffer(), payload], [self.joined([header, short])]] {
            var cursor = BatchCursor(parts: parts)
            #expect(throws: RecordBatchError.self) { try cursor.next() }
        }
    }

    @Test func `each fault has its code`() throws {
        func code(_ batch: ByteBuffer, bytesMax: Int = 1 << 20) -> RecordBatchError.Code? {
            var cursor = BatchCursor(batch, batchBytesMax: bytesMax, verifiesChecksums: true)
            do throws(RecordBatchError) {
                _ = try cursor.next()
                return nil
            } catch {
                return error.code
            }
        }
        let batch = try BatchFixtures.batch()
        #expect(code(batch) == nil)
        #expect(code(batch, bytesMax: batch.readableBytes) == nil)
        #expect(code(batch, bytesMax: batch.readableBytes - 1) == .tooLarge)
        var changed = batch
        changed.setInteger(Int8(1), at: 16)
        #expect(code(changed) == .unsupportedMagic)
        changed.setInteger(Int8(3), at: 16)
        #expect(code(changed) == .badMagic)
        changed = batch
        changed.setInteger(Int32(48), at: 8)
        #expect(code(changed) == .badLength)
        changed.setInteger(Int32.max, at: 8)
        #expect(code(changed) == .tooLarge)
        #expect(code(changed, bytesMax: .max) == .truncated)
        changed = batch
        changed.setInteger(UInt8(0xAA), at: 70)
        #expect(code(changed) == .badCRC)
    }
}
