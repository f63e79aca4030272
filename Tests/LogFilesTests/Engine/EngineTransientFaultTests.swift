import Glibc
import Simulation
import Synchronization
import Testing

@testable import LogCore
@testable import LogFiles

/// Want of descriptors or kernel memory passes: it is answered or waited for, and takes nothing out of service.
@Suite(.timeLimit(.minutes(20)))
struct EngineTransientFaultTests {
    private static let numbers = [EMFILE, ENFILE, ENOMEM, EAGAIN]

    private func code(_ body: () throws -> Void) -> LogError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? LogError)?.code
        }
    }

    @Test(arguments: Self.numbers)
    func `a read that finds no descriptor fails alone`(number: Int32) throws {
        let fixture = try EngineFixture()
        fixture.settings.tailBytesMax = 0
        let (engine, logs) = try fixture.startWithLogs()
        try logs[0].write(makeBatch(0..<5))
        try engine.close()
        let (second, reopened) = try fixture.startWithLogs()
        // The start may have left it open.
        reopened[0].head.withLock { $0.layout.segments[0].files }.closeIdle()
        fixture.faults.set { rules in
            rules.pathContains = "orders-0"
            rules.openError = number
        }
        #expect(self.code { _ = try reopened[0].fetch(0) } == .overloaded)
        fixture.faults.set { $0 = FaultyDisk.Rules() }
        #expect(try reopened[0].numbers() == Array(0..<5))
        #expect(try reopened[0].write(makeBatch(5..<6)).baseOffset == 5)
        try second.close()
    }

    @Test(arguments: Self.numbers)
    func `a segment that finds no descriptor is written later`(number: Int32) throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs()
        fixture.faults.set { rules in
            rules.pathContains = "orders-0"
            rules.openError = number
        }
        try logs[0].write(makeBatch(0..<5))
        while !logs[0].head.withLock({ $0.lifecycle.isStalled || $0.lifecycle.hasFailed }) { engine.drainWriter() }
        #expect(!logs[0].hasFailed)
        #expect(try logs[0].numbers() == Array(0..<5))
        fixture.faults.set { $0 = FaultyDisk.Rules() }
        while logs[0].head.withLock({ $0.lifecycle.isStalled }) { logs[0].writePending() }
        try logs[0].write(makeBatch(5..<10))
        try engine.close()
        let (second, reopened) = try fixture.startWithLogs()
        #expect(try reopened[0].numbers() == Array(0..<10))
        try second.close()
    }

    @Test(arguments: Self.numbers)
    func `a checkpoint that finds no descriptor is made later`(number: Int32) throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs()
        try logs[0].write(makeBatch(0..<5))
        engine.settle()
        fixture.faults.set { rules in
            rules.pathContains = "orders-0"
            rules.openError = number
        }
        #expect(engine.checkpoint() != nil)
        #expect(!logs[0].hasFailed)
        fixture.faults.set { $0 = FaultyDisk.Rules() }
        #expect(engine.checkpoint() == nil)
        #expect(logs[0].head.withLock { $0.state.forcedEnd } == 5)
        try logs[0].write(makeBatch(5..<6))
        try engine.close()
    }

    @Test(arguments: Self.numbers)
    func `a journal that finds no descriptor refuses a round and takes the next`(number: Int32) throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs()
        fixture.faults.set { rules in
            rules.pathContains = "journal"
            rules.openError = number
        }
        #expect(self.code { try logs[0].write(makeBatch(0..<5)) } == .overloaded)
        while logs[0].head.withLock({ $0.lifecycle.unanswered > 0 || $0.lifecycle.refusesAppends }) {}
        #expect(engine.failure == nil)
        fixture.faults.set { $0 = FaultyDisk.Rules() }
        #expect(try logs[0].write(makeBatch(0..<5)).baseOffset == 0)
        #expect(try logs[0].numbers() == Array(0..<5))
        try engine.close()
    }

    @Test(arguments: [EMFILE, EIO])
    func `a folder that cannot be asked about is not taken for missing`(number: Int32) throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs()
        try logs[0].write(makeBatch(0..<5))
        try engine.close()
        let (second, _) = try fixture.start()
        fixture.faults.set { rules in
            rules.pathContains = "orders-0"
            rules.statusError = number
        }
        let opening = {
            _ = try second.openLog(EngineFixture.partition(), topicName: "orders", settings: LogSettings())
        }
        #expect(self.code(opening) == (number == EIO ? .storage : .overloaded))
        fixture.faults.set { $0 = FaultyDisk.Rules() }
        let log = try second.openLog(EngineFixture.partition(), topicName: "orders", settings: LogSettings())
        #expect(try log.numbers() == Array(0..<5))
        try second.close()
    }

    @Test(arguments: [EMFILE, EIO], [true, false])
    func `a start that cannot look at a folder keeps what the journal has of it`(number: Int32, stays: Bool) throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs(2)
        for log in logs { try log.write(makeBatch(0..<5)) }
        engine.settle()
        #expect(engine.checkpoint() == nil)
        for log in logs { try log.write(makeBatch(5..<10)) }
        engine.abandon()
        fixture.faults.set { rules in
            rules.pathContains = "orders-0"
            rules.statusError = number
        }
        let (second, reopened) = try fixture.startWithLogs(2)
        #expect(self.code { _ = try reopened[0].fetch(0) } == (number == EIO ? .storage : .overloaded))
        #expect(try reopened[1].numbers() == Array(0..<10))
        // The journal's space is given back.
        #expect(second.checkpoint() == nil)
        for number in 10..<15 { try reopened[1].write(makeBatch(number..<(number + 1))) }
        #expect(second.checkpoint() == nil)
        fixture.faults.set { $0 = FaultyDisk.Rules() }
        var (last, present) = (second, reopened)
        if stays {
            while reopened[0].hasFailed { second.reopen(reopened[0]) }
        } else {
            second.abandon()
            (last, present) = try fixture.startWithLogs(2)
        }
        #expect(try present[0].numbers() == Array(0..<10))
        #expect(try present[0].write(makeBatch(10..<11)).baseOffset == 10)
        #expect(try present[1].numbers() == Array(0..<15))
        try last.close()
    }

    @Test func `a topic is deleted whose folder the start could not look at`() async throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs()
        try logs[0].write(makeBatch(0..<5))
        engine.settle()
        engine.abandon()
        fixture.faults.set { rules in
            rules.pathContains = "orders-0"
            rules.statusError = EMFILE
        }
        let (second, _) = try fixture.startWithLogs()
        #expect(second.checkpoint() == nil)
        #expect(try Directory(fixture.path).entries().contains { $0.name.hasSuffix(FileNames.salvageSuffix) })
        fixture.faults.set { $0 = FaultyDisk.Rules() }
        await second.delete(partition: EngineFixture.partition())
        try second.clearDeletions()
        let names = try Directory(fixture.path).entries().map(\.name)
        #expect(!names.contains("orders-0") && !names.contains { $0.hasSuffix(FileNames.salvageSuffix) })
        try second.close()
    }

    @Test func `observers hear once that the journal failed, late ones at once`() throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs()
        let reasons = Mutex<[String]>([])
        engine.onFailure { reason in reasons.withLock { $0.append(reason) } }
        try logs[0].write(makeBatch(0..<1))
        #expect(engine.failure == nil)
        fixture.faults.set { rules in
            rules.pathContains = "journal"
            rules.writeError = EIO
        }
        #expect(self.code { try logs[0].write(makeBatch(1..<2)) } == .storage)
        let failure = try #require(engine.failure)
        #expect(reasons.withLock { $0 } == [failure])
        engine.onFailure { reason in reasons.withLock { $0.append(reason) } }
        #expect(reasons.withLock { $0 } == [failure, failure])
        engine.abandon()
    }

    @Test func `a failed forcing never counts as transient`() {
        for number in Self.numbers {
            #expect(FileError(operation: "open", path: "", errno: number).isTransient)
            #expect(!FileError(operation: "fdatasync", path: "", errno: number).isTransient)
            #expect(!FileError(operation: "fsync", path: "", errno: number).isTransient)
        }
        #expect(!FileError(operation: "pread", path: "", errno: EIO).isTransient)
    }
}
