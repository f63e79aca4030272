import KinesisProtocol
import Model
import Testing

@testable import KinesisServer

/// Who has which records of a put in a cluster, and what it answers.
@Suite struct SplitPutMachineTests {
    private static let (second, third) = (BrokerID(2), BrokerID(3))
    private static let unavailable = KinesisError(.internalFailure, "unavailable")

    private func machine(_ count: Int) -> SplitPutMachine {
        var machine = SplitPutMachine(count: count, deadline: 1_000, unavailable: Self.unavailable)
        let actions1 = machine.started()
        #expect(actions1 == [.place(Array(0..<Int32(count)))])
        return machine
    }

    private func stored(_ offsets: Int64...) -> [PutOutcome] {
        offsets.map { .stored(SequenceNumber(shardCreated: 1, ordinal: 0, offset: $0)) }
    }

    @Test func `records go to the brokers that lead their shards and are answered in the order of the request`() {
        var machine = self.machine(5)
        let places: [(index: Int32, place: LedPlace)] = [
            (0, .peer(Self.third)), (1, .here), (2, .peer(Self.second)), (3, .peer(Self.third)), (4, .here),
        ]
        let actions2 = machine.placed(places, now: 100)
        #expect(
            actions2 == [
                .ask(Self.third, [0, 3], milliseconds: 900), .ask(Self.second, [2], milliseconds: 900),
                .putHere([1, 4]),
            ]
        )
        // Late and in any order.
        let actions3 = machine.answered([1, 4], self.stored(10, 11), now: 100)
        #expect(actions3 == [])
        let actions4 = machine.answered([2], self.stored(20), now: 100)
        #expect(actions4 == [])
        let actions5 = machine.answered([0, 3], self.stored(30, 31), now: 999_999)
        #expect(actions5 == [.finish(self.stored(30, 10, 20, 31, 11))])
    }

    @Test func `records of a shard that moves wait and are placed again, in the order of the request`() {
        var machine = self.machine(4)
        _ = machine.placed(
            [(0, .peer(Self.second)), (1, .unsettled), (2, .peer(Self.third)), (3, .peer(Self.second))],
            now: 0
        )
        // Both brokers have lost it; the wait is on already.
        let misplaced = [PutOutcome](repeating: .misplaced, count: 2)
        let actions6 = machine.answered([0, 3], misplaced, now: 1)
        #expect(actions6 == [])
        let actions7 = machine.lost([2], mayHaveRun: false, now: 1)
        #expect(actions7 == [])
        let actions8 = machine.waited(now: 20)
        #expect(actions8 == [.place([0, 1, 2, 3])])
        let again: [(index: Int32, place: LedPlace)] = (0..<4).map { (index: $0, place: .here) }
        let actions9 = machine.placed(again, now: 20)
        #expect(actions9 == [.putHere([0, 1, 2, 3])])
        let outcomes = self.stored(1, 2, 3, 4)
        let actions10 = machine.answered([0, 1, 2, 3], outcomes, now: 21)
        #expect(actions10 == [.finish(outcomes)])
    }

    @Test func `records that may be stored are refused rather than stored twice`() {
        var machine = self.machine(2)
        _ = machine.placed([(0, .peer(Self.second)), (1, .here)], now: 0)
        let actions11 = machine.lost([0], mayHaveRun: true, now: 5)
        #expect(actions11 == [])
        let actions12 = machine.answered([1], self.stored(7), now: 5)
        #expect(actions12 == [.finish([.refused(.internalFailure)] + self.stored(7))])
    }

    @Test func `an owner refuses single records`() {
        var machine = self.machine(3)
        _ = machine.placed([(0, .peer(Self.second)), (1, .peer(Self.second)), (2, .here)], now: 0)
        let refused = PutOutcome.refused(KinesisError(.provisionedThroughputExceeded, "rate"))
        let actions13 = machine.answered([0, 1], self.stored(1) + [refused], now: 0)
        #expect(actions13 == [])
        let actions14 = machine.answered([2], self.stored(2), now: 0)
        #expect(actions14 == [.finish([self.stored(1)[0], refused, self.stored(2)[0]])])
    }

    @Test func `nobody waits for a leader beyond the deadline`() {
        var machine = self.machine(2)
        let actions15 = machine.placed([(0, .unsettled), (1, .here)], now: 0)
        #expect(actions15 == [.putHere([1]), .wait(milliseconds: 20)])
        let actions16 = machine.answered([1], self.stored(1), now: 0)
        #expect(actions16 == [])
        let actions17 = machine.waited(now: 20)
        #expect(actions17 == [.place([0])])
        let actions18 = machine.placed([(0, .unsettled)], now: 1_000)
        #expect(actions18 == [.finish([.refused(Self.unavailable)] + self.stored(1))])
        // And nobody is asked who could not answer in time.
        machine = self.machine(1)
        let actions19 = machine.placed([(0, .peer(Self.second))], now: 1_000)
        #expect(actions19 == [.finish([.refused(Self.unavailable)])])
    }

    @Test func `a stream that is gone refuses what was not placed`() {
        var machine = self.machine(2)
        _ = machine.placed([(0, .unsettled), (1, .here)], now: 0)
        _ = machine.answered([1], self.stored(1), now: 0)
        _ = machine.waited(now: 20)
        let gone = KinesisError(.resourceNotFound, "gone")
        let actions20 = machine.refused([0], gone, now: 20)
        #expect(actions20 == [.finish([.refused(gone)] + self.stored(1))])
    }

    @Test func `a timer that comes without a wait changes nothing, and the answer is given once`() {
        var machine = self.machine(1)
        _ = machine.placed([(0, .here)], now: 0)
        let actions21 = machine.waited(now: 5)
        #expect(actions21 == [])
        let actions22 = machine.answered([0], self.stored(1), now: 5)
        #expect(actions22 == [.finish(self.stored(1))])
        let actions23 = machine.waited(now: 5)
        #expect(actions23 == [])
    }

    @Test func `pauses grow up to a bound`() {
        var machine = SplitPutMachine(count: 1, deadline: .max, unavailable: Self.unavailable)
        _ = machine.started()
        var pauses: [Int64] = []
        for _ in 0..<7 {
            guard case .wait(let milliseconds)? = machine.placed([(0, .unsettled)], now: 0).first else { break }
            pauses.append(milliseconds)
            let actions24 = machine.waited(now: 0)
            #expect(actions24 == [.place([0])])
        }
        #expect(pauses == [20, 40, 80, 160, 320, 320, 320])
    }
}
