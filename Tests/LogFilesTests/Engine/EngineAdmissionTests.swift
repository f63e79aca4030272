import Glibc
import NIOCore
import NIOPosix
import Simulation
import Synchronization
import Testing
import Threads

@testable import LogCore
@testable import LogFiles
@testable import Model
@testable import RecordBatch

@Suite(.timeLimit(.minutes(20)))
struct EngineAdmissionTests {
    /// Counts the calls of relief.
    private final class Relief: Sendable {
        let told = Semaphore()

        func register(_ engine: FileLogEngine) {
            engine.onRelief(on: MultiThreadedEventLoopGroup.singleton.any()) { self.told.signal() }
        }

        func wait() -> Bool { self.told.wait(nanosecondsMax: 10_000_000_000) }
    }

    @Test func `a partition for which the writer's queue has no room is written by the keeper`() throws {
        let fixture = try EngineFixture()
        fixture.settings.writeQueueMax = 1
        var logSettings = LogSettings()
        logSettings.flushMessages = .max
        let (engine, logs) = try fixture.startWithLogs(4, logSettings)
        let (entered, gate) = (Semaphore(), Semaphore())
        fixture.faults.set { rules in
            rules.pathContains = "orders-0"
            rules.beforeWrite = { _, _ in
                entered.signal()
                gate.wait()
            }
        }
        let first = TestWaiter()
        _ = try logs[0].append(makeBatch(0..<1), options: options(), waiter: first)
        entered.wait()
        let waiters = (1..<4).map { _ in TestWaiter() }
        for number in 1..<4 {
            _ = try logs[number].append(makeBatch(0..<1), options: options(), waiter: waiters[number - 1])
        }
        // One waits in the queue behind the write that is held.
        try waiters[1].wait()
        try waiters[2].wait()
        #expect(!waiters[0].isTold)
        fixture.faults.set { $0.beforeWrite = nil }
        for _ in 0..<8 { gate.signal() }
        try first.wait()
        try waiters[0].wait()
        try engine.close()
    }

    @Test func `half of the budget is congestion, and writing relieves it once`() throws {
        let fixture = try EngineFixture()
        fixture.settings.unwrittenBytesMax = 2_000
        let (engine, logs) = try fixture.startWithLogs()
        let gate = Semaphore()
        let isHeld = Mutex(true)
        fixture.faults.set { rules in
            rules.pathContains = "journal"
            rules.beforeWrite = { _, _ in if isHeld.withLock({ $0 }) { gate.wait() } }
        }
        #expect(!engine.isCongested)
        let waiter = TestWaiter()
        _ = try logs[0].append(makeBatch(0..<1, bytes: 1_100), options: options(), waiter: waiter)
        #expect(engine.isCongested)
        let relief = Relief()
        relief.register(engine)
        // What cannot wait still gets in.
        _ = try logs[0].append(makeBatch(1..<2, bytes: 300), options: options(), waiter: nil)
        isHeld.withLock { $0 = false }
        for _ in 0..<8 { gate.signal() }
        #expect(relief.wait())
        try waiter.wait()
        engine.settle()
        #expect(!engine.isCongested)
        // Without congestion the answer comes at once.
        let second = Relief()
        second.register(engine)
        #expect(second.wait())
        try engine.close()
    }

    @Test func `nobody waits for a disk that is full or a journal that failed`() throws {
        let fixture = try EngineFixture()
        fixture.settings.unwrittenBytesMax = 2_000
        let (engine, logs) = try fixture.startWithLogs(2)
        try logs[0].write(makeBatch(0..<1))
        engine.settle()
        fixture.faults.set { rules in
            rules.pathContains = "orders-0"
            rules.writeError = ENOSPC
        }
        let relief = Relief()
        _ = try logs[0].append(makeBatch(1..<2, bytes: 1_200), options: options(), waiter: nil)
        relief.register(engine)
        #expect(relief.wait())
        while !logs[0].head.withLock({ $0.lifecycle.isStalled }) { engine.drainWriter() }
        #expect(!engine.isCongested)
        fixture.faults.set { rules in
            rules = FaultyDisk.Rules()
            rules.pathContains = "journal"
            rules.writeError = EIO
        }
        #expect(throws: LogError.self) { try logs[1].write(makeBatch(0..<1, bytes: 1_500)) }
        #expect(!engine.isCongested)
        engine.abandon()
    }

    @Test func `descriptors of closed segments are bounded and every offset stays readable`() throws {
        let fixture = try EngineFixture()
        fixture.settings.openFilesMax = 8
        fixture.settings.tailBytesMax = 0
        var settings = LogSettings()
        settings.segmentBytes = 500
        let (engine, logs) = try fixture.startWithLogs(3, settings)
        for log in logs {
            for start in stride(from: 0, to: 100, by: 5) { try log.write(makeBatch(start..<(start + 5))) }
        }
        engine.settle()
        #expect(engine.checkpoint() == nil)
        for log in logs { #expect(try log.numbers() == Array(0..<100)) }
        #expect(engine.openFiles.count <= 8)
        let open = try Directory("/proc/self/fd").entries().count { entry in
            var target = [CChar](repeating: 0, count: 4096)
            guard readlink("/proc/self/fd/" + entry.name, &target, target.count - 1) > 0 else { return false }
            let path = String(decoding: target.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return path.hasPrefix(fixture.path + "/orders-")
        }
        #expect(open <= 8)
        try logs[0].write(makeBatch(100..<105))
        #expect(try logs[0].numbers() == Array(0..<105))
        try engine.close()
    }

    @Test func `flush.ms forces a topic without journal`() throws {
        let fixture = try EngineFixture()
        var settings = LogSettings()
        settings.flushMessages = .max
        settings.flushMilliseconds = 1
        let (engine, logs) = try fixture.startWithLogs(1, settings)
        fixture.faults.set { $0.pathContains = ".log" }
        try logs[0].write(makeBatch(0..<5))
        // Checkpoints are an hour apart here, so only `flush.ms` forces.
        while fixture.faults.counts.syncs == 0 { sched_yield() }
        try logs[0].write(makeBatch(5..<10))
        while fixture.faults.counts.syncs < 2 { sched_yield() }
        try engine.close()
    }
}
