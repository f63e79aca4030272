import Glibc
import LogCore
import Model
import NIOCore
import RecordBatch
import Simulation
import Testing

@testable import LogFiles

/// A repair makes good what can be made good, keeps what it takes out, and leaves a directory that serves the rest.
@Suite(.timeLimit(.minutes(20))) struct RepairTests {
    private static let known = DirectoryInspection.KnownTopics(
        partitions: [
            OffsetCheckpoint.Key(topic: "orders", partition: 0): EngineFixture.topicID,
            OffsetCheckpoint.Key(topic: "orders", partition: 1): EngineFixture.topicID,
        ],
        deleting: []
    )

    private func report(_ path: String, on disk: any Disk = SystemDisk.shared) -> DirectoryReport {
        var inspection = DirectoryInspection(Directory(path, on: disk), known: Self.known)
        return inspection.run()
    }

    private func plan(_ path: String, on disk: any Disk = SystemDisk.shared) -> RepairPlan {
        RepairPlan(self.report(path, on: disk), known: Self.known, identity: EngineFixture.properties)
    }

    private func repair(_ path: String, on disk: any Disk = SystemDisk.shared) throws(LogError) {
        let repair = DirectoryRepair(Directory(path, on: disk))
        for step in self.plan(path, on: disk).steps { try repair.perform(step) }
    }

    @Test func `the sound part of a segment that the last compaction wrote stays`() throws {
        let test = try CompactedLog()
        for number in 0..<120 { try test.write([("k\(number % 40)", "v\(number)")]) }
        try test.roll()
        try test.clean()
        try test.engine.close()
        let path = test.fixture.path
        let folder = Directory(path).directory("orders-0")
        let bytes = try #require(try folder.contents(of: FileNames.cleanedSegments, bytesMax: 1 << 20))
        let cleaned = try #require(CleanedSegments(decoding: bytes))
        #expect(cleaned.pending == nil, "what is there is listed as what is there")
        let entry = try #require((cleaned.entries + [cleaned.pending].compactMap { $0 }).last { $0.sizeBytes > 300 })
        let records = self.report(path).partitions.map(\.recordCount).reduce(0, +)
        flipBit(of: folder.path(of: FileNames.file(.log, base: entry.baseOffset)), at: Int(entry.sizeBytes) - 5)
        try self.repair(path)
        for _ in 0..<2 {
            let report = self.report(path)
            #expect(report.allFindings.filter { $0.severity == .damage } == [])
            #expect(report.partitions.map(\.recordCount).reduce(0, +) == records - 1)
            try self.repair(path)
        }
    }

    enum Damage: CaseIterable {
        case record, length, baseOffset, twoBatches, firstBatch, lastBatchOfSegment, lastBatchOfLog
        case emptied, removed, cut, removedFirst, junkBetween
    }

    private func make(_ damage: Damage, in log: DamagedLog) throws -> Range<Offset>? {
        let batch = try log.batch(with: 45)
        let segments = log.segments
        let last = try log.batch(with: 199)
        let end = try log.batch(with: segments[2].base - 1)
        let first = try log.batch(with: segments[1].base)
        try log.engine.close()
        switch damage {
        case .record: log.flip(batch.position + 100, of: batch.path)
        case .length: log.flip(batch.position + 9, of: batch.path)
        case .baseOffset: log.flip(batch.position + 7, of: batch.path)
        case .twoBatches:
            log.flip(batch.position + 100, of: batch.path)
            log.flip(batch.position + batch.header.sizeInBytes + 100, of: batch.path)
            return 40..<60
        case .firstBatch:
            log.flip(first.position + 100, of: first.path)
            return first.header.baseOffset..<first.header.nextOffset
        case .lastBatchOfSegment:
            log.flip(end.position + 100, of: end.path)
            return end.header.baseOffset..<end.header.nextOffset
        case .lastBatchOfLog:
            log.flip(last.position + 100, of: last.path)
            return 190..<200
        case .emptied:
            #expect(truncate(segments[1].path, 0) == 0)
            return segments[1].base..<segments[2].base
        case .removed:
            #expect(unlink(segments[1].path) == 0)
            return segments[1].base..<segments[2].base
        case .cut:
            #expect(truncate(segments[1].path, Int(segments[1].size) - 3) == 0)
            return end.header.baseOffset..<end.header.nextOffset
        case .removedFirst:
            #expect(unlink(segments[0].path) == 0)
            return 0..<segments[1].base
        case .junkBetween:
            let directory = Directory(log.fixture.path + "/orders-0")
            let name = FileNames.file(.log, base: segments[1].base)
            let bytes = try #require(try directory.contents(of: name, bytesMax: 1 << 20))
            let junk = [UInt8](repeating: 0xAA, count: 37)
            try directory.write(name, Array(bytes[..<batch.position]) + junk + Array(bytes[batch.position...]))
            return nil
        }
        return 40..<50
    }

    @Test(arguments: Damage.allCases)
    func `after a repair the directory is whole, and what was taken out is kept`(damage: Damage) throws {
        let log = try DamagedLog()
        let lost = try self.make(damage, in: log)
        let path = log.fixture.path
        let found = self.report(path)
        #expect(found.verdict == .damaged)
        let before = treeContents(path)
        try self.repair(path)
        let report = self.report(path)
        #expect(report.allFindings.filter { $0.severity != .note } == [])
        #expect(report.partitions[0].recordCount == 200 - Int64(lost?.count ?? 0))
        #expect(report.partitions[1].recordCount == 200)
        // Every damaged byte is in the quarantine.
        let after = treeContents(path)
        for range in found.partitions[0].damage where !range.bytes.isEmpty {
            let name = String(range.path.dropFirst(path.count + 1))
            let bytes = try #require(before[name])[Int(range.bytes.lowerBound)..<Int(range.bytes.upperBound)]
            #expect(after.contains { $0.key.hasPrefix("quarantine/") && $0.value == Array(bytes) })
        }
        #expect(self.plan(path).steps.isEmpty)
        #expect(treeContents(path) == after)
    }

    @Test func `an undamaged partition is not touched`() throws {
        let log = try DamagedLog()
        _ = try self.make(.record, in: log)
        let before = treeContents(log.fixture.path + "/orders-1")
        try self.repair(log.fixture.path)
        #expect(treeContents(log.fixture.path + "/orders-1") == before)
    }

    @Test func `side files and root files are made again`() throws {
        let log = try DamagedLog()
        try log.engine.close()
        let path = log.fixture.path
        let root = Directory(path)
        let base = log.segments.isEmpty ? 0 : log.segments[1].base
        for name in [
            FileNames.properties, FileNames.version, FileNames.recoveryPoints, FileNames.producers,
            "orders-0/" + FileNames.partitionMetadata, "orders-0/" + FileNames.leaderEpochs,
            "orders-0/" + FileNames.file(.offsetIndex, base: base),
            "orders-1/" + FileNames.file(.timeIndex, base: base),
        ] { try root.write(name, Array(repeating: UInt8(ascii: "x"), count: 5)) }
        try self.repair(path)
        let report = self.report(path)
        #expect(report.allFindings.filter { $0.severity != .note } == [])
        #expect(report.properties?.clusterID == EngineFixture.properties.clusterID)
        let bytes = try root.contents(of: FileNames.recoveryPoints, bytesMax: 1 << 20)
        let points = try #require(OffsetCheckpoint(decoding: bytes ?? []))
        #expect(points.offsets.values.sorted() == [200, 200])
    }

    @Test func `a missing folder is made again with its offsets refused`() throws {
        let log = try DamagedLog()
        try log.engine.close()
        try Directory(log.fixture.path + "/orders-0").removeTree()
        try self.repair(log.fixture.path)
        let report = self.report(log.fixture.path)
        #expect(report.allFindings.filter { $0.severity != .note } == [])
        #expect(report.partitions.map(\.name) == ["orders-0", "orders-1"])
    }

    @Test func `a folder that the metadata does not know is left alone`() throws {
        let log = try DamagedLog()
        try log.engine.close()
        var known = Self.known
        known.partitions[OffsetCheckpoint.Key(topic: "orders", partition: 1)] = nil
        var inspection = DirectoryInspection(Directory(log.fixture.path), known: known)
        let plan = RepairPlan(inspection.run(), known: known, identity: nil)
        #expect(plan.steps.isEmpty)
        #expect(plan.unmended.map(\.kind) == [.unknownPartition])
    }

    /// The disk refuses every call that changes it from the n-th on, for every n, as a process that dies there.
    @Test(arguments: [Damage.twoBatches, .firstBatch, .lastBatchOfLog, .length, .junkBetween])
    func `a repair that dies at any call can be run again`(damage: Damage) throws {
        let log = try DamagedLog()
        let lost = try self.make(damage, in: log)
        let source = log.fixture.path
        var call = 0
        while true {
            let path = source + "-crash"
            defer { _ = try? Directory(path).removeTree() }
            try copyTree(source, path)
            let disk = EndingDisk(callsLeft: call)
            do {
                try self.repair(path, on: disk)
            } catch {
                // A start in between would find the same; here the repair is run again.
            }
            try self.repair(path)
            let report = self.report(path)
            #expect(report.allFindings.filter { $0.severity != .note } == [], "call \(call)")
            #expect(report.partitions[0].recordCount == 200 - Int64(lost?.count ?? 0), "call \(call)")
            if !disk.hasEnded { break }
            call += 1
        }
        #expect(call > 20)
    }

    @Test func `the list of lost offsets survives its codec and notices a changed byte`() throws {
        var lost = LostOffsets()
        for range in [40..<50, 10..<20, 20..<25, 40..<50] as [Range<Offset>] { lost.add(range) }
        #expect(lost.ranges == [10..<20, 20..<25, 40..<50])
        #expect(lost.covers(12..<25) && !lost.covers(12..<26) && lost.covers(44..<45) && !lost.covers(0..<11))
        let bytes = lost.encoded()
        #expect(LostOffsets(decoding: bytes) == lost)
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1
            #expect(LostOffsets(decoding: changed) != lost || changed == bytes)
            #expect(LostOffsets(decoding: Array(bytes[..<index])) == nil || index == bytes.count - 1)
        }
    }
}
