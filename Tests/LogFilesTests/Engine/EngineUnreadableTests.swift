import Glibc
import LogCore
import Model
import Simulation
import Synchronization
import Testing

@testable import LogFiles

/// Parts of files that the disk cannot read: those offsets are refused, and everything else is read and written.
@Suite(.timeLimit(.minutes(20))) struct EngineUnreadableTests {
    private static func log(_ fixture: EngineFixture) throws -> (FileLogEngine, FilePartitionLog) {
        fixture.settings.tailBytesMax = 0
        let (engine, logs) = try fixture.startWithLogs()
        for start in stride(from: 0, to: 200, by: 10) { try logs[0].write(makeBatch(start..<(start + 10), bytes: 900)) }
        engine.settle()
        #expect(engine.checkpoint() == nil)
        return (engine, logs[0])
    }

    private static func refused(_ log: FilePartitionLog) -> [Offset] {
        (log.offsets.logStart..<log.offsets.highWatermark).filter { offset in
            (try? log.fetch(offset, bytesMax: 1 << 20).bytes) ?? 0 == 0
        }
    }

    @Test(arguments: [false, true], [false, true])
    func `blocks that cannot be read cost their batches`(fromStart: Bool, hasIndex: Bool) throws {
        let fixture = try EngineFixture()
        let (engine, log) = try Self.log(fixture)
        if !hasIndex {
            let index = log.head.withLock { $0.layout.segments[0].files.path(.offsetIndex) }
            #expect(truncate(index, 0) == 0)
        }
        // A batch has about 9,200 bytes.
        fixture.faults.set { rules in
            rules.pathContains = ".log"
            rules.readError = EIO
            rules.readErrorBytes = 60_000..<60_100
        }
        if fromStart { _ = try log.fetch(0) }
        let refused = Self.refused(log)
        #expect(refused == Array(60..<70))
        #expect(!log.hasFailed)
        #expect(log.damagedRanges.map(\.offsets) == [60..<70])
        #expect(try log.write(makeBatch(200..<201)).baseOffset == 200)
        engine.settle()
        #expect(try log.fetch(200).bytes > 0)
        try engine.close()
    }

    @Test func `a disk that reads nothing of a segment refuses its offsets and takes appends`() throws {
        let fixture = try EngineFixture()
        let (engine, log) = try Self.log(fixture)
        fixture.faults.set { rules in
            rules.pathContains = ".log"
            rules.readError = EIO
        }
        #expect(Self.refused(log).count == 200)
        #expect(!log.hasFailed)
        fixture.faults.set { $0 = .init() }
        #expect(try log.write(makeBatch(200..<201)).baseOffset == 200)
        engine.settle()
        #expect(try log.fetch(200).bytes > 0)
        try engine.close()
    }

    @Test func `an index that cannot be read is done without`() throws {
        let fixture = try EngineFixture()
        let (engine, log) = try Self.log(fixture)
        fixture.faults.set { rules in
            rules.pathContains = ".index"
            rules.readError = EIO
        }
        #expect(try log.numbers() == Array(0..<200))
        #expect(try log.fetch(105).bytes > 0)
        try engine.close()
    }
}
