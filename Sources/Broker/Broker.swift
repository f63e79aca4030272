internal import Authentication
internal import CoordinatorRuntime
internal import GroupCoordinator
package import LogCore
internal import Logging
package import Metadata
package import Model
package import NIOCore
internal import Quotas
package import Serving
internal import Synchronization
internal import Threads
internal import TransactionCoordinator

/// One broker: topics, their logs and the coordinators. Both protocol faces are served from here.
///
/// Ownership: the topic table belongs to `TopicControl`; each log to its engine; each group to its shard's event loop.
/// `Broker` itself holds nothing that changes.
package final class Broker: Sendable {
    package let settings: BrokerSettings
    /// Whether other brokers may lead partitions and coordinate groups.
    package let isClustered: Bool
    package let environment: BrokerEnvironment
    package let clusterID: String
    package let engine: any LogEngine
    package let store: any MetadataStore
    package let metrics = BrokerMetrics()
    /// The topics of this moment, for the hot path.
    package let topics: TopicRegistry
    /// The brokers that the metadata knows.
    package let brokerRegistry: BrokerRegistry
    /// Changes of topics.
    package let control: TopicControl
    package let producerIDs: ProducerIDAllocator
    package let groups: GroupService
    package let groupConfigs: GroupConfigStore
    /// The broker's properties, as they are changed while it runs.
    package let configStore: BrokerConfigStore
    /// Which metrics clients are to push (KIP-714).
    package let clientMetrics: ClientMetricsStore
    /// What clients push of their metrics.
    package let telemetry: ClientTelemetryStore
    /// What clients use of their quotas.
    package let quotas: ClientQuotas
    /// The quotas that are set.
    package let quotaStore: QuotaStore
    package let transactions: TransactionService
    /// Who clients are: users, delegation tokens.
    package let authentication: AuthenticationService
    /// Who may do what.
    package let authorizer: Authorizer
    /// What KCL applications keep in DynamoDB elsewhere.
    package let leaseTables: LeaseTableService
    /// How far groups are behind.
    let lagMonitor: LagMonitor
    /// Where readers of streams stand that leave no offset behind.
    package let shardReaders: ShardReaders
    /// What the members of groups hold, and what their offsets do.
    let groupMemory: GroupMemory
    let offsetMemory: GroupMemory
    /// Which topics have series of their own on `/metrics`.
    let topicSelection = Mutex(TopicSelection())
    /// What this broker does for others of its cluster, and its way to them.
    package let peers: PeerServices
    /// Writes the markers of transactions into the partitions of this broker.
    package let markers: any TransactionMarkerWriter
    private let offsetsTopic: HostedCoordinatorTopic
    private let transactionsTopic: HostedCoordinatorTopic
    private let tasks: BackgroundTasks
    private let leaseTablesTopic: HostedCoordinatorTopic
    /// Reads the records of compressed batches from clients.
    package let validator = RecordValidator()
    /// What the connections of both faces may hold in buffers.
    package let memory: ConnectionMemory
    /// Requests to the other brokers of the cluster.
    package let links: any BrokerLinks
    /// Asks the coordinators of transactions, here and elsewhere, for the partitions of this broker.
    package let transactionMembership: TransactionMembership

    private init(
        settings: BrokerSettings,
        isClustered: Bool,
        environment: BrokerEnvironment,
        clusterID: String,
        engine: any LogEngine,
        store: any MetadataStore,
        topics: TopicRegistry,
        control: TopicControl,
        configStore: BrokerConfigStore,
        clientMetrics: ClientMetricsStore,
        groupConfigs: GroupConfigStore,
        authentication: AuthenticationService,
        authorizer: Authorizer,
        quotas: ClientQuotas,
        quotaStore: QuotaStore,
        memory: ConnectionMemory,
        links: any BrokerLinks,
        tasks: BackgroundTasks,
        peers: PeerServices,
        eventLoops: [any EventLoop]
    ) {
        self.memory = memory
        self.peers = peers
        self.links = links
        self.authentication = authentication
        self.authorizer = authorizer
        self.quotas = quotas
        self.quotaStore = quotaStore
        self.tasks = tasks
        self.isClustered = isClustered
        self.settings = settings
        self.environment = environment
        self.clusterID = clusterID
        self.engine = engine
        self.store = store
        self.topics = topics
        self.control = control
        self.producerIDs = ProducerIDAllocator(store: store)
        self.brokerRegistry = BrokerRegistry(
            own: RegisteredBroker(
                id: settings.nodeID,
                endpoints: settings.advertised,
                rack: settings.rack,
                epoch: 0
            ),
            observer: { links.brokersChanged($0) }
        )
        self.offsetsTopic = HostedCoordinatorTopic(
            TopicName.consumerOffsets,
            prefix: "offsets.topic",
            registry: topics,
            control: control,
            settings: settings,
            environment: environment,
            tasks: tasks
        )
        self.configStore = configStore
        self.clientMetrics = clientMetrics
        self.telemetry = ClientTelemetryStore(clientMetrics, now: environment.monotonicMilliseconds)
        self.groupConfigs = groupConfigs
        self.groupMemory = GroupMemory(bytesMax: environment.groupMemberBytesMax)
        self.offsetMemory = GroupMemory(bytesMax: environment.groupOffsetBytesMax)
        self.groups = GroupService(
            topic: self.offsetsTopic,
            engine: engine,
            settings: settings.groupSettings,
            surroundings: HostedSurroundings(
                registry: topics,
                configs: self.groupConfigs,
                memory: self.groupMemory,
                offsetMemory: self.offsetMemory
            ),
            environment: environment,
            eventLoops: eventLoops
        )
        self.transactionsTopic = HostedCoordinatorTopic(
            TopicName.transactionState,
            prefix: "transaction.state.log",
            registry: topics,
            control: control,
            settings: settings,
            environment: environment,
            tasks: tasks
        )
        let markers = LocalMarkerWriter(topics: topics, groups: self.groups, now: environment.now)
        self.markers = markers
        self.transactions = TransactionService(
            topic: self.transactionsTopic,
            engine: engine,
            settings: settings.transactionSettings,
            markers: RoutedMarkerWriter(
                local: markers,
                topics: topics,
                links: links,
                isGone: Self.isGone(isClustered ? store : nil, tasks)
            ),
            environment: environment,
            eventLoops: eventLoops
        )
        self.transactionMembership = TransactionMembership(
            transactions: self.transactions,
            topics: topics,
            links: links
        )
        self.leaseTablesTopic = HostedCoordinatorTopic(
            TopicName.leaseTables,
            partitionCount: 1,
            segmentBytes: Self.leaseTableSegmentBytes,
            // An item of 400 KiB of small attributes, with their lengths.
            messageBytesMax: 4 << 20,
            registry: topics,
            control: control,
            environment: environment,
            tasks: self.tasks
        )
        self.leaseTables = LeaseTableService(
            topic: self.leaseTablesTopic,
            engine: engine,
            environment: environment,
            eventLoops: eventLoops
        )
        self.shardReaders = ShardReaders()
        self.lagMonitor = LagMonitor(
            topics: topics,
            groups: self.groups,
            applications: self.leaseTables,
            readers: self.shardReaders,
            engine: engine,
            now: environment.now,
            eventLoop: eventLoops[0]
        )
    }

    /// Small, so that what is overwritten goes soon.
    private static let leaseTableSegmentBytes: Int64 = 16 << 20

    /// Reads the metadata, ends the engine's recovery with this broker's partitions and starts to load the
    /// coordinators. Serve only after this returns.
    ///
    /// - Parameters:
    ///   - clusterID: see `identity`.
    ///   - recovering: ends here. When this throws, it is as after a crash.
    ///   - ownership: of a broker in a cluster; `nil` of one that has the metadata to itself.
    ///   - links: to the other brokers of a cluster.
    /// - Returns: the engine as well, which the caller closes in the end.
    ///   - eventLoops: the groups are dealt out to these.
    package static func start<Recovering: RecoveringEngine & ~Copyable>(
        settings: BrokerSettings,
        environment: BrokerEnvironment,
        clusterID: String,
        recovering: consuming Recovering,
        store: any MetadataStore,
        memory: ConnectionMemory,
        ownership: (any PartitionOwnership)? = nil,
        links: any BrokerLinks = NoBrokerLinks(),
        eventLoops: [any EventLoop]
    ) async throws(BrokerError) -> (broker: Broker, engine: Recovering.Engine) {
        let configStore = BrokerConfigStore(store: store, start: settings.configs, brokerID: settings.nodeID)
        let groupConfigs = GroupConfigStore(store: store, broker: settings.configs)
        let clientMetrics = ClientMetricsStore(store: store)
        let authorizer = Authorizer(store: store, settings: settings.access, logger: environment.logger)
        let credentials = CredentialStore(store: store)
        let decoySecret: [UInt8]
        do throws(MetadataError) {
            try await credentials.load()
            decoySecret = try await Self.secret("scram-decoys", in: store, proposed: CredentialBytes.randomBytes(32))
            try await configStore.load()
            try await groupConfigs.load()
            try await clientMetrics.load()
            try await authorizer.load()
        } catch {
            throw BrokerError(error)
        }
        let settings = settings.with(configStore.current)
        let quotas = ClientQuotas(
            QuotaSensors.Settings(settings.configs),
            now: environment.monotonicMilliseconds
        )
        let quotaStore = QuotaStore(store: store, quotas: quotas, logger: environment.logger)
        do throws(MetadataError) { try await quotaStore.load() } catch { throw BrokerError(error) }
        let ownership = ownership ?? SoleOwner(settings.nodeID)
        let executor = ControlExecutor(name: "control")
        let tasks = BackgroundTasks(eventLoop: eventLoops[0])
        let recovery = TopicRecovery(
            store: store,
            ownership: ownership,
            settings: settings,
            logger: environment.logger,
            tasks: tasks,
            executor: executor
        )
        let recovered = try await recovery.recover(recovering)
        let topics = TopicRegistry()
        let peers = PeerServices()
        let control = TopicControl(
            store: store,
            engine: recovered.engine,
            settings: settings,
            registry: topics,
            environment: environment,
            ownership: ownership,
            eventLoop: eventLoops[0],
            tasks: tasks,
            peers: peers,
            executor: executor
        )
        peers.register(ShardClosingService(control: control, tasks: tasks), for: .shards)
        await control.serve(recovered.topics)
        let broker = Broker(
            settings: settings,
            isClustered: ownership.isShared,
            environment: environment,
            clusterID: clusterID,
            engine: recovered.engine,
            store: store,
            topics: topics,
            control: control,
            configStore: configStore,
            clientMetrics: clientMetrics,
            groupConfigs: groupConfigs,
            authentication: AuthenticationService(
                credentials: credentials,
                decoySecret: decoySecret,
                environment: environment,
                configs: { configStore.current }
            ),
            authorizer: authorizer,
            quotas: quotas,
            quotaStore: quotaStore,
            memory: memory,
            links: links,
            tasks: tasks,
            peers: peers,
            eventLoops: eventLoops
        )
        await control.observeChanges { broker.topicsChanged($0) }
        configStore.observe { configs in await control.configsChanged(configs) }
        // What was changed in earlier runs, and then what is changed in this one.
        let (engine, memoryBytesMax) = (recovered.engine, environment.cleanerBytesMax)
        engine.update(settings.cleanerSettings(memoryBytesMax: memoryBytesMax))
        configStore.observe { configs in
            engine.update(settings.with(configs).cleanerSettings(memoryBytesMax: memoryBytesMax))
        }
        broker.prepareCoordinators()
        return (broker, recovered.engine)
    }

    /// The cluster's identity, made by the first broker that ever starts on this store.
    package static func identity(
        in store: any MetadataStore,
        proposed: @autoclosure () -> ClusterIdentity
    ) async throws(MetadataError) -> ClusterIdentity {
        if let entry = try await store.get(MetadataKeys.cluster).entry {
            return try ClusterIdentity.decode(entry.value)
        }
        let mine = proposed()
        let outcome = try await store.commit(mine.plan())
        if outcome.succeeded { return mine }
        guard let entry = try await store.get(MetadataKeys.cluster).entry else {
            throw MetadataError(.corrupt, "The cluster's identity vanished from the metadata.")
        }
        return try ClusterIdentity.decode(entry.value)
    }

    /// A secret of the whole cluster, made when it is first asked for and the same ever after.
    ///
    /// - Parameter proposed: random bytes, in case there is none yet.
    package static func secret(
        _ name: String,
        in store: any MetadataStore,
        proposed: [UInt8]
    ) async throws(MetadataError) -> [UInt8] {
        let key = MetadataKeys.item(space: "secrets", name: name)
        if let entry = try await store.get(key).entry { return entry.value }
        let outcome = try await store.commit(
            MetadataTransaction(compares: [.isMissing(key)], success: [.put(key: key, value: proposed)])
        )
        if outcome.succeeded { return proposed }
        return try await store.get(key).entry?.value ?? proposed
    }

    /// The listener that is for the other brokers of the cluster.
    package var interBrokerListener: String? {
        let configs = self.settings.configs
        let name = configs.string("inter.broker.listener.name") ?? configs.string("security.inter.broker.protocol")
        return name?.uppercased()
    }

    /// The broker's properties of this moment. Take it once per request.
    package var configs: BrokerConfigs { self.configStore.current }

    /// What the broker does beside requests may take as long when it ends.
    private static let backgroundEndMax = TimeAmount.seconds(5)

    /// Follows the metadata until the task is cancelled, then ends what is done in the background.
    package func run() async throws(MetadataError) {
        self.tasks.start { [quotaStore] in await quotaStore.follow() }
        self.tasks.start { await self.authentication.removeExpiredTokens() }
        let outcome = await withTaskGroup(of: Result<Void, MetadataError>.self) { followers in
            followers.addTask { await Self.result { () throws(MetadataError) in try await self.control.follow() } }
            followers.addTask { await Self.result { () throws(MetadataError) in try await self.authorizer.follow() } }
            followers.addTask {
                await Self.result { () throws(MetadataError) in try await self.authentication.credentials.follow() }
            }
            followers.addTask {
                await Self.result { () throws(MetadataError) in try await self.configStore.follow() }
            }
            followers.addTask {
                await Self.result { () throws(MetadataError) in try await self.groupConfigs.follow() }
            }
            followers.addTask {
                await Self.result { () throws(MetadataError) in try await self.clientMetrics.follow() }
            }
            followers.addTask {
                await self.lagMonitor.run()
                return .success(())
            }
            var outcome = Result<Void, MetadataError>.success(())
            for await ended in followers {
                guard case .failure = ended, case .success = outcome else { continue }
                outcome = ended
                followers.cancelAll()
            }
            return outcome
        }
        if await !self.tasks.end(within: Self.backgroundEndMax) {
            self.environment.logger.warning("the broker ends while its engine is still opening or removing logs")
        }
        try outcome.get()
    }

    private static func result(
        _ work: () async throws(MetadataError) -> Void
    ) async -> Result<Void, MetadataError> {
        do throws(MetadataError) {
            return .success(try await work())
        } catch {
            return .failure(error)
        }
    }

    /// The brokers as the Kafka client of this session sees them: by the listener that it came through.
    package func brokers(for session: Session) -> BrokersView {
        self.brokerRegistry.view(
            listener: session.listener,
            reachedAt: session.local.host,
            port: session.local.port
        )
    }

    /// The broker that coordinates a group; `nil` while that is not decided.
    package func groupCoordinator(of groupID: String) -> BrokerID? {
        self.coordinator(in: self.offsetsTopic, self.groups.partition(of: groupID))
    }

    /// The broker that coordinates a transactional ID; `nil` while that is not decided.
    package func transactionCoordinator(of transactionalID: String) -> BrokerID? {
        self.coordinator(in: self.transactionsTopic, self.transactions.partition(of: transactionalID))
    }

    private func coordinator(in coordinators: HostedCoordinatorTopic, _ partition: Int32) -> BrokerID? {
        guard let topic = self.topics.topic(named: coordinators.name) else {
            // On one machine it is this broker, which makes the topic.
            return self.isClustered ? nil : self.settings.nodeID
        }
        switch topic.placement(partition) {
        case .here, .acquiring, .offline: return self.settings.nodeID
        case .elsewhere(let leader): return leader.broker
        case .unassigned, nil: return nil
        }
    }

    /// Creates a topic that a Metadata request names, with the defaults (`auto.create.topics.enable`). An internal
    /// topic is made as its coordinator makes it, as in Kafka; one without a coordinator yet is unknown.
    package func autoCreateTopic(named name: String) async throws(BrokerError) {
        do {
            _ = try await self.control.createTopic(try self.automaticCreation(of: name))
        } catch {
            // Somebody else made it first: as good.
            guard error.code == .topicAlreadyExists else { throw error }
        }
    }

    private func automaticCreation(of name: String) throws(BrokerError) -> TopicCreation {
        guard TopicName.isKafkaInternal(name) else {
            return TopicCreation(
                name: name,
                id: self.environment.makeTopicID(),
                partitionCount: self.configs.int("num.partitions"),
                origin: .kafka
            )
        }
        guard let creation = self.coordinatorCreation(of: name) else {
            throw BrokerError(.unknownTopicOrPartition, "\(name) comes with its coordinator, which is not served yet.")
        }
        return creation
    }

    /// How a coordinator's topic is made, also when a client creates it; `nil` for other names.
    package func coordinatorCreation(of name: String) -> TopicCreation? {
        switch name {
        case self.offsetsTopic.name: self.offsetsTopic.creation
        case self.transactionsTopic.name: self.transactionsTopic.creation
        case self.leaseTablesTopic.name: self.leaseTablesTopic.creation
        default: nil
        }
    }

    /// Tells the coordinators what a publication changed: first what they lead no longer. What they come to lead is
    /// loaded without being asked, as in Kafka.
    private func topicsChanged(_ changes: TopicChanges) {
        for partition in self.offsetsTopic.partitions(among: changes.lost) { self.groups.leadershipLost(partition) }
        for partition in self.transactionsTopic.partitions(among: changes.lost) {
            self.transactions.leadershipLost(partition)
        }
        for partition in self.offsetsTopic.partitions(among: changes.acquired) {
            self.groups.prepare(partition: partition)
        }
        for partition in self.transactionsTopic.partitions(among: changes.acquired) {
            self.transactions.prepare(partition: partition)
        }
        for partition in self.leaseTablesTopic.partitions(among: changes.lost) {
            self.leaseTables.coordinator.leadershipLost(partition)
        }
        for partition in self.leaseTablesTopic.partitions(among: changes.acquired) {
            self.leaseTables.coordinator.prepare(partition: partition)
        }
        self.groups.topicsChanged(changes)
    }

    /// Starts loading the coordinators whose topics exist.
    private func prepareCoordinators() {
        if self.topics.topic(named: TopicName.consumerOffsets) != nil { self.groups.prepareAll() }
        // Decisions of an earlier run are completed without being asked.
        if self.topics.topic(named: TopicName.transactionState) != nil { self.transactions.prepareAll() }
        if self.topics.topic(named: TopicName.leaseTables) != nil { self.leaseTables.coordinator.prepareAll() }
    }

    /// Answers everything that waits for a coordinator; nothing is served by one afterwards.
    package func closeCoordinators(on eventLoop: any EventLoop, completion: @escaping @Sendable () -> Void) {
        self.leaseTables.coordinator.close(on: eventLoop) {
            self.transactions.close(on: eventLoop) {
                self.groups.close(on: eventLoop, completion: completion)
            }
        }
    }

    /// Calls `action` once, on `eventLoop`, when the log of a partition is not being acquired (any more), or after
    /// `limit`: for a request without an error that its client would repeat.
    package func whenLogSettles(
        _ partition: Int32,
        of topicName: String,
        within limit: TimeAmount,
        on eventLoop: any EventLoop,
        _ action: @escaping @Sendable () -> Void
    ) {
        let control = self.control
        let isStarted = self.tasks.start {
            await control.settled(partition, of: topicName, within: limit)
            eventLoop.execute(action)
        }
        // The broker stops: the caller finds the log where it was.
        if !isStarted { eventLoop.execute(action) }
    }

    /// Removes what has expired from every log. Takes as long as the disk does.
    package func applyRetention() async {
        await self.control.applyRetention()
    }

    /// Makes the log start offsets durable as they are now, before a DeleteRecords is acknowledged. Waits for the disk.
    package func persistLogStarts() async throws(BrokerError) {
        do throws(LogError) {
            try await self.control.persistLogStarts()
        } catch {
            throw BrokerError(error)
        }
    }

    /// What is damaged of the partitions that are served, by topic name and number.
    package var damage: [(topic: String, partition: Int32, range: DamagedRange)] {
        self.topics.current.all.flatMap { topic in
            topic.served.flatMap { hosted in
                hosted.log.damagedRanges.map { (hosted.topicName, hosted.partition.partition, $0) }
            }
        }.sorted { ($0.topic, $0.partition) < ($1.topic, $1.partition) }
    }
}
