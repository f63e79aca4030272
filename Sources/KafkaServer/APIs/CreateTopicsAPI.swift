internal import Broker
internal import KafkaProtocol
internal import Metadata
internal import Model

/// CreateTopics (key 19), versions 2–7.
///
/// | version | change |
/// | --- | --- |
/// | 4 | -1 for partitions and replication factor means the broker's default (KIP-464) |
/// | 5 | flexible; the answer has the topic's configuration (KIP-525) |
/// | 6 | THROTTLING_QUOTA_EXCEEDED (KIP-599) |
/// | 7 | topic ID in the answer |
///
/// Difference from Kafka: a broker keeps one copy of each partition, so the replication factor must be 1 or -1 and
/// manual assignments must name this broker. The topics of coordinators can be created, as in Kafka, with the number of
/// partitions that their coordinators have here. `__cluster_metadata` cannot (TOPIC_AUTHORIZATION_FAILED, as in Kafka).
enum CreateTopicsAPI: KafkaAPI {
    typealias Request = CreateTopicsRequest
    typealias Response = CreateTopicsResponse

    static func start(_ request: CreateTopicsRequest, _ call: Call<CreateTopicsResponse>) {
        call.answer {
            var response = CreateTopicsResponse()
            var counts: [String: Int] = [:]
            for topic in request.topics { counts[topic.name, default: 0] += 1 }
            var creations: [TopicCreation] = []
            // Where in the answer each of them belongs.
            var places: [Int] = []
            var duplicates: Set<String> = []
            var quota = MutationQuota(call, strictSince: 6)
            for topic in request.topics {
                do throws(BrokerError) {
                    if counts[topic.name, default: 0] > 1 {
                        guard duplicates.insert(topic.name).inserted else { continue }
                        throw BrokerError(.invalidRequest, "Duplicate topic name \(topic.name) in the request.")
                    }
                    let creation = try Self.creation(topic, call.broker)
                    // One that exists is refused below, and changes nothing.
                    if call.broker.topics.topic(named: topic.name) == nil {
                        try quota.charge(creation.partitionCount)
                    }
                    creations.append(creation)
                    places.append(response.topics.count)
                    response.topics.append(CreateTopicsResponse.Topic(name: topic.name))
                } catch {
                    response.topics.append(Self.refused(topic.name, error))
                }
            }
            let results = await call.broker.control.createTopics(creations, validateOnly: request.validateOnly)
            for (place, result) in zip(places, results) {
                switch result {
                case .success(let topic):
                    response.topics[place] = Self.described(topic, call, validateOnly: request.validateOnly)
                case .failure(let error):
                    response.topics[place] = Self.refused(response.topics[place].name, error)
                }
            }
            response.throttleTimeMs = quota.throttleTimeMs
            return response
        }
    }

    private static func creation(
        _ asked: CreateTopicsRequest.Topic,
        _ broker: Broker
    ) throws(BrokerError) -> TopicCreation {
        // Its log is not a topic; Kafka says so with this code.
        guard asked.name != TopicName.clusterMetadata else {
            throw BrokerError(.topicNotAuthorized, "Authorization failed.")
        }
        let count = try Self.partitionCount(asked, broker)
        var configs: [String: String] = [:]
        for config in asked.configs {
            guard let value = config.value else {
                throw BrokerError(
                    .invalidConfig,
                    "Null value not supported for topic configs: \(config.name)"
                )
            }
            configs[config.name] = value
        }
        if TopicName.isKafkaInternal(asked.name) { return try Self.coordinatorTopic(asked, configs, broker) }
        return TopicCreation(
            name: asked.name,
            id: broker.environment.makeTopicID(),
            partitionCount: count,
            configs: configs,
            origin: .kafka
        )
    }

    /// A client may create a coordinator's topic before its coordinator does, as in Kafka, with configurations of its
    /// own; the number of partitions is the coordinator's.
    private static func coordinatorTopic(
        _ asked: CreateTopicsRequest.Topic,
        _ configs: [String: String],
        _ broker: Broker
    ) throws(BrokerError) -> TopicCreation {
        guard var creation = broker.coordinatorCreation(of: asked.name) else {
            throw BrokerError(.policyViolation, "\(asked.name) comes with its coordinator, which is not served yet.")
        }
        let count = asked.assignments.isEmpty ? Int(asked.numPartitions) : asked.assignments.count
        guard count == -1 || count == creation.partitionCount else {
            throw BrokerError(
                .invalidPartitionCount,
                "\(asked.name) has \(creation.partitionCount) partitions on this server; it cannot have \(count)."
            )
        }
        creation.configs.merge(configs) { $1 }
        return creation
    }

    private static func partitionCount(
        _ asked: CreateTopicsRequest.Topic,
        _ broker: Broker
    ) throws(BrokerError) -> Int {
        guard asked.assignments.isEmpty else {
            guard asked.numPartitions == -1, asked.replicationFactor == -1 else {
                throw BrokerError(
                    .invalidRequest,
                    "Both numPartitions or replicationFactor and replicasAssignments are set."
                )
            }
            let numbers = Set(asked.assignments.map(\.partitionIndex))
            guard numbers == Set(0..<Int32(asked.assignments.count)) else {
                throw BrokerError(
                    .invalidReplicaAssignment,
                    "Partitions must be numbered from 0 without gaps."
                )
            }
            try broker.checkAssignments(asked.assignments.map(\.brokerIDs))
            return asked.assignments.count
        }
        // In a cluster the store keeps the data, and every broker may take a partition over.
        let brokerCount = broker.brokerRegistry.count
        guard asked.replicationFactor == -1 || (1...brokerCount).contains(Int(asked.replicationFactor)) else {
            throw BrokerError(
                .invalidReplicationFactor,
                asked.replicationFactor < 1
                    ? "Replication factor must be larger than 0, or -1 to use the default value."
                    : "Unable to replicate the partition \(asked.replicationFactor) time(s): "
                        + (brokerCount == 1 ? "there is 1 broker available." : "there are \(brokerCount) brokers.")
            )
        }
        if asked.numPartitions == -1 { return broker.configs.int("num.partitions") }
        guard asked.numPartitions > 0 else {
            throw BrokerError(.invalidPartitionCount, "Number of partitions was set to an invalid non-positive value.")
        }
        return Int(asked.numPartitions)
    }

    private static func described(
        _ topic: Topic,
        _ call: Call<CreateTopicsResponse>,
        validateOnly: Bool
    ) -> CreateTopicsResponse.Topic {
        CreateTopicsResponse.Topic(
            name: topic.name,
            topicID: validateOnly ? .zero : topic.id,
            numPartitions: Int32(topic.partitions.count),
            replicationFactor: 1,
            configs: call.broker.configs.resolve(topic: topic).map { config in
                CreateTopicsResponse.Config(
                    name: config.name,
                    value: config.value,
                    readOnly: config.isReadOnly,
                    configSource: config.source.rawValue,
                    isSensitive: config.isSensitive
                )
            }
        )
    }

    private static func refused(_ name: String, _ error: BrokerError) -> CreateTopicsResponse.Topic {
        CreateTopicsResponse.Topic(
            name: name,
            errorCode: ErrorCode(error),
            errorMessage: error.message,
            configs: []
        )
    }
}
