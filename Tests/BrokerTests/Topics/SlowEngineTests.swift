import LogCore
import Metadata
import Model
import NIOCore
import Synchronization
import Testing

@testable import Broker
@testable import CoordinatorRuntime

/// The control plane over an engine that takes its time, fails or loses what it has.
@Suite(.timeLimit(.minutes(20))) struct SlowEngineTests {
    private static func code(_ body: () throws -> Void) -> BrokerError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? BrokerError)?.code
        }
    }

    /// A control plane with a topic "slow" whose log is on its way.
    private static func acquiring(partitions: Int = 1) async throws -> (fixture: ControlFixture, topic: Topic) {
        let fixture = try ControlFixture()
        try await fixture.start()
        fixture.engine.hold(["slow"])
        async let creation = fixture.create("slow", partitions: partitions)
        await fixture.passGrace { fixture.isAcquiring("slow") }
        return (fixture, try await creation)
    }

    private static func stop(_ fixture: ControlFixture) async {
        fixture.engine.letGo()
        await fixture.stop()
    }

    @Test func `a slow log does not hold up its topic, other topics or the watch`() async throws {
        let (fixture, topic) = try await Self.acquiring(partitions: 2)
        #expect(fixture.registry.topic(named: "slow")?.topic == topic)
        #expect(Self.code { _ = try fixture.partition("slow", 1) } == .partitionNotReady)
        // Another topic gets its log meanwhile, and the slow one's own metadata changes are served.
        try await fixture.create("quick")
        await fixture.passGrace { fixture.placement("quick")?.hosted != nil }
        _ = try await fixture.control.update("slow") { $0.tags["x"] = "y" }
        #expect(fixture.registry.topic(named: "slow")?.topic.tags == ["x": "y"])
        #expect(fixture.isAcquiring("slow"))
        let acquired = fixture.engine.calls.filter { if case .acquire = $0 { true } else { false } }
        #expect(acquired.count == 2, "nothing is acquired twice")
        await Self.stop(fixture)
    }

    @Test func `a log that comes late is served in a second publication, and observers hear of it`() async throws {
        let fixture = try ControlFixture()
        try await fixture.start()
        let changes = Mutex<[TopicChanges]>([])
        await fixture.control.observeChanges { change in changes.withLock { $0.append(change) } }
        fixture.engine.hold(["slow"])
        async let creation = fixture.create("slow")
        await fixture.passGrace { fixture.isAcquiring("slow") }
        let topic = try await creation
        let waiter = Task { await fixture.control.settled(0, of: "slow") }
        fixture.engine.letGo()
        await waiter.value
        #expect(throws: Never.self) { try fixture.partition("slow") }
        let id = TopicPartition(topicID: topic.id, partition: 0)
        while changes.withLock({ $0.count }) < 2 { await Task.yield() }
        let added = TopicChanges.Topic(name: "slow", id: topic.id, partitionCount: 1)
        #expect(changes.withLock { $0 } == [TopicChanges(added: [added]), TopicChanges(acquired: [id])])
        await fixture.stop()
    }

    /// A topic is in the metadata before it is served; who hears then that it exists already must find it.
    @Test func `every partition of a coordinator's topic opens, also those asked for while it is made`() async throws {
        let fixture = try ControlFixture()
        try await fixture.start()
        fixture.engine.hold(["slow"])
        let topic = HostedCoordinatorTopic(
            "slow",
            partitionCount: 8,
            segmentBytes: 1 << 20,
            registry: fixture.registry,
            control: fixture.control,
            environment: fixture.environment,
            tasks: fixture.tasks
        )
        let opened = Mutex<[Result<CoordinatorPartition, LogError>]>([])
        topic.open(0) { result in opened.withLock { $0.append(result) } }
        while fixture.engine.calls.isEmpty { await Task.yield() }
        #expect(fixture.registry.topic(named: "slow") == nil, "its log is waited for")
        for number in 1..<Int32(8) { topic.open(number) { result in opened.withLock { $0.append(result) } } }
        let second = Task { try await fixture.create("slow") }
        for _ in 0..<1_000 { await Task.yield() }
        await fixture.passGrace { fixture.isAcquiring("slow") }
        await #expect(throws: BrokerError.self) { try await second.value }
        fixture.engine.letGo()
        while opened.withLock({ $0.count }) < 8 { await Task.yield() }
        for result in opened.withLock({ $0 }) { #expect(throws: Never.self) { try result.get() } }
        await fixture.stop()
    }

    @Test func `a quick engine has its topics published once, with their logs`() async throws {
        let fixture = try ControlFixture()
        try await fixture.start()
        let changes = Mutex<[TopicChanges]>([])
        await fixture.control.observeChanges { change in changes.withLock { $0.append(change) } }
        try await fixture.create("a", partitions: 3)
        #expect(fixture.registry.topic(named: "a")?.served.map(\.partition.partition) == [0, 1, 2])
        try await fixture.create("b")
        #expect(changes.withLock { $0.map(\.added.count) } == [1, 1])
        await fixture.stop()
    }

    @Test func `a log that fails late is offline, and the next change of its topic tries again`() async throws {
        let (fixture, _) = try await Self.acquiring()
        fixture.engine.fail([0])
        fixture.engine.letGo()
        await fixture.control.settled(0, of: "slow")
        #expect(Self.code { _ = try fixture.partition("slow") } == .log(.storage))
        fixture.engine.fail([])
        _ = try await fixture.control.update("slow") { $0.tags["x"] = "y" }
        #expect(throws: Never.self) { try fixture.partition("slow") }
        await fixture.stop()
    }

    @Test func `a partition that moves away while its log is acquired is released when it comes`() async throws {
        let (fixture, topic) = try await Self.acquiring()
        let id = TopicPartition(topicID: topic.id, partition: 0)
        fixture.owners.give(id, to: BrokerID(7))
        await fixture.control.ownershipChanged()
        #expect(Self.code { _ = try fixture.partition("slow") } == .notLeader)
        fixture.engine.letGo()
        while fixture.engine.calls.last != .release([id]) { await Task.yield() }
        #expect(Self.code { _ = try fixture.partition("slow") } == .notLeader)
        // It comes back, and is acquired again, once the release has ended.
        fixture.owners.give(id, to: nil)
        await fixture.control.ownershipChanged()
        while Self.code({ _ = try fixture.partition("slow") }) != nil { await Task.yield() }
        #expect(throws: Never.self) { try fixture.partition("slow") }
        #expect(fixture.engine.calls == [.acquire([id]), .release([id]), .acquire([id])])
        await fixture.stop()
    }

    @Test func `a newer epoch gives up the log of the earlier one before it is acquired again`() async throws {
        let (fixture, topic) = try await Self.acquiring()
        let id = TopicPartition(topicID: topic.id, partition: 0)
        _ = try await fixture.control.update("slow") { $0.partitions[0].leaderEpoch = LeaderEpoch(3) }
        #expect(fixture.isAcquiring("slow"))
        fixture.engine.letGo()
        await fixture.control.settled(0, of: "slow")
        #expect(try fixture.partition("slow").leaderEpoch == LeaderEpoch(3))
        #expect(fixture.engine.calls == [.acquire([id]), .release([id]), .acquire([id])])
        #expect(fixture.engine.epoch(id) == LeaderEpoch(3))
        await fixture.stop()
    }

    @Test func `a topic that is deleted while its log is acquired is gone at once, and its data after that`()
        async throws
    {
        let (fixture, topic) = try await Self.acquiring()
        let id = TopicPartition(topicID: topic.id, partition: 0)
        try await fixture.control.deleteTopic(named: "slow")
        #expect(fixture.registry.topic(named: "slow") == nil)
        #expect(fixture.engine.calls == [.acquire([id])], "the engine still acquires it")
        fixture.engine.letGo()
        while fixture.engine.calls.last != .delete([id]) { await Task.yield() }
        fixture.engine.clearDeletions()
        while fixture.store.entry(MetadataKeys.deletion(topic.id)) != nil { await Task.yield() }
        await fixture.stop()
    }

    @Test func `a topic that is made again under its name is acquired after the earlier one is deleted`() async throws {
        let (fixture, topic) = try await Self.acquiring()
        let old = TopicPartition(topicID: topic.id, partition: 0)
        try await fixture.control.deleteTopic(named: "slow")
        let again = try await fixture.create("slow")
        #expect(fixture.isAcquiring("slow"))
        fixture.engine.letGo()
        await fixture.control.settled(0, of: "slow")
        let new = TopicPartition(topicID: again.id, partition: 0)
        #expect(fixture.engine.calls == [.acquire([old]), .delete([old]), .acquire([new])])
        #expect(try fixture.partition("slow").partition == new)
        await fixture.stop()
    }

    @Test func `the data of partitions that are offline is deleted with their topic`() async throws {
        let fixture = try ControlFixture()
        try await fixture.start()
        fixture.engine.fail([1])
        let topic = try await fixture.create("a", partitions: 2)
        let moved = TopicPartition(topicID: topic.id, partition: 0)
        try await fixture.control.deleteTopic(named: "a")
        let all = [moved, TopicPartition(topicID: topic.id, partition: 1)]
        #expect(fixture.engine.calls.last == .delete(all))
        await fixture.stop()
    }

    // MARK: Waiting

    @Test func `who waits for a log with a limit looks again when the time is up`() async throws {
        let (fixture, _) = try await Self.acquiring()
        let isOver = Mutex(false)
        let waiting = Task {
            await fixture.control.settled(0, of: "slow", within: .seconds(1))
            isOver.withLock { $0 = true }
        }
        await fixture.passGrace { isOver.withLock { $0 } }
        await waiting.value
        #expect(fixture.isAcquiring("slow"))
        #expect(await fixture.control.settlementWaiters.isEmpty, "nothing is left of it")
        await Self.stop(fixture)
    }

    @Test func `a change of shards waits for the logs of the change before`() async throws {
        let (fixture, _) = try await Self.acquiring()
        let growth = Task { try await fixture.control.createPartitions(of: "slow", count: 2) }
        while await fixture.control.settlementWaiters.isEmpty { await Task.yield() }
        fixture.engine.letGo()
        #expect(try await growth.value.partitions.count == 2)
        await fixture.stop()
    }

    // MARK: Coordinators

    private static func offsetsTopic(_ fixture: ControlFixture) throws -> HostedCoordinatorTopic {
        HostedCoordinatorTopic(
            TopicName.consumerOffsets,
            prefix: "offsets.topic",
            registry: fixture.registry,
            control: fixture.control,
            settings: try BrokerSettings(configs: BrokerConfigs(parsing: [("offsets.topic.num.partitions", "2")])),
            environment: fixture.environment,
            tasks: fixture.tasks
        )
    }

    private static func open(
        _ topic: HostedCoordinatorTopic,
        _ partition: Int32
    ) async -> Result<CoordinatorPartition, LogError> {
        await withCheckedContinuation { continuation in
            topic.open(partition) { continuation.resume(returning: $0) }
        }
    }

    @Test func `a coordinator waits for the log of its partition, and a stop ends that`() async throws {
        let fixture = try ControlFixture()
        try await fixture.start()
        let topic = try Self.offsetsTopic(fixture)
        fixture.engine.hold([topic.name])
        // Creating the topic is one way to come here, a topic that is there already the other.
        let creating = Task { await Self.open(topic, 0) }
        await fixture.passGrace { fixture.isAcquiring(topic.name) }
        let waiting = Task { await Self.open(topic, 1) }
        while fixture.tasks.count < 3 { await Task.yield() }
        fixture.engine.letGo()
        #expect(try await creating.value.get().log.partition.partition == 0)
        #expect(try await waiting.value.get().log.partition.partition == 1)
        await fixture.stop()
        await fixture.tasks.end(within: .seconds(5))
        let later = await Self.open(topic, 5)
        #expect(throws: LogError.self) { try later.get() }
    }

    @Test func `a coordinator that waits for a log when the broker stops is answered`() async throws {
        let fixture = try ControlFixture()
        try await fixture.start()
        let topic = try Self.offsetsTopic(fixture)
        fixture.engine.hold([topic.name])
        let waiting = Task { await Self.open(topic, 0) }
        await fixture.passGrace { fixture.isAcquiring(topic.name) }
        await fixture.stop()
        let result = await waiting.value
        #expect(throws: LogError.self) { try result.get() }
        // The engine never answers: the end does not wait for it longer than it may.
        let end = Task { await fixture.tasks.end(within: .seconds(5)) }
        let isOver = Mutex(false)
        let watching = Task {
            let hasEnded = await end.value
            isOver.withLock { $0 = true }
            return hasEnded
        }
        await fixture.passGrace { isOver.withLock { $0 } }
        #expect(await watching.value == false)
        fixture.engine.letGo()
    }
}
