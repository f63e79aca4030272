import NIOPosix
import Testing
import Threads

@testable import LogCore
@testable import LogFiles
@testable import Model
@testable import RecordBatch

/// `LogEngine.release` on real files: what was acknowledged is where the next leader finds it.
@Suite(.timeLimit(.minutes(20)))
struct EngineReleaseTests {
    private static func settings() -> LogSettings {
        var settings = LogSettings()
        settings.segmentBytes = 4_000
        return settings
    }

    private static func acquire(_ engine: FileLogEngine, _ number: Int32 = 0) async throws -> FilePartitionLog {
        let wanted = EngineFixture.acquisition(EngineFixture.partition(number), Self.settings())
        let log = try await engine.acquire([wanted])[0].get()
        return try #require(log as? FilePartitionLog)
    }

    @Test func `a released partition has all its records in its files, and is acquired again with them`() async throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs(2, Self.settings())
        for start in stride(from: 0, to: 200, by: 5) {
            try logs[0].write(makeBatch(start..<(start + 5), producer: Producer(id: 7, sequence: Int32(start))))
        }
        try logs[1].write(makeBatch(0..<5))
        await engine.release([EngineFixture.partition(0), EngineFixture.partition(9)])
        #expect(engine.logs.map(\.partition) == [EngineFixture.partition(1)])

        // Another process finds them without the journal's help: its entries of the partition are all in segments.
        let copy = try fixture.copy()
        let (other, copied) = try fixture.startWithLogs(1, at: copy, Self.settings())
        #expect(try copied[0].numbers() == Array(0..<200))
        #expect(copied[0].producers.map(\.lastSequence) == [199])
        other.abandonIfOpen()

        let again = try await Self.acquire(engine)
        #expect(again !== logs[0])
        #expect(again.offsets.logEnd == 200 && again.offsets.highWatermark == 200)
        #expect(try again.numbers() == Array(0..<200))
        let next = try makeBatch(200..<205, producer: Producer(id: 7, sequence: 200))
        #expect(try again.write(next).baseOffset == 200)
        #expect(try logs[1].write(makeBatch(5..<10)).baseOffset == 5, "the other partition was not concerned")
        try engine.close()
    }

    @Test func `who waits at a released log is told, and later calls are refused`() async throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs(1, Self.settings())
        try logs[0].write(makeBatch(0..<5))
        let woken = Semaphore()
        let reader = ReadWaiter(eventLoop: MultiThreadedEventLoopGroup.singleton.any()) { woken.signal() }
        _ = logs[0].addReadWaiter(reader, after: 5, isolation: .readUncommitted)
        #expect(!reader.isClaimed)
        await engine.release([EngineFixture.partition(0)])
        #expect(woken.wait(nanosecondsMax: 10_000_000_000))
        let batch = try makeBatch(5..<10)
        #expect { try logs[0].append(batch, options: options(), waiter: nil) } throws: {
            ($0 as? LogError)?.code == .closed
        }
        #expect { try logs[0].fetch(0) } throws: { ($0 as? LogError)?.code == .closed }
        try engine.close()
    }

    @Test func `appends that are under way when a partition is released are completed`() async throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs(1, Self.settings())
        var waiters: [TestWaiter] = []
        for start in stride(from: 0, to: 100, by: 5) {
            let waiter = TestWaiter()
            _ = try logs[0].append(makeBatch(start..<(start + 5)), options: options(), waiter: waiter)
            waiters.append(waiter)
        }
        await engine.release([EngineFixture.partition(0)])
        for waiter in waiters { try waiter.wait() }
        #expect(try await Self.acquire(engine).numbers() == Array(0..<100))
        try engine.close()
    }

    @Test func `a partition that is released and deleted leaves nothing behind`() async throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs(1, Self.settings())
        try logs[0].write(makeBatch(0..<5))
        await engine.release([EngineFixture.partition(0)])
        await engine.delete(partition: EngineFixture.partition(0))
        try engine.clearDeletions()
        #expect(try await Self.acquire(engine).offsets.logEnd == 0)
        try engine.close()
    }
}
