import LogCore
import LogObjects
import Metadata
import Model
import Synchronization
import Testing

@testable import ObjectEngine

@Suite(.timeLimit(.minutes(20)))
struct MergeTests {
    private var merges: MergePlan.Settings {
        var settings = MergePlan.Settings()
        settings.segmentBytesMin = 2_000
        settings.segmentBytesMax = 4_000
        settings.smallCountMin = 2
        return settings
    }

    @Test func `small extents become larger ones, and everything is read as before`() async throws {
        let fixture = ClusterFixture()
        var settings = ClusterFixture.quick
        settings.writeCacheBytesMax = 0
        let (engine, logs) = try await fixture.takeOver(2, settings: settings)
        for round in 0..<6 {
            for log in logs {
                let producer = Producer(id: 7, sequence: Int32(round * 2))
                try await log.write(makeBatch(round * 2..<round * 2 + 2, bytes: 200, producer: producer))
            }
            await engine.checkpoints.run()
        }
        let before = logs.map { log in log.head.withLock { $0.durable.extents.extents.count } }
        #expect(before == [6, 6])
        await engine.merge(self.merges)
        for log in logs {
            let stored = log.head.withLock { $0.durable }
            #expect(stored.extents.extents.count < 6 && stored.head.indexedEnd == 12)
            #expect(stored.extents.extents.contains { !$0.section.isShared })
            #expect(try await log.numbers() == Array(0..<12))
        }
        // What was merged awaits its deletion, and is counted down.
        #expect(!fixture.memory.entries(below: GarbageName.prefix).isEmpty)
        #expect(engine.checkpoints.unfinished.isEmpty)
        engine.abandon()
        let (next, successors) = try await fixture.takeOver(2, settings: settings)
        for log in successors {
            #expect(try await log.numbers() == Array(0..<12))
            let repeated = try makeBatch(10..<12, bytes: 200, producer: Producer(id: 7, sequence: 10))
            #expect(try await log.write(repeated).isDuplicate)
        }
        try await next.shutDown()
    }

    @Test func `aborted transactions and deleted records survive a merge`() async throws {
        let fixture = ClusterFixture()
        var settings = ClusterFixture.quick
        settings.writeCacheBytesMax = 0
        let (engine, logs) = try await fixture.takeOver(settings: settings)
        let log = logs[0]
        for sequence in 0..<4 {
            let producer = Producer(id: 4, sequence: Int32(sequence), isTransactional: true)
            try await log.write(makeBatch(sequence..<(sequence + 1), producer: producer))
            try await log.write(makeMarker(4, isAbort: sequence != 0), .coordinator)
            await engine.checkpoints.run()
        }
        _ = try log.deleteRecords(before: 3)
        #expect(await engine.saveLogStarts() == nil)
        await engine.merge(self.merges)
        let head = log.head.withLock { $0.durable }
        #expect(head.extents.extents.count == 1 && head.head.logStart == 3)
        let read = try await log.fetch(3, isolation: .readCommitted)
        #expect(read.abortedTransactions.map(\.firstOffset) == [2, 4, 6])
        engine.abandon()
        let (next, successors) = try await fixture.takeOver(settings: settings)
        #expect(successors[0].offsets.logStart == 3)
        let again = try await successors[0].fetch(3, isolation: .readCommitted)
        #expect(again.abortedTransactions.map(\.firstOffset) == [2, 4, 6])
        try await next.shutDown()
    }
}
