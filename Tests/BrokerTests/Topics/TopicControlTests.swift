import LogCore
import Metadata
import Model
import Synchronization
import Testing

@testable import Broker

@Suite(.timeLimit(.minutes(20))) struct TopicControlTests {
    private func code(_ body: () async throws -> Void) async -> BrokerError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? BrokerError)?.code
        }
    }

    // MARK: Serving

    @Test func `a topic is served before its creation returns, and gone before its deletion does`() async throws {
        let fixture = try ControlFixture()
        try await fixture.start()
        let topic = try await fixture.create("a", partitions: 3)
        #expect(fixture.registry.topic(named: "a")?.topic == topic)
        #expect(fixture.registry.topic(id: topic.id)?.partitionCount == 3)
        try await fixture.control.deleteTopic(named: "a", id: topic.id)
        #expect(fixture.registry.topic(named: "a") == nil)
        #expect(fixture.registry.topic(id: topic.id) == nil)
        let partitions = (0..<3).map { TopicPartition(topicID: topic.id, partition: $0) }
        #expect(fixture.engine.calls == [.acquire(partitions), .delete(partitions)])
        await fixture.stop()
    }

    @Test func `a start serves what the store has`() async throws {
        let store = MemoryMetadataStore()
        let first = try ControlFixture(store: store)
        try await first.start()
        try await first.create("a", partitions: 2)
        try await first.create("b")
        await first.stop()
        let second = try ControlFixture(store: store)
        try await second.start()
        #expect(second.registry.current.sorted.map(\.name) == ["a", "b"])
        #expect(second.engine.calls.count == 1, "all partitions are acquired together")
        await second.stop()
    }

    @Test func `no more partitions are made than the broker may have`() async throws {
        let fixture = try ControlFixture(partitionsMax: 5)
        try await fixture.start()
        func code(_ result: Result<Topic, BrokerError>) -> BrokerError.Code? {
            if case .failure(let error) = result { error.code } else { nil }
        }
        // The second of one request sees what the first takes.
        let creations = [fixture.creation("a", partitions: 3), fixture.creation("b", partitions: 3)]
        #expect(await fixture.control.createTopics(creations).map(code) == [nil, .limitExceeded])
        try await fixture.create("c", partitions: 2)
        await #expect(throws: BrokerError.self) {
            try await fixture.control.createPartitions(of: "a", count: 4)
        }
        try await fixture.create(TopicName.consumerOffsets, partitions: 50)
        try await fixture.control.deleteTopic(named: TopicName.consumerOffsets)
        try await fixture.control.deleteTopic(named: "c")
        #expect(try await fixture.control.createPartitions(of: "a", count: 5).partitions.count == 5)
        await fixture.stop()
    }

    @Test func `a partition that cannot be acquired is offline, and the rest of its topic serves`() async throws {
        let fixture = try ControlFixture()
        fixture.engine.fail([1])
        try await fixture.start()
        try await fixture.create("a", partitions: 3)
        #expect(throws: Never.self) { try fixture.partition("a", 0) }
        #expect(await self.code { _ = try fixture.partition("a", 1) } == .log(.storage))
        #expect(await self.code { _ = try fixture.partition("a", 3) } == .unknownTopicOrPartition)
        #expect(await self.code { _ = try fixture.partition("a", -1) } == .unknownTopicOrPartition)
        #expect(await self.code { _ = try fixture.partition("none", 0) } == .unknownTopicOrPartition)
        // The next change of the topic tries again.
        fixture.engine.fail([])
        _ = try await fixture.control.update("a") { $0.tags["x"] = "y" }
        #expect(throws: Never.self) { try fixture.partition("a", 1) }
        await fixture.stop()
    }

    // MARK: Ownership

    @Test func `a partition that another broker leads is refused with that leader`() async throws {
        let fixture = try ControlFixture()
        try await fixture.start()
        let topic = try await fixture.create("a", partitions: 2)
        let moved = TopicPartition(topicID: topic.id, partition: 1)
        let kept = try fixture.partition("a", 0)
        let changes = Mutex<[TopicChanges]>([])
        await fixture.control.observeChanges { change in changes.withLock { $0.append(change) } }
        fixture.engine.forgetCalls()
        fixture.owners.give(moved, to: BrokerID(7))
        await fixture.control.ownershipChanged()
        #expect(fixture.engine.calls == [.release([moved])])
        #expect(changes.withLock { $0 } == [TopicChanges(lost: [moved])])
        do throws(BrokerError) {
            _ = try fixture.registry.topic(named: "a").partition(1)
            Issue.record("the partition is elsewhere")
        } catch {
            #expect(error.code == .notLeader)
            #expect(error.leader == PartitionLeader(broker: BrokerID(7), epoch: LeaderEpoch(0)))
        }
        #expect(try fixture.partition("a", 0) === kept)
        // It comes back.
        fixture.engine.forgetCalls()
        fixture.owners.give(moved, to: nil)
        await fixture.control.ownershipChanged()
        #expect(fixture.engine.calls == [.acquire([moved])])
        #expect(throws: Never.self) { try fixture.partition("a", 1) }
        await fixture.stop()
    }

    @Test func `a newer epoch of a partition that is led here acquires its log again`() async throws {
        let fixture = try ControlFixture()
        try await fixture.start()
        let topic = try await fixture.create("a")
        let id = TopicPartition(topicID: topic.id, partition: 0)
        fixture.engine.forgetCalls()
        _ = try await fixture.control.update("a") { $0.partitions[0].leaderEpoch = LeaderEpoch(3) }
        #expect(fixture.engine.calls == [.release([id]), .acquire([id])])
        #expect(fixture.engine.epoch(id) == LeaderEpoch(3))
        #expect(try fixture.partition("a").leaderEpoch == LeaderEpoch(3))
        await fixture.stop()
    }

    // MARK: Conflicts

    @Test func `a change that loses to another one is planned again, also when other keys moved the store on`()
        async throws
    {
        let fixture = try ControlFixture()
        try await fixture.start()
        try await fixture.create("a")
        // The failed commit's revision is the producer IDs', which the watch of topics never delivers.
        fixture.store.beforeNextCommit {
            guard let entry = fixture.store.entry(MetadataKeys.topic(name: "a")) else { return }
            fixture.store.write(MetadataTransaction(success: [.put(key: entry.key, value: entry.value)]))
            fixture.moveStoreOn()
        }
        let changed = try await fixture.control.update("a") { $0.tags["x"] = "y" }
        #expect(changed.tags == ["x": "y"])
        #expect(fixture.registry.topic(named: "a")?.topic == changed)
        await fixture.stop()
    }

    @Test func `of two creations of a name one is told that it exists`() async throws {
        let fixture = try ControlFixture()
        try await fixture.start()
        fixture.store.beforeNextCommit {
            try? fixture.createElsewhere("a")
            fixture.moveStoreOn()
        }
        #expect(await self.code { _ = try await fixture.create("a") } == .topicAlreadyExists)
        await fixture.stop()
    }

    @Test func `who keeps losing is told so`() async throws {
        let fixture = try ControlFixture()
        try await fixture.start()
        try await fixture.create("a")
        for _ in 0..<16 {
            fixture.store.beforeNextCommit {
                guard let entry = fixture.store.entry(MetadataKeys.topic(name: "a")) else { return }
                fixture.store.write(MetadataTransaction(success: [.put(key: entry.key, value: entry.value)]))
            }
        }
        #expect(await self.code { _ = try await fixture.control.update("a") { $0.tags["x"] = "y" } } == .conflict)
        await fixture.stop()
    }

    @Test func `a watch that fell behind is begun again from what the store has`() async throws {
        let fixture = try ControlFixture()
        try await fixture.start()
        try await fixture.create("a")
        fixture.store.silenceWatches()
        try fixture.createElsewhere("b")
        fixture.store.compact()
        try fixture.createElsewhere("c")
        fixture.store.resumeWatches()
        try await fixture.create("d")
        #expect(fixture.registry.current.sorted.map(\.name) == ["a", "b", "c", "d"])
        await fixture.stop()
    }

    // MARK: Failures

    @Test func `a commit that fails fails its change alone`() async throws {
        let fixture = try ControlFixture()
        try await fixture.start()
        fixture.store.failNextCommit(MetadataError(.unavailable, "no answer"))
        #expect(await self.code { _ = try await fixture.create("a") } == .metadataUnavailable)
        fixture.store.failNextCommit(MetadataError(.diskFull, "no room"))
        #expect(await self.code { _ = try await fixture.create("a") } == .log(.diskFull))
        try await fixture.create("a")
        await fixture.stop()
    }

    @Test func `a change that waits for the watch when the broker stops is told so`() async throws {
        let fixture = try ControlFixture()
        try await fixture.start()
        fixture.store.silenceWatches()
        let before = fixture.store.revision
        let change = Task { await self.code { _ = try await fixture.create("a") } }
        while fixture.store.revision == before { await Task.yield() }
        await fixture.stop()
        #expect(await change.value == .shuttingDown)
    }

    // MARK: Many at a time

    @Test func `the topics of one request share transactions, and each has its own result`() async throws {
        let fixture = try ControlFixture()
        try await fixture.start()
        try await fixture.create("there")
        let commits = fixture.store.commitCount
        var creations = (0..<100).map { fixture.creation("topic-\($0)", partitions: 2) }
        creations.insert(fixture.creation("there"), at: 3)
        creations.insert(fixture.creation("no spaces"), at: 7)
        creations.append(fixture.creation("topic-5"))
        creations.append(fixture.creation("topic_5.x"))
        creations.append(fixture.creation("topic_5_x"))
        let results = await fixture.control.createTopics(creations)
        #expect(fixture.store.commitCount - commits == 3)
        var failures: [Int: BrokerError.Code] = [:]
        for (index, result) in results.enumerated() {
            if case .failure(let error) = result { failures[index] = error.code }
        }
        #expect(
            failures == [
                3: .topicAlreadyExists, 7: .invalidTopicName, 102: .topicAlreadyExists, 104: .invalidTopicName,
            ]
        )
        #expect(fixture.registry.current.count == 102)

        fixture.engine.forgetCalls()
        let before = fixture.store.commitCount
        let names = (0..<100).map { (name: "topic-\($0)", id: TopicID?.none) } + [("topic-3", nil), ("none", nil)]
        let deleted = await fixture.control.deleteTopics(names)
        #expect(fixture.store.commitCount - before == 3)
        #expect(deleted.prefix(100).allSatisfy { if case .success = $0 { true } else { false } })
        #expect(deleted.suffix(2).allSatisfy { if case .failure = $0 { true } else { false } })
        #expect(fixture.registry.current.sorted.map(\.name) == ["there", "topic_5.x"])
        await fixture.stop()
    }

    @Test func `a request of which one topic lost to another broker makes the rest`() async throws {
        let fixture = try ControlFixture()
        try await fixture.start()
        fixture.store.beforeNextCommit { try? fixture.createElsewhere("b") }
        let results = await fixture.control.createTopics(["a", "b", "c"].map { fixture.creation($0) })
        #expect(results.map { if case .success = $0 { true } else { false } } == [true, false, true])
        #expect(fixture.registry.current.sorted.map(\.name) == ["a", "b", "c"])
        await fixture.stop()
    }

    @Test func `creations that are only checked change nothing, and see each other`() async throws {
        let fixture = try ControlFixture()
        try await fixture.start()
        let results = await fixture.control.createTopics(
            ["a", "a"].map { fixture.creation($0) },
            validateOnly: true
        )
        #expect(results.map { if case .success = $0 { true } else { false } } == [true, false])
        #expect(fixture.registry.current.count == 0)
        #expect(fixture.store.commitCount == 0)
        await fixture.stop()
    }

    @Test func `creations and deletions of the same names at the same time end in one state`() async throws {
        let fixture = try ControlFixture()
        try await fixture.start()
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<8 {
                group.addTask {
                    for _ in 0..<10 {
                        let creations = (0..<5).map { fixture.creation("t\($0)", partitions: 2) }
                        _ = await fixture.control.createTopics(worker % 2 == 0 ? creations : creations.reversed())
                        _ = await fixture.control.deleteTopics((0..<5).map { ("t\($0)", nil) })
                    }
                }
            }
        }
        let stored = try TopicsImage(try await fixture.store.range(.prefix(MetadataKeys.topics)))
        #expect(fixture.registry.current.sorted.map(\.topic) == stored.sortedTopics)
        // Every partition that was acquired and is not served any more was deleted, once.
        var open: [TopicPartition: Int] = [:]
        for call in fixture.engine.calls {
            switch call {
            case .acquire(let partitions): for partition in partitions { open[partition, default: 0] += 1 }
            case .delete(let partitions): for partition in partitions { open[partition, default: 0] -= 1 }
            case .release: Issue.record("nothing moved")
            }
        }
        let served = Set(fixture.registry.current.all.flatMap { $0.served.map(\.partition) })
        #expect(Set(open.filter { $0.value == 1 }.keys) == served)
        #expect(open.values.allSatisfy { $0 == 0 || $0 == 1 })
        await fixture.stop()
    }

    // MARK: What is deleted

    @Test func `a stream made again in the same second issues other sequence numbers`() async throws {
        let store = MemoryMetadataStore()
        let first = try ControlFixture(store: store)
        try await first.start()
        let one = try await first.create("s", partitions: 2)
        _ = try await first.control.createPartitions(of: "s", count: 4)
        let used = try #require(first.registry.topic(named: "s")).topic.shards.map(\.createdSecond)
        try await first.control.deleteTopic(named: "s")
        let two = try await first.create("s", partitions: 2)
        #expect(one.shards[0].createdSecond == 1_700_000_000)
        #expect(two.shards.allSatisfy { $0.createdSecond > used.max() ?? 0 })
        try await first.control.deleteTopic(named: "s")
        await first.stop()
        // And after a restart.
        let second = try ControlFixture(store: store)
        try await second.start()
        let three = try await second.create("s", partitions: 1)
        #expect(three.shards[0].createdSecond > two.shards[0].createdSecond)
        // Another name is not concerned.
        #expect(try await second.create("other").shards[0].createdSecond == 1_700_000_000)
        await second.stop()
    }

    @Test func `a deletion is remembered until the data is gone, and taken up at the next start`() async throws {
        let store = MemoryMetadataStore()
        let first = try ControlFixture(store: store)
        try await first.start()
        let topic = try await first.create("a", partitions: 2)
        let key = MetadataKeys.deletion(topic.id)
        try await first.control.deleteTopic(named: "a")
        #expect(store.entry(key) != nil)
        await first.stop()
        let second = try ControlFixture(store: store)
        try await second.start()
        let partitions = (0..<2).map { TopicPartition(topicID: topic.id, partition: $0) }
        #expect(second.engine.calls == [.delete(partitions)])
        second.engine.clearDeletions()
        while store.entry(key) != nil { await Task.yield() }
        await second.stop()
    }

    @Test func `closed shards go once their records have expired and readers have had their time`() async throws {
        let fixture = try ControlFixture()
        try await fixture.start()
        try await fixture.create("s")
        _ = try await fixture.control.alterConfigs(of: "s") {
            var configs = $0; configs["retention.ms"] = "1000"; return configs
        }
        try #require(try fixture.log("s")).append(count: 10)
        _ = try await fixture.control.createPartitions(of: "s", count: 2)
        func shards() throws -> [Int32] {
            try #require(fixture.registry.topic(named: "s")).topic.shards.map(\.ordinal)
        }
        await fixture.control.applyRetention()
        #expect(try shards() == [0, 1, 2])
        try #require(try fixture.log("s")).moveStart(to: 10)
        await fixture.control.applyRetention()
        #expect(try shards() == [0, 1, 2], "a reader at the parent's end still needs it")
        fixture.now.advance(1_001)
        await fixture.control.applyRetention()
        #expect(try shards() == [1, 2])
        await fixture.stop()
    }
}
