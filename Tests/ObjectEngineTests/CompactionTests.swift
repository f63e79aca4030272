import LogCore
import LogObjects
import Metadata
import Model
import NIOCore
import RecordBatch
import Synchronization
import Testing

@testable import ObjectEngine

/// A record as a reader of a compacted topic sees it.
private struct Found: Equatable, CustomStringConvertible {
    var offset: Offset
    var key: String
    var value: String?

    init(_ offset: Offset, _ key: String, _ value: String?) {
        self.offset = offset
        self.key = key
        self.value = value
    }

    var description: String { "\(self.offset):\(self.key)=\(self.value ?? "-")" }
}

private func batch(
    _ records: [(String, String?)],
    producer: Producer = Producer(),
    timestamp: Timestamp = 1_000
) throws -> ValidatedBatches {
    var builder = RecordBatchBuilder(
        options: .init(
            producerID: ProducerID(producer.id),
            producerEpoch: ProducerEpoch(producer.id < 0 ? -1 : producer.epoch),
            baseSequence: producer.sequence,
            isTransactional: producer.isTransactional
        )
    )
    for (key, value) in records {
        builder.append(key: ByteBuffer(string: key), value: value.map { ByteBuffer(string: $0) }, timestamp: timestamp)
    }
    return try builder.finishValidated()
}

extension ObjectPartitionLog {
    /// All records that are left, from the log start to the high watermark.
    fileprivate func records(isolation: IsolationLevel = .readUncommitted) async throws -> [Found] {
        var offset = self.offsets.logStart
        var found: [Found] = []
        while offset < self.offsets.highWatermark {
            let records = try await self.fetch(offset, isolation: isolation)
            guard records.bytes > 0 else { break }
            var whole = ByteBuffer()
            for part in records.parts { whole.writeImmutableBuffer(part) }
            var aborted = records.abortedTransactions.sorted { $0.firstOffset < $1.firstOffset }[...]
            var cursor = BatchCursor(whole, verifiesChecksums: true)
            var open: Set<ProducerID> = []
            while let batch = try cursor.next() {
                let header = batch.header
                defer { offset = header.lastOffset + 1 }
                // As a client does: the marker ends what it was told is aborted.
                while let entry = aborted.first, entry.firstOffset <= header.lastOffset {
                    open.insert(aborted.removeFirst().producerID)
                }
                if header.attributes.isControl {
                    open.remove(header.producerID)
                    continue
                }
                if isolation == .readCommitted, open.contains(header.producerID) { continue }
                var reader = try batch.records()
                while let record = try reader.next() {
                    found.append(
                        Found(
                            header.offset(of: record.offsetDelta),
                            record.key.map { String(buffer: $0) } ?? "",
                            record.value.map { String(buffer: $0) }
                        )
                    )
                }
            }
        }
        return found
    }
}

@Suite(.timeLimit(.minutes(20))) struct CompactionTests {
    private var settings: LogSettings {
        var settings = ClusterFixture.logSettings
        settings.cleanupCompact = true
        settings.cleanupDelete = false
        settings.minCleanableDirtyRatio = 0
        settings.deleteRetentionMilliseconds = 0
        return settings
    }

    @Test func `of each key the newest record stays, for its owner and for the next`() async throws {
        let fixture = ClusterFixture()
        let (engine, logs) = try await fixture.takeOver(2, logSettings: self.settings)
        for round in 0..<6 {
            for log in logs {
                try await log.write(batch([("a", "a\(round)"), ("b\(round % 2)", "b\(round)")]), epoch: fixture.epoch)
            }
            await engine.checkpoints.run()
        }
        #expect(await engine.compactDirtiestLog())
        #expect(await engine.compactDirtiestLog())
        #expect(await !engine.compactDirtiestLog())
        let expected = [Found(9, "b0", "b4"), Found(10, "a", "a5"), Found(11, "b1", "b5")]
        for log in logs {
            #expect(try await log.records() == expected)
            let extents = log.head.withLock { $0.durable.extents.extents }
            #expect(extents.count == 1 && extents[0].isCompacted)
            #expect(log.head.withLock { $0.durable.head.cleanedEnd } == 12)
            #expect(log.offsets.logEnd == 12)
        }
        #expect(engine.compactionMetrics?.runs == 2)
        #expect(engine.checkpoints.unfinished.isEmpty)
        engine.abandon()
        let (next, successors) = try await fixture.takeOver(2, logSettings: self.settings)
        for log in successors { #expect(try await log.records() == expected) }
        // Only what is new is looked at, and the old is still compared with it.
        try await successors[0].write(batch([("a", "new")]), epoch: fixture.epoch)
        await next.checkpoints.run()
        #expect(await next.compactDirtiestLog())
        #expect(
            try await successors[0].records()
                == [Found(9, "b0", "b4"), Found(11, "b1", "b5"), Found(12, "a", "new")]
        )
        try await next.shutDown()
    }

    @Test func `tombstones stay until their time and then go`() async throws {
        let fixture = ClusterFixture()
        var settings = self.settings
        settings.deleteRetentionMilliseconds = 3_600_000
        let (engine, logs) = try await fixture.takeOver(logSettings: settings)
        let log = logs[0]
        try await log.write(batch([("a", "1")]), epoch: fixture.epoch)
        try await log.write(batch([("a", nil)]), epoch: fixture.epoch)
        await engine.checkpoints.run()
        #expect(await engine.compactDirtiestLog())
        #expect(try await log.records() == [Found(1, "a", nil)])
        // A run that sees its horizon in the past lets it go.
        settings.deleteRetentionMilliseconds = 0
        log.update(settings)
        let fresh = try await fixture.takeOver(logSettings: settings)
        try await fresh.1[0].write(batch([("b", nil)]), epoch: fixture.epoch)
        await fresh.0.checkpoints.run()
        #expect(await fresh.0.compactDirtiestLog())
        try await fresh.1[0].write(batch([("c", "1")]), epoch: fixture.epoch)
        await fresh.0.checkpoints.run()
        #expect(await fresh.0.compactDirtiestLog())
        #expect(try await fresh.1[0].records() == [Found(1, "a", nil), Found(3, "c", "1")])
        try await fresh.0.shutDown()
    }

    @Test func `aborted records go, and no committed one is taken for aborted`() async throws {
        let fixture = ClusterFixture()
        let (engine, logs) = try await fixture.takeOver(logSettings: self.settings)
        let log = logs[0]
        for round in 0..<3 {
            let producer = Producer(id: 4, sequence: Int32(round), isTransactional: true)
            try await log.write(batch([("k\(round)", "\(round)")], producer: producer), epoch: fixture.epoch)
            try await log.write(makeMarker(4, isAbort: round == 0), .coordinator, epoch: fixture.epoch)
        }
        let before = try await log.records(isolation: .readCommitted)
        #expect(before == [Found(2, "k1", "1"), Found(4, "k2", "2")])
        for round in 0..<4 {
            await engine.checkpoints.run()
            #expect(await engine.compactDirtiestLog())
            #expect(try await log.records(isolation: .readCommitted).prefix(2) == before[...])
            // Enough for another run.
            try await log.write(batch([("n", "\(round)")]), epoch: fixture.epoch)
        }
        // The marker is gone by now, and so must be the transaction that it ended.
        #expect(log.head.withLock { $0.aborted.isEmpty })
        engine.abandon()
        let (next, successors) = try await fixture.takeOver(logSettings: self.settings)
        #expect(successors[0].head.withLock { $0.aborted.isEmpty })
        #expect(try await successors[0].records(isolation: .readCommitted).prefix(2) == before[...])
        try await next.shutDown()
    }

    @Test func `a producer's repeated batch is known after compaction took its records`() async throws {
        let fixture = ClusterFixture()
        let (engine, logs) = try await fixture.takeOver(logSettings: self.settings)
        try await logs[0].write(batch([("a", "1")], producer: Producer(id: 7, sequence: 0)), epoch: fixture.epoch)
        try await logs[0].write(batch([("a", "2")]), epoch: fixture.epoch)
        await engine.checkpoints.run()
        #expect(await engine.compactDirtiestLog())
        engine.abandon()
        let (next, successors) = try await fixture.takeOver(logSettings: self.settings)
        let repeated = try batch([("a", "1")], producer: Producer(id: 7, sequence: 0))
        #expect(try await successors[0].write(repeated, epoch: fixture.epoch).isDuplicate)
        #expect(try await successors[0].records() == [Found(1, "a", "2")])
        try await next.shutDown()
    }

    @Test func `a map without room for all keys cleans in several runs, into several objects`() async throws {
        let fixture = ClusterFixture()
        var engineSettings = ClusterFixture.quick
        engineSettings.cleaner.dedupeBufferBytes = 24 * 8
        engineSettings.compactedBytesMin = 200
        let (engine, logs) = try await fixture.takeOver(settings: engineSettings, logSettings: self.settings)
        for round in 0..<12 {
            try await logs[0].write(batch((0..<3).map { ("k\((round + $0) % 12)", "\(round)") }), epoch: fixture.epoch)
            await engine.checkpoints.run()
        }
        var runs = 0
        while await engine.compactDirtiestLog() {
            runs += 1
            #expect(runs < 20)
        }
        #expect(runs > 1)
        let records = try await logs[0].records()
        let newest = Dictionary(records.map { ($0.key, $0.offset) }, uniquingKeysWith: max)
        #expect(newest.count == 12)
        for (key, offset) in newest {
            let number = try #require(Int(key.dropFirst()))
            let expected = (0..<36).last { (($0 / 3) + $0 % 3) % 12 == number }
            #expect(offset == expected.map { Offset($0) })
        }
        try await engine.shutDown()
    }

    @Test func `a run beside a merge, and one whose answers are lost, leave a whole log`() async throws {
        let fixture = ClusterFixture()
        let (engine, logs) = try await fixture.takeOver(logSettings: self.settings)
        for round in 0..<8 {
            try await logs[0].write(batch([("k\(round % 3)", "\(round)")]), epoch: fixture.epoch)
            await engine.checkpoints.run()
        }
        // Another job puts other extents there after the run has looked.
        let subject = try #require(logs[0].compactionSubject(now: 5_000))
        await engine.merge(MergePlan.Settings())
        let run = ExtentCompaction(engine, subject, CleanerSettings(), now: 5_000)
        #expect(try await !run.run())
        #expect(try await logs[0].records().count == 8)
        fixture.memory.loseNext([true, false, true, false, true])
        #expect(await engine.compactDirtiestLog())
        #expect(try await logs[0].records() == (5..<8).map { Found(Offset($0), "k\($0 % 3)", "\($0)") })
        #expect(engine.checkpoints.unfinished.isEmpty)
        for entry in fixture.memory.entries(below: EngineKeys.objects) {
            #expect(try !SharedObject(decoding: entry.value).isOpen)
        }
        try await engine.shutDown()
    }

    @Test func `a partition whose extents are damaged is left alone and served as before`() async throws {
        let fixture = ClusterFixture()
        let (engine, logs) = try await fixture.takeOver(2, logSettings: self.settings)
        for log in logs { for round in 0..<3 { try await log.write(batch([("k", "\(round)")]), epoch: fixture.epoch) } }
        await engine.checkpoints.run()
        let extent = try #require(logs[0].head.withLock { $0.durable.extents.extents.first })
        fixture.objects.corrupt("\(extent.section.object)", at: extent.section.position + 80)
        while await engine.compactDirtiestLog() {}
        #expect(engine.uncleanable.keys.map(\.partition) == [0])
        #expect(engine.compactionMetrics?.uncleanablePartitions == 1)
        #expect(try await logs[1].records() == [Found(2, "k", "2")])
        #expect(try await logs[0].records().count == 3)
        try await engine.shutDown()
    }
}
