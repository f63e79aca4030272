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
struct EngineFaultTests {
    private func code(_ body: () throws -> Void) -> LogError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? LogError)?.code
        }
    }

    @Test func `a full journal disk refuses appends, and its offsets are used by the next one`() throws {
        let fixture = try EngineFixture()
        fixture.settings.journal.fileBytes = 64 << 10
        let (engine, logs) = try fixture.startWithLogs()
        try logs[0].write(makeBatch(0..<5, bytes: 4_000, producer: Producer(id: 1, sequence: 0)))
        fixture.faults.set { rules in
            rules.pathContains = "journal"
            rules.bytesFree = 0
        }
        // Several at once, so that the entries behind the refused one are taken back as well.
        let waiters = (1..<4).map { _ in TestWaiter() }
        for (index, waiter) in waiters.enumerated() {
            let start = 5 + index * 5
            let batch = try makeBatch(
                start..<(start + 5),
                bytes: 4_000,
                producer: Producer(id: 1, sequence: Int32(start))
            )
            if let code = self.code({ _ = try logs[0].append(batch, options: options(), waiter: waiter) }) {
                // Once the refused ones are taken back, a later sequence comes too early.
                #expect(code == .diskFull || code == .outOfOrderSequence)
            } else {
                let answer = self.code { try waiter.wait() }
                #expect(answer == .diskFull)
            }
        }
        while logs[0].head.withLock({ $0.lifecycle.unanswered > 0 || $0.lifecycle.refusesAppends }) {}
        #expect(logs[0].offsets.logEnd == 5)
        #expect(try logs[0].numbers() == Array(0..<5))
        fixture.faults.set { $0 = FaultyDisk.Rules() }
        let next = try makeBatch(5..<10, producer: Producer(id: 1, sequence: 5))
        #expect(try logs[0].write(next).baseOffset == 5)
        #expect(try logs[0].numbers() == Array(0..<10))
        #expect(engine.unwrittenBytes >= 0)
        try engine.close()
        #expect(engine.unwrittenBytes == 0)
        let (second, reopened) = try fixture.startWithLogs()
        #expect(try reopened[0].numbers() == Array(0..<10))
        try second.close()
    }

    @Test func `a full segment disk stalls without losing anything`() throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs()
        try logs[0].write(makeBatch(0..<5))
        engine.settle()
        fixture.faults.set { rules in
            rules.pathContains = "orders-0"
            rules.writeError = ENOSPC
        }
        // The journal takes it, so it is acknowledged and readable; the segment must wait.
        try logs[0].write(makeBatch(5..<10))
        while !logs[0].head.withLock({ $0.lifecycle.isStalled }) { engine.drainWriter() }
        #expect(try logs[0].numbers() == Array(0..<10))
        #expect(self.code { try logs[0].write(makeBatch(10..<15)) } == .diskFull)
        fixture.faults.set { $0 = FaultyDisk.Rules() }
        while logs[0].head.withLock({ $0.lifecycle.isStalled }) { logs[0].writePending() }
        try logs[0].write(makeBatch(10..<15))
        try engine.close()
        let (second, reopened) = try fixture.startWithLogs()
        #expect(try reopened[0].numbers() == Array(0..<15))
        try second.close()
    }

    @Test func `a failed fsync takes the partition offline for good`() throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs(2)
        try logs[0].write(makeBatch(0..<5))
        engine.settle()
        fixture.faults.set { rules in
            rules.pathContains = "orders-0"
            rules.syncError = EIO
        }
        #expect(engine.checkpoint() != nil)
        fixture.faults.set { $0 = FaultyDisk.Rules() }
        #expect(self.code { try logs[0].write(makeBatch(5..<10)) } == .storage)
        #expect(self.code { _ = try logs[0].fetch(0) } == .storage)
        try logs[1].write(makeBatch(0..<5))
        engine.abandon()
        // The journal was not recycled, so nothing is missing.
        let (second, reopened) = try fixture.startWithLogs(2)
        #expect(try reopened[0].numbers() == Array(0..<5))
        #expect(try reopened[1].numbers() == Array(0..<5))
        try second.close()
    }

    @Test func `a full budget refuses appends until the disk catches up`() throws {
        let fixture = try EngineFixture()
        fixture.settings.unwrittenBytesMax = 1_000
        let (engine, logs) = try fixture.startWithLogs()
        let gate = Semaphore()
        let isHeld = Mutex(true)
        fixture.faults.set { rules in
            rules.pathContains = "journal"
            rules.beforeWrite = { _, _ in if isHeld.withLock({ $0 }) { gate.wait() } }
        }
        let waiter = TestWaiter()
        _ = try logs[0].append(makeBatch(0..<1, bytes: 600), options: options(), waiter: waiter)
        #expect(
            self.code { _ = try logs[0].append(makeBatch(1..<2, bytes: 600), options: options(), waiter: nil) }
                == .overloaded
        )
        isHeld.withLock { $0 = false }
        for _ in 0..<8 { gate.signal() }
        try waiter.wait()
        engine.settle()
        try logs[0].write(makeBatch(1..<2, bytes: 600))
        try engine.close()
        #expect(engine.unwrittenBytes == 0)
    }

    @Test func `retention removes whole segments and moves the log start`() throws {
        let fixture = try EngineFixture()
        var settings = LogSettings()
        settings.segmentBytes = 1_000
        let (engine, logs) = try fixture.startWithLogs(1, settings)
        for start in stride(from: 0, to: 200, by: 5) {
            try logs[0].write(makeBatch(start..<(start + 5), timestamp: Timestamp(1_000 + start)))
        }
        engine.settle()
        settings.retentionBytes = 3_000
        settings.retentionMilliseconds = -1
        logs[0].update(settings)
        engine.applyRetention(now: 2_000)
        let start = logs[0].offsets.logStart
        #expect(start > 0 && start < 200)
        #expect(logs[0].sizeBytes < 4_200)
        #expect(try logs[0].numbers() == Array(Int(start)..<200))
        #expect(self.code { _ = try logs[0].fetch(0) } == .offsetOutOfRange)
        // By time everything goes, the active segment too; the offsets continue.
        settings.retentionMilliseconds = 10
        logs[0].update(settings)
        engine.applyRetention(now: 1_000_000)
        #expect(logs[0].offsets.logStart == 200)
        #expect(try logs[0].write(makeBatch(200..<205)).baseOffset == 200)
        try engine.close()
        let (second, reopened) = try fixture.startWithLogs(1, settings)
        #expect(reopened[0].offsets.logStart == 200)
        #expect(try reopened[0].numbers() == Array(200..<205))
        try second.close()
    }

    @Test func `deleted records stay deleted`() throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs()
        try logs[0].write(makeBatch(0..<20))
        try logs[0].write(makeBatch(20..<40))
        #expect(try logs[0].deleteRecords(before: 25) == 25)
        #expect(self.code { _ = try logs[0].deleteRecords(before: 41) } == .offsetOutOfRange)
        #expect(try logs[0].numbers(from: 25).first == 25)
        try engine.close()
        let (second, reopened) = try fixture.startWithLogs()
        #expect(reopened[0].offsets.logStart == 25)
        try second.close()
    }

    @Test func `a deleted partition is gone, and its name can be used again`() async throws {
        let fixture = try EngineFixture()
        var settings = LogSettings()
        settings.fileDeleteDelayMilliseconds = 0
        let (engine, logs) = try fixture.startWithLogs(1, settings)
        try logs[0].write(makeBatch(0..<5))
        engine.settle()
        await engine.delete(partition: EngineFixture.partition(0))
        try engine.clearDeletions()
        #expect(self.code { try logs[0].write(makeBatch(5..<6)) } == .partitionGone)
        #expect(try !Directory(fixture.path + "/orders-0").isDirectory())
        let other = TopicPartition(topicID: TopicID(high: 5, low: 5), partition: 0)
        let log = try engine.openLog(other, topicName: "orders", settings: settings)
        #expect(try log.write(makeBatch(0..<1)).baseOffset == 0)
        try engine.close()
    }

    @Test func `a new topic with the name of a deleted one starts clean after a crash`() async throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs()
        try logs[0].write(makeBatch(0..<5))
        engine.settle()
        #expect(engine.checkpoint() == nil)
        await engine.delete(partition: EngineFixture.partition(0))
        let successor = TopicPartition(topicID: TopicID(high: 5, low: 5), partition: 0)
        _ = try engine.openLog(successor, topicName: "orders", settings: LogSettings())
        engine.abandon()
        let (second, again) = try fixture.start([EngineFixture.acquisition(successor)])
        #expect(again[0].offsets.logEnd == 0)
        try again[0].write(makeBatch(0..<3))
        second.settle()
        #expect(second.checkpoint() == nil)
        second.abandon()
        // The same when the program went down before it could delete the old folder.
        let other = TopicPartition(topicID: TopicID(high: 6, low: 6), partition: 0)
        let (third, last) = try fixture.start([EngineFixture.acquisition(other)])
        #expect(last[0].offsets.logEnd == 0)
        try last[0].write(makeBatch(0..<1))
        try third.close()
    }

    @Test func `a folder that vanished with forced records takes the partition offline`() throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs()
        try logs[0].write(makeBatch(0..<5))
        try engine.close()
        _ = try Directory(fixture.path).directory("orders-0").removeTree()
        let (second, reopened) = try fixture.startWithLogs()
        #expect(self.code { _ = try reopened[0].fetch(0) } == .corruptBatch)
        second.abandon()
    }

    @Test func `aborted transactions are listed to readers of committed records`() throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs()
        var producer = Producer(id: 4, sequence: 0, isTransactional: true)
        try logs[0].write(makeBatch(0..<2, producer: producer))
        try logs[0].write(makeBatch(2..<4))
        #expect(logs[0].offsets.lastStable == 0)
        #expect(try logs[0].fetch(0, isolation: .readCommitted).bytes == 0)
        let marker = ControlRecord(kind: .abort, coordinatorEpoch: 0).encodeBatch(
            producerID: ProducerID(4),
            producerEpoch: ProducerEpoch(0),
            timestamp: 1_000
        )
        try logs[0].write(marker, options(origin: .coordinator))
        #expect(logs[0].offsets.lastStable == 5)
        producer.sequence = 2
        try logs[0].write(makeBatch(5..<6, producer: producer))
        #expect(logs[0].offsets.lastStable == 5)
        let wanted = [AbortedTransaction(producerID: ProducerID(4), firstOffset: 0)]
        #expect(try logs[0].fetch(0, isolation: .readCommitted).abortedTransactions == wanted)
        engine.abandon()
        let (second, reopened) = try fixture.startWithLogs()
        #expect(reopened[0].offsets.lastStable == 5)
        #expect(try reopened[0].fetch(0, isolation: .readCommitted).abortedTransactions == wanted)
        try second.close()
        let (third, again) = try fixture.startWithLogs()
        #expect(again[0].offsets.lastStable == 5)
        #expect(try again[0].fetch(0, isolation: .readCommitted).abortedTransactions == wanted)
        try third.close()
    }
}
