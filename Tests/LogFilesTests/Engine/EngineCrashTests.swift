import Glibc
import NIOCore
import Synchronization
import Testing

@testable import LogCore
@testable import LogFiles
@testable import Model
@testable import RecordBatch

@Suite(.timeLimit(.minutes(20)))
struct EngineCrashTests {
    private static func settings(journaled: Bool = true) -> LogSettings {
        var settings = LogSettings()
        settings.segmentBytes = 3_000
        settings.indexIntervalBytes = 200
        settings.flushMessages = journaled ? 1 : 1_000_000
        return settings
    }

    private static func fill(_ log: FilePartitionLog, _ range: Range<Int>) throws {
        for start in stride(from: range.lowerBound, to: range.upperBound, by: 5) {
            let producer = Producer(id: 9, sequence: Int32(start))
            try log.write(makeBatch(start..<(start + 5), producer: producer))
        }
    }

    /// Everything acknowledged is there, and the producer continues.
    private static func check(_ log: FilePartitionLog, count: Int) throws {
        #expect(log.offsets.highWatermark == Offset(count))
        #expect(try log.numbers() == Array(0..<count))
        let repeated = try makeBatch((count - 5)..<count, producer: Producer(id: 9, sequence: Int32(count - 5)))
        #expect(try log.write(repeated).isDuplicate)
        let next = try makeBatch(count..<(count + 5), producer: Producer(id: 9, sequence: Int32(count)))
        #expect(try log.write(next).baseOffset == Offset(count))
        #expect(try log.numbers() == Array(0..<(count + 5)))
    }

    @Test func `a killed engine has every acknowledged record`() throws {
        let fixture = try EngineFixture()
        let (first, logs) = try fixture.startWithLogs(2, Self.settings())
        try Self.fill(logs[0], 0..<300)
        try Self.fill(logs[1], 0..<10)
        first.abandon()
        let (second, reopened) = try fixture.startWithLogs(2, Self.settings())
        try Self.check(reopened[0], count: 300)
        try Self.check(reopened[1], count: 10)
        try second.close()
        let (third, again) = try fixture.startWithLogs(2, Self.settings())
        #expect(try again[0].numbers() == Array(0..<305))
        try third.close()
    }

    @Test func `a crash after a checkpoint replays only what follows it`() throws {
        let fixture = try EngineFixture()
        let (first, logs) = try fixture.startWithLogs(1, Self.settings())
        try Self.fill(logs[0], 0..<100)
        #expect(first.checkpoint() == nil)
        try Self.fill(logs[0], 100..<200)
        first.abandon()
        let (second, reopened) = try fixture.startWithLogs(1, Self.settings())
        try Self.check(reopened[0], count: 200)
        try second.close()
    }

    /// Ends a recovery, and has `body` look at the engine, while what writes to the log's segments waits.
    private static func finish(
        _ recovering: consuming RecoveringFileEngine,
        _ wanted: LogAcquisition,
        withoutWritesTo log: FilePartitionLog,
        _ body: (FileLogEngine) throws -> Void
    ) throws -> FileLogEngine {
        var recovering: RecoveringFileEngine? = consume recovering
        return try log.files.withLock { _ in
            guard let recovering = recovering.take() else { throw FixtureError.failed("finished twice") }
            let engine = try recovering.finish(opening: [wanted]).engine
            try body(engine)
            return engine
        }
    }

    @Test func `a start serves before the segments have what only the journal had`() throws {
        let fixture = try EngineFixture()
        fixture.settings.writeGatherMilliseconds = .max
        let (first, logs) = try fixture.startWithLogs(1, LogSettings())
        try Self.fill(logs[0], 0..<100)
        first.abandon()
        let recovering = try fixture.open()
        let acquisition = EngineFixture.acquisition(EngineFixture.partition())
        let log = try recovering.open(acquisition)
        let second = try Self.finish(recovering, acquisition, withoutWritesTo: log) { engine in
            let numbers = try log.numbers()
            #expect(numbers == Array(0..<100))
            #expect(engine.unwrittenBytes > 0)
        }
        second.settle()
        #expect(second.unwrittenBytes == 0)
        #expect(second.checkpoint() == nil)
        second.abandon()
        let (third, again) = try fixture.startWithLogs(1, LogSettings())
        try Self.check(again[0], count: 100)
        try third.close()
    }

    @Test func `copies taken at any moment hold what was acknowledged before`() throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs(1, Self.settings())
        for round in 0..<12 {
            try Self.fill(logs[0], (round * 25)..<(round * 25 + 25))
            if round % 4 == 2 { #expect(engine.checkpoint() == nil) }
            let copy = try fixture.copy()
            defer { _ = try? Directory(copy).removeTree() }
            let (other, copied) = try fixture.startWithLogs(1, at: copy, Self.settings())
            try Self.check(copied[0], count: round * 25 + 25)
            try other.close()
        }
        try engine.close()
    }

    /// The segment's last batch is cut at every byte; the journal has it.
    @Test func `a torn segment is completed from the journal`() throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs(1, LogSettings())
        try Self.fill(logs[0], 0..<20)
        #expect(engine.checkpoint() == nil)
        try Self.fill(logs[0], 20..<25)
        engine.settle()
        let base = try fixture.copy()
        defer { _ = try? Directory(base).removeTree() }
        try engine.close()
        let log = base + "/orders-0/" + FileNames.file(.log, base: 0)
        let whole = try #require(sizeOf(log))
        let batch = try Int64(makeBatch(0..<5).sizeInBytes)
        for cut in 0...batch {
            let copy = base + "-cut"
            defer { _ = try? Directory(copy).removeTree() }
            try copyTree(base, copy)
            try File.open(copy + "/orders-0/" + FileNames.file(.log, base: 0), options: .write)
                .truncate(to: whole - cut)
            let (other, copied) = try fixture.startWithLogs(1, at: copy, LogSettings())
            #expect(copied[0].offsets.logEnd == 25)
            #expect(try copied[0].numbers() == Array(0..<25))
            #expect(copied[0].producers.map(\.lastSequence) == [24])
            try other.close()
        }
    }

    @Test func `without a journal the torn batch is cut off and nothing else`() throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs(1, Self.settings(journaled: false))
        try Self.fill(logs[0], 0..<10)
        let base = try fixture.copy()
        defer { _ = try? Directory(base).removeTree() }
        try engine.close()
        let name = "/orders-0/" + FileNames.file(.log, base: 0)
        let whole = try #require(sizeOf(base + name))
        let batch = try Int64(makeBatch(0..<5).sizeInBytes)
        for cut in 1...batch {
            let copy = base + "-cut"
            defer { _ = try? Directory(copy).removeTree() }
            try copyTree(base, copy)
            try File.open(copy + name, options: .write).truncate(to: whole - cut)
            let (other, copied) = try fixture.startWithLogs(1, at: copy, Self.settings(journaled: false))
            #expect(copied[0].offsets.logEnd == 5)
            #expect(try copied[0].numbers() == Array(0..<5))
            try other.close()
        }
    }

    @Test func `damage before the recovery point costs its records, everything else serves`() throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs(2, LogSettings())
        try Self.fill(logs[0], 0..<20)
        try Self.fill(logs[1], 0..<20)
        try engine.close()
        let file = try File.open(
            fixture.path + "/orders-0/" + FileNames.file(.log, base: 0),
            options: .write
        )
        try [UInt8](repeating: 0xFF, count: 20).withUnsafeBytes { try file.write($0, at: 10) }
        let (second, reopened) = try fixture.startWithLogs(2, LogSettings())
        #expect(throws: LogError.self) { try reopened[0].fetch(0) }
        #expect(try reopened[0].fetch(19).bytes > 0)
        #expect(try reopened[0].write(makeBatch(20..<21)).baseOffset == 20)
        try Self.check(reopened[1], count: 20)
        try second.close()
    }

    @Test func `a hole between segments and journal is refused, and what the journal has serves`() throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs(2, LogSettings())
        try Self.fill(logs[0], 0..<20)
        #expect(engine.checkpoint() == nil)
        try Self.fill(logs[0], 20..<25)
        try Self.fill(logs[1], 0..<5)
        engine.abandon()
        _ = try Directory(fixture.path).directory("orders-0").removeTree()
        try Directory(fixture.path).remove(FileNames.recoveryPoints)
        try Directory(fixture.path).remove(CheckedCopy.name(of: FileNames.recoveryPoints))
        let (second, reopened) = try fixture.startWithLogs(2, LogSettings())
        #expect(throws: LogError.self) { try reopened[0].fetch(0) }
        // A checkpoint keeps the round whose answer is still on its way, so the journal may have the last batches.
        #expect(reopened[0].damagedRanges.map(\.offsets.lowerBound) == [0])
        #expect(reopened[0].damagedRanges.allSatisfy { $0.offsets.upperBound <= 20 })
        #expect(second.checkpoint() == nil)
        #expect(try reopened[0].numbers(from: 20) == Array(20..<25))
        #expect(try reopened[0].write(makeBatch(25..<26)).baseOffset == 25)
        try Self.check(reopened[1], count: 5)
        second.abandon()
    }

    @Test(arguments: ["1\u{0e}", "", "one", "1\n" + String(repeating: "x", count: 4096), "\u{0}"])
    func `a damaged file of the version is told from a newer one`(text: String) throws {
        let fixture = try EngineFixture()
        try fixture.start().0.close()
        try Directory(fixture.path).replace(FileNames.version, with: Array(text.utf8))
        let findings = inspect(fixture, partitions: 1).findings.filter { $0.kind == .version && $0.severity == .damage }
        do {
            try fixture.start().0.close()
            #expect(findings.isEmpty)
        } catch {
            #expect("\(error)".contains("millrace.version is damaged") && "\(error)".contains("millrace repair"))
            #expect(findings.map(\.remedy) == [.rebuild])
        }
    }

    @Test func `a directory of a newer program or another node is refused`() throws {
        let fixture = try EngineFixture()
        try fixture.start().0.close()
        try Directory(fixture.path).replace(FileNames.version, with: Array("2\n".utf8))
        let error = #expect(throws: LogError.self) { _ = try fixture.start() }
        #expect(error?.message.contains("newer Millrace") == true)
        try Directory(fixture.path).replace(FileNames.version, with: Array("1\n".utf8))
        var foreign = EngineFixture.properties
        foreign.nodeID = BrokerID(2)
        try Directory(fixture.path).replace(FileNames.properties, with: foreign.encoded())
        #expect(throws: LogError.self) { _ = try fixture.start() }
    }
}
