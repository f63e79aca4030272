internal import LogCore
internal import Logging
internal import Metadata
package import Model
internal import NIOCore
internal import Threads

/// The control plane of topics: turns metadata into hosted partitions.
///
/// Metadata changes come by watch only, those of this process and, in a cluster, of others, so there is one
/// path from the store to what is served. Runs on a thread of its own and waits for no disk: logs are acquired beside
/// it (`TopicControl+Transfers.swift`), and so are expired records removed (`LogMaintenance`).
package actor TopicControl {
    private nonisolated let executor: ControlExecutor
    package nonisolated var unownedExecutor: UnownedSerialExecutor { self.executor.asUnownedSerialExecutor() }

    let store: any MetadataStore
    let engine: any LogEngine
    private(set) var settings: BrokerSettings
    let registry: TopicRegistry
    let environment: BrokerEnvironment
    let ownership: any PartitionOwnership
    /// Where the control plane waits for logs; nothing else runs there on its behalf.
    let eventLoop: any EventLoop
    let tasks: BackgroundTasks
    let runner: LogTransferRunner
    nonisolated let maintenance: LogMaintenance
    let logger: Logger

    /// The topics as far as the metadata was followed; the registry shows them once they are placed.
    private(set) var image = TopicsImage()
    /// What the registry shows.
    private var servedRevision: MetadataRevision = 0
    private var revisionWaiters: [(revision: MetadataRevision, continuation: CheckedContinuation<Void, Never>)] = []
    private var observers: [@Sendable (TopicChanges) -> Void] = []
    private var placing = Placing.idle
    /// Set when the settings have changed and the partitions do not have the new ones yet.
    private var isReconfiguring = false
    /// What the engine is doing about logs.
    var transfers = LogTransfers()
    /// Logs that the recovery or the engine has acquired, until they are served.
    var arrivals: [TopicPartition: Arrival] = [:]
    /// The work that a publication waits for.
    var awaited: (work: UInt64, resumption: Resumption)?
    /// The last piece of work took longer than a publication waits.
    var isEngineSlow = false
    /// Who waits for a log that is being acquired.
    var settlementWaiters: [UInt64: Resumption] = [:]
    var lastSettlementWaiter: UInt64 = 0
    /// Topics whose shards are being changed, one change after the other.
    var reshaping: Set<TopicID> = []
    var reshapeWaiters: [CheckedContinuation<Void, Never>] = []
    /// The way to shards that other brokers lead.
    let peers: PeerServices
    /// Shards that were closed here for a change that another broker makes, by the number of the change.
    var remoteClosings: [TopicPartition: UInt64] = [:]
    /// Set when the watch has ended, after which nothing will ever be applied.
    private(set) var isStopped = false

    /// Topics that are to be placed.
    enum Touched {
        case all
        case names(Set<String>)

        mutating func merge(_ other: Touched) {
            switch (self, other) {
            case (.names(let left), .names(let right)): self = .names(left.union(right))
            default: self = .all
            }
        }
    }

    /// A step may wait for logs a moment, in which more may come: one step is placed after the other.
    private enum Placing {
        case idle
        case busy(next: Touched?)
    }

    init(
        store: any MetadataStore,
        engine: any LogEngine,
        settings: BrokerSettings,
        registry: TopicRegistry,
        environment: BrokerEnvironment,
        ownership: any PartitionOwnership,
        eventLoop: any EventLoop,
        tasks: BackgroundTasks,
        peers: PeerServices,
        executor: ControlExecutor
    ) {
        self.peers = peers
        self.store = store
        self.engine = engine
        self.settings = settings
        self.registry = registry
        self.environment = environment
        self.ownership = ownership
        self.eventLoop = eventLoop
        self.tasks = tasks
        self.runner = LogTransferRunner(engine: engine)
        self.maintenance = LogMaintenance(engine: engine)
        self.executor = executor
        self.logger = environment.logger
    }

    /// Serves what a start has recovered. Call it once, before `follow`.
    func serve(_ recovered: RecoveredTopics) async {
        self.image = recovered.image
        self.arrivals = recovered.logs.mapValues { Arrival(epoch: $0.epoch, result: $0.result) }
        await self.place(.all)
    }

    /// Calls the observer once per publication that added, grew or removed topics or lost partitions, after it is
    /// served. Called on this actor's thread: it must not block.
    func observeChanges(_ observer: @escaping @Sendable (TopicChanges) -> Void) {
        self.observers.append(observer)
    }

    /// Follows the metadata until the task is cancelled.
    func follow() async throws(MetadataError) {
        defer { self.stop() }
        try await self.store.follow(prefix: MetadataKeys.topics, after: self.image.revision) {
            batch throws(MetadataError) in
            try self.image.apply(batch)
            await self.place(.names(Set(batch.events.compactMap { MetadataKeys.topicName(of: $0.key) })))
        } reload: { () throws(MetadataError) in
            self.image = try TopicsImage(try await self.store.range(.prefix(MetadataKeys.topics)))
            await self.place(.all)
            return self.image.revision
        }
    }

    /// The broker's properties have changed: topics without a setting of their own get what follows from them.
    func configsChanged(_ configs: BrokerConfigs) async {
        self.settings = self.settings.with(configs)
        self.isReconfiguring = true
        await self.place(.all)
    }

    /// Whether a step has to give every partition its settings; the step that asks does.
    func takeReconfiguration() -> Bool {
        defer { self.isReconfiguring = false }
        return self.isReconfiguring
    }

    /// Partitions have other leaders than before: has acquired and released what follows from it.
    ///
    /// - Parameter topics: those that may have; `nil` for all.
    package func ownershipChanged(of topics: Set<TopicID>? = nil) async {
        await self.caughtUp(with: topics)
        guard let topics else { return await self.place(.all) }
        // A topic that is not known yet is placed when it comes.
        await self.place(.names(Set(topics.compactMap { self.image[id: $0]?.name })))
    }

    /// Returns when the topics are known as they were when their partitions were given to this broker.
    private func caughtUp(with topics: Set<TopicID>?) async {
        guard self.ownership.isShared else { return }
        let concerned =
            topics.map { $0.compactMap { self.image[id: $0] } }
            ?? self.image.sortedNames.compactMap {
                self.image[name: $0]
            }
        var needed: MetadataRevision = 0
        for topic in concerned {
            for number in topic.partitions.indices {
                let id = TopicPartition(topicID: topic.id, partition: Int32(number))
                let leader = self.ownership.leader(of: id, recordedEpoch: topic.partitions[number].leaderEpoch)
                guard leader?.broker == self.settings.nodeID else { continue }
                needed = max(needed, self.ownership.assignedAt(id))
            }
        }
        while !self.isStopped, self.image.revision < needed {
            do throws(BrokerError) {
                try await self.applied(needed, isWatched: false)
            } catch {
                // The store does not answer: nobody can be given anything meanwhile.
                if (try? await Task.sleep(for: .milliseconds(100))) == nil { return }
            }
        }
    }

    private func stop() {
        self.isStopped = true
        for waiter in self.revisionWaiters { waiter.continuation.resume() }
        self.revisionWaiters = []
        self.resumeSettlementWaiters()
    }

    /// Returns once this revision, which the store has reached, is served here.
    ///
    /// - Parameter isWatched: the revision changed a topic, so that the watch delivers it by itself.
    func applied(_ revision: MetadataRevision, isWatched: Bool) async throws(BrokerError) {
        if self.servedRevision < revision, !self.isStopped {
            // Other keys may have moved the store on, and the watch has nothing to say about them.
            if !isWatched {
                do throws(MetadataError) {
                    try await self.store.requestProgress()
                } catch {
                    throw BrokerError(error)
                }
            }
            if self.servedRevision < revision, !self.isStopped {
                await withCheckedContinuation { self.revisionWaiters.append((revision, $0)) }
            }
        }
        guard self.servedRevision >= revision else {
            throw BrokerError(.shuttingDown, "The broker is shutting down.")
        }
    }

    // MARK: Placing

    /// Has what was touched served as the image says. Returns at once when another call is at it, which then does
    /// this as well.
    func place(_ touched: Touched) async {
        if self.isStopped { return }
        if case .busy(var next) = self.placing {
            if next == nil { next = touched } else { next?.merge(touched) }
            self.placing = .busy(next: next)
            return
        }
        var current = touched
        while true {
            self.placing = .busy(next: nil)
            let image = self.image
            let changes = await self.serve(image, touched: current)
            self.servedRevision = image.revision
            if !changes.isEmpty {
                for observer in self.observers { observer(changes) }
            }
            self.resumeWaiters()
            self.resumeSettlementWaiters()
            guard case .busy(let next?) = self.placing else { break }
            current = next
        }
        self.placing = .idle
    }

    private func resumeWaiters() {
        let revision = self.servedRevision
        let ready = self.revisionWaiters.filter { $0.revision <= revision }
        self.revisionWaiters.removeAll { $0.revision <= revision }
        for waiter in ready { waiter.continuation.resume() }
    }
}
