import Glibc
import NIOCore
import Simulation
import Synchronization
import Testing

@testable import LogCore
@testable import LogFiles
@testable import Model
@testable import RecordBatch

@Suite(.timeLimit(.minutes(20)))
struct EngineSalvageTests {
    private static let name = FileNames.salvage(topic: "orders", partition: EngineFixture.partition(0))

    private func salvageBytes(_ fixture: EngineFixture) throws -> Int? {
        try Directory(fixture.path).contents(of: Self.name, bytesMax: 8 << 20)?.count
    }

    /// An engine whose first partition has 10 records forced, 10 written and 10 durable only in the journal, and whose
    /// segment then fails. The failure itself asks for a checkpoint, which may come at any time from then on.
    private func startAndFail(
        _ fixture: EngineFixture,
        failing path: String = "orders-0/"
    ) throws -> (FileLogEngine, [FilePartitionLog]) {
        let (engine, logs) = try fixture.startWithLogs(2)
        try logs[0].write(makeBatch(0..<10))
        engine.settle()
        #expect(engine.checkpoint() == nil)
        try logs[0].write(makeBatch(10..<20))
        engine.settle()
        fixture.faults.set { rules in
            rules.pathContains = path
            rules.writeError = EIO
        }
        try logs[0].write(makeBatch(20..<30))
        while !logs[0].head.withLock({ $0.lifecycle.hasFailed }) { engine.drainWriter() }
        return (engine, logs)
    }

    @Test func `a failed partition does not keep the journal from being used again`() throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try self.startAndFail(fixture)
        #expect(engine.checkpoint() == nil)
        #expect(try (self.salvageBytes(fixture) ?? 0) > 0)
        #expect(engine.unwrittenBytes == 0)
        // More than the whole ring holds.
        for start in 0..<80 {
            try logs[1].write(makeBatch(start..<(start + 1), bytes: 100_000))
            engine.settle()
            #expect(engine.checkpoint() == nil)
        }
        try engine.close()
    }

    @Test(arguments: [true, false])
    func `the next start puts back what was salvaged, and removes it once forced`(isClosed: Bool) throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try self.startAndFail(fixture)
        #expect(engine.checkpoint() == nil)
        try logs[1].write(makeBatch(0..<5))
        if isClosed { try engine.close() } else { engine.abandon() }
        fixture.faults.set { $0 = FaultyDisk.Rules() }
        // As if the kernel had dropped what was never forced.
        let path = fixture.path + "/orders-0/" + FileNames.file(.log, base: 0)
        let file = try File.open(path, options: .write)
        let size = try file.size()
        try file.truncate(to: size / 2)
        let (second, reopened) = try fixture.startWithLogs(2)
        #expect(try reopened[0].numbers() == Array(0..<30))
        #expect(try reopened[1].numbers() == Array(0..<5))
        try reopened[0].write(makeBatch(30..<35))
        second.settle()
        #expect(second.checkpoint() == nil)
        #expect(try self.salvageBytes(fixture) == nil)
        try second.close()
        let (third, again) = try fixture.startWithLogs(2)
        #expect(try again[0].numbers() == Array(0..<35))
        try third.close()
    }

    @Test func `a start after a crash before the checkpoint removed the file takes nothing twice`() throws {
        let fixture = try EngineFixture()
        let (engine, _) = try self.startAndFail(fixture)
        #expect(engine.checkpoint() == nil)
        engine.abandon()
        fixture.faults.set { $0 = FaultyDisk.Rules() }
        let (second, _) = try fixture.startWithLogs(2)
        second.abandon()
        #expect(try self.salvageBytes(fixture) != nil)
        let (third, reopened) = try fixture.startWithLogs(2)
        #expect(try reopened[0].numbers() == Array(0..<30))
        try third.close()
        #expect(try self.salvageBytes(fixture) == nil)
    }

    @Test func `when salvaging fails the journal keeps everything`() throws {
        let fixture = try EngineFixture()
        // The side file's path as well as those in the folder.
        let (engine, _) = try self.startAndFail(fixture, failing: "orders-0")
        #expect(engine.checkpoint() == nil)
        #expect(try self.salvageBytes(fixture) == nil)
        engine.abandon()
        fixture.faults.set { $0 = FaultyDisk.Rules() }
        let (second, reopened) = try fixture.startWithLogs(2)
        #expect(try reopened[0].numbers() == Array(0..<30))
        try second.close()
    }

    @Test func `a second fsync after a failed one proves nothing`() throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs(2)
        try logs[0].write(makeBatch(0..<10))
        engine.settle()
        fixture.faults.set { rules in
            rules.pathContains = "orders-0/"
            rules.syncError = EIO
        }
        #expect(engine.checkpoint() != nil)
        fixture.faults.set { $0 = FaultyDisk.Rules() }
        try logs[1].write(makeBatch(0..<5))
        engine.settle()
        #expect(engine.checkpoint() == nil)
        try engine.close()
        // The pages that could not be written are gone, and the journal was used again.
        let path = fixture.path + "/orders-0/" + FileNames.file(.log, base: 0)
        try File.open(path, options: .write).truncate(to: 0)
        let (second, reopened) = try fixture.startWithLogs(2)
        #expect(try reopened[0].numbers() == Array(0..<10))
        try second.close()
    }
}
