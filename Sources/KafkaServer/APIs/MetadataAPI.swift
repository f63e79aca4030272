internal import Broker
internal import KafkaProtocol
internal import Metadata
internal import Model
internal import Serving

/// Metadata (key 3), versions 0–13.
///
/// | version | change |
/// | --- | --- |
/// | 1 | rack, controller, internal flag; a null list means all topics (an empty one in version 0) |
/// | 2 | cluster ID |
/// | 4 | the client decides about auto-creation |
/// | 8 | authorized operations |
/// | 10 | topic IDs in answers; 12: asking by topic ID |
/// | 13 | top-level error |
///
/// Difference from Kafka: an auto-created topic is served before the answer, so the client gets it at once where
/// Kafka answers LEADER_NOT_AVAILABLE first.
enum MetadataAPI: KafkaAPI {
    typealias Request = MetadataRequest
    typealias Response = MetadataResponse

    static func start(_ request: MetadataRequest, _ call: Call<MetadataResponse>) {
        let table = call.broker.topics.current
        let missing = Self.namesToCreate(request, call, table)
        guard missing.isEmpty else {
            call.answer {
                var failures: [String: ErrorCode] = [:]
                var quota = MutationQuota(call, strictSince: 0)
                for name in missing {
                    do throws(BrokerError) {
                        try quota.charge(call.broker.configs.int("num.partitions"))
                        try await call.broker.autoCreateTopic(named: name)
                    } catch {
                        // An answer for each topic: clients ask again for one without a leader.
                        failures[name] = error.code == .quotaExceeded ? .leaderNotAvailable : ErrorCode(error)
                    }
                }
                var response = Self.response(request, call, call.broker.topics.current, failures: failures)
                response.throttleTimeMs = quota.throttleTimeMs
                return response
            }
            return
        }
        call.answer(Self.response(request, call, table, failures: [:]))
    }

    private static func wantsAll(_ request: MetadataRequest, _ call: Call<MetadataResponse>) -> Bool {
        guard let topics = request.topics else { return true }
        return call.version == 0 && topics.isEmpty
    }

    private static func namesToCreate(
        _ request: MetadataRequest,
        _ call: Call<MetadataResponse>,
        _ table: TopicTable
    ) -> [String] {
        guard request.allowAutoTopicCreation, call.broker.settings.createsTopicsAutomatically,
            !Self.wantsAll(request, call)
        else { return [] }
        return (request.topics ?? []).compactMap { asked in
            guard asked.topicID == .zero, let name = asked.name, table.topic(named: name) == nil,
                TopicName.problem(with: name) == nil
            else { return nil }
            return name
        }
    }

    private static func response(
        _ request: MetadataRequest,
        _ call: Call<MetadataResponse>,
        _ table: TopicTable,
        failures: [String: ErrorCode]
    ) -> MetadataResponse {
        let brokers = call.broker.brokers(for: call.session)
        var response = MetadataResponse(
            brokers: brokers.all.map { node in
                MetadataResponse.Broker(nodeID: node.id, host: node.host, port: Int32(node.port), rack: node.rack)
            },
            clusterID: call.broker.clusterID,
            controllerID: brokers.controller.id
        )
        if request.includeClusterAuthorizedOperations, call.version >= 8, call.version <= 10 {
            response.clusterAuthorizedOperations = AuthorizedOperations.cluster
        }
        if Self.wantsAll(request, call) {
            response.topics = table.sorted.map { Self.describe($0, request, call) }
            return response
        }
        response.topics = (request.topics ?? []).map { asked in
            if asked.topicID != .zero {
                guard let topic = table.topic(id: asked.topicID) else {
                    return MetadataResponse.Topic(
                        errorCode: .unknownTopicID,
                        // Null is allowed from version 12 on, where asking by ID is.
                        name: call.version >= 12 ? nil : "",
                        topicID: asked.topicID
                    )
                }
                return Self.describe(topic, request, call)
            }
            let name = asked.name ?? ""
            if let topic = table.topic(named: name) { return Self.describe(topic, request, call) }
            let invalid = TopicName.problem(with: name) != nil
            return MetadataResponse.Topic(
                errorCode: invalid ? .invalidTopic : failures[name] ?? .unknownTopicOrPartition,
                name: name,
                isInternal: TopicName.isKafkaInternal(name)
            )
        }
        return response
    }

    private static func describe(
        _ topic: HostedTopic,
        _ request: MetadataRequest,
        _ call: Call<MetadataResponse>
    ) -> MetadataResponse.Topic {
        let ownID = call.broker.settings.nodeID
        var described = MetadataResponse.Topic(
            errorCode: .none,
            name: topic.name,
            topicID: topic.id,
            isInternal: TopicName.isKafkaInternal(topic.name),
            partitions: topic.placements.enumerated().map { number, placement in
                let replicas = PartitionReplicas(placement, ownID: ownID)
                return MetadataResponse.Partition(
                    errorCode: replicas.leader == nil ? .leaderNotAvailable : .none,
                    partitionIndex: Int32(number),
                    leaderID: replicas.leader ?? BrokerID(-1),
                    leaderEpoch: topic.leaderEpoch(of: Int32(number)),
                    replicaNodes: replicas.all,
                    isrNodes: replicas.inSync,
                    offlineReplicas: replicas.offline
                )
            }
        )
        if request.includeTopicAuthorizedOperations, call.version >= 8 {
            described.topicAuthorizedOperations = AuthorizedOperations.topic
        }
        return described
    }
}
