import LogCore
import Model
import Testing

@testable import LogFiles

/// When index entries reach their files.
@Suite(.timeLimit(.minutes(20)))
struct EngineIndexTests {
    private static let settings: LogSettings = {
        var settings = LogSettings()
        settings.indexIntervalBytes = 0
        return settings
    }()

    private static func fill(_ log: FilePartitionLog, _ range: Range<Int>) throws {
        for number in range {
            try log.write(makeBatch(number..<(number + 1), timestamp: Timestamp(10_000 + number)))
        }
    }

    /// Entries in the offset index and in the time index; `nil` where there is no file.
    private static func counts(_ fixture: EngineFixture, base: Offset = 0) -> [Int64?] {
        let folder = fixture.path + "/orders-0/"
        return [
            sizeOf(folder + FileNames.file(.offsetIndex, base: base)).map { $0 / 8 },
            sizeOf(folder + FileNames.file(.timeIndex, base: base)).map { $0 / 12 },
        ]
    }

    private static func check(_ log: FilePartitionLog, count: Int) throws {
        #expect(try log.numbers() == Array(0..<count))
        for offset in stride(from: 0, to: count, by: 7) {
            #expect(try log.numbers(from: Offset(offset), bytesMax: 1).first == offset)
            #expect(try log.find(.atOrAfter(Timestamp(10_000 + offset)))?.offset == Offset(offset))
        }
    }

    @Test func `a few entries wait in memory, many are written, and a checkpoint writes what waits`() throws {
        let fixture = try EngineFixture()
        // Readers are to need the files.
        fixture.settings.tailBytesMax = 0
        let (engine, logs) = try fixture.startWithLogs(1, Self.settings)
        // The first batch of a segment brings no entry.
        try Self.fill(logs[0], 0..<20)
        engine.settle()
        #expect(Self.counts(fixture) == [nil, nil])
        try Self.check(logs[0], count: 20)
        for number in 20..<60 {
            try Self.fill(logs[0], number..<(number + 1))
            engine.settle()
        }
        let written = try #require(Self.counts(fixture)[0])
        #expect(written >= 32 && written < 59)
        try Self.check(logs[0], count: 60)
        #expect(engine.checkpoint() == nil)
        #expect(Self.counts(fixture) == [59, 59])
        try Self.check(logs[0], count: 60)
        try engine.close()
    }

    @Test func `a crash loses no entry`() throws {
        let fixture = try EngineFixture()
        fixture.settings.tailBytesMax = 0
        let (first, logs) = try fixture.startWithLogs(1, Self.settings)
        for number in 0..<75 {
            try Self.fill(logs[0], number..<(number + 1))
            first.settle()
            if number == 40 { #expect(first.checkpoint() == nil) }
        }
        first.abandon()
        let (second, reopened) = try fixture.startWithLogs(1, Self.settings)
        try Self.check(reopened[0], count: 75)
        try Self.fill(reopened[0], 75..<76)
        second.settle()
        #expect(second.checkpoint() == nil)
        #expect(Self.counts(fixture) == [75, 75])
        try Self.check(reopened[0], count: 76)
        try second.close()
    }

    @Test func `a closed segment has both index files, even without an entry`() throws {
        let fixture = try EngineFixture()
        var settings = LogSettings()
        // Room for one batch.
        settings.segmentBytes = 100
        let (engine, logs) = try fixture.startWithLogs(1, settings)
        try Self.fill(logs[0], 0..<3)
        engine.settle()
        #expect(Self.counts(fixture, base: 0) == [0, 1])
        #expect(Self.counts(fixture, base: 1) == [0, 1])
        #expect(Self.counts(fixture, base: 2) == [nil, nil])
        try engine.close()
    }

    @Test func `what a crash left of an index does not show through`() throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs(1, Self.settings)
        try Directory(fixture.path + "/orders-0").make()
        let folder = Directory(fixture.path).directory("orders-0")
        for kind in [FileNames.Kind.offsetIndex, .timeIndex] {
            try folder.write(FileNames.file(kind, base: 0), [UInt8](repeating: 0xFF, count: 24_000))
        }
        try Self.fill(logs[0], 0..<10)
        engine.settle()
        #expect(engine.checkpoint() == nil)
        #expect(Self.counts(fixture) == [9, 9])
        try Self.check(logs[0], count: 10)
        try engine.close()
    }
}
