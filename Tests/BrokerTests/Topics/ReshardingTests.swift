import Broker
import LogCore
import Metadata
import Model
import NIOCore
import RecordBatch
import Synchronization
import Testing

@testable import Broker

/// Splits and merges under puts and produce: what is acknowledged lies in the shard that it names, and a partition that
/// has no shard takes nothing.
@Suite(.timeLimit(.minutes(20))) struct ReshardingTests {
    private func code(_ body: () async throws -> Void) async -> BrokerError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? BrokerError)?.code
        }
    }

    private static func batches() -> ValidatedBatches {
        var builder = RecordBatchBuilder(capacity: 256)
        builder.append(key: ByteBuffer(string: "k"), value: ByteBuffer(string: "v"), timestamp: 1)
        return builder.finishUncompressed()
    }

    private static func put(_ partition: HostedPartition, shard: Int32) throws(BrokerError) -> AppendResult {
        try partition.appendBuilt(Self.batches(), shard: shard, now: 1, waiter: nil)
    }

    private static func produce(_ partition: HostedPartition) throws(BrokerError) -> AppendResult? {
        try partition.appendFromClient(
            HostedPartition.ClientBatch(Self.batches().buffer, produceVersion: 9, acknowledge: .durable, now: 1),
            waiter: nil
        )
    }

    @Test func `a split continues in its partition and opens a new one`() async throws {
        let fixture = try ControlFixture()
        try await fixture.start()
        try await fixture.create("s")
        for _ in 0..<3 { _ = try Self.put(try fixture.partition("s"), shard: 0) }
        let split = try await fixture.control.splitShard(of: "s", ordinal: 0, newStartingHash: 1 << 127)
        #expect(split.shards.map(\.partition) == [0, 0, 1])
        #expect(split.shards.map(\.startOffset) == [0, 3, 0])
        #expect(split.shards.map(\.endOffset) == [3, nil, nil])
        #expect(try Self.put(try fixture.partition("s"), shard: 1).baseOffset == 3)
        #expect(try Self.put(try fixture.partition("s", 1), shard: 2).baseOffset == 0)
        await fixture.stop()
    }

    @Test func `a merge seals the second partition, for producers too, and a split opens it where it ended`()
        async throws
    {
        let fixture = try ControlFixture()
        try await fixture.start()
        try await fixture.create("s", partitions: 2)
        let second = try fixture.partition("s", 1)
        for _ in 0..<4 { _ = try Self.put(second, shard: 1) }
        let merged = try await fixture.control.mergeShards(of: "s", ordinal: 0, adjacent: 1)
        #expect(merged.partitions.map(\.isSealed) == [false, true])
        #expect(merged.shards[1].endOffset == 4)
        #expect(merged.shards[2].hashRange == .full)
        #expect(await self.code { _ = try Self.produce(second) } == .partitionSealed)
        #expect(await self.code { _ = try Self.put(second, shard: 1) } == .shardClosed)
        #expect(try #require(try fixture.log("s", 1)).isSealed)

        let split = try await fixture.control.splitShard(of: "s", ordinal: 2, newStartingHash: 1 << 127)
        #expect(split.partitions.map(\.isSealed) == [false, false])
        let reopened = try #require(split.openShard(partition: 1))
        #expect(reopened.startOffset == 4)
        #expect(try Self.put(second, shard: reopened.ordinal).baseOffset == 4)
        #expect(second.end(ofShard: 1) == 4)
        await fixture.stop()
    }

    @Test func `while a merge is on its way its second partition takes nothing, and a producer is to try again`()
        async throws
    {
        let fixture = try ControlFixture()
        try await fixture.start()
        try await fixture.create("s", partitions: 2)
        let (first, second) = (try fixture.partition("s"), try fixture.partition("s", 1))
        fixture.store.silenceWatches()
        let before = fixture.store.revision
        let merge = Task { try await fixture.control.mergeShards(of: "s", ordinal: 0, adjacent: 1) }
        while fixture.store.revision == before { await Task.yield() }
        #expect(await self.code { _ = try Self.produce(second) } == .log(.overloaded))
        // The first one's child continues there.
        #expect(throws: Never.self) { _ = try Self.produce(first) }
        fixture.store.resumeWatches()
        #expect(try await merge.value.shards[1].endOffset == 0)
        #expect(await self.code { _ = try Self.produce(second) } == .partitionSealed)
        await fixture.stop()
    }

    @Test func `a merge that fails takes records again`() async throws {
        let fixture = try ControlFixture()
        try await fixture.start()
        try await fixture.create("s", partitions: 2)
        fixture.store.failNextCommit(MetadataError(.unavailable, "no answer"))
        let failed = await self.code { _ = try await fixture.control.mergeShards(of: "s", ordinal: 0, adjacent: 1) }
        #expect(failed == .metadataUnavailable)
        let second = try fixture.partition("s", 1)
        #expect(throws: Never.self) { _ = try Self.put(second, shard: 1) }
        #expect(throws: Never.self) { _ = try Self.produce(second) }
        await fixture.stop()
    }

    @Test func `a change of other facts does not open a partition that is being sealed`() async throws {
        let fixture = try ControlFixture()
        try await fixture.start()
        try await fixture.create("s", partitions: 2)
        let second = try fixture.partition("s", 1)
        #expect(second.closeShard(1, seals: true) == 0)
        second.update(.open(ordinal: 1, start: 0))
        #expect(try #require(try fixture.log("s", 1)).isSealed)
        second.cancelShardClosing(1)
        #expect(try !#require(try fixture.log("s", 1)).isSealed)
        await fixture.stop()
    }

    @Test func `what Kafka wrote to is merged with leave only, and a restart knows it`() async throws {
        let fixture = try ControlFixture()
        try await fixture.start()
        try await fixture.create("s", partitions: 2)
        _ = try Self.produce(try fixture.partition("s"))
        let refused = await self.code { _ = try await fixture.control.mergeShards(of: "s", ordinal: 0, adjacent: 1) }
        #expect(refused == .policyViolation)
        let smaller = await self.code { _ = try await fixture.control.updateShardCount(of: "s", target: 1) }
        #expect(smaller == .policyViolation)
        while fixture.registry.topic(named: "s")?.topic.isWrittenByKafka != true { await Task.yield() }
        // More shards close no partition.
        let grown = try await fixture.control.updateShardCount(of: "s", target: 4)
        #expect(grown.openShards.count == 4)
        await fixture.stop()
    }

    @Test func `an offline sealed partition is not opened`() async throws {
        let fixture = try ControlFixture()
        try await fixture.start()
        try await fixture.create("s", partitions: 2)
        _ = try await fixture.control.mergeShards(of: "s", ordinal: 0, adjacent: 1)
        await fixture.stop()
        // After a restart the sealed one cannot be read: where it ended is not known.
        let restarted = try ControlFixture(store: fixture.store)
        restarted.engine.fail([1])
        try await restarted.start()
        let refused = await self.code {
            _ = try await restarted.control.splitShard(of: "s", ordinal: 2, newStartingHash: 1 << 127)
        }
        #expect(refused == .log(.storage))
        await restarted.stop()
    }

    @Test func `a sealed partition is sealed after a restart`() async throws {
        let fixture = try ControlFixture()
        try await fixture.start()
        try await fixture.create("s", partitions: 2)
        _ = try await fixture.control.mergeShards(of: "s", ordinal: 0, adjacent: 1)
        await fixture.stop()
        let restarted = try ControlFixture(store: fixture.store)
        try await restarted.start()
        #expect(try #require(try restarted.log("s", 1)).isSealed)
        #expect(try !#require(try restarted.log("s", 0)).isSealed)
        await restarted.stop()
    }

    private final class Load: Sendable {
        let isOver = Mutex(false)
        /// By partition and offset, the shard that the acknowledgement named; `nil` from a producer.
        let acknowledged = Mutex<[Int32: [Offset: Int32?]]>([:])

        func note(_ partition: Int32, _ result: AppendResult?, shard: Int32?) {
            guard let result else { return }
            _ = self.acknowledged.withLock { $0[partition, default: [:]].updateValue(shard, forKey: result.baseOffset) }
        }
    }

    @Test func `scaling up and down under both kinds of load loses and misplaces nothing`() async throws {
        let fixture = try ControlFixture()
        try await fixture.start()
        var creation = fixture.creation("s", partitions: 2)
        creation.configs["kinesis.allow.merge"] = "true"
        _ = try await fixture.control.createTopic(creation)
        let load = Load()
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<3 {
                group.addTask {
                    var turn = worker
                    while !load.isOver.withLock({ $0 }) {
                        turn += 1
                        await Task.yield()
                        guard let hosted = fixture.registry.topic(named: "s") else { continue }
                        let shards = hosted.topic.openShards
                        let shard = shards[turn % shards.count]
                        guard let partition = try? hosted.partition(shard.partition) else { continue }
                        if worker == 0 {
                            load.note(shard.partition, (try? Self.produce(partition)) ?? nil, shard: nil)
                        } else {
                            load.note(
                                shard.partition,
                                try? Self.put(partition, shard: shard.ordinal),
                                shard: shard.ordinal
                            )
                        }
                    }
                }
            }
            group.addTask {
                for target in [5, 2, 7, 1, 3, 6, 2] {
                    do {
                        _ = try await fixture.control.updateShardCount(of: "s", target: target)
                    } catch {
                        Issue.record(error)
                    }
                }
                load.isOver.withLock { $0 = true }
            }
        }
        let topic = try #require(fixture.registry.topic(named: "s")).topic
        #expect(topic.invariantViolation == nil)
        #expect(topic.openShards.map(\.hashRange).sorted { $0.lower < $1.lower } == HashRange.uniform(count: 2))
        for (number, records) in load.acknowledged.withLock({ $0 }) {
            for (offset, ordinal) in records {
                let shard = topic.shard(partition: number, offset: offset)
                #expect(shard != nil, "partition \(number) offset \(offset) is in no shard")
                if let ordinal { #expect(shard?.ordinal == ordinal, "partition \(number) offset \(offset)") }
            }
        }
        await fixture.stop()
    }
}
