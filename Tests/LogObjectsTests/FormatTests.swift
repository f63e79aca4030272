import LogCore
import Model
import NIOCore
import RecordBatch
import Testing

@testable import LogObjects

@Suite struct FormatTests {
    private func runs() -> [FlushRun] {
        [
            FlushRun(
                partition: TopicPartition(topicID: topicA, partition: 3),
                leaderEpoch: LeaderEpoch(5),
                baseOffset: 1_000,
                offsetCount: 4,
                position: 32,
                length: 10,
                checksum: 0xDEAD_BEEF,
                maxTimestamp: -1,
                producers: [
                    ProducerRun(
                        kind: .transactional,
                        producerID: ProducerID(300),
                        producerEpoch: ProducerEpoch(2),
                        baseSequence: 7,
                        offsetDelta: 0,
                        offsetCount: 3,
                        maxTimestamp: 1
                    ),
                    ProducerRun(
                        kind: .abortMarker,
                        producerID: ProducerID(300),
                        producerEpoch: ProducerEpoch(2),
                        baseSequence: -1,
                        offsetDelta: 3,
                        offsetCount: 1,
                        maxTimestamp: 2,
                        coordinatorEpoch: 9
                    ),
                ]
            ),
            FlushRun(
                partition: TopicPartition(topicID: topicB, partition: 0),
                leaderEpoch: LeaderEpoch(0),
                baseOffset: 0,
                offsetCount: 1,
                position: 42,
                length: 200,
                checksum: 1,
                maxTimestamp: 1_700_000_000_000
            ),
        ]
    }

    @Test func `a commit record has these bytes, and is read back`() throws {
        let record = CommitRecord(attempt: 1, objectSize: 400, runs: self.runs())
        let bytes = Array(record.encoded().readableBytesView)
        let expected: [UInt8] = [
            1, 1, 0x90, 0x03, 32,
            2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4,
            2,
            0, 3, 5, 0xE8, 0x07, 4, 10, 0xDE, 0xAD, 0xBE, 0xEF, 1,
            2,
            1, 0xAC, 0x02, 2, 14, 0, 3, 2,
            3, 0xAC, 0x02, 2, 1, 3, 1, 4, 18,
            1, 0, 0, 0, 1, 0xC8, 0x01, 0, 0, 0, 1, 0x80, 0xA0, 0xAB, 0xFE, 0xF9, 0x62,
            0,
        ]
        #expect(Array(bytes.dropLast(4)) == expected)
        #expect(try CommitRecord(decoding: ByteBuffer(bytes: bytes)) == record)
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 0x10
            #expect(throws: ObjectCodingError.self) { try CommitRecord(decoding: ByteBuffer(bytes: damaged)) }
            #expect(throws: ObjectCodingError.self) { try CommitRecord(decoding: ByteBuffer(bytes: bytes[..<index])) }
        }
    }

    @Test func `an object is what its parts say, and shows damage anywhere`() throws {
        let first = batch(["a", "b"])
        let second = batch(["c"])
        var assembler = FlushAssembler(writer: writer)
        let partition = TopicPartition(topicID: topicB, partition: 1)
        for (partition, bytes, count) in [
            (partition, first, Int64(2)), (TopicPartition(topicID: topicA, partition: 9), second, 1),
        ] {
            _ = assembler.appended(
                partition,
                leaderEpoch: LeaderEpoch(4),
                batches: [bytes],
                summaries: [summary(bytes, base: 70, count: count)],
                isUrgent: false,
                isIdle: false,
                now: .zero
            )
        }
        let sealed = assembler.seal()
        let flush = try #require(sealed)
        let object = ByteBuffer(bytes: flush.parts.flatMap { Array($0.readableBytesView) })
        #expect(object.readableBytes == flush.size)
        #expect(
            Array(object.readableBytesView.prefix(32)) == Array("MLRCWAL1".utf8) + [
                0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0xAB, 0, 0, 0, 0, 0, 0, 0, 0,
            ] + Array(object.readableBytesView.dropFirst(28).prefix(4))
        )
        let read = try FlushObject.inspect(object)
        #expect(read.writer == writer && read.sequence == 0)
        #expect(read.runs.map(\.partition.topicID) == [topicA, topicB])
        #expect(read.runs.map(\.checksum) == flush.runs.map(\.checksum))
        #expect(read.runs.map(\.position) == flush.runs.map(\.position))
        let bytes = Array(object.readableBytesView)
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 1
            #expect(throws: ObjectCodingError.self) { try FlushObject.inspect(ByteBuffer(bytes: damaged)) }
            #expect(throws: ObjectCodingError.self) { try FlushObject.inspect(ByteBuffer(bytes: bytes[..<index])) }
        }
        // Readers patch what lies outside the batches' checksums.
        let run = flush.runs[1]
        let parts = try StoredRun.parts(run, try StoredRun.verified(run, in: object))
        var cursor = BatchCursor(parts: parts, verifiesChecksums: true)
        let next = try cursor.next()
        let patched = try #require(next)
        #expect(patched.header.baseOffset == 70 && patched.header.lastOffset == 71)
        #expect(patched.header.partitionLeaderEpoch == LeaderEpoch(4))
    }

    @Test(
        arguments: [
            "w/7-ab/000000000000001f.3", "w/0-0/0000000000000000.0", "w/2147483647-7fffffffffffffff/7fffffffffffffff.1",
        ]
    )
    func `names are read back`(text: String) throws {
        #expect(try #require(FlushObjectName(text)).description == text)
    }

    @Test(
        arguments: [
            "", "w", "w/7-ab", "w/7-ab/1.0", "w/7-AB/000000000000001f.3", "w/7-ab/000000000000001f.4",
            "w/-7-ab/000000000000001f.0", "x/7-ab/000000000000001f.0", "w/7-ab/000000000000001f.0/",
            "w/07-ab/000000000000001f.0",
            "w/7-ab/000000000000001f.+1",
        ]
    )
    func `what is not a name is refused`(text: String) {
        #expect(FlushObjectName(text) == nil)
    }
}
