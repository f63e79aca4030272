import Glibc
import LogCore
import NIOCore
import NIOPosix
import Simulation
import Synchronization
import Testing
import Threads

@testable import LogFiles

/// Batches that skip the journal are written by the event loop that appended them.
@Suite(.timeLimit(.minutes(20)))
struct EngineLoopWriteTests {
    /// An engine with one log without journal, whose first segment exists, and who writes to it from then on.
    private final class Site {
        let fixture: EngineFixture
        let engine: FileLogEngine
        let log: FilePartitionLog
        let eventLoop: any EventLoop
        private let writes = Writes()

        private final class Writes: Sendable {
            let byLoop = Mutex<[Bool]>([])
        }

        init(_ change: (inout EngineSettings) -> Void = { _ in }) throws {
            self.fixture = try EngineFixture()
            // Whether a machine is busy must not decide who writes.
            self.fixture.settings.loopWriteMillisecondsMax = .max
            change(&self.fixture.settings)
            var logSettings = LogSettings()
            logSettings.flushMessages = .max
            let (engine, logs) = try self.fixture.startWithLogs(1, logSettings)
            self.engine = engine
            self.log = logs[0]
            self.eventLoop = MultiThreadedEventLoopGroup.singleton.next()
            let (eventLoop, writes) = (self.eventLoop, self.writes)
            self.fixture.faults.set { rules in
                rules.pathContains = "0.log"
                rules.beforeWrite = { _, _ in writes.byLoop.withLock { $0.append(eventLoop.inEventLoop) } }
            }
        }

        deinit { self.engine.abandonIfOpen() }

        /// Whether each write so far was the loop's.
        var areByLoop: [Bool] { self.writes.byLoop.withLock { $0 } }

        /// Appends on the loop.
        func append(_ numbers: Range<Int>, bytes: Int = 20) throws -> TestWaiter {
            let (log, waiter) = (self.log, TestWaiter(self.eventLoop))
            let batch = try makeBatch(numbers, bytes: bytes)
            try self.eventLoop.submit { _ = try log.append(batch, options: options(), waiter: waiter) }.wait()
            return waiter
        }

        /// Appends batches of one record each before the loop does anything else, and waits for all.
        func appendInOneTurn(_ numbers: Range<Int>, bytes: Int = 20) throws {
            let (log, eventLoop) = (self.log, self.eventLoop)
            let appends = try numbers.map { (try makeBatch($0..<($0 + 1), bytes: bytes), TestWaiter(eventLoop)) }
            try eventLoop.submit {
                for (batch, waiter) in appends { _ = try log.append(batch, options: options(), waiter: waiter) }
            }.wait()
            for (_, waiter) in appends { try waiter.wait() }
        }
    }

    @Test func `the writer begins a segment, and the loop continues it`() throws {
        let site = try Site()
        try site.append(0..<1).wait()
        #expect(site.areByLoop == [false])
        try site.append(1..<3).wait()
        try site.append(3..<4).wait()
        #expect(site.areByLoop == [false, true, true])
        #expect(site.log.offsets.highWatermark == 4)
        #expect(try site.log.numbers() == [0, 1, 2, 3])
    }

    @Test func `what a loop appends before it writes is one write`() throws {
        let site = try Site()
        try site.append(0..<1).wait()
        try site.appendInOneTurn(1..<4)
        #expect(site.areByLoop == [false, true])
        #expect(try site.log.numbers() == [0, 1, 2, 3])
    }

    @Test func `much at once is left to the writer`() throws {
        let site = try Site { $0.loopWriteBytesMax = 8_000 }
        try site.append(0..<1).wait()
        try site.append(1..<2, bytes: 3_000).wait()
        #expect(site.areByLoop == [false, false])
        // Each small enough, together too much.
        try site.appendInOneTurn(2..<8, bytes: 1_800)
        #expect(site.areByLoop.last == false)
        #expect(try site.log.numbers() == Array(0..<8))
    }

    @Test func `after a write that took long the writer has them for a while`() throws {
        let site = try Site { $0.loopWriteMillisecondsMax = 3_600_000 }
        try site.append(0..<1).wait()
        site.engine.loopWrites.ended(after: 3_600_000, now: SystemTime.shared.monotonicMilliseconds + 3_600_000)
        try site.append(1..<2).wait()
        #expect(site.areByLoop == [false, false])
    }

    @Test func `a pause of the loops' writes ends`() {
        let writes = LoopWrites(longMilliseconds: 20)
        #expect(writes.areAllowed(now: 0))
        writes.ended(after: 19, now: 1_000)
        #expect(writes.areAllowed(now: 1_000))
        writes.ended(after: 20, now: 1_000)
        #expect(!writes.areAllowed(now: 1_000))
        #expect(!writes.areAllowed(now: 1_999))
        #expect(writes.areAllowed(now: 2_000))
    }

    @Test func `a loop does not wait for files that are in other hands`() throws {
        let site = try Site()
        try site.append(0..<1).wait()
        let waiter = try site.log.files.withLock { _ -> TestWaiter in
            let waiter = try site.append(1..<2)
            // Comes round only if the loop is not held up.
            try site.eventLoop.submit {}.wait()
            return waiter
        }
        try waiter.wait()
        #expect(site.areByLoop == [false, false])
    }

    @Test func `a full disk met by a loop is answered, and the log resumes when there is room`() throws {
        let site = try Site()
        try site.append(0..<1).wait()
        site.fixture.faults.set { $0.bytesFree = 0 }
        let refused = try site.append(1..<2)
        #expect(throws: LogError.self) { try refused.wait() }
        site.fixture.faults.set { $0.bytesFree = nil }
        while site.log.head.withLock({ $0.lifecycle.isStalled }) { site.log.writePending() }
        try site.append(2..<3).wait()
        #expect(try site.log.numbers() == [0, 1, 2])
        #expect(site.areByLoop.first == false && site.areByLoop.last == true)
    }

    @Test func `a checkpoint has what the journal made durable, though a loop has not come to its write yet`() throws {
        let fixture = try EngineFixture()
        fixture.settings.writeGatherMilliseconds = .max
        let (engine, logs) = try fixture.startWithLogs()
        defer { engine.abandonIfOpen() }
        // As an append leaves it that came while the topic had no journal.
        logs[0].head.withLock { _ = $0.lifecycle.appendedUnjournaled() }
        _ = try logs[0].write(makeBatch(0..<3))
        // Told first, gathered after. Were it not gathered, the test's time limit would end this.
        while engine.gathered.withLock({ $0.logs.isEmpty }) { sched_yield() }
        #expect(engine.checkpoint() == nil)
        #expect(logs[0].head.withLock { $0.state.storedEnd } == 3)
    }
}
