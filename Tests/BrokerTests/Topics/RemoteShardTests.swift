import LogCore
import Metadata
import Model
import NIOCore
import NIOEmbedded
import RecordBatch
import Synchronization
import Testing

@testable import Broker

/// Changes of shards whose partitions two brokers lead: a change is made by one of them, on one store.
@Suite(.timeLimit(.minutes(20))) struct RemoteShardTests {
    /// The way from the first broker to the second.
    private final class Way: PeerCalls {
        private let service: ShardClosingService
        /// Sees each request before it is carried out; its answer is what becomes of it.
        let fault = Mutex<(@Sendable (ShardClosingRequest) -> PeerCallError?)?>(nil)
        let seen = Mutex<[ShardClosingRequest.Action]>([])

        init(_ fixture: ControlFixture) {
            self.service = ShardClosingService(control: fixture.control, tasks: fixture.tasks)
        }

        func call(
            _ broker: BrokerID,
            _ request: ByteBuffer,
            within limit: TimeAmount,
            on eventLoop: any EventLoop,
            completion: @escaping @Sendable (Result<ByteBuffer, PeerCallError>) -> Void
        ) {
            var request = request
            let subject = request.readInteger(as: UInt8.self)
            guard subject == PeerSubject.shards.rawValue, let decoded = ShardClosingRequest(request) else {
                return completion(.failure(PeerCallError(mayHaveRun: false, "not a request of shards")))
            }
            self.seen.withLock { $0.append(decoded.action) }
            let error = self.fault.withLock { $0 }?(decoded)
            if let error, !error.mayHaveRun { return completion(.failure(error)) }
            self.service.answer(request, on: eventLoop) { answer in
                completion(error.map { .failure($0) } ?? .success(answer))
            }
        }
    }

    /// The first broker leads partition 0 of the stream, the second one partition 1.
    private struct Pair {
        let first: ControlFixture
        let second: ControlFixture
        let way: Way
        let owner = MetadataKey("owner")

        init() async throws {
            let store = MemoryMetadataStore()
            self.first = try ControlFixture(store: store)
            self.second = try ControlFixture(store: store)
            self.way = Way(self.second)
            self.first.peers.connect(self.way)
            try await self.first.start()
            try await self.second.start()
            let topic = try await self.first.create("s", partitions: 2)
            let partitions = (0..<2).map { TopicPartition(topicID: topic.id, partition: $0) }
            self.first.owners.give(partitions[1], to: BrokerID(92))
            self.second.owners.give(partitions[0], to: BrokerID(91))
            await self.first.control.ownershipChanged()
            let control = self.second.control
            while self.second.registry.topic(named: "s") == nil { await Task.yield() }
            await control.ownershipChanged()
            let compare = MetadataCompare.isMissing(self.owner)
            self.first.owners.bind([compare])
        }

        /// Partition 1 gets another owner.
        func fail() { self.first.store.write(MetadataTransaction(success: [.put(key: self.owner, value: [1])])) }

        func remote() throws -> HostedPartition { try self.second.partition("s", 1) }

        func stop() async {
            await self.first.stop()
            await self.second.stop()
        }
    }

    private static func put(_ partition: HostedPartition, shard: Int32) throws(BrokerError) -> AppendResult {
        var builder = RecordBatchBuilder(capacity: 256)
        builder.append(key: ByteBuffer(string: "k"), value: ByteBuffer(string: "v"), timestamp: 1)
        return try partition.appendBuilt(builder.finishUncompressed(), shard: shard, now: 1, waiter: nil)
    }

    private func code(_ body: () async throws -> Void) async -> BrokerError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? BrokerError)?.code
        }
    }

    @Test func `a shard of another broker ends where its log ended, and its child begins there`() async throws {
        let pair = try await Pair()
        let remote = try pair.remote()
        for _ in 0..<5 { _ = try Self.put(remote, shard: 1) }
        let hash = UInt128.max / 4 * 3
        let split = try await pair.first.control.splitShard(of: "s", ordinal: 1, newStartingHash: hash)
        #expect(split.shards.map(\.endOffset) == [nil, 5, nil, nil])
        #expect(split.shards[2].startOffset == 5)
        #expect(await self.code { _ = try Self.put(remote, shard: 1) } == .shardClosed)
        while pair.second.registry.topic(named: "s")?.topic.shards.count != 4 { await Task.yield() }
        while await self.code({ _ = try Self.put(remote, shard: 2) }) == .shardClosed { await Task.yield() }
        #expect(pair.way.seen.withLock { $0 } == [.close(ordinal: 1, seals: false), .awaitDurability(until: 5)])
        await pair.stop()
    }

    @Test func `a merge seals the log of another broker, and a split opens it where it ended`() async throws {
        let pair = try await Pair()
        let remote = try pair.remote()
        for _ in 0..<4 { _ = try Self.put(remote, shard: 1) }
        let merged = try await pair.first.control.mergeShards(of: "s", ordinal: 0, adjacent: 1)
        #expect(merged.partitions.map(\.isSealed) == [false, true])
        #expect(merged.shards[1].endOffset == 4)
        while !remote.isSealed { await Task.yield() }
        #expect(await self.code { _ = try remote.writableRules() } == .partitionSealed)
        let split = try await pair.first.control.splitShard(of: "s", ordinal: 2, newStartingHash: .max / 2)
        #expect(split.partitions.map(\.isSealed) == [false, false])
        #expect(split.shards.last?.startOffset == 4)
        while remote.isSealed { await Task.yield() }
        await pair.stop()
    }

    @Test func `a commit that fails opens the shard of another broker again`() async throws {
        let pair = try await Pair()
        let remote = try pair.remote()
        pair.first.store.failNextCommit(MetadataError(.unavailable, "no answer"))
        let failed = await self.code {
            _ = try await pair.first.control.splitShard(of: "s", ordinal: 1, newStartingHash: .max / 4 * 3)
        }
        #expect(failed == .metadataUnavailable)
        #expect(throws: Never.self) { try Self.put(remote, shard: 1) }
        await pair.stop()
    }

    @Test func `an owner that changes before the commit makes the change fail`() async throws {
        let pair = try await Pair()
        let remote = try pair.remote()
        // Between the closing and the commit another broker gets the partition, and may take puts for the shard.
        pair.way.fault.withLock { fault in
            fault = { request in
                if case .awaitDurability = request.action { pair.fail() }
                return nil
            }
        }
        let failed = await self.code {
            _ = try await pair.first.control.splitShard(of: "s", ordinal: 1, newStartingHash: .max / 4 * 3)
        }
        #expect(failed == .conflict)
        #expect(pair.first.registry.topic(named: "s")?.topic.shards.count == 2)
        #expect(throws: Never.self) { try Self.put(remote, shard: 1) }
        await pair.stop()
    }

    @Test func `a partition on its way to another broker refuses the change`() async throws {
        let pair = try await Pair()
        pair.first.owners.bind(nil)
        let failed = await self.code {
            _ = try await pair.first.control.splitShard(of: "s", ordinal: 1, newStartingHash: .max / 4 * 3)
        }
        #expect(failed == .conflict)
        let remote = try pair.remote()
        #expect(throws: Never.self) { try Self.put(remote, shard: 1) }
        await pair.stop()
    }

    @Test func `a lost answer to the closing opens the shard again`() async throws {
        let pair = try await Pair()
        let remote = try pair.remote()
        pair.way.fault.withLock { fault in
            fault = { request in
                if case .close = request.action { PeerCallError(mayHaveRun: true, "lost") } else { nil }
            }
        }
        let failed = await self.code {
            _ = try await pair.first.control.splitShard(of: "s", ordinal: 1, newStartingHash: .max / 4 * 3)
        }
        #expect(failed == .timedOut)
        #expect(throws: Never.self) { try Self.put(remote, shard: 1) }
        await pair.stop()
    }

    @Test func `a shard whose closing broker vanished opens after a while, and the late change cannot be committed`()
        async throws
    {
        let pair = try await Pair()
        let remote = try pair.remote()
        let partition = remote.partition
        let before = try #require(pair.second.registry.topic(named: "s")).topic
        let close = ShardClosingRequest(partition: partition, change: 7, action: .close(ordinal: 1, seals: false))
        guard case .done = await pair.second.control.answer(close) else {
            Issue.record("not closed")
            return
        }
        #expect(await self.code { _ = try Self.put(remote, shard: 1) } == .shardClosed)
        // Another change may not open it.
        let other = ShardClosingRequest(partition: partition, change: 8, action: .reopen(ordinal: 1))
        #expect(await pair.second.control.answer(other) == .notOpen)
        await pair.second.eventLoop.advanceTime(by: .seconds(20))
        while await self.code({ _ = try Self.put(remote, shard: 1) }) == .shardClosed { await Task.yield() }
        let late = try TopicPlanner.replace(before).transaction
        #expect(try await pair.first.store.commit(late).succeeded == false)
        await pair.stop()
    }

    @Test func `a broker that was given a partition takes no puts before it knows the topic of that time`() async throws
    {
        let fixture = try ControlFixture()
        try await fixture.start()
        let topic = try await fixture.create("s")
        let partition = TopicPartition(topicID: topic.id, partition: 0)
        fixture.owners.give(partition, to: BrokerID(92))
        await fixture.control.ownershipChanged()
        fixture.store.silenceWatches()
        fixture.moveStoreOn()
        fixture.owners.assign(at: fixture.store.revision)
        fixture.owners.give(partition, to: nil)
        fixture.owners.set(LeaderEpoch(9), of: partition)
        let change = Task { await fixture.control.ownershipChanged() }
        for _ in 0..<200 { await Task.yield() }
        #expect(fixture.placement("s")?.hosted == nil)
        fixture.store.resumeWatches()
        await change.value
        await fixture.passGrace { fixture.placement("s")?.hosted != nil }
        #expect(try fixture.partition("s").leaderEpoch == LeaderEpoch(9))
        await fixture.stop()
    }

    @Test func `requests and answers are read as they were written, and no part of one is`() throws {
        let partition = TopicPartition(topicID: TopicID(high: 1, low: 2), partition: 3)
        let actions: [ShardClosingRequest.Action] = [
            .close(ordinal: 4, seals: true), .reopen(ordinal: 5), .end, .awaitDurability(until: 6),
        ]
        for action in actions {
            let request = ShardClosingRequest(partition: partition, change: 7, action: action)
            var bytes = request.encoded
            let subject = bytes.readInteger(as: UInt8.self)
            #expect(subject == PeerSubject.shards.rawValue)
            #expect(ShardClosingRequest(bytes) == request)
            for length in 0..<bytes.readableBytes {
                #expect(ShardClosingRequest(try #require(bytes.getSlice(at: bytes.readerIndex, length: length))) == nil)
            }
        }
        let answers: [ShardClosingAnswer] = [
            .done(end: 1, epoch: LeaderEpoch(2), isWrittenByKafka: true), .notOpen, .notLed, .notDurable,
        ]
        for answer in answers { #expect(ShardClosingAnswer(answer.encoded) == answer) }
        #expect(ShardClosingAnswer(ByteBuffer()) == .notLed)
        #expect(ShardClosingAnswer(ByteBuffer(bytes: [9])) == nil)
    }
}
