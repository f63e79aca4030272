import Model
import NIOCore
import Testing

@testable import RecordBatch

/// Against batches that aiokafka, kafka-python and librdkafka built.
@Suite
struct ClientBatchTests {
    @Test(arguments: BatchFixtures.clients)
    func `every client's batch is valid and reads back`(name: String) throws {
        let batch = try BatchFixtures.load(name)
        let validated = try RecordBatchValidation.validate(batch, context: .produce(version: 12), depth: .records)
        #expect(validated.recordCount == 5)
        #expect(validated.sizeInBytes == batch.readableBytes)
        #expect(validated.maxTimestamps == [1_700_000_000_008])
        #expect(validated.headers.map(\.maxTimestamp) == [1_700_000_000_008])
        #expect(
            try BatchFixtures.records(batch).map { BatchFixtures.Expected($0) } == BatchFixtures.expected(client: name)
        )
        #expect(try BatchFixtures.records(batch).map(\.offset) == [0, 1, 2, 3, 4])
    }

    @Test(arguments: BatchFixtures.clients.filter { !$0.hasPrefix("librdkafka") })
    func `a transactional batch carries producer, epoch and wrapping sequence`(name: String) throws {
        let batch = try BatchFixtures.load(name + "-transactional")
        let header = try #require(
            try RecordBatchValidation.validate(batch, context: .produce(version: 12), depth: .records).headers.first
        )
        #expect(header.hasProducer && header.attributes.isTransactional)
        #expect(header.producerID == ProducerID(4242))
        #expect(header.producerEpoch == ProducerEpoch(7))
        #expect(header.baseSequence == 2_147_483_645)
        #expect(header.lastSequence == 1)
    }

    @Test(arguments: [0, 1])
    func `message formats 0 and 1 are refused as unsupported`(magic: Int) throws {
        let batch = try BatchFixtures.load("kafka-python-magic\(magic)")
        #expect(BatchFixtures.code(of: batch) == .unsupportedMagic)
    }

    @Test(arguments: BatchFixtures.clients)
    func `the visitor sees what the reader sees`(name: String) throws {
        let batch = try BatchFixtures.load(name)
        var keys: [String?] = []
        try RecordReader.forEachRecord(in: batch, from: 1) { header, record in
            keys.append(record.key.map { String(decoding: $0, as: UTF8.self) })
            return record.offsetDelta < 3
        }
        #expect(keys == [nil, "key-2", ""])
    }

    @Test(arguments: BatchFixtures.clients.filter { $0.hasSuffix("none") })
    func `the builder writes the very bytes that clients write`(name: String) throws {
        let golden = try BatchFixtures.load(name)
        let leaderEpoch = try RecordBatchHeader(reading: golden, at: 0).partitionLeaderEpoch
        var builder = RecordBatchBuilder(options: .init(leaderEpoch: leaderEpoch))
        for record in try BatchFixtures.records(golden) {
            let headers = Array(record.headers)
            let size = builder.sizeInBytes(
                adding: record.key,
                value: record.value,
                headers: headers,
                timestamp: record.timestamp
            )
            builder.append(key: record.key, value: record.value, headers: headers, timestamp: record.timestamp)
            #expect(builder.sizeInBytes == size)
        }
        #expect(try builder.finish() == golden)
    }
}
