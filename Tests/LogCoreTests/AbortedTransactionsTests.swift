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
        #expect(buffer.getInteger(at: 0, as: Int16.self) == 0)
        #expect(buffer.getInteger(at: 26, as: Int64.self) == 7)
        #expect(AbortedTransactions.Entry(from: &buffer) == entry)
        var unknown = ByteBuffer(repeating: 1, count: 34)
        #expect(AbortedTransactions.Entry(from: &unknown) == nil)
    }
}
