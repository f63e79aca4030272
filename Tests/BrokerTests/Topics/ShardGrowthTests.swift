import Broker
import LogCore
import Metadata
import Model
import NIOCore
import NIOEmbedded
import RecordBatch
import Synchronization
import Testing

/// Growing a topic under puts: shards close at an exact offset, and nothing is put or read past it.
@Suite(.timeLimit(.minutes(20))) struct ShardGrowthTests {
    private func code(_ body: () async throws -> Void) async -> BrokerError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? BrokerError)?.code
        }
    }

    private final class Load: Sendable {
        let isOver = Mutex(false)
        /// By partition and offset, the shard that the acknowledgement named.
        let acknowledged = Mutex<[[Offset: Int32]]>(Array(repeating: [:], count: 16))
    }

    private static func put(_ partition: HostedPartition, shard: Int32) throws(BrokerError) -> AppendResult {
        var builder = RecordBatchBuilder(capacity: 256)
        builder.append(key: ByteBuffer(string: "k"), value: ByteBuffer(string: "v"), timestamp: 1)
        return try partition.appendBuilt(builder.finishUncompressed(), shard: shard, now: 1, waiter: nil)
    }

    @Test func `a shard ends where its last put ended, and its child begins there`() async throws {
        let fixture = try ControlFixture()
        try await fixture.start()
        try await fixture.create("s")
        let partition = try fixture.partition("s")
        for _ in 0..<5 { _ = try Self.put(partition, shard: 0) }
        let grown = try await fixture.control.createPartitions(of: "s", count: 2)
        #expect(grown.shards.map(\.endOffset) == [5, nil, nil])
        #expect(grown.shards.map(\.startOffset) == [0, 5, 0])
        #expect(await self.code { _ = try Self.put(partition, shard: 0) } == .shardClosed)
        #expect(try Self.put(partition, shard: 1).baseOffset == 5)
        #expect(partition.end(ofShard: 0) == 5)
        #expect(partition.end(ofShard: 1) == nil)
        await fixture.stop()
    }

    @Test func `while the metadata is on its way puts are refused and wait, and readers stop at the end`() async throws
    {
        let fixture = try ControlFixture()
        try await fixture.start()
        try await fixture.create("s")
        let partition = try fixture.partition("s")
        _ = try Self.put(partition, shard: 0)
        fixture.store.silenceWatches()
        let before = fixture.store.revision
        let growth = Task { try await fixture.control.createPartitions(of: "s", count: 2) }
        while fixture.store.revision == before { await Task.yield() }
        #expect(await self.code { _ = try Self.put(partition, shard: 0) } == .shardClosed)
        #expect(partition.end(ofShard: 0) == 1)
        // A Kafka producer is not held up; what it appends is the child's.
        try #require(try fixture.log("s")).append(count: 3)
        #expect(partition.end(ofShard: 0) == 1)
        let resumed = Mutex(false)
        partition.whenShardSettles(on: fixture.eventLoop) { resumed.withLock { $0 = true } }
        await fixture.eventLoop.run()
        #expect(!resumed.withLock { $0 })
        fixture.store.resumeWatches()
        let grown = try await growth.value
        #expect(grown.shards[1].startOffset == 1)
        await fixture.eventLoop.run()
        #expect(resumed.withLock { $0 })
        await fixture.stop()
    }

    @Test func `a commit that fails opens the shard again`() async throws {
        let fixture = try ControlFixture()
        try await fixture.start()
        try await fixture.create("s")
        let partition = try fixture.partition("s")
        fixture.store.failNextCommit(MetadataError(.unavailable, "no answer"))
        let failed = await self.code { _ = try await fixture.control.createPartitions(of: "s", count: 2) }
        #expect(failed == .metadataUnavailable)
        #expect(throws: Never.self) { try Self.put(partition, shard: 0) }
        await fixture.stop()
    }

    @Test func `a commit of which the answer is lost leaves the shard closed, as the metadata says`() async throws {
        let fixture = try ControlFixture()
        try await fixture.start()
        try await fixture.create("s")
        let partition = try fixture.partition("s")
        _ = try Self.put(partition, shard: 0)
        fixture.store.failNextCommit(MetadataError(.unavailable, "no answer"), isCommitted: true)
        let failed = await self.code { _ = try await fixture.control.createPartitions(of: "s", count: 2) }
        #expect(failed == .metadataUnavailable)
        #expect(await self.code { _ = try Self.put(partition, shard: 0) } == .shardClosed)
        #expect(partition.end(ofShard: 0) == 1)
        while fixture.registry.topic(named: "s")?.partitionCount == 1 { await Task.yield() }
        #expect(try Self.put(partition, shard: 1).baseOffset == 1)
        await fixture.stop()
    }

    @Test func `a change that loses to another one closes its shards again`() async throws {
        let fixture = try ControlFixture()
        try await fixture.start()
        try await fixture.create("s")
        let partition = try fixture.partition("s")
        fixture.store.beforeNextCommit {
            guard let entry = fixture.store.entry(MetadataKeys.topic(name: "s")) else { return }
            fixture.store.write(MetadataTransaction(success: [.put(key: entry.key, value: entry.value)]))
            fixture.moveStoreOn()
        }
        let grown = try await fixture.control.createPartitions(of: "s", count: 2)
        #expect(grown.partitions.count == 2)
        #expect(throws: Never.self) { try Self.put(partition, shard: 1) }
        await fixture.stop()
    }

    @Test func `an offline partition refuses the change of its shard`() async throws {
        let fixture = try ControlFixture()
        fixture.engine.fail([0])
        try await fixture.start()
        try await fixture.create("s", partitions: 2)
        // The widest shard, the lowest first, is on the partition that is offline.
        let refused = await self.code { _ = try await fixture.control.createPartitions(of: "s", count: 3) }
        #expect(refused == .log(.storage))
        let checked = await self.code {
            _ = try await fixture.control.createPartitions(of: "s", count: 3, validateOnly: true)
        }
        #expect(checked == .log(.storage))
        // Its own shard has not been touched.
        #expect(throws: Never.self) { try Self.put(try fixture.partition("s", 1), shard: 1) }
        await fixture.stop()
    }

    @Test func `the metadata names no end before it is durable`() async throws {
        let fixture = try ControlFixture()
        try await fixture.start()
        try await fixture.create("s")
        let log = try #require(try fixture.log("s"))
        log.holdDurability()
        _ = try Self.put(try fixture.partition("s"), shard: 0)
        let before = fixture.store.revision
        let growth = Task { try await fixture.control.createPartitions(of: "s", count: 2) }
        while try fixture.partition("s").end(ofShard: 0) == nil { await Task.yield() }
        #expect(fixture.store.revision == before)
        log.makeDurable()
        #expect(try await growth.value.shards[0].endOffset == 1)
        await fixture.stop()
    }

    @Test func `records that do not become durable call the change off`() async throws {
        let fixture = try ControlFixture()
        try await fixture.start()
        try await fixture.create("s")
        let partition = try fixture.partition("s")
        try #require(try fixture.log("s")).holdDurability()
        _ = try Self.put(partition, shard: 0)
        let growth = Task { await self.code { _ = try await fixture.control.createPartitions(of: "s", count: 2) } }
        while partition.end(ofShard: 0) == nil { await Task.yield() }
        while partition.end(ofShard: 0) != nil {
            await fixture.eventLoop.advanceTime(by: .seconds(6))
            await Task.yield()
        }
        #expect(await growth.value == .timedOut)
        #expect(throws: Never.self) { try Self.put(partition, shard: 0) }
        await fixture.stop()
    }

    @Test func `puts that wait at a partition are told when it is deleted`() async throws {
        let fixture = try ControlFixture()
        try await fixture.start()
        try await fixture.create("s")
        let partition = try fixture.partition("s")
        try #require(try fixture.log("s")).holdDurability()
        _ = try Self.put(partition, shard: 0)
        let growth = Task { await self.code { _ = try await fixture.control.createPartitions(of: "s", count: 2) } }
        while partition.end(ofShard: 0) == nil { await Task.yield() }
        let resumed = Mutex(false)
        partition.whenShardSettles(on: fixture.eventLoop) { resumed.withLock { $0 = true } }
        try await fixture.control.deleteTopic(named: "s")
        await fixture.eventLoop.run()
        #expect(resumed.withLock { $0 })
        try #require(partition.log as? OffsetsLog).makeDurable()
        #expect(await growth.value == .unknownTopicOrPartition)
        await fixture.stop()
    }

    @Test func `changes of one topic at the same time follow each other, under puts`() async throws {
        let fixture = try ControlFixture()
        try await fixture.start()
        try await fixture.create("s", partitions: 2)
        let load = Load()
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<3 {
                group.addTask {
                    var turn = worker
                    while !load.isOver.withLock({ $0 }) {
                        turn += 1
                        // The pool has few threads, and the changes need one.
                        await Task.yield()
                        guard let hosted = fixture.registry.topic(named: "s") else { continue }
                        let shards = hosted.topic.openShards
                        let shard = shards[turn % shards.count]
                        guard let partition = try? hosted.partition(shard.partition),
                            let result = try? Self.put(partition, shard: shard.ordinal)
                        else { continue }
                        load.acknowledged.withLock { $0[Int(shard.partition)][result.baseOffset] = shard.ordinal }
                    }
                }
            }
            group.addTask {
                await withTaskGroup(of: Void.self) { changes in
                    for count in [4, 8, 16] {
                        changes.addTask { _ = try? await fixture.control.createPartitions(of: "s", count: count) }
                    }
                }
                load.isOver.withLock { $0 = true }
            }
        }
        let topic = try #require(fixture.registry.topic(named: "s")).topic
        #expect(topic.partitions.count == 16)
        for (number, records) in load.acknowledged.withLock({ $0 }).enumerated() {
            for (offset, ordinal) in records {
                let shard = topic.shard(partition: Int32(number), offset: offset)
                #expect(shard?.ordinal == ordinal, "partition \(number) offset \(offset)")
            }
        }
        await fixture.stop()
    }
}
