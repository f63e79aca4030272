import Broker
import KinesisProtocol
import LogCore
import Metadata
import Model
import NIOCore
import RecordBatch
import Testing

@testable import KinesisServer

/// Answers of GetRecords, made chunk by chunk, against the same written in one go.
@Suite struct RecordsAnswerTests {
    private struct Entry {
        var key: [UInt8]?
        var value: [UInt8]?
        var timestamp: Timestamp
    }

    private static let nothing = FetchedRecords(
        parts: [],
        bytes: 0,
        offsets: LogOffsets(logStart: 0, lastStable: .max, highWatermark: .max, logEnd: .max)
    )

    private let shard: Shard

    init() throws {
        let harness = try Harness()
        try harness.createStream("s")
        self.shard = try #require(harness.backend.topic(named: "s")?.topic.shards.first)
    }

    /// Puts a batch into a read at an offset: header and payload apart, as the tail of the log has them, or together.
    private func add(
        _ entries: [Entry],
        at offset: Offset,
        compression: CompressionCodec,
        apart: Bool,
        to fetched: inout FetchedRecords
    ) throws {
        var builder = RecordBatchBuilder(options: .init(compression: compression, baseOffset: offset))
        for entry in entries {
            builder.append(
                key: entry.key.map { ByteBuffer(bytes: $0) },
                value: entry.value.map { ByteBuffer(bytes: $0) },
                timestamp: entry.timestamp
            )
        }
        var batch = try builder.finish()
        fetched.bytes += batch.readableBytes
        if apart, let header = batch.readSlice(length: RecordBatchHeader.encodedLength) { fetched.parts.append(header) }
        fetched.parts.append(batch)
    }

    private func expected(_ entries: [Entry], from offset: Offset, _ end: (inout JSONWriter) -> Void) -> ByteBuffer {
        var writer = JSONWriter(into: ByteBuffer())
        GetRecordsOutput.begin(&writer)
        for (index, entry) in entries.enumerated() {
            (entry.value ?? []).withUnsafeBytes { data in
                func write(_ key: UnsafeRawBufferPointer?) {
                    PartitionKeyText.with(key) { key in
                        GetRecordsOutput.record(
                            &writer,
                            sequenceNumber: StreamView.sequenceNumber(self.shard, offset: offset + Offset(index)),
                            arrival: entry.timestamp < 0 ? nil : entry.timestamp,
                            data: data,
                            partitionKey: key
                        )
                    }
                }
                if let key = entry.key { key.withUnsafeBytes { write($0) } } else { write(nil) }
            }
        }
        end(&writer)
        return writer.buffer
    }

    /// All chunks behind one another; each is checked on its way.
    private func joined(_ answer: inout RecordsAnswer<JSONWriter>, start: ByteBuffer = ByteBuffer()) throws
        -> ByteBuffer
    {
        var all = start
        var isFirst = true
        #expect(answer.bytesLeft == answer.byteCount)
        while answer.bytesLeft > 0 {
            let held = answer.heldBytes
            let left = answer.bytesLeft
            let chunk = try answer.next(after: isFirst ? start : ByteBuffer())
            if isFirst { all.clear() }
            isFirst = false
            all.writeImmutableBuffer(chunk)
            #expect(answer.heldBytes <= held)
            // A head may go out alone.
            #expect(answer.bytesLeft < left || chunk == start)
            // A chunk, or text that was encoded at once, or a record of 700,000 bytes.
            #expect(chunk.capacity <= 1 << 20)
        }
        #expect(answer.heldBytes == 0)
        return all
    }

    private static let keys: [[UInt8]?] = [
        nil, [], Array("key".utf8), Array("\"\\\n\u{0}\u{1F}\u{7F}é😀".utf8), [0xFF, 0xFE],
        [UInt8](repeating: 1, count: 256),
        [UInt8](repeating: UInt8(ascii: "\""), count: 257), Array(String(repeating: "é", count: 256).utf8),
        [UInt8](repeating: 0x80, count: 2000),
    ]

    private static let times: [Timestamp] = [0, 1, 999, 1000, 1_700_000_000_123, -1, 253_402_300_799_999]

    private func entries(_ count: Int, sizes: (Int) -> Int) -> [Entry] {
        (0..<count).map { index in
            Entry(
                key: Self.keys[index % Self.keys.count],
                value: index % 11 == 10 ? nil : [UInt8](repeating: UInt8(index % 251), count: sizes(index)),
                timestamp: Self.times[index % Self.times.count]
            )
        }
    }

    @Test(arguments: [CompressionCodec.none, .zstd, nil], [1, 7, 50])
    func `chunks add up to the answer in one go, for all contents`(_ codec: CompressionCodec?, batchSize: Int) throws {
        // Small records, some of a chunk's size and one that is larger.
        let entries = self.entries(400) { $0 == 211 ? 700_000 : $0 % 40 == 0 ? 200_000 + $0 : $0 * 7 % 900 }
        var collector = RecordCollector<JSONWriter>(shard: self.shard, from: 3, recordCountMax: 10_000)
        var offset: Offset = 0
        while offset < 400 {
            var fetched = Self.nothing
            for _ in 0..<3 where offset < 400 {
                let batch = Array(entries[Int(offset)..<min(400, Int(offset) + batchSize)])
                let isCompressed = offset / Offset(batchSize) % 3 == 1
                try self.add(
                    batch,
                    at: offset,
                    compression: codec ?? (isCompressed ? .zstd : CompressionCodec.none),
                    apart: offset % 2 == 0,
                    to: &fetched
                )
                offset += Offset(batch.count)
            }
            collector.add(fetched)
        }
        #expect(collector.recordCount == 397)
        var answer = collector.finish {
            GetRecordsOutput.end(
                &$0,
                nextShardIterator: "it\"",
                millisBehindLatest: 17,
                childShards: []
            )
        }
        let whole = self.expected(Array(entries[3...]), from: 3) {
            GetRecordsOutput.end(&$0, nextShardIterator: "it\"", millisBehindLatest: 17, childShards: [])
        }
        #expect(answer.byteCount == whole.readableBytes)
        let start = ByteBuffer(string: "HTTP")
        var all = try self.joined(&answer, start: start)
        #expect(all.readString(length: 4) == "HTTP")
        #expect(all == whole)
    }

    @Test(arguments: [true, false]) func `the end of a shard names its children`(hasRecord: Bool) throws {
        let range = HashKeyRange(start: HashKey(0), end: HashKey(5))
        let children = (1..<3).map { ChildShard(ordinal: $0, parents: [0], hashKeyRange: range) }
        let entries = hasRecord ? [Entry(key: nil, value: [1], timestamp: -1)] : []
        var collector = RecordCollector<JSONWriter>(shard: self.shard, from: 0, recordCountMax: 1)
        if hasRecord {
            var fetched = Self.nothing
            try self.add(entries, at: 0, compression: CompressionCodec.none, apart: true, to: &fetched)
            collector.add(fetched)
        }
        var answer = collector.finish {
            GetRecordsOutput.end(
                &$0,
                nextShardIterator: nil,
                millisBehindLatest: 0,
                childShards: children
            )
        }
        let whole = self.expected(entries, from: 0) {
            GetRecordsOutput.end(&$0, nextShardIterator: nil, millisBehindLatest: 0, childShards: children)
        }
        #expect(try answer.next(after: ByteBuffer()) == whole)
        #expect(answer.bytesLeft == 0)
    }

    @Test func `what batches hold beside data and keys ends an answer too`() throws {
        // A byte of data each, and half a megabyte of a header.
        let header = (key: "h", value: ByteBuffer(repeating: 7, count: 1 << 19) as ByteBuffer?)
        var collector = RecordCollector<JSONWriter>(shard: self.shard, from: 0, recordCountMax: 10_000)
        var offset: Offset = 0
        while !collector.isDone, offset < 100 {
            var builder = RecordBatchBuilder(options: .init(baseOffset: offset))
            builder.append(key: nil, value: ByteBuffer(bytes: [1]), headers: [header], timestamp: 0)
            let batch = try builder.finish()
            var fetched = Self.nothing
            fetched.parts = [batch]
            fetched.bytes = batch.readableBytes
            collector.add(fetched)
            offset += 1
        }
        #expect(offset < 40)
        #expect(collector.nextOffset == offset)
        var answer = collector.finish {
            GetRecordsOutput.end(
                &$0,
                nextShardIterator: "i",
                millisBehindLatest: 0,
                childShards: []
            )
        }
        #expect(answer.heldBytes < RecordCollector<JSONWriter>.heldBytesMax + (1 << 20))
        _ = try self.joined(&answer)
    }

    @Test func `keys that grow when they are escaped do not fill the memory from compressed batches`() throws {
        let entries = (0..<10_000).map { _ in Entry(key: [UInt8](repeating: 1, count: 256), value: [], timestamp: 0) }
        var collector = RecordCollector<JSONWriter>(shard: self.shard, from: 0, recordCountMax: 10_000)
        var offset: Offset = 0
        while !collector.isDone, offset < 10_000 * 8 {
            var fetched = Self.nothing
            try self.add(entries, at: offset, compression: .zstd, apart: false, to: &fetched)
            collector.add(fetched)
            offset += 10_000
        }
        #expect(collector.nextOffset == Offset(collector.recordCount))
        var answer = collector.finish {
            GetRecordsOutput.end(
                &$0,
                nextShardIterator: "i",
                millisBehindLatest: 0,
                childShards: []
            )
        }
        #expect(answer.heldBytes < RecordCollector<JSONWriter>.heldBytesMax + (1 << 19))
        let all = try self.joined(&answer)
        #expect(
            all
                == self.expected(Array(entries.prefix(collector.recordCount)), from: 0) {
                    GetRecordsOutput.end(&$0, nextShardIterator: "i", millisBehindLatest: 0, childShards: [])
                }
        )
    }
}
