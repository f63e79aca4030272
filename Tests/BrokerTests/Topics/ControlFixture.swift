import LogCore
import LogTestSupport
import Logging
import Metadata
import Model
import NIOCore
import NIOEmbedded
import Synchronization
import Threads

@testable import Broker

/// A control plane on a store and an engine in memory.
final class ControlFixture: Sendable {
    /// Who leads which partition; what is not named is led here.
    final class Owners: PartitionOwnership {
        private struct State {
            var others: [TopicPartition: BrokerID] = [:]
            var epochs: [TopicPartition: LeaderEpoch] = [:]
            var leaderless: Set<TopicPartition> = []
            var assignedAt: MetadataRevision = 0
            /// Stands for the assignments of partitions: a change of it is a change of owners.
            var compares: [MetadataCompare]? = []
        }

        private let state = Mutex(State())
        private let own: BrokerID

        init(own: BrokerID) { self.own = own }

        var isShared: Bool { true }

        func leader(of partition: TopicPartition, recordedEpoch: LeaderEpoch) -> PartitionLeader? {
            self.state.withLock { state in
                if state.leaderless.contains(partition) { return nil }
                return PartitionLeader(
                    broker: state.others[partition] ?? self.own,
                    epoch: state.epochs[partition] ?? recordedEpoch
                )
            }
        }

        func assignedAt(_ partition: TopicPartition) -> MetadataRevision { self.state.withLock { $0.assignedAt } }

        func compares(thatLeader epoch: LeaderEpoch, owns partition: TopicPartition) -> [MetadataCompare]? {
            self.state.withLock { $0.compares }
        }

        /// Partitions were given to their brokers at this revision.
        func assign(at revision: MetadataRevision) { self.state.withLock { $0.assignedAt = revision } }

        /// What a change of shards has to compare.
        func bind(_ compares: [MetadataCompare]?) { self.state.withLock { $0.compares = compares } }

        func give(_ partition: TopicPartition, to broker: BrokerID?) {
            self.state.withLock { state in
                state.others[partition] = broker
                state.leaderless.remove(partition)
            }
        }

        /// From now on the partition has this epoch, also when its topic says another one.
        func set(_ epoch: LeaderEpoch, of partition: TopicPartition) {
            self.state.withLock { $0.epochs[partition] = epoch }
        }

        func takeLeader(of partition: TopicPartition) {
            self.state.withLock { _ = $0.leaderless.insert(partition) }
        }
    }

    let store: MemoryMetadataStore
    let engine = RecordingEngine()
    let registry = TopicRegistry()
    let owners: Owners
    let control: TopicControl
    private let recovery: TopicRecovery
    let tasks: BackgroundTasks
    let peers = PeerServices()
    let environment: BrokerEnvironment
    let eventLoop = NIOAsyncTestingEventLoop()
    private let following = Mutex<Task<Void, Never>?>(nil)

    init(store: MemoryMetadataStore = MemoryMetadataStore(), partitionsMax: Int = .max) throws {
        self.store = store
        let settings = try BrokerSettings(configs: BrokerConfigs())
        self.owners = Owners(own: settings.nodeID)
        let clock = SendableClock()
        self.now = clock
        let environment = BrokerEnvironment(
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            now: { clock.value },
            monotonicMilliseconds: { 0 },
            random: { (1, 1) },
            partitionsMax: partitionsMax
        )
        self.environment = environment
        self.tasks = BackgroundTasks(eventLoop: self.eventLoop)
        let executor = ControlExecutor(name: "test-control")
        self.recovery = TopicRecovery(
            store: store,
            ownership: self.owners,
            settings: settings,
            logger: environment.logger,
            tasks: self.tasks,
            executor: executor
        )
        self.control = TopicControl(
            store: store,
            engine: self.engine,
            settings: settings,
            registry: self.registry,
            environment: environment,
            ownership: self.owners,
            eventLoop: self.eventLoop,
            tasks: self.tasks,
            peers: self.peers,
            executor: executor
        )
    }

    /// The wall clock of the control plane.
    let now: SendableClock

    final class SendableClock: Sendable {
        private let time = Mutex<Timestamp>(1_700_000_000_000)
        var value: Timestamp { self.time.withLock { $0 } }
        func advance(_ milliseconds: Int64) { self.time.withLock { $0 += milliseconds } }
    }

    /// Loads what the store has and follows it.
    func start() async throws {
        let recovered = try await self.recovery.recover(NothingToRecover(self.engine))
        await self.control.serve(recovered.topics)
        let control = self.control
        self.following.withLock { $0 = Task { _ = try? await control.follow() } }
    }

    func stop() async {
        let task = self.following.withLock { task in
            defer { task = nil }
            return task
        }
        task?.cancel()
        await task?.value
    }

    /// Has publications wait no longer for logs that are on their way, until `condition` holds.
    func passGrace(until condition: () -> Bool) async {
        while !condition() {
            await self.eventLoop.advanceTime(by: .milliseconds(100))
            await Task.yield()
        }
    }

    /// Where a partition is served; `nil` when its topic is not.
    func placement(_ name: String, _ number: Int32 = 0) -> PartitionPlacement? {
        self.registry.topic(named: name)?.placement(number)
    }

    func isAcquiring(_ name: String, _ number: Int32 = 0) -> Bool {
        if case .acquiring? = self.placement(name, number) { true } else { false }
    }

    func creation(_ name: String, partitions: Int = 1, origin: TopicOrigin = .kinesis) -> TopicCreation {
        TopicCreation(
            name: name,
            id: TopicID(high: 1, low: .random(in: 1 ... .max)),
            partitionCount: partitions,
            origin: origin
        )
    }

    @discardableResult
    func create(_ name: String, partitions: Int = 1) async throws -> Topic {
        try await self.control.createTopic(self.creation(name, partitions: partitions))
    }

    func log(_ name: String, _ partition: Int32 = 0) throws -> OffsetsLog? {
        try self.registry.topic(named: name).partition(partition).log as? OffsetsLog
    }

    func partition(_ name: String, _ number: Int32 = 0) throws -> HostedPartition {
        try self.registry.topic(named: name).partition(number)
    }

    /// Another broker makes a topic.
    func createElsewhere(_ name: String) throws {
        let plan = try TopicPlanner.createTopic(self.creation(name), in: TopicsImage(), now: self.now.value)
        self.store.write(MetadataTransaction(success: plan.transaction.success))
    }

    /// Another broker takes a block of producer IDs: the store moves on, and no watch of topics hears of it.
    func moveStoreOn() {
        self.store.write(MetadataTransaction(success: [.put(key: MetadataKeys.nextProducerID, value: [0])]))
    }
}
