import LogCore
import LogObjects
import Metadata
import MetadataTestSupport
import Model
import NIOCore
import ObjectStore
import Synchronization
import Testing

@testable import ObjectEngine

@Suite(.timeLimit(.minutes(20)))
struct CheckpointTests {
    @Test(arguments: [Int64(1 << 20), 0])
    func `commit records become extents, and everything is read as before`(cacheBytes: Int64) async throws {
        let fixture = ClusterFixture()
        var settings = ClusterFixture.quick
        settings.writeCacheBytesMax = cacheBytes
        let (engine, logs) = try await fixture.takeOver(3, settings: settings)
        for round in 0..<12 {
            for log in logs {
                for start in stride(from: round * 4, to: round * 4 + 4, by: 2) {
                    let producer = Producer(id: 7, sequence: Int32(start))
                    try await log.write(makeBatch(start..<(start + 2), producer: producer), epoch: fixture.epoch)
                }
            }
            await engine.checkpoints.run()
            #expect(fixture.memory.entries(below: MetadataKey("c/")).isEmpty)
        }
        #expect(engine.checkpoints.window.isEmpty && engine.checkpoints.unfinished.isEmpty)
        for log in logs {
            #expect(log.head.withLock { $0.durable.head.indexedEnd } == 48)
            // More extents than a head has room for.
            #expect(log.head.withLock { $0.durable.head.index } != nil)
            #expect(try await log.numbers() == Array(0..<48))
        }
        if cacheBytes > 0 { #expect(fixture.objects.getCount == 0) }
        engine.abandon()
        let (next, successors) = try await fixture.takeOver(3, settings: settings)
        for log in successors {
            #expect(log.offsets.logEnd == 48)
            #expect(try await log.numbers() == Array(0..<48))
            #expect(try await log.numbers(from: 17, bytesMax: 1) == Array(17..<48))
            let repeated = try makeBatch(46..<48, producer: Producer(id: 7, sequence: 46))
            #expect(try await log.write(repeated, epoch: fixture.epoch).isDuplicate)
            #expect(log.leaderEpoch(at: 47) == LeaderEpoch(1))
        }
        try await next.shutDown()
    }

    @Test func `what predecessors committed is folded, and they are forgotten`() async throws {
        let fixture = ClusterFixture()
        let (first, logs) = try await fixture.takeOver()
        for start in 0..<5 { try await logs[0].write(makeBatch(start..<(start + 1))) }
        first.abandon()
        let (second, successors) = try await fixture.takeOver()
        try await successors[0].write(makeBatch(5..<6))
        await second.checkpoints.run()
        let key = PartitionAssignment.key(ClusterFixture.partition())
        let entry = try #require(try await fixture.metadata.get(key).entry)
        #expect(try PartitionAssignment(decoding: entry.value).predecessors.isEmpty)
        #expect(try await successors[0].numbers() == Array(0..<6))
        // Their records are not needed any more.
        fixture.memory.state.withLock { state in
            for key in state.etcd.entries.keys where key.hasPrefix(MetadataKey("c/")) { state.etcd.entries[key] = nil }
        }
        second.abandon()
        let (third, last) = try await fixture.takeOver()
        #expect(try await last[0].numbers() == Array(0..<6))
        try await third.shutDown()
    }

    @Test func `aborted transactions stay known to readers`() async throws {
        let fixture = ClusterFixture()
        var settings = ClusterFixture.quick
        settings.writeCacheBytesMax = 0
        let (engine, logs) = try await fixture.takeOver(settings: settings)
        let log = logs[0]
        for sequence in 0..<3 {
            let producer = Producer(id: 4, sequence: Int32(sequence), isTransactional: true)
            try await log.write(makeBatch(sequence..<(sequence + 1), producer: producer))
            if sequence == 1 { await engine.checkpoints.run() }
            try await log.write(makeMarker(4, isAbort: sequence != 0), .coordinator)
        }
        await engine.checkpoints.run()
        let before = try await log.fetch(0, isolation: .readCommitted)
        #expect(before.abortedTransactions.map(\.firstOffset) == [2, 4])
        engine.abandon()
        let (next, successors) = try await fixture.takeOver(settings: settings)
        let after = try await successors[0].fetch(0, isolation: .readCommitted)
        #expect(after.abortedTransactions.map(\.firstOffset) == [2, 4])
        #expect(successors[0].offsets.lastStable == 6)
        try await next.shutDown()
    }

    @Test func `a checkpoint whose answers and writes are lost is made again, and leaves nothing open`() async throws {
        let fixture = ClusterFixture()
        let (engine, logs) = try await fixture.takeOver(2)
        for start in 0..<6 {
            for log in logs { try await log.write(makeBatch(start..<(start + 1))) }
        }
        fixture.objects.state.withLock { $0.putLosses = [false] }
        #expect(await engine.checkpoint() == .failed)
        #expect(engine.checkpoints.unfinished.count == 1)
        fixture.memory.loseNext([true, false, true, true, false])
        #expect(await engine.checkpoint() == .removedRecords)
        #expect(engine.checkpoints.unfinished.isEmpty)
        for entry in fixture.memory.entries(below: EngineKeys.objects) {
            #expect(try !SharedObject(decoding: entry.value).isOpen)
        }
        for log in logs { #expect(try await log.numbers() == Array(0..<6)) }
        try await engine.shutDown()
    }

    @Test func `nothing is committed beyond the bound of records until a checkpoint removes some`() async throws {
        let fixture = ClusterFixture()
        var settings = ClusterFixture.quick
        settings.checkpointRecords = 4
        settings.commitRecordsMax = 6
        let (engine, logs) = try await fixture.takeOver(settings: settings)
        for start in 0..<50 {
            try await logs[0].write(makeBatch(start..<(start + 1)))
            #expect(fixture.memory.entries(below: MetadataKey("c/")).count <= 6)
        }
        #expect(try await logs[0].numbers() == Array(0..<50))
        try await engine.shutDown()
    }

    @Test func `a late copy of a commit brings no removed record back`() async throws {
        let fixture = ClusterFixture()
        let (engine, logs) = try await fixture.takeOver()
        let copies = Mutex<[MetadataTransaction]>([])
        fixture.memory.state.withLock { state in
            state.observer = { transaction in copies.withLock { $0.append(transaction) } }
        }
        for start in 0..<3 { try await logs[0].write(makeBatch(start..<(start + 1))) }
        let commits = copies.withLock { $0 }
        #expect(commits.count == 3)
        await engine.checkpoints.run()
        for copy in commits { _ = try await fixture.metadata.commit(copy) }
        #expect(fixture.memory.entries(below: MetadataKey("c/")).isEmpty)
        try await logs[0].write(makeBatch(3..<4))
        engine.abandon()
        let (next, successors) = try await fixture.takeOver()
        #expect(try await successors[0].numbers() == [0, 1, 2, 3])
        try await next.shutDown()
    }

    @Test func `retention lets extents go that are too much`() async throws {
        let fixture = ClusterFixture()
        var logSettings = ClusterFixture.logSettings
        logSettings.retentionBytes = 600
        let (engine, logs) = try await fixture.takeOver(logSettings: logSettings)
        for start in 0..<8 {
            try await logs[0].write(makeBatch(start..<(start + 1), bytes: 200))
            await engine.checkpoints.run()
        }
        logs[0].applyRetention(now: 1_000)
        #expect(await engine.saveLogStarts() == nil)
        let start = logs[0].offsets.logStart
        #expect(start > 0 && start < 8)
        #expect(try await logs[0].numbers() == Array(Int(start)..<8))
        engine.abandon()
        let (next, successors) = try await fixture.takeOver(logSettings: logSettings)
        #expect(successors[0].offsets.logStart == start)
        #expect(try await successors[0].numbers() == Array(Int(start)..<8))
        try await next.shutDown()
    }
}
