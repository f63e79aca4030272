import Glibc
import LogCore
import Model
import Synchronization
import Testing

@testable import LogFiles

@Suite(.timeLimit(.minutes(20)))
struct EngineGatheringTests {
    private static func storedEnd(_ log: FilePartitionLog) -> Offset { log.head.withLock { $0.state.storedEnd } }

    @Test func `durable batches stay in memory until there is enough, and a checkpoint writes what stays`() throws {
        let fixture = try EngineFixture()
        fixture.settings.writeGatherMilliseconds = .max
        let (engine, logs) = try fixture.startWithLogs()
        defer { engine.abandonIfOpen() }
        _ = try logs[0].write(makeBatch(0..<3))
        // Durable and readable at once, in no segment yet.
        #expect(try logs[0].numbers() == [0, 1, 2])
        #expect(Self.storedEnd(logs[0]) == 0)
        // Told first, gathered after.
        while engine.gathered.withLock({ $0.logs.isEmpty }) { sched_yield() }
        #expect(engine.checkpoint() == nil)
        #expect(Self.storedEnd(logs[0]) == 3)
    }

    @Test func `enough bytes of any partitions wake the writer for all of them`() throws {
        let fixture = try EngineFixture()
        fixture.settings.writeGatherMilliseconds = .max
        fixture.settings.writeGatherBytes = 10_000
        let (engine, logs) = try fixture.startWithLogs(2)
        defer { engine.abandonIfOpen() }
        _ = try logs[0].write(makeBatch(0..<1))
        _ = try logs[1].write(makeBatch(0..<1, bytes: 20_000))
        // Nothing else would write them: the test's time limit is what fails.
        while logs.contains(where: { Self.storedEnd($0) < 1 }) { sched_yield() }
    }

    @Test func `blocks reserved behind the end of a segment are given back when it closes`() throws {
        var logSettings = LogSettings()
        logSettings.segmentBytes = 64 << 20
        let fixture = try EngineFixture()
        // All of it is written at the end, in pieces that are the same each time.
        fixture.settings.writeGatherMilliseconds = .max
        fixture.settings.writeGatherBytes = .max
        let (engine, logs) = try fixture.startWithLogs(1, logSettings)
        for number in 0..<30 { _ = try logs[0].write(makeBatch(number..<(number + 1), bytes: 100_000)) }
        engine.settle()
        let path = fixture.path + "/orders-0/00000000000000000000.log"
        let open = try Self.allocatedBytes(path)
        try engine.close()
        let closed = try Self.allocatedBytes(path)
        let size = try #require(sizeOf(path))
        #expect(open > size + (64 << 10), "nothing was reserved: this file system cannot, or the code does not")
        #expect(closed < size + (64 << 10))
    }

    private static func allocatedBytes(_ path: String) throws -> Int64 {
        var status = stat()
        guard stat(path, &status) == 0 else { throw FixtureError.failed("stat") }
        return Int64(status.st_blocks) * 512
    }
}
