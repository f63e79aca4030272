import NIOCore
import Testing

@testable import LogCore
@testable import Model

@Suite struct ProducerCheckpointTests {
    private static func sample() -> ProducerCheckpoint {
        var table = ProducerTable()
        table[ProducerID(7)] = ProducerEntry(
            epoch: ProducerEpoch(2),
            coordinatorEpoch: -1,
            lastTimestamp: 5,
            transactionFirstOffset: 90,
            lastBatch: ProducerEntry.Batch(lastSequence: 9, offsetDelta: 3, lastOffset: 99)
        )
        let key = { TopicPartition(topicID: TopicID(high: 1, low: 2), partition: $0) }
        return ProducerCheckpoint([
            key(0): .init(offset: 100, snapshot: ProducerSnapshot.encode(table)),
            key(1): .init(offset: 3, snapshot: ProducerSnapshot.encode(ProducerTable())),
            key(2): .init(
                offset: 80,
                snapshot: ByteBuffer(),
                transactionIndexes: [
                    .init(baseOffset: 0, logSizeBytes: 900, entryCount: 3),
                    .init(baseOffset: 50, logSizeBytes: 1 << 40, entryCount: 1),
                ]
            ),
        ])
    }

    @Test func `what was saved is read back`() throws {
        let sample = Self.sample()
        let read = try #require(ProducerCheckpoint(decoding: sample.encoded()))
        #expect(read == sample)
        #expect(try #require(ProducerCheckpoint(decoding: ProducerCheckpoint().encoded())).entries.isEmpty)
    }

    @Test func `a file that was cut or has a wrong byte is not taken`() {
        let bytes = Self.sample().encoded()
        for length in 0..<bytes.count { #expect(ProducerCheckpoint(decoding: Array(bytes[..<length])) == nil) }
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 0x10
            #expect(ProducerCheckpoint(decoding: damaged) == nil)
        }
        #expect(ProducerCheckpoint(decoding: bytes + [0]) == nil)
    }
}
