import Glibc
import LogCore
import Model
import NIOCore
import RecordBatch
import Synchronization
import Testing

@testable import LogFiles

/// Damage that a start meets: below what was forced nothing is cut, the offsets are refused, and the rest serves.
@Suite(.timeLimit(.minutes(20))) struct EngineStartDamageTests {
    /// What is refused, after a start that met the damage; other partitions and new records are as they should be.
    private func expectRefused(_ damaged: DamagedLog, _ expected: [Offset], end: Offset = 200) throws {
        #expect(!damaged.log.hasFailed)
        #expect(damaged.log.offsets.logEnd == end)
        #expect(try damaged.refused() == expected)
        try damaged.expectOtherIsWhole()
        let next = Int(end)
        #expect(try damaged.log.write(makeBatch(next..<(next + 10))).baseOffset == end)
        damaged.engine.settle()
        // As the files tell it, to a start without any memory of this one.
        try damaged.restart {}
        #expect(try damaged.refused() == expected)
        #expect(damaged.log.offsets.logEnd == end + 10)
        try damaged.engine.close()
    }

    /// Makes a start read all segments.
    private func dropSnapshots(_ damaged: DamagedLog) throws {
        let folder = Directory(damaged.fixture.path + "/orders-0")
        for entry in try folder.entries() where entry.name.hasSuffix(".snapshot") { try folder.remove(entry.name) }
        try Directory(damaged.fixture.path).remove(FileNames.producers)
    }

    @Test(arguments: EngineQuarantineTests.Place.allCases, [(45, true), (195, true), (195, false)] as [(Offset, Bool)])
    func `a flipped bit below the recovery point costs its batch`(
        place: EngineQuarantineTests.Place,
        at where: (Offset, Bool)
    ) throws {
        let (offset, readsAll) = `where`
        let damaged = try DamagedLog()
        let batch = try damaged.batch(with: offset)
        try damaged.restart {
            damaged.flip(batch.position + place.rawValue, of: batch.path)
            if readsAll { try self.dropSnapshots(damaged) }
        }
        try self.expectRefused(damaged, Array(batch.header.baseOffset...batch.header.lastOffset))
    }

    enum Loss: CaseIterable { case removed, emptied, cutAtBatch, cutWithinBatch, zeroed }

    @Test(arguments: Loss.allCases, [true, false])
    func `an active segment that lost its end is missing there`(loss: Loss, crashes: Bool) throws {
        let damaged = try DamagedLog()
        let (path, base, size) = try #require(damaged.segments.last)
        let last = try damaged.batch(with: 199)
        let damage = {
            switch loss {
            case .removed: #expect(unlink(path) == 0)
            case .emptied: #expect(truncate(path, 0) == 0)
            case .cutAtBatch: #expect(truncate(path, last.position) == 0)
            case .cutWithinBatch: #expect(truncate(path, Int(size) - 1) == 0)
            case .zeroed: damaged.write([UInt8](repeating: 0, count: Int(size)), at: 0, of: path)
            }
        }
        if crashes { try damaged.crash(damage) } else { try damaged.restart(damage) }
        let isWhole = loss == .removed || loss == .emptied || loss == .zeroed
        try self.expectRefused(damaged, Array((isWhole ? base : last.header.baseOffset)..<200))
    }

    @Test func `what the journal still has of a lost end comes back`() throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs()
        for start in stride(from: 0, to: 50, by: 10) { try logs[0].write(makeBatch(start..<(start + 10))) }
        engine.settle()
        #expect(engine.checkpoint() == nil)
        // No round follows, so the floor of the checkpoint is in memory only.
        let copy = try fixture.copy()
        defer { _ = try? Directory(copy).removeTree() }
        try engine.close()
        #expect(truncate(copy + "/orders-0/00000000000000000000.log", 150) == 0)
        let (second, reopened) = try fixture.startWithLogs(at: copy)
        #expect(try reopened[0].numbers() == Array(0..<50))
        #expect(reopened[0].damagedRanges.isEmpty)
        try second.close()
    }

    @Test func `a missing first segment is not taken for retention's work`() throws {
        let damaged = try DamagedLog()
        let (first, second) = (damaged.segments[0], damaged.segments[1])
        try damaged.restart { #expect(unlink(first.path) == 0) }
        #expect(damaged.log.offsets.logStart == 0)
        try self.expectRefused(damaged, Array(0..<second.base))
    }

    @Test func `retention between two starts leaves nothing to miss`() throws {
        let damaged = try DamagedLog()
        var settings = LogSettings()
        settings.retentionMilliseconds = 1
        for log in damaged.logs { log.update(settings) }
        damaged.engine.applyRetention(now: 1_000_000)
        let start = damaged.log.offsets.logStart
        #expect(start > 0)
        try damaged.crash {}
        #expect(damaged.log.offsets.logStart == start)
        #expect(damaged.log.damagedRanges.isEmpty)
        try damaged.engine.close()
    }

    enum Points: CaseIterable { case garbage, missing, cut }

    @Test(arguments: Points.allCases, [(45, true), (45, false), (195, true), (195, false)] as [(Offset, Bool)])
    func `without recovery points nothing that was forced is cut`(points: Points, at where: (Offset, Bool)) throws {
        let (offset, crashes) = `where`
        let damaged = try DamagedLog()
        let batch = try damaged.batch(with: offset)
        let damage = {
            let root = Directory(damaged.fixture.path)
            try root.remove(CheckedCopy.name(of: FileNames.recoveryPoints))
            switch points {
            case .garbage: try root.write(FileNames.recoveryPoints, Array("what".utf8))
            case .missing: try root.remove(FileNames.recoveryPoints)
            case .cut: #expect(truncate(damaged.fixture.path + "/" + FileNames.recoveryPoints, 4) == 0)
            }
            damaged.flip(batch.position + 9, of: batch.path)
            try self.dropSnapshots(damaged)
        }
        if crashes { try damaged.crash(damage) } else { try damaged.restart(damage) }
        let refused = try damaged.refused()
        let end = damaged.log.offsets.logEnd
        if offset == 45 {
            #expect(refused == Array(40..<50))
            #expect(end == 200)
        } else {
            // Nothing says how far the log went: what was cut is kept.
            #expect(refused.isEmpty)
            #expect(end == 190)
            let names = try Directory(damaged.fixture.path + "/orders-0").entries().map(\.name)
            #expect(names.contains { $0.hasSuffix(".cut") })
        }
        try damaged.expectOtherIsWhole()
        try damaged.restart {}
        #expect(try damaged.refused() == refused)
        try damaged.engine.close()
    }

    @Test(arguments: [true, false])
    func `a lost journal round costs the offsets that it had`(isFirst: Bool) throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs(2)
        for start in stride(from: 0, to: 50, by: 10) {
            for log in logs { try log.write(makeBatch(start..<(start + 10))) }
        }
        engine.abandon()
        // The first round of the first partition, or one between others.
        let path = fixture.path + "/journal/000.journal"
        let file = open(path, O_RDWR)
        let round = isFirst ? 1 : 5
        var byte: UInt8 = 0
        #expect(pread(file, &byte, 1, round * 4096 + 200) == 1)
        byte ^= 4
        #expect(pwrite(file, &byte, 1, round * 4096 + 200) == 1)
        close(file)
        _ = try Directory(fixture.path + "/orders-0").removeTree()
        let (second, reopened) = try fixture.startWithLogs(2)
        let lost = isFirst ? 0..<10 : 20..<30
        #expect(reopened[0].damagedRanges.map(\.offsets) == [Offset(lost.lowerBound)..<Offset(lost.upperBound)])
        #expect(reopened[0].offsets.logEnd == 50)
        for offset in 0..<50 {
            let result = Result { try reopened[0].fetch(Offset(offset)).bytes }
            #expect(((try? result.get()) ?? 0 > 0) == !lost.contains(offset), "offset \(offset)")
        }
        #expect(try reopened[1].numbers() == Array(0..<50))
        #expect(try reopened[0].write(makeBatch(50..<60)).baseOffset == 50)
        try second.close()
        let (third, again) = try fixture.startWithLogs(2)
        #expect(throws: LogError.self) { try again[0].fetch(Offset(lost.lowerBound)) }
        #expect(try again[0].fetch(Offset(lost.upperBound)).bytes > 0)
        #expect(again[0].offsets.logEnd == 60)
        try third.close()
    }

    @Test func `records deleted up to the middle of a batch stay deleted when the folder is lost`() throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs()
        for start in stride(from: 0, to: 50, by: 10) { try logs[0].write(makeBatch(start..<(start + 10))) }
        // Without the checkpoint that would follow.
        let moved = logs[0].head.withLock { head in (try? head.state.deleteRecords(before: 25)) ?? false }
        #expect(moved)
        #expect(engine.saveLogStarts() == nil)
        engine.abandon()
        _ = try Directory(fixture.path + "/orders-0").removeTree()
        let (second, reopened) = try fixture.startWithLogs()
        #expect(reopened[0].offsets.logStart == 25)
        #expect(try reopened[0].numbers(from: 25).filter { $0 >= 25 } == Array(25..<50))
        #expect(try reopened[0].write(makeBatch(50..<51)).baseOffset == 50)
        try second.close()
        let (third, again) = try fixture.startWithLogs()
        #expect(again[0].offsets.logStart == 25)
        try third.close()
    }

    @Test func `deleted records stay deleted from the acknowledgement on`() throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs()
        for start in stride(from: 0, to: 50, by: 10) { try logs[0].write(makeBatch(start..<(start + 10))) }
        #expect(try logs[0].deleteRecords(before: 25) == 25)
        try engine.persistLogStarts()
        let copy = try fixture.copy()
        defer { _ = try? Directory(copy).removeTree() }
        try engine.close()
        let (second, reopened) = try fixture.startWithLogs(at: copy)
        #expect(reopened[0].offsets.logStart == 25)
        #expect(reopened[0].offsets.logEnd == 50)
        try second.close()
    }

    /// The metadata forgets a topic before the engine clears its traces away, and a crash may come in between.
    @Test func `a topic does not begin where a deleted one of its name did`() throws {
        let fixture = try EngineFixture()
        // Without a write to the segments, which would make the folder.
        fixture.settings.writeGatherMilliseconds = .max
        let (first, logs) = try fixture.startWithLogs()
        try logs[0].write(makeBatch(0..<10))
        #expect(try logs[0].deleteRecords(before: 10) == 10)
        try first.persistLogStarts()
        first.abandon()
        let other = TopicPartition(topicID: TopicID(high: 1, low: 2), partition: 0)
        for count in [0, 5, 10] {
            let (engine, logs) = try fixture.start([EngineFixture.acquisition(other)])
            #expect(logs[0].offsets.logStart == 0)
            #expect(try logs[0].numbers() == Array(0..<count))
            #expect(try logs[0].write(makeBatch(count..<(count + 5))).baseOffset == Offset(count))
            engine.abandon()
        }
    }
}
