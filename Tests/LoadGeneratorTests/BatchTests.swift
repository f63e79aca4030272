import KafkaProtocol
import Model
import NIOCore
import RecordBatch
import Testing

@testable import LoadGenerator

@Suite struct BatchTests {
    private static let limits = RecordBatchLimits(batchBytesMax: 64 << 20)

    private func bytes(_ template: BatchTemplate, timestamp: Int64, sequence: BatchSequence = .none) -> ByteBuffer {
        var batch = ByteBuffer()
        template.header(timestamp: timestamp, sequence: sequence).write(to: &batch)
        batch.writeImmutableBuffer(template.payload)
        return batch
    }

    @Test(arguments: CompressionCodec.allCases)
    func `a patched batch is one that a broker takes`(codec: CompressionCodec) throws {
        var templates = try BatchTemplates(recordBytes: 100, batchBytes: 16_384, compression: codec)
        for count in [1, 2, templates.batchRecords / 2, templates.batchRecords] {
            let template = try templates.template(records: count)
            for (timestamp, base) in [(1_700_000_000_000, Int32(0)), (1_800_000_000_123, 77), (0, Int32.max)] {
                let sequence = BatchSequence(producerID: 9, producerEpoch: 3, baseSequence: base)
                let batch = self.bytes(template, timestamp: Int64(timestamp), sequence: sequence)
                let valid = try RecordBatchValidation.validate(
                    batch,
                    limits: Self.limits,
                    context: .produce(version: 9),
                    depth: .records
                )
                #expect(valid.recordCount == count)
                #expect(valid.headers[0].producerID == ProducerID(9))
                #expect(valid.headers[0].baseSequence == base)
                #expect(valid.maxTimestamps == [Int64(timestamp)])
            }
        }
    }

    @Test func `a full batch is as large as it may be`() throws {
        var templates = try BatchTemplates(recordBytes: 1000, batchBytes: 131_072, compression: .none)
        let full = try templates.template(records: templates.batchRecords)
        #expect(full.sizeInBytes <= 131_072)
        #expect(full.sizeInBytes > 131_072 - 1100)
        // A record that is larger than a batch goes alone.
        #expect(try BatchTemplates(recordBytes: 200_000, batchBytes: 131_072, compression: .none).batchRecords == 1)
        #expect(try BatchTemplates(recordBytes: 0, batchBytes: 1, compression: .none).batchRecords == 1)
    }

    @Test func `a shorter batch begins like the full one`() throws {
        var templates = try BatchTemplates(recordBytes: 50, batchBytes: 4096, compression: .none)
        let full = try templates.template(records: templates.batchRecords).payload
        let short = try templates.template(records: 3).payload
        #expect(full.getSlice(at: full.readerIndex, length: short.readableBytes) == short)
    }

    @Test func `sample values shrink to about 60 percent and repeat with their seed`() throws {
        var first = SampleBytes(seed: 5)
        var second = SampleBytes(seed: 5)
        #expect(first.bytes(count: 1000) == second.bytes(count: 1000))
        var plain = try BatchTemplates(recordBytes: 1000, batchBytes: 100_000, compression: .none)
        var packed = try BatchTemplates(recordBytes: 1000, batchBytes: 100_000, compression: .lz4)
        let ratio =
            Double(try packed.template(records: 90).sizeInBytes) / Double(try plain.template(records: 90).sizeInBytes)
        #expect(0.5...0.75 ~= ratio)
    }

    @Test(arguments: CompressionCodec.allCases)
    func `stamped records say which they are`(codec: CompressionCodec) throws {
        var batches = StampedBatches(recordBytes: 40, batchBytes: 4096, compression: codec)
        let batch = try batches.batch(first: 11, count: 5, stride: 4, timestamp: 1_700_000_000_000)
        _ = try RecordBatchValidation.validate(batch, context: .produce(version: 9), depth: .records)
        var reader = try RecordReader(batch)
        var stamps: [Int?] = []
        while let record = try reader.next() { stamps.append(record.value.flatMap { StampedBatches.stamp(of: $0) }) }
        #expect(stamps == [11, 15, 19, 23, 27])
        let full = try batches.batch(first: 0, count: batches.batchRecords, stride: 1, timestamp: 0)
        #expect(codec != .none || full.readableBytes <= 4096)
    }

    @Test(arguments: ProduceFrame.versions)
    func `a frame round a batch is what the generated encoder writes`(version: Int16) throws {
        var templates = try BatchTemplates(recordBytes: 10, batchBytes: 500, compression: .none)
        let batch = self.bytes(try templates.template(records: 2), timestamp: 5)
        let topicID = TopicID(high: 1, low: 2)
        let frame = ProduceFrame(version: version, clientID: "c", topic: "t", topicID: topicID, acks: -1)
        var ours = ByteBuffer()
        frame.writeHead(to: &ours, correlationID: 7, partition: 3, batchBytes: batch.readableBytes)
        ours.writeImmutableBuffer(batch)
        frame.writeTail(to: &ours)
        var theirs = ByteBuffer()
        ProduceRequest(
            acks: -1,
            timeoutMs: 30_000,
            topics: [
                .init(name: "t", topicID: topicID, partitions: [.init(partitionIndex: 3, records: batch)])
            ]
        )
        .encodeFrame(into: &theirs, version: version, correlationID: 7, clientID: "c")
        #expect(ours == theirs)
    }
}
