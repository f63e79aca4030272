import LogCore
import Model
import NIOCore
import NIOPosix
import RecordBatch
import Simulation
import Synchronization
import Testing
import Threads

@testable import LogFiles

@Suite(.timeLimit(.minutes(20)))
struct EngineCompactionTests {
    @Test(arguments: [CompressionCodec.none, .gzip, .snappy, .lz4, .zstd])
    func `the newest record of each key stays, at its offset`(codec: CompressionCodec) throws {
        let test = try CompactedLog()
        for round in 0..<40 {
            try test.write(
                (0..<5).map { ("k\((round * 3 + $0) % 11)", "v\(round)") },
                compression: codec
            )
        }
        try test.roll()
        let before = test.log.sizeBytes
        #expect(try test.clean() == 1)
        let active = test.activeBase
        let expected = test.expected(compactedTo: active)
        #expect(expected.count < test.written.count / 2)
        #expect(try test.read() == expected)
        #expect(test.log.sizeBytes < before)
        #expect(test.names.allSatisfy { !$0.hasSuffix(".cleaned") && !$0.hasSuffix(".swap") })
        for cleanly in [true, false] {
            try test.restart(cleanly: cleanly)
            #expect(try test.read() == expected)
            #expect(test.log.offsets.logEnd == Offset(test.written.count))
        }
        // Every offset can be asked for, also those that are gone.
        for offset in 0..<Offset(test.written.count) {
            #expect(try test.read(from: offset) == expected.filter { $0.offset >= offset })
        }
        #expect(test.log.damagedRanges.isEmpty)
        #expect(try test.clean() == 0)
        try test.engine.close()
    }

    @Test func `runs follow each other, and a restart continues where the last one ended`() throws {
        let test = try CompactedLog()
        for round in 0..<6 {
            for number in 0..<30 { try test.write([("k\(number % 7)", "v\(round)-\(number)")]) }
            try test.roll()
            #expect(try test.clean() == 1)
            #expect(try test.read() == test.expected(compactedTo: test.activeBase))
            try test.restart(cleanly: round % 2 == 0)
        }
        let checkpoint = try Directory(test.fixture.path).contents(of: FileNames.cleanerOffsets, bytesMax: 1 << 20)
        let point = checkpoint.flatMap { OffsetCheckpoint(decoding: $0) }?
            .offsets[OffsetCheckpoint.Key(topic: "orders", partition: 0)]
        #expect(point == test.activeBase)
        try test.engine.close()
    }

    @Test func `small segments become one`() throws {
        let test = try CompactedLog()
        for number in 0..<200 { try test.write([("k\(number % 3)", "v\(number)")]) }
        try test.roll()
        let before = test.segments
        // The first run leaves little in each, the second makes one of several.
        try test.clean()
        try test.roll()
        try test.clean()
        #expect(test.segments.count < before.count)
        #expect(test.segments[0].cleaned?.end ?? 0 > before[3].baseOffset)
        #expect(test.segments.dropLast().allSatisfy { $0.cleaned != nil })
        try test.engine.close()
    }

    @Test func `a tombstone stays until its delete horizon and goes then`() throws {
        var settings = CompactedLog.settings()
        settings.deleteRetentionMilliseconds = 3_600_000
        let test = try CompactedLog(settings)
        try test.write([("a", "1"), ("b", "1")])
        try test.write([("a", nil)])
        try test.roll()
        try test.clean()
        #expect(try test.read().contains { $0.key == "a" && $0.value == nil })
        let header = try test.headers().first { $0.attributes.hasDeleteHorizon }
        let now = test.engine.time.wallMilliseconds
        #expect(abs((header?.baseTimestamp ?? 0) - (now + 3_600_000)) < 60_000)
        #expect(header?.maxTimestamp == 1_000)
        // Nothing happens before the horizon, and it does not move.
        try test.roll()
        try test.clean()
        #expect(try test.headers().filter { $0.attributes.hasDeleteHorizon } == [header].compactMap { $0 })
        // The key is dead after it.
        settings.deleteRetentionMilliseconds = 0
        let short = try CompactedLog(settings)
        try short.write([("a", "1"), ("b", "1")])
        try short.write([("a", nil)])
        try short.roll()
        try short.clean()
        #expect(try short.read().contains { $0.key == "a" })
        try short.roll()
        try short.clean()
        #expect(try !short.read().contains { $0.key == "a" })
        #expect(try short.read().contains { $0.key == "b" })
        try test.engine.close()
        try short.engine.close()
    }

    @Test func `a producer's last batch stays without records, and its sequence continues`() throws {
        let test = try CompactedLog()
        try test.write([("a", "1"), ("a", "2")], producer: Producer(id: 7, sequence: 0))
        try test.write([("a", "3"), ("a", "4")], producer: Producer(id: 7, sequence: 2))
        try test.write([("a", "5")])
        try test.roll()
        try test.clean()
        let kept = try test.headers().filter { $0.producerID.rawValue == 7 }
        #expect(kept.map(\.recordCount) == [0])
        #expect(kept.map(\.lastSequence) == [3])
        #expect(kept.map(\.baseOffset) == [2])
        // Also for a start that has nothing but the log.
        try test.engine.close()
        for name in test.names where name.hasSuffix(".snapshot") { try Directory(test.folder).remove(name) }
        try Directory(test.fixture.path).remove(FileNames.producers)
        let (engine, logs) = try test.fixture.startWithLogs(1, test.settings)
        #expect(logs[0].producers.map(\.lastSequence) == [3])
        let batch = try makeBatch(0..<1, producer: Producer(id: 7, sequence: 4))
        #expect(try logs[0].write(batch).baseOffset == Offset(test.written.count))
        try engine.close()
    }

    @Test func `aborted records go, and their markers after them`() throws {
        var settings = CompactedLog.settings()
        settings.deleteRetentionMilliseconds = 0
        let test = try CompactedLog(settings)
        let aborting = Producer(id: 5, sequence: 0, isTransactional: true)
        let committing = Producer(id: 6, sequence: 0, isTransactional: true)
        try test.write([("a", "old")])
        try test.write([("a", "aborted"), ("b", "aborted")], producer: aborting)
        try test.write([("c", "committed")], producer: committing)
        try test.end(aborting, commits: false)
        try test.end(committing, commits: true)
        // Both producers continue, so that nothing here is their last.
        var next = aborting
        next.sequence = 2
        try test.write([("z", "1")], producer: next)
        try test.end(aborting, commits: true)
        next = committing
        next.sequence = 1
        try test.write([("z", "2")], producer: next)
        try test.end(committing, commits: true)
        try test.roll()
        try test.clean()
        let committed = try test.read(.readCommitted)
        #expect(committed.filter { $0.key == "a" }.map(\.value) == ["old"])
        #expect(committed.contains { $0.key == "c" })
        #expect(!committed.contains { $0.value == "aborted" })
        #expect(committed.filter { $0.key == "z" }.map(\.value) == ["2"])
        #expect(try !test.read().contains { $0.value == "aborted" })
        #expect(try test.headers().contains { $0.attributes.isControl && $0.producerID.rawValue == 5 })
        try test.restart(cleanly: false)
        #expect(try test.read(.readCommitted) == committed)
        // The second run gives the abort marker its horizon, the third drops it.
        for _ in 0..<3 {
            try test.roll()
            try test.clean()
        }
        let markers = try test.headers().filter { $0.attributes.isControl && $0.producerID.rawValue == 5 }
        #expect(markers.count == 1, "only the last one, which has the producer's epoch")
        #expect(test.segments.allSatisfy { $0.transactionIndexCount == 0 })
        #expect(
            try test.read(.readCommitted).filter { !($0.key ?? "").hasPrefix("filler") }
                == committed.filter { !($0.key ?? "").hasPrefix("filler") }
        )
        try test.engine.close()
    }

    @Test func `nothing beyond an open transaction is compacted`() throws {
        let test = try CompactedLog()
        try test.write([("a", "1")])
        let producer = Producer(id: 5, sequence: 0, isTransactional: true)
        try test.write([("a", "open")], producer: producer)
        try test.roll()
        try test.clean()
        #expect(try test.read() == test.written)
        try test.end(producer, commits: true)
        try test.roll()
        try test.clean()
        #expect(try !test.read().contains { $0.value == "1" })
        try test.engine.close()
    }

    @Test func `a map without room for all keys takes several runs`() throws {
        let test = try CompactedLog()
        var cleaner = CleanerSettings()
        cleaner.threadCount = 0
        cleaner.dedupeBufferBytes = 24 * 12
        test.engine.update(cleaner)
        for number in 0..<120 { try test.write([("k\(number % 40)", "v\(number)")]) }
        try test.roll()
        #expect(try test.clean() > 3)
        #expect(try test.read() == test.expected(compactedTo: test.activeBase))
        try test.engine.close()
    }

    @Test func `a damaged partition is left alone and serves, and others are cleaned`() throws {
        let test = try CompactedLog()
        let (engine, other) = (
            test.engine,
            try test.engine.openLog(
                EngineFixture.partition(1),
                topicName: "orders",
                settings: test.settings
            )
        )
        for number in 0..<100 {
            try test.write([("k\(number % 3)", "v\(number)")])
            try other.write(try keyed("k\(number % 3)", "v\(number)"))
        }
        try test.roll()
        engine.settle()
        #expect(engine.checkpoint() == nil)
        let file = try File.open(test.folder + "/" + FileNames.file(.log, base: 0), options: .write)
        try [UInt8(0xFF)].withUnsafeBytes { try file.write($0, at: 80) }
        let (before, otherBefore) = (test.log.sizeBytes, other.sizeBytes)
        while engine.cleanDirtiestLog() {}
        #expect(engine.uncleanable.keys.map(\.partition) == [0])
        #expect(engine.cleanerMetrics.uncleanablePartitions == 1)
        #expect(engine.cleanerMetrics.runs == 1)
        #expect(test.log.sizeBytes == before)
        #expect(other.sizeBytes < otherBefore / 2)
        #expect(try test.log.fetch(50).bytes > 0)
        #expect(test.names.allSatisfy { !$0.hasSuffix(".cleaned") })
        try engine.close()
    }

    @Test func `segments that are younger than the lag are left, and overdue ones are not`() throws {
        var settings = CompactedLog.settings()
        settings.minCompactionLagMilliseconds = 3_600_000
        let test = try CompactedLog(settings)
        let now = test.engine.time.wallMilliseconds
        for number in 0..<40 { try test.write([("k", "v\(number)")], timestamp: now) }
        try test.roll(timestamp: now)
        #expect(try test.clean() == 0)
        settings.minCompactionLagMilliseconds = 0
        settings.minCleanableDirtyRatio = 1
        test.log.update(settings)
        #expect(try test.clean() == 0)
        settings.maxCompactionLagMilliseconds = 1
        test.log.update(settings)
        #expect(try test.clean() == 1)
        try test.engine.close()
    }

    @Test func `with delete, old segments still go`() throws {
        var settings = CompactedLog.settings()
        settings.cleanupDelete = true
        settings.retentionMilliseconds = 1_000
        let test = try CompactedLog(settings)
        for number in 0..<40 { try test.write([("k\(number)", "v")], timestamp: 1_000) }
        try test.roll(timestamp: test.engine.time.wallMilliseconds)
        try test.clean()
        #expect(try test.read().first?.offset == 0)
        test.engine.applyRetention(now: test.engine.time.wallMilliseconds)
        #expect(test.log.offsets.logStart > 30)
        #expect(
            try test.read()
                == test.expected(compactedTo: test.activeBase).filter {
                    $0.offset >= test.log.offsets.logStart
                }
        )
        try test.restart()
        #expect(try test.read().first?.offset ?? 0 > 30)
        try test.engine.close()
    }

    @Test func `a topic that is made again under the name starts uncompacted`() async throws {
        let test = try CompactedLog()
        for number in 0..<60 { try test.write([("k", "v\(number)")]) }
        try test.roll()
        try test.clean()
        await test.engine.delete(partition: EngineFixture.partition())
        try test.engine.clearDeletions()
        let checkpoint = try Directory(test.fixture.path).contents(of: FileNames.cleanerOffsets, bytesMax: 1 << 20)
        #expect(checkpoint.flatMap { OffsetCheckpoint(decoding: $0) }?.offsets == [:])
        try test.engine.close()
    }

    @Test func `a lost segment is found also below what is compacted`() throws {
        let test = try CompactedLog(CompactedLog.settings(segmentBytes: 3_000))
        for number in 0..<200 { try test.write([("k\(number)", "v\(number)")]) }
        try test.roll()
        try test.clean()
        let cleaned = test.segments.compactMap(\.cleaned)
        #expect(cleaned.count >= 3)
        try test.engine.close()
        for kind in FileNames.Kind.allCases {
            try Directory(test.folder).remove(FileNames.file(kind, base: cleaned[1].baseOffset))
        }
        let (engine, logs) = try test.fixture.startWithLogs(1, test.settings)
        #expect(throws: LogError.self) { try logs[0].fetch(cleaned[1].baseOffset) }
        #expect(logs[0].damagedRanges.map(\.offsets) == [cleaned[1].baseOffset..<cleaned[1].end])
        #expect(try logs[0].fetch(cleaned[2].baseOffset).bytes > 0)
        try engine.close()
    }

    @Test func `a compacted segment that was cut is found out`() throws {
        let test = try CompactedLog(CompactedLog.settings(segmentBytes: 3_000))
        for number in 0..<200 { try test.write([("k\(number)", "v\(number)")]) }
        try test.roll()
        try test.clean()
        let cleaned = test.segments.compactMap(\.cleaned)
        let cut = try test.headers().filter { $0.baseOffset < cleaned[0].end }.dropLast()
        try test.engine.close()
        let path = test.folder + "/" + FileNames.file(.log, base: 0)
        try File.open(path, options: .write).truncate(to: Int64(cut.reduce(0) { $0 + $1.sizeInBytes }))
        let (engine, logs) = try test.fixture.startWithLogs(1, test.settings)
        let missing = cut.last?.nextOffset ?? 0
        #expect(throws: LogError.self) { try logs[0].fetch(missing) }
        #expect(logs[0].damagedRanges.map(\.offsets) == [missing..<cleaned[0].end])
        #expect(try logs[0].fetch(cleaned[1].baseOffset).bytes > 0)
        try engine.close()
    }
}

extension CompactedLog {
    /// The headers of all batches, as the files have them.
    func headers() throws -> [RecordBatchHeader] {
        self.engine.settle()
        let segments = self.log.head.withLock { $0.layout.segments }
        var headers: [RecordBatchHeader] = []
        for segment in segments {
            let file = try File.open(segment.files.path(.log))
            var scanner = BatchScanner(file: file, from: 0, limit: segment.info.sizeBytes)
            while case .batch(let header, _, _) = try scanner.next(checksFrom: 0) { headers.append(header) }
        }
        return headers
    }
}

private func keyed(_ key: String, _ value: String) throws -> ValidatedBatches {
    var builder = RecordBatchBuilder()
    builder.append(key: ByteBuffer(string: key), value: ByteBuffer(string: value), timestamp: 1_000)
    return try builder.finishValidated()
}
