internal import LogCore
internal import Logging
internal import Metadata
internal import Model
internal import Threads

/// The control plane of topics: turns metadata into hosted partitions.
///
/// Metadata changes come by watch only, whoever made them (this process or, in a cluster, another), so there is one
/// path from the store to what is served. Runs on a thread of its own, where opening partitions may block.
package actor TopicControl {
    private nonisolated let executor: ControlExecutor
    package nonisolated var unownedExecutor: UnownedSerialExecutor { self.executor.asUnownedSerialExecutor() }

    let store: any MetadataStore
    let engine: any LogEngine
    let settings: BrokerSettings
    let registry: TopicRegistry
    let environment: BrokerEnvironment
    private let logger: Logger

    /// What the registry shows, as metadata.
    private(set) var image = TopicsImage()
    private var revisionWaiters: [(revision: MetadataRevision, continuation: CheckedContinuation<Void, Never>)] = []
    private var changeObserver: (@Sendable (TopicChanges) -> Void)?
    /// Set when the watch has ended, after which nothing will ever be applied.
    private var isStopped = false

    init(
        store: any MetadataStore,
        engine: any LogEngine,
        settings: BrokerSettings,
        registry: TopicRegistry,
        environment: BrokerEnvironment,
        executor: ControlExecutor
    ) {
        self.store = store
        self.engine = engine
        self.settings = settings
        self.registry = registry
        self.environment = environment
        self.executor = executor
        self.logger = environment.logger
    }

    /// Reads every topic and opens its partitions. Call it once, before serving.
    func load() async throws(MetadataError) {
        let result = try await self.store.range(.prefix(MetadataKeys.topics))
        self.image = try TopicsImage(result)
        self.publish(previous: TopicTable(revision: 0, topics: []))
    }

    /// Calls the observer once per publication that added, grew or removed topics, after it is served.
    func observeChanges(_ observer: @escaping @Sendable (TopicChanges) -> Void) {
        self.changeObserver = observer
    }

    /// Follows the metadata until the task is cancelled.
    func follow() async throws(MetadataError) {
        defer { self.stop() }
        while true {
            do {
                var changes = self.store.watch(prefix: MetadataKeys.topics, from: self.image.revision + 1)
                    .makeAsyncIterator()
                while let batch = try await changes.next() {
                    let previous = self.registry.current
                    try self.image.apply(batch)
                    self.publish(previous: previous)
                }
                return
            } catch {
                guard error.code == .compacted else { throw error }
                // The changes in between are gone; the state is not.
                let previous = self.registry.current
                self.image = try TopicsImage(try await self.store.range(.prefix(MetadataKeys.topics)))
                self.publish(previous: previous)
            }
        }
    }

    /// Blocks this actor's own thread, never an event loop.
    func applyRetention() {
        self.engine.applyRetention(now: self.environment.now())
    }

    private func stop() {
        self.isStopped = true
        for waiter in self.revisionWaiters { waiter.continuation.resume() }
        self.revisionWaiters = []
    }

    /// Returns once the registry shows at least this revision.
    func applied(_ revision: MetadataRevision) async throws(BrokerError) {
        if self.image.revision < revision, !self.isStopped {
            await withCheckedContinuation { continuation in
                self.revisionWaiters.append((revision, continuation))
            }
        }
        guard self.image.revision >= revision else {
            throw BrokerError(.shuttingDown, "The broker is shutting down.")
        }
    }

    // MARK: From metadata to partitions

    private func publish(previous: TopicTable) {
        var hosted: [HostedTopic] = []
        hosted.reserveCapacity(self.image.count)
        for topic in self.image.sortedTopics {
            let old = previous.topic(id: topic.id)
            if let old, old.topic == topic {
                hosted.append(old)
            } else {
                hosted.append(self.host(topic, previous: old))
            }
        }
        let table = TopicTable(revision: self.image.revision, topics: hosted)
        self.registry.publish(table)
        // After publishing, so that nobody finds a partition that is being deleted.
        let gone = previous.all.filter { table.topic(id: $0.id) == nil }
        for old in gone { self.delete(old) }
        if let observer = self.changeObserver {
            let changes = TopicChanges(from: previous, to: table)
            if !changes.isEmpty { observer(changes) }
        }
        let revision = self.image.revision
        let ready = self.revisionWaiters.filter { $0.revision <= revision }
        self.revisionWaiters.removeAll { $0.revision <= revision }
        for waiter in ready { waiter.continuation.resume() }
    }

    private func host(_ topic: Topic, previous: HostedTopic?) -> HostedTopic {
        let settings = self.settings.logSettings(for: topic)
        let partitions = topic.partitions.enumerated().map { number, partition -> HostedPartition? in
            let rules = self.settings.rules(for: topic, partition: partition, log: settings)
            if let existing = previous?.partition(Int32(number)) {
                existing.update(rules)
                existing.log.update(settings)
                return existing
            }
            let id = TopicPartition(topicID: topic.id, partition: Int32(number))
            do throws(LogError) {
                let log = try self.engine.open(id, topicName: topic.name, settings: settings)
                return HostedPartition(
                    topicName: topic.name,
                    log: log,
                    isInternal: topic.isInternal,
                    rules: rules
                )
            } catch {
                self.logger.error(
                    "partition \(topic.name)-\(number) is offline: \(error.message)",
                    metadata: ["topic": "\(topic.name)", "partition": "\(number)"]
                )
                return nil
            }
        }
        return HostedTopic(topic: topic, partitions: partitions)
    }

    private func delete(_ topic: HostedTopic) {
        for partition in topic.partitions.compactMap({ $0?.partition }) {
            do throws(LogError) {
                try self.engine.delete(partition)
            } catch {
                self.logger.error(
                    "the data of deleted partition \(topic.name)-\(partition.partition) stays: \(error.message)",
                    metadata: ["topic": "\(topic.name)", "partition": "\(partition.partition)"]
                )
            }
        }
    }
}
