import LogCore
import Model
import Testing

@testable import LogFiles

/// What checkpoints save beside the records.
@Suite(.timeLimit(.minutes(20)))
struct EngineProducerTests {
    private static func names(_ fixture: EngineFixture) throws -> [String] {
        try Directory(fixture.path).directory("orders-0").entries().map(\.name)
    }

    private static func checkpointed() throws -> EngineFixture {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs()
        try logs[0].write(makeBatch(0..<5, producer: Producer(id: 7, sequence: 0)))
        engine.settle()
        #expect(engine.checkpoint() == nil)
        try logs[0].write(makeBatch(5..<10, producer: Producer(id: 7, sequence: 5)))
        engine.abandon()
        return fixture
    }

    private static func saved(_ fixture: EngineFixture) throws -> ProducerCheckpoint {
        let bytes = try Directory(fixture.path).contents(of: FileNames.producers, bytesMax: 1 << 20)
        return try #require(ProducerCheckpoint(decoding: bytes ?? []))
    }

    @Test func `later checkpoints make and remove no file in a partition's folder`() throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs()
        var names: [[String]] = []
        for start in stride(from: 0, to: 15, by: 5) {
            try logs[0].write(makeBatch(start..<(start + 5), producer: Producer(id: 7, sequence: Int32(start))))
            engine.settle()
            #expect(engine.checkpoint() == nil)
            try names.append(Self.names(fixture))
        }
        #expect(names[1] == names[0] && names[2] == names[0])
        #expect(!names[0].contains { $0.hasSuffix(".snapshot") || $0.hasSuffix(".tmp") })
        #expect(try Self.saved(fixture).entries[EngineFixture.partition()]?.offset == 15)
        try engine.close()
    }

    @Test func `a start takes the saved producers, and reads only what follows them`() throws {
        let fixture = try Self.checkpointed()
        var saved = try Self.saved(fixture)
        let entry = try #require(saved.entries[EngineFixture.partition()])
        #expect(entry.offset == 5)
        // One that no batch tells of, to see where the state comes from.
        var table = try #require(ProducerSnapshot.decode(entry.snapshot))
        table[ProducerID(42)] = table[ProducerID(7)]
        saved.entries[EngineFixture.partition()]?.snapshot = ProducerSnapshot.encode(table)
        try Directory(fixture.path).write(FileNames.producers, saved.encoded())
        let (engine, logs) = try fixture.startWithLogs()
        #expect(logs[0].producers.map(\.producerID) == [ProducerID(7), ProducerID(42)])
        #expect(logs[0].producers.map(\.lastSequence) == [9, 4])
        try engine.close()
    }

    @Test(arguments: [false, true])
    func `a producer that repeats its last five batches after a start finds them`(isClean: Bool) throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs()
        var offsets: [Offset] = []
        for number in 0..<6 {
            let batch = try makeBatch(number..<(number + 1), producer: Producer(id: 7, sequence: Int32(number)))
            offsets.append(try logs[0].write(batch).baseOffset)
        }
        engine.settle()
        #expect(engine.checkpoint() == nil)
        if isClean { try engine.close() } else { engine.abandon() }
        let (second, again) = try fixture.startWithLogs()
        for number in 1..<6 {
            let batch = try makeBatch(number..<(number + 1), producer: Producer(id: 7, sequence: Int32(number)))
            let result = try again[0].write(batch)
            #expect(result.isDuplicate && result.baseOffset == offsets[number])
        }
        #expect(again[0].offsets.logEnd == 6)
        try second.close()
    }

    @Test func `producers saved beyond the recovery point are not taken`() throws {
        let fixture = try Self.checkpointed()
        var saved = try Self.saved(fixture)
        var table = ProducerTable()
        table[ProducerID(42)] = ProducerEntry(epoch: ProducerEpoch(0))
        saved.entries[EngineFixture.partition()] = .init(offset: 6, snapshot: ProducerSnapshot.encode(table))
        try Directory(fixture.path).write(FileNames.producers, saved.encoded())
        let (engine, logs) = try fixture.startWithLogs()
        #expect(logs[0].producers.map(\.lastSequence) == [9])
        try engine.close()
    }

    @Test func `a damaged file of producers costs reading, not state`() throws {
        let fixture = try Self.checkpointed()
        try Directory(fixture.path).write(FileNames.producers, [1, 2, 3])
        let (engine, logs) = try fixture.startWithLogs()
        #expect(logs[0].producers.map(\.lastSequence) == [9])
        #expect(try logs[0].numbers() == Array(0..<10))
        try engine.close()
    }

    @Test func `a partition with many producers has a snapshot of its own`() throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs()
        for id in 0..<60 { try logs[0].write(makeBatch(id..<(id + 1), producer: Producer(id: Int64(id), sequence: 0))) }
        engine.settle()
        #expect(engine.checkpoint() == nil)
        #expect(try Self.names(fixture).contains(FileNames.file(.snapshot, base: 60)))
        engine.abandon()
        let (second, reopened) = try fixture.startWithLogs()
        #expect(reopened[0].producers.count == 60)
        try second.close()
    }

    @Test func `the producers of a deleted topic are forgotten`() async throws {
        let fixture = try Self.checkpointed()
        let (engine, logs) = try fixture.startWithLogs(2)
        await engine.delete(partition: EngineFixture.partition())
        try engine.clearDeletions()
        try logs[1].write(makeBatch(0..<1))
        engine.settle()
        #expect(engine.checkpoint() == nil)
        #expect(try Array(Self.saved(fixture).entries.keys) == [EngineFixture.partition(1)])
        try engine.close()
    }

    @Test func `epochs that a crash left without their file are saved by the next checkpoint`() throws {
        let fixture = try EngineFixture()
        // The last index entry is where a start begins to read.
        var settings = LogSettings()
        settings.indexIntervalBytes = 200
        let (first, logs) = try fixture.startWithLogs(1, settings)
        for start in stride(from: 0, to: 50, by: 5) {
            try logs[0].write(makeBatch(start..<(start + 5)), options(epoch: 3))
        }
        first.settle()
        first.abandon()
        let (second, reopened) = try fixture.startWithLogs(1, settings)
        #expect(reopened[0].leaderEpoch(at: 0) == LeaderEpoch(3))
        try second.close()
        let (third, again) = try fixture.startWithLogs(1, settings)
        #expect(again[0].leaderEpoch(at: 0) == LeaderEpoch(3))
        try third.close()
    }
}
