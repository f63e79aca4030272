import LogCore
import Model
import NIOCore
import RecordBatch
import Testing

@testable import LogFiles

@Suite struct JournalChecksumTests {
    /// An entry's bytes in the journal, with their checksum as a round counts it and as it must be.
    private static func checksums(of payload: ByteBuffer, after initial: UInt32) -> (joined: UInt32, read: UInt32) {
        let entry = JournalEntry(
            partition: TopicPartition(topicID: TopicID(high: 1, low: 2), partition: 3),
            baseOffset: 4,
            nextOffset: 5,
            leaderEpoch: LeaderEpoch(6),
            head: payload,
            body: ByteBuffer(),
            owner: FakeOwner()
        )
        let bytes = UnsafeMutableRawBufferPointer.allocate(
            byteCount: JournalFormat.entryBytes(payload: entry.byteCount),
            alignment: 8
        )
        defer { bytes.deallocate() }
        JournalFormat.encode(entry, payload: entry.byteCount, into: bytes)
        let whole = UnsafeRawBufferPointer(bytes)
        return (
            JournalFormat.checksum(ofEntry: whole, payload: entry.byteCount, after: initial),
            CRC32C.checksum(whole, initial: initial)
        )
    }

    private static func batches(_ sizes: [Int]) throws -> ByteBuffer {
        var buffer = ByteBuffer()
        for size in sizes {
            buffer.writeImmutableBuffer(try makeBatch(0..<2, bytes: size / 2).buffer)
        }
        return buffer
    }

    @Test(arguments: [[100], [40_000], [15_000, 90_001, 20_003, 7], [200_000, 200_001]])
    func `joining the batches' checksums gives the checksum of the bytes`(sizes: [Int]) throws {
        let payload = try Self.batches(sizes)
        let (joined, read) = Self.checksums(of: payload, after: 0xDEAD_BEEF)
        #expect(joined == read)
    }

    @Test func `bytes that are no batches are read`() {
        let payload = ByteBuffer(bytes: (0..<50_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        let (joined, read) = Self.checksums(of: payload, after: 7)
        #expect(joined == read)
    }
}
