internal import AccessControl
internal import Broker
internal import KafkaProtocol
internal import Metadata
internal import Model

// The APIs of topics. A topic that a client may not describe answers the same whether it exists or not.

extension MetadataAPI {
    static func authorize(_ request: inout MetadataRequest, _ access: Access) -> Authorization<MetadataResponse> {
        guard var topics = request.topics, access.version > 0 || !topics.isEmpty else {
            let request = request
            return .partly { response in
                response.topics.removeAll { topic in
                    topic.name.map { !access.rights.allows(.describe, onTopic: $0) } ?? false
                }
                Self.addOperations(to: &response, request, access)
            }
        }
        var refused = access.takeRefused(from: &topics, .describe) { access.topicName($0.name, $0.topicID) }
        refused += Self.takeUncreatable(from: &topics, request, access)
        request.topics = topics
        let asked = request
        let isEmpty = topics.isEmpty
        return .partly { [refused] response in
            // An empty list is everything in version 0.
            if isEmpty { response.topics = [] }
            Self.addOperations(to: &response, asked, access)
            response.topics += refused.map { topic in
                .init(
                    errorCode: .topicAuthorizationFailed,
                    name: topic.topicID == .zero ? topic.name : nil,
                    topicID: topic.topicID
                )
            }
        }
    }

    /// Topics that the request would make.
    private static func takeUncreatable(
        from topics: inout [MetadataRequest.Topic],
        _ request: MetadataRequest,
        _ access: Access
    ) -> [MetadataRequest.Topic] {
        guard request.allowAutoTopicCreation, access.broker.settings.createsTopicsAutomatically,
            !access.rights.allowsOnCluster(.create)
        else { return [] }
        let table = access.broker.topics.current
        return access.takeRefused(from: &topics, .create) { topic in
            guard topic.topicID == .zero, let name = topic.name else { return nil }
            return table.topic(named: name) == nil ? name : nil
        }
    }

    private static func addOperations(
        to response: inout MetadataResponse,
        _ request: MetadataRequest,
        _ access: Access
    ) {
        guard access.version >= 8 else { return }
        if request.includeClusterAuthorizedOperations, access.version <= 10 {
            response.clusterAuthorizedOperations = access.clusterOperations
        }
        guard request.includeTopicAuthorizedOperations else { return }
        for index in response.topics.indices where response.topics[index].errorCode == .none {
            guard let name = response.topics[index].name else { continue }
            response.topics[index].topicAuthorizedOperations = access.operations(on: .topic, name)
        }
    }
}

extension DescribeTopicPartitionsAPI {
    static func authorize(
        _ request: inout DescribeTopicPartitionsRequest,
        _ access: Access
    ) -> Authorization<DescribeTopicPartitionsResponse> {
        let rights = access.rights
        let asksForAll = request.topics.isEmpty
        var refused: [DescribeTopicPartitionsRequest.Topic] = []
        if asksForAll {
            // By name, so that pages are counted without what is hidden.
            request.topics = access.broker.topics.current.sorted
                .filter { rights.allows(.describe, onTopic: $0.name) }.map { .init(name: $0.name) }
        } else {
            refused = access.takeRefused(from: &request.topics, .describe) { $0.name }
        }
        let amend = { @Sendable [refused] (response: inout DescribeTopicPartitionsResponse) in
            for index in response.topics.indices where response.topics[index].errorCode == .none {
                guard let name = response.topics[index].name else { continue }
                response.topics[index].topicAuthorizedOperations = access.operations(on: .topic, name)
            }
            response.topics += refused.map { .init(errorCode: .topicAuthorizationFailed, name: $0.name) }
        }
        // An empty list is everything.
        guard request.topics.isEmpty else { return .partly(amend) }
        var response = DescribeTopicPartitionsResponse()
        amend(&response)
        return .answered(response)
    }
}

extension CreateTopicsAPI {
    static func authorize(
        _ request: inout CreateTopicsRequest,
        _ access: Access
    ) -> Authorization<CreateTopicsResponse> {
        var refused: [CreateTopicsRequest.Topic] = []
        if !access.rights.allowsOnCluster(.create) {
            // Duplicates are told from each other by the handler.
            refused = access.takeRefused(from: &request.topics, .create) { $0.name }
        }
        let names = Set(refused.map(\.name)).sorted()
        let rights = access.rights
        return .partly { response in
            for index in response.topics.indices where response.topics[index].errorCode == .none {
                let topic = response.topics[index]
                guard !rights.allows(.describeConfigs, onTopic: topic.name) else { continue }
                response.topics[index].topicConfigErrorCode = .topicAuthorizationFailed
                response.topics[index].numPartitions = -1
                response.topics[index].replicationFactor = -1
                response.topics[index].configs = []
            }
            response.topics += names.map {
                .init(name: $0, errorCode: .topicAuthorizationFailed, errorMessage: "Authorization failed.")
            }
        }
    }
}

extension DeleteTopicsAPI {
    static func authorize(
        _ request: inout DeleteTopicsRequest,
        _ access: Access
    ) -> Authorization<DeleteTopicsResponse> {
        let rights = access.rights
        // No ACL on the cluster grants this but one for all operations.
        if rights.allowsOnCluster(.delete) { return .granted }
        if access.version < 6 {
            let refused = access.takeRefused(from: &request.topicNames, .delete) { $0 }
            if refused.isEmpty { return .granted }
            return .partly { response in
                response.topics += refused.map { .init(name: $0, errorCode: .topicAuthorizationFailed) }
            }
        }
        let table = access.broker.topics.current
        let refused = access.takeRefused(from: &request.topics, .delete) {
            $0.name ?? table.topic(id: $0.topicID)?.name
        }
        if refused.isEmpty { return .granted }
        return .partly { response in
            response.topics += refused.map { topic in
                // Whom an ID belongs to is told only to those who may see it.
                let known = topic.name == nil ? table.topic(id: topic.topicID)?.name : nil
                let name = topic.name ?? known.flatMap { rights.allows(.describe, onTopic: $0) ? $0 : nil }
                return .init(name: name, topicID: topic.topicID, errorCode: .topicAuthorizationFailed)
            }
        }
    }
}

extension CreatePartitionsAPI {
    static func authorize(
        _ request: inout CreatePartitionsRequest,
        _ access: Access
    ) -> Authorization<CreatePartitionsResponse> {
        let refused = access.takeRefused(from: &request.topics, .alter) { $0.name }
        if refused.isEmpty { return .granted }
        return .partly { response in
            response.topics += refused.map { .init(name: $0.name, errorCode: .topicAuthorizationFailed) }
        }
    }
}
