import Broker
import CoordinatorRuntime
import Model
import NIOCore
import Testing
import TransactionCoordinator

@Suite struct TransactionRecordCodecTests {
    private static let metadata = TransactionMetadata(
        producerID: ProducerID(7),
        previousProducerID: ProducerID(6),
        producerEpoch: ProducerEpoch(5),
        timeoutMilliseconds: 60_000,
        status: .ongoing,
        partitions: [TransactionPartition(topic: "a", partition: 2), TransactionPartition(topic: "a", partition: 0)],
        lastUpdate: 1_700_000_000_000,
        start: 1_700_000_000_000,
        clientVersion: 2
    )

    /// Laid out by hand from Kafka's message definitions.
    private static let value: [UInt8] =
        [0, 1] + [0, 0, 0, 0, 0, 0, 0, 7] + [0, 5] + [0, 0, 0xEA, 0x60] + [1]
        + [2, 2, 0x61, 3, 0, 0, 0, 0, 0, 0, 0, 2, 0]
        + [0, 0, 0x01, 0x8B, 0xCF, 0xE5, 0x68, 0] + [0, 0, 0x01, 0x8B, 0xCF, 0xE5, 0x68, 0]
        + [2, 0, 8, 0, 0, 0, 0, 0, 0, 0, 6, 2, 2, 0, 2]

    private static let record = TransactionRecord(transactionalID: "txn", value: metadata)

    @Test func `records have the bytes of Kafka's`() throws {
        let encoded = TransactionRecordCodec.encode(Self.record, allocator: ByteBufferAllocator())
        #expect(encoded.key == ByteBuffer(bytes: [0, 0, 0, 3, 0x74, 0x78, 0x6E]))
        #expect(encoded.value == ByteBuffer(bytes: Self.value))
        #expect(try TransactionRecordCodec.decode(key: encoded.key, value: encoded.value) == Self.record)
    }

    @Test func `a tombstone and a dead transactional ID are the same`() throws {
        let gone = TransactionRecord(transactionalID: "txn", value: nil)
        let encoded = TransactionRecordCodec.encode(gone, allocator: ByteBufferAllocator())
        #expect(encoded.value == nil)
        #expect(try TransactionRecordCodec.decode(key: encoded.key, value: nil) == gone)
        var dead = Self.value
        dead[16] = 6
        #expect(try TransactionRecordCodec.decode(key: encoded.key, value: ByteBuffer(bytes: dead)) == gone)
    }

    @Test func `values of version 0 are read`() throws {
        let old: [UInt8] =
            [0, 0] + [0, 0, 0, 0, 0, 0, 0, 7] + [0, 5] + [0, 0, 0xEA, 0x60] + [4]
            + [0xFF, 0xFF, 0xFF, 0xFF]
            + [0, 0, 0, 0, 0, 0, 0, 9] + [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]
        let key = TransactionRecordCodec.encode(Self.record, allocator: ByteBufferAllocator()).key
        let decoded = try #require(try TransactionRecordCodec.decode(key: key, value: ByteBuffer(bytes: old))?.value)
        #expect(decoded.status == .completeCommit)
        #expect(decoded.partitions.isEmpty)
        #expect(decoded.lastUpdate == 9)
        #expect(decoded.start == -1)
    }

    @Test(arguments: 0..<61)
    func `a value that ends early is damaged, never trapped`(length: Int) {
        let key = TransactionRecordCodec.encode(Self.record, allocator: ByteBufferAllocator()).key
        guard length < Self.value.count else { return }
        #expect(throws: DamagedRecord.self) {
            try TransactionRecordCodec.decode(key: key, value: ByteBuffer(bytes: Self.value[..<length]))
        }
    }

    @Test func `an unknown status is damaged`() {
        let key = TransactionRecordCodec.encode(Self.record, allocator: ByteBufferAllocator()).key
        var odd = Self.value
        odd[16] = 99
        #expect(throws: DamagedRecord.self) {
            try TransactionRecordCodec.decode(key: key, value: ByteBuffer(bytes: odd))
        }
    }
}
