import Glibc
import Simulation
import Synchronization
import Testing
import Threads

@testable import LogCore
@testable import LogFiles
@testable import Model

/// Two things that go wrong for one partition at the same time.
@Suite(.timeLimit(.minutes(20)))
struct EngineDoubleFaultTests {
    /// A partition with 5 records in its segment, 5 that are durable, and 5 in a journal write that `fillJournal` ends.
    private struct Site {
        let fixture: EngineFixture
        let engine: FileLogEngine
        let log: FilePartitionLog
        let waiter: TestWaiter
        private let gate: Threads.Semaphore
        private let isHeld: SharedFlag

        init() throws {
            let fixture = try EngineFixture()
            let (engine, logs) = try fixture.startWithLogs()
            try logs[0].write(makeBatch(0..<5))
            engine.settle()
            try logs[0].write(makeBatch(5..<10))
            let gate = Threads.Semaphore()
            let entered = Threads.Semaphore()
            let isHeld = SharedFlag()
            fixture.faults.set { rules in
                rules.pathContains = "journal"
                rules.beforeWrite = { path, _ in
                    guard path.hasSuffix(".journal"), isHeld.isSet else { return }
                    entered.signal()
                    gate.wait()
                }
            }
            self.waiter = TestWaiter()
            _ = try logs[0].append(makeBatch(10..<15), options: options(), waiter: self.waiter)
            entered.wait()
            (self.fixture, self.engine, self.log, self.gate, self.isHeld) = (fixture, engine, logs[0], gate, isHeld)
        }

        /// Has writes to the partition's folder fail, and the writer meet that.
        func failSegments(_ error: Int32) {
            self.fixture.faults.set { rules in
                rules.pathContains = "orders-0"
                rules.writeError = error
            }
            self.engine.drainWriter()
        }

        /// Has the journal's write meet a full disk.
        func fillJournal() {
            self.fixture.faults.set { rules in
                rules.pathContains = nil
                rules.writeError = ENOSPC
            }
            self.isHeld.clear()
            for _ in 0..<8 { self.gate.signal() }
            while self.log.head.withLock({ $0.lifecycle.unanswered > 0 }) { sched_yield() }
            // The rollback follows the last answer on the journal's thread.
            while self.engine.journal.isSuspended(self.log) { sched_yield() }
        }
    }

    private func code(_ body: () throws -> Void) -> LogError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? LogError)?.code
        }
    }

    @Test func `a full journal rolls back behind a segment write that waits for room`() throws {
        let site = try Site()
        site.failSegments(ENOSPC)
        #expect(site.log.head.withLock { $0.lifecycle.isStalled })
        site.fillJournal()
        #expect(self.code { try site.waiter.wait() } == .diskFull)
        #expect(site.log.offsets.logEnd == 10)
        #expect(try site.log.numbers() == Array(0..<10))
        site.fixture.faults.set { $0 = FaultyDisk.Rules() }
        while site.log.head.withLock({ $0.lifecycle.isStalled }) { site.log.writePending() }
        #expect(try site.log.write(makeBatch(10..<15)).baseOffset == 10)
        try site.engine.close()
        #expect(site.engine.unwrittenBytes == 0)
        let (second, reopened) = try site.fixture.startWithLogs()
        #expect(try reopened[0].numbers() == Array(0..<15))
        try second.close()
    }

    @Test func `a full journal after a failed segment write leaves the partition offline and the data safe`() throws {
        let site = try Site()
        site.failSegments(EIO)
        #expect(self.code { try site.waiter.wait() } == .storage)
        site.fillJournal()
        #expect(self.code { _ = try site.log.fetch(0) } == .storage)
        site.fixture.faults.set { $0 = FaultyDisk.Rules() }
        #expect(site.engine.checkpoint() == nil)
        #expect(site.engine.unwrittenBytes == 0)
        site.engine.abandon()
        let (second, reopened) = try site.fixture.startWithLogs()
        #expect(try reopened[0].numbers() == Array(0..<10))
        try second.close()
    }

    @Test func `a partition that is deleted while the journal is full does not end the process`() throws {
        let site = try Site()
        site.log.end(.gone, error: LogError(.partitionGone, "deleted"))
        site.log.forgetData()
        site.fillJournal()
        #expect(self.code { try site.waiter.wait() } == .partitionGone)
        #expect(site.engine.unwrittenBytes == 0)
        site.fixture.faults.set { $0 = FaultyDisk.Rules() }
        site.engine.abandon()
    }
}

/// Set until it is cleared.
private final class SharedFlag: Sendable {
    private let value = Atomic<Bool>(true)
    var isSet: Bool { self.value.load(ordering: .acquiring) }
    func clear() { self.value.store(false, ordering: .releasing) }
}
