import Glibc
import LogCore
import Model
import NIOCore
import RecordBatch
import Testing

@testable import LogFiles

/// An inspection names what was changed in a data directory, nothing else, and changes nothing itself.
@Suite(.timeLimit(.minutes(20))) struct InspectionTests {
    private let folder = "orders-0"

    @Test func `a directory that was closed is whole`() throws {
        let damaged = try DamagedLog()
        try damaged.engine.close()
        let report = inspect(damaged.fixture)
        #expect(report.verdict == .whole)
        #expect(report.allFindings.isEmpty)
        #expect(report.partitions.map(\.name) == ["orders-0", "orders-1"])
        #expect(report.partitions.allSatisfy { $0.end == 200 && $0.recordCount == 200 && $0.batchCount == 20 })
        #expect(report.wasClosedCleanly)
    }

    @Test func `a directory of a process that was killed is whole`() throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs(2)
        for log in logs {
            for start in stride(from: 0, to: 60, by: 10) { try log.write(makeBatch(start..<(start + 10))) }
        }
        engine.settle()
        #expect(engine.checkpoint() == nil)
        for start in stride(from: 60, to: 90, by: 10) { try logs[0].write(makeBatch(start..<(start + 10))) }
        engine.settle()
        let copy = try fixture.copy()
        defer { _ = try? Directory(copy).removeTree() }
        let report = inspect(fixture, at: copy)
        #expect(report.verdict == .whole)
        #expect(!report.wasClosedCleanly)
        #expect(report.partitions.map(\.end) == [90, 60])
        // Of a batch that was being written a part may be there.
        let log = copy + "/orders-0/" + FileNames.file(.log, base: 0)
        #expect(truncate(log, Int(try #require(sizeOf(log))) - 7) == 0)
        let torn = inspect(fixture, at: copy)
        #expect(torn.verdict == .whole)
        #expect(torn.allFindings.map(\.kind) == [.unfinished])
        #expect(torn.partitions.map(\.end) == [90, 60])
    }

    @Test func `compressed batches and transactions are read`() throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs()
        for codec in [CompressionCodec.gzip, .lz4, .zstd, .snappy] {
            try logs[0].write(makeBatch(0..<50, compression: codec))
        }
        for (sequence, isAbort) in [(Int32(0), true), (3, false), (6, true)] {
            let producer = Producer(id: 7, sequence: sequence, isTransactional: true)
            try logs[0].write(makeBatch(0..<3, producer: producer))
            let marker = ControlRecord(kind: isAbort ? .abort : .commit, coordinatorEpoch: 0).encodeBatch(
                producerID: ProducerID(7),
                producerEpoch: ProducerEpoch(0),
                timestamp: 1_000
            )
            try logs[0].write(marker, options(origin: .coordinator))
        }
        try engine.close()
        let report = inspect(fixture)
        #expect(report.allFindings.isEmpty)
        #expect(report.partitions[0].recordCount == 212)
        let index = fixture.path + "/orders-0/" + FileNames.file(.transactionIndex, base: 0)
        flipBit(of: index, at: 9)
        let findings = inspect(fixture).allFindings
        #expect(findings.map(\.kind) == [.transactionIndex])
        #expect(findings.first?.remedy == .rebuild)
    }

    enum Place: Int, CaseIterable {
        case baseOffset = 7
        case length = 10
        case magic = 16
        case checksum = 18
        case lastOffsetDelta = 24
        case recordCount = 58
        case record = 100
    }

    @Test(arguments: Place.allCases)
    func `a flipped bit of a batch is found with its offsets and bytes`(place: Place) throws {
        let damaged = try DamagedLog()
        let batch = try damaged.batch(with: 45)
        try damaged.engine.close()
        damaged.flip(batch.position + place.rawValue, of: batch.path)
        let report = inspect(damaged.fixture)
        #expect(report.verdict == .damaged)
        let finding = try #require(report.allFindings.first)
        #expect(report.allFindings.count == 1)
        #expect(finding.kind == .batch)
        #expect(finding.partition == self.folder)
        #expect(finding.offsets == 40..<50)
        let end = batch.position + batch.header.sizeInBytes
        #expect(finding.bytes == Int64(batch.position)..<Int64(end))
        #expect(report.partitions[1].isWhole)
        #expect(report.partitions[0].recordCount == 190)
    }

    enum Loss: CaseIterable { case removed, emptied, cutAtBatch, cutWithinBatch }

    @Test(arguments: Loss.allCases, [1, -1])
    func `a segment that lost bytes is found with what it lacks`(loss: Loss, place: Int) throws {
        let damaged = try DamagedLog()
        let index = place < 0 ? damaged.segments.count - 1 : place
        let (path, base, size) = damaged.segments[index]
        let end = place < 0 ? 200 : damaged.segments[index + 1].base
        let last = try damaged.batch(with: end - 1)
        try damaged.engine.close()
        switch loss {
        case .removed: #expect(unlink(path) == 0)
        case .emptied: #expect(truncate(path, 0) == 0)
        case .cutAtBatch: #expect(truncate(path, last.position) == 0)
        case .cutWithinBatch: #expect(truncate(path, Int(size) - 1) == 0)
        }
        let report = inspect(damaged.fixture)
        let start = loss == .removed || loss == .emptied ? base : last.header.baseOffset
        let lost = report.allFindings.filter { $0.kind == .batch || $0.kind == .missingOffsets }
        #expect(lost.map(\.offsets) == [start..<end])
        // Indexes of what is gone may be named as well.
        let kinds: Set<Finding.Kind> = [.batch, .missingOffsets, .offsetIndex, .timeIndex]
        #expect(report.allFindings.allSatisfy { kinds.contains($0.kind) && $0.partition == self.folder })
    }

    @Test func `the first segment is missed after a clean end`() throws {
        let damaged = try DamagedLog()
        let path = damaged.segments[0].path
        let next = damaged.segments[1].base
        try damaged.engine.close()
        #expect(unlink(path) == 0)
        let findings = inspect(damaged.fixture).allFindings
        #expect(findings.map(\.kind) == [.missingOffsets])
        #expect(findings.first?.offsets == 0..<next)
    }

    @Test(arguments: [FileNames.Kind.offsetIndex, .timeIndex])
    func `a flipped bit of an index is found`(kind: FileNames.Kind) throws {
        let damaged = try DamagedLog()
        let base = damaged.segments[1].base
        try damaged.engine.close()
        let path = damaged.fixture.path + "/orders-0/" + FileNames.file(kind, base: base)
        let entryBytes = kind == .offsetIndex ? OffsetIndexEntry.sizeBytes : TimeIndexEntry.sizeBytes
        // The offset of a time index entry may be any of its batch.
        for position in 0..<(kind == .timeIndex ? entryBytes - 1 : entryBytes) {
            flipBit(of: path, at: position)
            let findings = inspect(damaged.fixture).allFindings
            #expect(findings.map(\.remedy) == [.rebuild], "byte \(position)")
            #expect(findings.first?.path == "orders-0/" + FileNames.file(kind, base: base))
            flipBit(of: path, at: position)
        }
        #expect(truncate(path, 0) == 0)
        if kind == .timeIndex { #expect(inspect(damaged.fixture).verdict == .damaged) }
    }

    @Test func `damaged root files and side files are named`() throws {
        let damaged = try DamagedLog()
        try damaged.engine.close()
        let root = damaged.fixture.path
        for (name, kind) in [
            (FileNames.properties, Finding.Kind.properties), (FileNames.version, .version),
            (FileNames.recoveryPoints, .checkpoint), (FileNames.logStartOffsets, .checkpoint),
            (FileNames.producers, .checkpoint), ("orders-0/" + FileNames.partitionMetadata, .owner),
            ("orders-0/" + FileNames.leaderEpochs, .leaderEpochs),
        ] {
            let directory = Directory(root)
            guard let bytes = try directory.contents(of: name, bytesMax: 1 << 20), !bytes.isEmpty else {
                // Without DeleteRecords nothing writes it.
                #expect(name == FileNames.logStartOffsets)
                continue
            }
            try directory.write(name, Array(repeating: UInt8(ascii: "x"), count: 5))
            let kinds = inspect(damaged.fixture).allFindings.filter { $0.severity == .damage }.map(\.kind)
            #expect(kinds == [kind], "\(name)")
            try directory.write(name, bytes)
        }
        #expect(inspect(damaged.fixture).verdict == .whole)
    }

    @Test func `a folder that the metadata does not know, or that is missing, is named`() throws {
        let damaged = try DamagedLog()
        try damaged.engine.close()
        let unknown = inspect(damaged.fixture, partitions: 1).allFindings.filter { $0.severity == .damage }
        #expect(unknown.map(\.kind) == [.unknownPartition])
        try Directory(damaged.fixture.path + "/orders-1").removeTree()
        let missing = inspect(damaged.fixture).allFindings
        #expect(missing.map(\.kind) == [.missingFolder])
        #expect(missing.first?.offsets == 0..<200)
    }

    @Test func `a damaged round of the journal is found with the offsets that only it had`() throws {
        let fixture = try EngineFixture()
        let (_, logs) = try fixture.startWithLogs()
        for start in stride(from: 0, to: 50, by: 10) { try logs[0].write(makeBatch(start..<(start + 10))) }
        let copy = try fixture.copy()
        defer { _ = try? Directory(copy).removeTree() }
        try Directory(copy + "/orders-0").removeTree()
        #expect(inspect(fixture, at: copy).partitions.isEmpty)
        #expect(inspect(fixture, at: copy).verdict == .whole)
        // The third round: a header block, and a block for each round before.
        flipBit(of: copy + "/journal/000.journal", at: 3 * 4096 + 200)
        let findings = inspect(fixture, at: copy).allFindings
        #expect(findings.map(\.kind) == [.journal, .missingOffsets])
        #expect(findings.last?.offsets == 20..<30)
    }
}

func flipBit(of path: String, at position: Int) {
    let file = open(path, O_RDWR)
    var byte: UInt8 = 0
    #expect(pread(file, &byte, 1, position) == 1)
    byte ^= 1
    #expect(pwrite(file, &byte, 1, position) == 1)
    close(file)
}

/// Inspects, and expects that no byte of the directory changed.
func inspect(_ fixture: EngineFixture, at path: String? = nil, partitions: Int32 = 2) -> DirectoryReport {
    let path = path ?? fixture.path
    let before = treeContents(path)
    let keys = (0..<partitions).map { (OffsetCheckpoint.Key(topic: "orders", partition: $0), EngineFixture.topicID) }
    var inspection = DirectoryInspection(
        Directory(path),
        known: DirectoryInspection.KnownTopics(
            partitions: Dictionary(keys) { $1 },
            deleting: []
        )
    )
    let report = inspection.run()
    #expect(treeContents(path) == before)
    return report
}

/// Every file below a folder with its bytes, by path.
func treeContents(_ path: String) -> [String: [UInt8]] {
    var contents: [String: [UInt8]] = [:]
    for entry in (try? Directory(path).entries()) ?? [] {
        if entry.isDirectory {
            contents[entry.name + "/"] = []
            for (name, bytes) in treeContents(path + "/" + entry.name) { contents[entry.name + "/" + name] = bytes }
        } else {
            contents[entry.name] = (try? Directory(path).contents(of: entry.name, bytesMax: 1 << 30)) ?? []
        }
    }
    return contents
}
