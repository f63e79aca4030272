import NIOCore
import Testing

@testable import LogCore
@testable import Model

@Suite struct AbortedTransactionsTests {
    private func entry(_ id: Int64, _ first: Offset, _ last: Offset, stable: Offset? = nil) -> AbortedTransactions.Entry
    {
        .init(producerID: ProducerID(id), firstOffset: first, lastOffset: last, lastStableOffset: stable ?? last + 1)
    }

    private func ids(_ aborted: AbortedTransactions, _ range: Range<Offset>) -> [Int64] {
        var overlap = AbortedTransactions.Overlap(range)
        aborted.collect(into: &overlap)
        return overlap.transactions.map(\.producerID.rawValue)
    }

    @Test func `every flipped bit of a stored entry is found`() throws {
        let entry = self.entry(0x0102_0304_0506, 1_000, 1_234_567)
        var buffer = ByteBuffer()
        entry.encode(into: &buffer)
        #expect(buffer.readableBytes == AbortedTransactions.Entry.sizeBytes)
        var copy = buffer
        #expect(AbortedTransactions.Entry(from: &copy) == entry)
        for bit in 0..<(8 * buffer.readableBytes) {
            var damaged = buffer
            let byte = try #require(damaged.getInteger(at: bit / 8, as: UInt8.self))
            damaged.setInteger(byte ^ (1 << (bit % 8)), at: bit / 8)
            #expect(AbortedTransactions.Entry(from: &damaged) == nil, "bit \(bit)")
        }
    }

    @Test func `an entry of Kafka's version is taken, and a block of zeros is not`() {
        var buffer = ByteBuffer(integer: Int16(0))
        for number: Int64 in [7, 10, 20, 21] { buffer.writeInteger(number) }
        #expect(AbortedTransactions.Entry(from: &buffer) == self.entry(7, 10, 20))
        var zeros = ByteBuffer(repeating: 0, count: AbortedTransactions.Entry.sizeBytes)
        #expect(AbortedTransactions.Entry(from: &zeros) == nil)
    }

    @Test func `a damaged entry does not end an index`() throws {
        var buffer = ByteBuffer()
        for number: Int64 in 0..<4 { self.entry(number, 10 * number, 10 * number + 5).encode(into: &buffer) }
        #expect(TransactionIndex(reading: buffer).flaw(in: 0..<100) == nil)
        buffer.setInteger(UInt8(0xFF), at: AbortedTransactions.Entry.sizeBytes + 4)
        let index = TransactionIndex(reading: buffer)
        #expect(index.entries.map(\.producerID.rawValue) == [0, 2, 3])
        #expect(index.flaw(in: 0..<100) == "entry 1 is damaged")
        #expect(index.prefix(endingBefore: 26).count == 3, "damage before a sound entry is part of what was stored")
        #expect(index.prefix(endingBefore: 10).count == 1, "damage behind all of them may be a crash's")
        #expect(index.prefix(endingBefore: 0).isEmpty)
        buffer.moveWriterIndex(to: buffer.writerIndex - 1)
        #expect(TransactionIndex(reading: buffer).trailingBytes == AbortedTransactions.Entry.sizeBytes - 1)
        #expect(TransactionIndex(reading: buffer).flaw(in: 0..<100) == "the file ends within an entry")
    }

    @Test func `aborted transactions are found by overlap`() {
        var aborted = AbortedTransactions(knownFrom: 0)
        aborted.append(self.entry(1, 0, 10))
        aborted.append(self.entry(2, 5, 20))
        aborted.append(self.entry(3, 30, 40))
        #expect(self.ids(aborted, 0..<100) == [1, 2, 3])
        #expect(self.ids(aborted, 11..<100) == [2, 3])
        #expect(self.ids(aborted, 0..<5) == [1])
        #expect(self.ids(aborted, 21..<30) == [])
        #expect(self.ids(aborted, 7..<7) == [])
    }

    @Test func `the answer is in the order in which transactions begin, not in which they end`() {
        var aborted = AbortedTransactions(knownFrom: 0)
        // 2 begins inside of 1 and ends first; so the last stable offset stays at 1's beginning.
        aborted.append(self.entry(2, 5, 10, stable: 0))
        aborted.append(self.entry(1, 0, 20))
        #expect(self.ids(aborted, 0..<30) == [1, 2])
        // The marker of 2 does not end the search while 1 is open: Kafka's rule is the last stable offset.
        #expect(self.ids(aborted, 0..<8) == [1, 2])
        #expect(self.ids(aborted, 11..<15) == [1])
    }

    @Test func `a search ends where no later transaction can overlap`() {
        var overlap = AbortedTransactions.Overlap(0..<15)
        overlap.add(self.entry(1, 0, 10))
        #expect(!overlap.isComplete)
        overlap.add(self.entry(2, 12, 20))
        #expect(overlap.isComplete)
    }

    @Test func `stored entries leave memory beyond a bound, and memory says from where it knows all`() {
        var aborted = AbortedTransactions(knownFrom: 7)
        let count = AbortedTransactions.countMax + 50
        for number in 0..<count { aborted.append(self.entry(1, Offset(10 * number + 10), Offset(10 * number + 15))) }
        aborted.trim(storedEnd: 0)
        #expect(aborted.count == count && aborted.knownFrom == 7)
        // Only those that are stored.
        aborted.trim(storedEnd: 36)
        #expect(aborted.count == count - 3 && aborted.knownFrom == 36)
        aborted.trim(storedEnd: .max)
        #expect(aborted.count == AbortedTransactions.countMax && aborted.knownFrom == 506)
        #expect(self.ids(aborted, 506..<600).count == 9)
    }

    @Test func `the log start and a rollback cut the ends`() {
        var aborted = AbortedTransactions(knownFrom: 0)
        for number in 0..<10 { aborted.append(self.entry(Int64(number), Offset(number * 10), Offset(number * 10 + 9))) }
        aborted.removeBefore(29)
        aborted.truncate(to: 80)
        #expect(self.ids(aborted, 0..<200) == [2, 3, 4, 5, 6, 7])
        #expect(aborted.knownFrom == 0)
    }

    @Test func `an entry has Kafka's 34 bytes`() {
        let entry = self.entry(4, 5, 6, stable: 7)
        var buffer = ByteBuffer()
        entry.encode(into: &buffer)
        #expect(buffer.readableBytes == AbortedTransactions.Entry.sizeBytes)
        #expect(buffer.getInteger(at: 2, as: Int64.self) == 4)
        #expect(buffer.getInteger(at: 26, as: Int64.self) == 7)
        #expect(AbortedTransactions.Entry(from: &buffer) == entry)
        var unknown = ByteBuffer(repeating: 1, count: 34)
        #expect(AbortedTransactions.Entry(from: &unknown) == nil)
    }
}
