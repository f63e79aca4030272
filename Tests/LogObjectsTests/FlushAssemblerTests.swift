import LogCore
import Model
import NIOCore
import Testing

@testable import LogObjects

@Suite struct FlushAssemblerTests {
    private let partition = TopicPartition(topicID: topicA, partition: 0)
    var assembler = FlushAssembler(
        writer: writer,
        settings: FlushSettings(bytesMax: 1_000, runsMax: 3)
    )

    private mutating func append(
        _ count: Int64 = 1,
        base: Offset = 0,
        partition: Int32 = 0,
        bytes: Int = 10,
        isUrgent: Bool = false,
        isIdle: Bool = false,
        at milliseconds: Int
    ) -> FlushAssembler.Action {
        let buffer = ByteBuffer(repeating: 1, count: bytes)
        return self.assembler.appended(
            TopicPartition(topicID: topicA, partition: partition),
            leaderEpoch: LeaderEpoch(0),
            batches: [buffer],
            summaries: [summary(buffer, base: base, count: count)],
            isUrgent: isUrgent,
            isIdle: isIdle,
            now: .milliseconds(milliseconds)
        )
    }

    @Test mutating func `a busy flush is sealed after the interval`() {
        #expect(self.append(at: 10) == .setTimer(.milliseconds(260)))
        #expect(self.append(base: 1, at: 200) == .wait)
        #expect(self.assembler.timerFired(now: .milliseconds(259)) == .setTimer(.milliseconds(260)))
        #expect(self.assembler.timerFired(now: .milliseconds(260)) == .seal)
        let flush = self.assembler.seal()
        #expect(flush?.sequence == 0 && flush?.runs.first?.offsetCount == 2 && flush?.runs.first?.length == 20)
        #expect(self.assembler.timerFired(now: .seconds(9)) == .wait)
        #expect(self.assembler.seal() == nil)
        #expect(self.assembler.becameIdle(now: .seconds(9)) == .wait)
    }

    @Test mutating func `a lone append waits two milliseconds, and an urgent one a part of the interval`() {
        #expect(self.append(isIdle: true, at: 10) == .setTimer(.milliseconds(12)))
        _ = self.assembler.seal()
        #expect(self.append(at: 100) == .setTimer(.milliseconds(350)))
        #expect(self.append(base: 1, isUrgent: true, at: 110) == .setTimer(.milliseconds(135)))
        // One that is less urgent does not push it back.
        #expect(self.append(base: 2, at: 120) == .wait)
        #expect(self.assembler.timerFired(now: .milliseconds(135)) == .seal)
    }

    @Test mutating func `what waits is sealed when everything before it is committed`() {
        _ = self.append(at: 100)
        #expect(self.assembler.becameIdle(now: .milliseconds(101)) == .setTimer(.milliseconds(102)))
        #expect(self.assembler.becameIdle(now: .milliseconds(150)) == .wait)
        #expect(self.assembler.timerFired(now: .milliseconds(150)) == .seal)
        _ = self.assembler.seal()
        _ = self.append(base: 1, at: 200)
        #expect(self.assembler.becameIdle(now: .milliseconds(230)) == .seal)
    }

    @Test mutating func `a flush of enough bytes or partitions is sealed at once`() {
        #expect(self.append(bytes: 999, at: 0) == .setTimer(.milliseconds(250)))
        #expect(self.append(base: 1, bytes: 1, at: 0) == .seal)
        #expect(self.assembler.seal()?.size ?? 0 > 1_000)
        #expect(self.append(base: 2, partition: 5, at: 1) == .setTimer(.milliseconds(251)))
        #expect(self.append(partition: 4, at: 1) == .wait)
        #expect(self.append(partition: 3, at: 1) == .seal)
        let flush = self.assembler.seal()
        #expect(flush?.sequence == 1)
        #expect(flush?.runs.map(\.partition.partition) == [3, 4, 5])
        #expect(self.assembler.isEmpty && self.assembler.pendingBytes == 0)
    }

    @Test mutating func `producers are noted with their place in the run`() throws {
        let buffer = ByteBuffer(repeating: 1, count: 5)
        for (base, sequence) in [(Offset(50), Int32(0)), (53, 3)] {
            _ = self.assembler.appended(
                self.partition,
                leaderEpoch: LeaderEpoch(1),
                batches: [buffer],
                summaries: [summary(buffer, base: base, count: 3, producer: 9, sequence: sequence)],
                isUrgent: false,
                isIdle: false,
                now: .zero
            )
        }
        let flush = self.assembler.seal()
        let run = try #require(flush?.runs.first)
        #expect(run.producers.map(\.offsetDelta) == [0, 3])
        #expect(run.producers.map(\.baseSequence) == [0, 3])
        let rebuilt = run.producers.map { BatchSummary($0, in: run) }
        #expect(rebuilt.map(\.baseOffset) == [50, 53] && rebuilt.map(\.lastOffset) == [52, 55])
        #expect(rebuilt.map(\.lastSequence) == [2, 5])
    }
}
