import LogCore
import Model
import NIOPosix
import Synchronization
import Testing
import Threads

@testable import LogFiles

@Suite(.timeLimit(.minutes(20))) struct EngineTimestampTests {
    /// Segments of a few batches, whose timestamps are `times`: two records a batch, the second 1 ms later.
    private static func log(
        _ fixture: EngineFixture,
        _ times: [Timestamp],
        settles: Bool = true
    ) throws -> (FileLogEngine, FilePartitionLog) {
        var settings = LogSettings()
        settings.segmentBytes = 400
        settings.indexIntervalBytes = 150
        let (engine, logs) = try fixture.startWithLogs(1, settings)
        for (index, time) in times.enumerated() {
            try logs[0].write(makeBatch((2 * index)..<(2 * index + 2), timestamp: time))
        }
        if settles { engine.settle() }
        return (engine, logs[0])
    }

    @Test(arguments: [true, false])
    func `the largest timestamp is that of a record which is still there`(settles: Bool) throws {
        let times = [9_000, 100, 8_000, 200, 7_000, 300, 6_000, 400, 6_500, 500] as [Timestamp]
        let fixture = try EngineFixture()
        let (engine, log) = try Self.log(fixture, times, settles: settles)
        for start in 0..<Offset(2 * times.count) {
            _ = try log.deleteRecords(before: start)
            let records = times.enumerated().flatMap { index, time in
                [(offset: Offset(2 * index), time: time), (offset: Offset(2 * index + 1), time: time + 1)]
            }.filter { $0.offset >= start }
            let largest = records.map(\.time).max() ?? -1
            let found = try log.find(.maximum)
            #expect(found?.timestamp == largest, "from \(start)")
            #expect(found?.offset == records.first { $0.time == largest }?.offset, "from \(start)")
        }
        _ = try log.deleteRecords(before: -1)
        #expect(try log.find(.maximum) == nil)
        try engine.close()
    }

    @Test func `of equal timestamps the first record is the largest`() throws {
        let fixture = try EngineFixture()
        let (engine, log) = try Self.log(fixture, [500, 100, 200, 300, 400, 500, 150])
        #expect(try log.find(.maximum)?.offset == 1)
        _ = try log.deleteRecords(before: 2)
        #expect(try log.find(.maximum)?.offset == 11)
        try engine.close()
    }

    @Test func `a committed reader finds nothing of an open transaction`() throws {
        let fixture = try EngineFixture()
        let (engine, log) = try Self.log(fixture, [1_000, 2_000])
        let producer = Producer(id: 7, epoch: 0, sequence: 0, isTransactional: true)
        try log.write(makeBatch(4..<6, timestamp: 9_000, producer: producer))
        engine.settle()
        #expect(log.offsets.lastStable == 4)
        #expect(try log.findOffset(.atOrAfter(5_000), isolation: .readUncommitted)?.offset == 4)
        #expect(try log.findOffset(.atOrAfter(5_000), isolation: .readCommitted) == nil)
        #expect(try log.findOffset(.maximum, isolation: .readUncommitted)?.offset == 5)
        #expect(try log.findOffset(.maximum, isolation: .readCommitted)?.offset == 3)
        try engine.close()
    }

    /// Stops a reader thread in the completion of a search, so that what comes after waits in its queue.
    private final class Roadblock: Sendable {
        private let entered = Semaphore()
        private let gate = Semaphore()

        init(_ engine: FileLogEngine, _ log: FilePartitionLog) {
            engine.findOffset(in: log, for: .maximum) { _ in
                self.entered.signal()
                self.gate.wait()
            }
            precondition(self.entered.wait(nanosecondsMax: 10_000_000_000), "no reader came")
        }

        func lift() { self.gate.signal() }
    }

    @Test func `many searches of one request are worked off between other reads`() throws {
        let fixture = try EngineFixture()
        let (engine, log) = try Self.log(fixture, [1_000, 2_000, 3_000])
        let order = Mutex<[String]>([])
        let done = Semaphore()
        let block = Roadblock(engine, log)
        let searches = (0..<1_000).map { OffsetSearch(in: log, for: .atOrAfter($0), isolation: .readUncommitted) }
        engine.findOffsets(searches) { found in
            order.withLock { $0.append("searches \(found.count)") }
            done.signal()
        }
        let request = ReadRequest(offset: 0, bytesMax: 100, atLeastOneBatch: true, isolation: .readUncommitted)
        engine.perform([DeferredRead(log: log, request: request)]) { _ in
            order.withLock { $0.append("read") }
            done.signal()
        }
        block.lift()
        #expect(done.wait(nanosecondsMax: 10_000_000_000))
        #expect(done.wait(nanosecondsMax: 10_000_000_000))
        #expect(order.withLock { $0 } == ["read", "searches 1000"])
        try engine.close()
    }

    @Test func `searches answer in their order, each for itself`() throws {
        let fixture = try EngineFixture()
        let (engine, log) = try Self.log(fixture, [1_000, 2_000, 3_000])
        let times = (0..<40).map { Timestamp(900 + 100 * $0) }
        let answer = Mutex<[Offset?]>([])
        let done = Semaphore()
        engine.findOffsets(times.map { OffsetSearch(in: log, for: .atOrAfter($0), isolation: .readUncommitted) }) {
            found in
            answer.withLock { $0 = found.map { try? $0.get()?.offset } }
            done.signal()
        }
        #expect(done.wait(nanosecondsMax: 10_000_000_000))
        let expected = times.map { time -> Offset? in
            time <= 1_000 ? 0 : time <= 2_000 ? 2 : time <= 3_000 ? 4 : nil
        }
        #expect(answer.withLock { $0 } == expected)
        try engine.close()
    }

    @Test func `readers that have too much to do say so, and say when they have not`() throws {
        let fixture = try EngineFixture()
        fixture.settings.readQueueMax = 1
        let (engine, log) = try Self.log(fixture, [1_000])
        let block = Roadblock(engine, log)
        let done = Semaphore()
        engine.findOffset(in: log, for: .maximum) { _ in done.signal() }
        let refused = Mutex<LogError.Code?>(nil)
        engine.findOffset(in: log, for: .maximum) { found in
            if case .failure(let error) = found { refused.withLock { $0 = error.code } }
        }
        #expect(refused.withLock { $0 } == .readersBusy)
        let relieved = Semaphore()
        engine.onReadRelief(on: MultiThreadedEventLoopGroup.singleton.any()) { relieved.signal() }
        #expect(!relieved.wait(nanosecondsMax: 20_000_000), "the queue is still full")
        block.lift()
        #expect(relieved.wait(nanosecondsMax: 10_000_000_000))
        #expect(done.wait(nanosecondsMax: 10_000_000_000))
        try engine.close()
    }
}
