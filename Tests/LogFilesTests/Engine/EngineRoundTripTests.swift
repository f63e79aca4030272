import NIOCore
import NIOPosix
import Synchronization
import Testing
import Threads

@testable import LogCore
@testable import LogFiles
@testable import Model
@testable import RecordBatch

@Suite(.timeLimit(.minutes(20)))
struct EngineRoundTripTests {
    @Test(arguments: [true, false])
    func `what is appended is read back in order, from memory and from files`(isJournaled: Bool) throws {
        let fixture = try EngineFixture()
        fixture.settings.tailBytesMax = 2_000
        var settings = LogSettings()
        settings.segmentBytes = 4_000
        settings.indexIntervalBytes = 300
        settings.flushMessages = isJournaled ? 1 : 1_000_000
        let (engine, logs) = try fixture.startWithLogs(1, settings)
        for start in stride(from: 0, to: 1_000, by: 5) { try logs[0].write(makeBatch(start..<(start + 5))) }
        #expect(logs[0].offsets.highWatermark == 1_000)
        engine.settle()
        #expect(logs[0].head.withLock { $0.layout.segments.count } > 5)
        #expect(logs[0].head.withLock { $0.state.tail.storedBytes } <= 2_000)
        for bytesMax in [1, 200, 1_000, 1 << 20] {
            #expect(try logs[0].numbers(bytesMax: bytesMax) == Array(0..<1_000))
        }
        for offset in stride(from: Offset(0), to: 1_000, by: 37) {
            #expect(try logs[0].numbers(from: offset, bytesMax: 500).first == Int(offset))
        }
        try engine.close()
    }

    @Test func `a closed engine opens with the same records and offsets`() throws {
        let fixture = try EngineFixture()
        var settings = LogSettings()
        settings.segmentBytes = 2_000
        let (first, logs) = try fixture.startWithLogs(2, settings)
        for start in stride(from: 0, to: 100, by: 5) {
            try logs[0].write(makeBatch(start..<(start + 5), producer: Producer(id: 7, sequence: Int32(start))))
        }
        try first.close()
        #expect(try Directory(fixture.path).contents(of: FileNames.cleanShutdown, bytesMax: 100) != nil)
        let (second, reopened) = try fixture.startWithLogs(2, settings)
        #expect(reopened[0].offsets.logEnd == 100)
        #expect(reopened[0].offsets.highWatermark == 100)
        #expect(try reopened[0].numbers() == Array(0..<100))
        #expect(reopened[0].producers.map(\.lastSequence) == [99])
        #expect(reopened[1].offsets.logEnd == 0)
        let batch = try makeBatch(100..<105, producer: Producer(id: 7, sequence: 100))
        #expect(try reopened[0].write(batch).baseOffset == 100)
        #expect(try reopened[0].numbers() == Array(0..<105))
        try second.close()
    }

    @Test func `an empty partition has no folder until its first record`() throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs(3)
        let names = { try Directory(fixture.path).entries().map(\.name).filter { $0.hasPrefix("orders") } }
        #expect(try names() == [])
        try logs[1].write(makeBatch(0..<1))
        engine.settle()
        #expect(try names() == ["orders-1"])
        try engine.close()
    }

    @Test func `a repeated batch is answered with its first offsets`() throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs()
        let batch = try makeBatch(0..<5, producer: Producer(id: 3, sequence: 0))
        let first = try logs[0].write(batch)
        let second = try logs[0].write(batch)
        #expect(second.isDuplicate)
        #expect(second.baseOffset == first.baseOffset && second.lastOffset == first.lastOffset)
        #expect(logs[0].offsets.logEnd == 5)
        try engine.close()
    }

    @Test func `a reader beyond the end is told to wait and is woken by the next record`() throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs()
        let woken = Semaphore()
        let waiter = ReadWaiter(eventLoop: MultiThreadedEventLoopGroup.singleton.any()) { woken.signal() }
        #expect(try logs[0].fetch(0).bytes == 0)
        _ = logs[0].addReadWaiter(waiter, after: 0, isolation: .readUncommitted)
        #expect(!waiter.isClaimed)
        try logs[0].write(makeBatch(0..<1))
        #expect(woken.wait(nanosecondsMax: 10_000_000_000))
        #expect(throws: LogError.self) { try logs[0].fetch(5) }
        try engine.close()
    }

    @Test func `timestamps are found in files and in memory`() throws {
        let fixture = try EngineFixture()
        var settings = LogSettings()
        settings.segmentBytes = 2_000
        settings.indexIntervalBytes = 200
        let (engine, logs) = try fixture.startWithLogs(1, settings)
        for start in stride(from: 0, to: 200, by: 5) {
            try logs[0].write(makeBatch(start..<(start + 5), timestamp: Timestamp(10_000 + start)))
        }
        engine.settle()
        for offset in [0, 1, 57, 100, 199] {
            #expect(try logs[0].find(.atOrAfter(Timestamp(10_000 + offset)))?.offset == Offset(offset))
        }
        #expect(try logs[0].find(.atOrAfter(0))?.offset == 0)
        #expect(try logs[0].find(.atOrAfter(10_200)) == nil)
        #expect(try logs[0].find(.maximum)?.offset == 199)
        try engine.close()
    }
}
