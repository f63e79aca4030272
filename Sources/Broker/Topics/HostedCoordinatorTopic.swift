internal import CoordinatorRuntime
internal import LogCore
internal import Metadata
internal import Model

/// The internal topic of a coordinator as an ordinary hosted topic, made when it is first needed.
struct HostedCoordinatorTopic: CoordinatorTopic {
    private let registry: TopicRegistry
    private let control: TopicControl
    private let environment: BrokerEnvironment
    private let tasks: BackgroundTasks
    private let segmentBytes: Int64
    /// In bytes; the broker's default when absent.
    private let messageBytesMax: Int?
    let name: String
    let partitionCount: Int32

    /// Made after the topics are loaded, so that an existing topic decides about the number of partitions.
    ///
    /// - Parameters:
    ///   - name: of the topic.
    ///   - prefix: of its properties: `offsets.topic` or `transaction.state.log`.
    init(
        _ name: String,
        prefix: String,
        registry: TopicRegistry,
        control: TopicControl,
        settings: BrokerSettings,
        environment: BrokerEnvironment,
        tasks: BackgroundTasks
    ) {
        self.init(
            name,
            partitionCount: settings.configs.int("\(prefix).num.partitions"),
            segmentBytes: settings.configs.int64("\(prefix).segment.bytes"),
            registry: registry,
            control: control,
            environment: environment,
            tasks: tasks
        )
    }

    /// - Parameters:
    ///   - partitionCount: unless the topic exists.
    ///   - messageBytesMax: when the coordinator's records may be larger than the broker's default.
    init(
        _ name: String,
        partitionCount: Int,
        segmentBytes: Int64,
        messageBytesMax: Int? = nil,
        registry: TopicRegistry,
        control: TopicControl,
        environment: BrokerEnvironment,
        tasks: BackgroundTasks
    ) {
        self.name = name
        self.registry = registry
        self.control = control
        self.environment = environment
        self.tasks = tasks
        self.segmentBytes = segmentBytes
        self.messageBytesMax = messageBytesMax
        self.partitionCount = Int32(registry.topic(named: name)?.partitionCount ?? partitionCount)
    }

    var exists: Bool { self.registry.topic(named: self.name) != nil }

    func open(
        _ partition: Int32,
        completion: @escaping @Sendable (Result<CoordinatorPartition, LogError>) -> Void
    ) {
        if let topic = self.registry.topic(named: self.name) {
            switch topic.placement(partition) {
            case .acquiring, .unassigned: break
            case .here, .elsewhere, .offline, nil: return completion(Self.partition(partition, of: topic))
            }
        }
        // The coordinator's loop must not wait: the task that creates the topic, or waits for its log, calls back.
        let isStarted = self.tasks.start { completion(await self.created(partition)) }
        if !isStarted { completion(.failure(Self.closed)) }
    }

    private func created(_ partition: Int32) async -> Result<CoordinatorPartition, LogError> {
        if !self.exists {
            do throws(BrokerError) {
                _ = try await self.control.createTopic(self.creation)
            } catch {
                guard error.code == .topicAlreadyExists else {
                    return .failure(LogError(.storage, error.message))
                }
            }
        }
        await self.control.settled(partition, of: self.name)
        guard let topic = self.registry.topic(named: self.name) else {
            return .failure(LogError(.partitionGone, "Topic \(self.name) was deleted."))
        }
        return Self.partition(partition, of: topic)
    }

    private static let closed = LogError(.closed, "The broker is shutting down.")

    /// The numbers of this topic's partitions among those that this broker has lost or acquired.
    func partitions(among moved: [TopicPartition]) -> [Int32] {
        guard !moved.isEmpty, let topic = self.registry.topic(named: self.name) else { return [] }
        return moved.filter { $0.topicID == topic.id }.map(\.partition)
    }

    /// As Kafka creates it, also for a client that names it before the coordinator does.
    var creation: TopicCreation {
        var configs = [
            "cleanup.policy": "compact",
            "compression.type": "producer",
            "segment.bytes": String(self.segmentBytes),
            // Coordinators answer once their records are durable; the broker's default does not matter.
            "flush.messages": "1",
        ]
        if let messageBytesMax { configs["max.message.bytes"] = String(messageBytesMax) }
        return TopicCreation(
            name: self.name,
            id: self.environment.makeTopicID(),
            partitionCount: Int(self.partitionCount),
            configs: configs,
            origin: .kafka
        )
    }

    private static func partition(
        _ number: Int32,
        of topic: HostedTopic
    ) -> Result<CoordinatorPartition, LogError> {
        do throws(BrokerError) {
            let partition = try topic.partition(number)
            return .success(
                CoordinatorPartition(
                    log: partition.log,
                    leaderEpoch: partition.leaderEpoch,
                    messageBytesMax: partition.messageBytesMax
                )
            )
        } catch {
            // Led elsewhere is for good, until somebody looks for the coordinator again; the rest may pass.
            return .failure(LogError(error.code == .notLeader ? .fencedLeaderEpoch : .storage, error.message))
        }
    }
}
