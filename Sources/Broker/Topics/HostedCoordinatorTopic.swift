internal import CoordinatorRuntime
internal import LogCore
internal import Metadata
internal import Model

/// The internal topic of a coordinator as an ordinary hosted topic, made when it is first needed.
struct HostedCoordinatorTopic: CoordinatorTopic {
    private let registry: TopicRegistry
    private let control: TopicControl
    private let environment: BrokerEnvironment
    private let segmentBytes: Int64
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
        environment: BrokerEnvironment
    ) {
        self.name = name
        self.registry = registry
        self.control = control
        self.environment = environment
        self.segmentBytes = settings.configs.int64("\(prefix).segment.bytes")
        let existing = registry.topic(named: name)?.partitionCount
        self.partitionCount = Int32(existing ?? settings.configs.int("\(prefix).num.partitions"))
    }

    var exists: Bool { self.registry.topic(named: self.name) != nil }

    func open(
        _ partition: Int32,
        completion: @escaping @Sendable (Result<CoordinatorPartition, LogError>) -> Void
    ) {
        if let topic = self.registry.topic(named: self.name) {
            completion(Self.partition(partition, of: topic))
            return
        }
        // The coordinator's loop must not wait: the task that creates the topic calls back.
        Task {
            do throws(BrokerError) {
                _ = try await self.control.createTopic(self.creation)
            } catch {
                guard error.code == .topicAlreadyExists else {
                    completion(.failure(LogError(.storage, error.message)))
                    return
                }
            }
            guard let topic = self.registry.topic(named: self.name) else {
                completion(.failure(LogError(.closed, "The broker is shutting down.")))
                return
            }
            completion(Self.partition(partition, of: topic))
        }
    }

    /// The numbers of this topic's partitions among those that this broker leads no longer.
    func partitions(among lost: [TopicPartition]) -> [Int32] {
        guard !lost.isEmpty, let topic = self.registry.topic(named: self.name) else { return [] }
        return lost.filter { $0.topicID == topic.id }.map(\.partition)
    }

    /// As Kafka creates it, also for a client that names it before the coordinator does.
    var creation: TopicCreation {
        TopicCreation(
            name: self.name,
            id: self.environment.makeTopicID(),
            partitionCount: Int(self.partitionCount),
            configs: [
                "cleanup.policy": "compact",
                "compression.type": "producer",
                "segment.bytes": String(self.segmentBytes),
                // Coordinators answer once their records are durable, whatever the broker's default.
                "flush.messages": "1",
            ],
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
