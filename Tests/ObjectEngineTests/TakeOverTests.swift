import LogCore
import LogObjects
import Metadata
import MetadataTestSupport
import Model
import NIOCore
import Synchronization
import Testing

@testable import ObjectEngine

@Suite(.timeLimit(.minutes(20)))
struct TakeOverTests {
    @Test func `a successor has everything that was acknowledged, and knows the producers`() async throws {
        let fixture = ClusterFixture()
        let (first, logs) = try await fixture.takeOver(3)
        for log in logs {
            for start in stride(from: 0, to: 50, by: 5) {
                let producer = Producer(id: 7, sequence: Int32(start))
                try await log.write(makeBatch(start..<(start + 5), producer: producer), epoch: fixture.epoch)
            }
        }
        first.abandon()
        let (second, successors) = try await fixture.takeOver(3)
        for log in successors {
            #expect(log.offsets.logEnd == 50 && log.offsets.highWatermark == 50)
            #expect(try await log.numbers() == Array(0..<50))
            #expect(log.producers.map(\.lastSequence) == [49])
            #expect(log.leaderEpoch(at: 0) == LeaderEpoch(1))
            // A producer that did not get its answer repeats it.
            let repeated = try makeBatch(45..<50, producer: Producer(id: 7, sequence: 45))
            let result = try await log.write(repeated, epoch: fixture.epoch)
            #expect(result.isDuplicate && result.baseOffset == 45)
            let next = try makeBatch(50..<55, producer: Producer(id: 7, sequence: 50))
            #expect(try await log.write(next, epoch: fixture.epoch).baseOffset == 50)
            #expect(try await log.numbers() == Array(0..<55))
            #expect(log.endOffset(for: LeaderEpoch(1))?.endOffset == 50)
        }
        second.abandon()
        let (third, last) = try await fixture.takeOver(3)
        for log in last { #expect(try await log.numbers() == Array(0..<55)) }
        try await third.shutDown()
    }

    @Test func `a fenced owner acknowledges nothing more, and says that it is fenced`() async throws {
        let fixture = ClusterFixture()
        let (old, logs) = try await fixture.takeOver()
        try await logs[0].write(makeBatch(0..<5))
        let (new, successors) = try await fixture.takeOver()
        // It does not know yet, and takes an append that it can never commit.
        let waiter = TestWaiter()
        _ = try logs[0].append(makeBatch(5..<9), options: logs[0].options(), waiter: waiter)
        #expect(await waiter.wait()?.code == .closed)
        try await logs[0].eventually { fixture.fencedReasons.count == 1 }
        #expect(throws: LogError.self) {
            try logs[0].append(makeBatch(5..<9), options: logs[0].options(), waiter: nil)
        }
        #expect(successors[0].offsets.logEnd == 5)
        #expect(try await successors[0].write(makeBatch(5..<6)).baseOffset == 5)
        #expect(try await successors[0].numbers() == Array(0..<6))
        try? await old.shutDown()
        try await new.shutDown()
    }

    @Test func `an owner that the assignment does not name acquires nothing`() async throws {
        let fixture = ClusterFixture()
        let (engine, _) = try await fixture.takeOver()
        let other = Incarnation(broker: BrokerID(9), number: 9)
        let assignment = PartitionAssignment(epoch: LeaderEpoch(9), owner: other)
        fixture.memory.put(PartitionAssignment.key(ClusterFixture.partition(5)), assignment.encoded)
        let results = await engine.acquire([
            LogAcquisition(
                partition: ClusterFixture.partition(5),
                topicName: "orders",
                settings: LogSettings(),
                epoch: LeaderEpoch(9)
            )
        ])
        #expect(throws: LogError.self) { try results[0].get() }
        try await engine.shutDown()
    }

    @Test func `many partitions are taken over at once, with what their heads name`() async throws {
        let fixture = ClusterFixture()
        let (first, logs) = try await fixture.takeOver(200)
        for round in 0..<2 {
            let waiters = try logs.map { log -> TestWaiter in
                let waiter = TestWaiter()
                let producer = Producer(id: 7, sequence: Int32(round))
                _ = try log.append(
                    makeBatch(round..<(round + 1), producer: producer),
                    options: log.options(),
                    waiter: waiter
                )
                return waiter
            }
            for waiter in waiters { #expect(await waiter.wait() == nil) }
            if round == 0 { await first.checkpoints.run() }
        }
        first.abandon()
        let (second, successors) = try await fixture.takeOver(200)
        #expect(successors.count == 200)
        for log in successors {
            #expect(try await log.numbers() == [0, 1])
            #expect(log.producers.map(\.lastSequence) == [1])
        }
        try await second.shutDown()
    }

    @Test func `a released partition is continued by another broker while the first serves on`() async throws {
        let fixture = ClusterFixture()
        let (first, logs) = try await fixture.takeOver(2)
        let waiters = try (0..<20).map { number -> TestWaiter in
            let waiter = TestWaiter()
            _ = try logs[0].append(makeBatch(number..<(number + 1)), options: logs[0].options(), waiter: waiter)
            return waiter
        }
        await first.release([ClusterFixture.partition(0)])
        for waiter in waiters { #expect(await waiter.wait() == nil) }
        #expect(throws: LogError.self) {
            try logs[0].append(makeBatch(0..<1), options: logs[0].options(), waiter: nil)
        }
        let (second, successors) = try await fixture.takeOver(1, fences: false)
        #expect(try await successors[0].numbers() == Array(0..<20))
        #expect(try await successors[0].write(makeBatch(20..<21)).baseOffset == 20)
        #expect(try await logs[1].write(makeBatch(0..<1)).baseOffset == 0)
        try await first.shutDown()
        try await second.shutDown()
    }

    @Test func `deleted records stay deleted`() async throws {
        let fixture = ClusterFixture()
        let (first, logs) = try await fixture.takeOver()
        for start in 0..<10 { try await logs[0].write(makeBatch(start..<(start + 1))) }
        #expect(try logs[0].deleteRecords(before: 4) == 4)
        #expect(await first.saveLogStarts() == nil)
        await #expect(throws: LogError.self) { try await logs[0].fetch(3) }
        try await logs[0].write(makeBatch(10..<11))
        first.abandon()
        let (second, successors) = try await fixture.takeOver()
        #expect(successors[0].offsets.logStart == 4)
        #expect(try await successors[0].numbers() == Array(4..<11))
        try await second.shutDown()
    }

    @Test func `a record that is missing keeps the partition offline`() async throws {
        let fixture = ClusterFixture()
        let (first, logs) = try await fixture.takeOver()
        for start in 0..<3 { try await logs[0].write(makeBatch(start..<(start + 1))) }
        first.abandon()
        let records = fixture.memory.entries(below: MetadataKey("c/"))
        #expect(records.count == 3)
        fixture.memory.state.withLock { $0.etcd.entries[records[1].key] = nil }
        await #expect(throws: LogError.self) { _ = try await fixture.takeOver() }
    }
}
