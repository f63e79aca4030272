internal import Broker
internal import KafkaProtocol
internal import Metadata
internal import Model

/// DeleteTopics (key 20), versions 1–6 (3: TOPIC_DELETION_DISABLED; 4: flexible; 5: error messages,
/// THROTTLING_QUOTA_EXCEEDED; 6: topic IDs).
///
/// Difference from Kafka: the broker's own topics (`__consumer_offsets` …) cannot be deleted.
enum DeleteTopicsAPI: KafkaAPI {
    typealias Request = DeleteTopicsRequest
    typealias Response = DeleteTopicsResponse

    static func start(_ request: DeleteTopicsRequest, _ call: Call<DeleteTopicsResponse>) {
        call.answer {
            let asked: [(name: String?, id: TopicID)] =
                call.version >= 6
                ? request.topics.map { ($0.name, $0.topicID) } : request.topicNames.map { ($0, .zero) }
            var response = DeleteTopicsResponse(
                topics: asked.map { DeleteTopicsResponse.Topic(name: $0.name, topicID: $0.id) }
            )
            var deletions: [(name: String, id: TopicID?)] = []
            // Where in the answer each of them belongs.
            var places: [Int] = []
            var quota = MutationQuota(call, strictSince: 5)
            for (place, topic) in asked.enumerated() {
                do throws(BrokerError) {
                    let found = try Self.topic(named: topic.name, id: topic.id, call)
                    response.topics[place].name = found.name
                    response.topics[place].topicID = found.id
                    try Self.check(found)
                    try quota.charge(found.partitionCount)
                    deletions.append((found.name, found.id))
                    places.append(place)
                } catch {
                    response.topics[place].refuse(error)
                }
            }
            let results = await call.broker.control.deleteTopics(deletions)
            for (place, result) in zip(places, results) {
                if case .failure(let error) = result { response.topics[place].refuse(error) }
            }
            response.throttleTimeMs = quota.throttleTimeMs
            return response
        }
    }

    private static func topic(
        named name: String?,
        id: TopicID,
        _ call: Call<DeleteTopicsResponse>
    ) throws(BrokerError) -> HostedTopic {
        guard call.broker.settings.deletesTopics else {
            throw BrokerError(.topicDeletionDisabled, "Topic deletion is disabled.")
        }
        guard let name else {
            guard let found = call.broker.topics.topic(id: id) else {
                throw BrokerError(.unknownTopicID, "This server does not host this topic ID.")
            }
            return found
        }
        guard id == .zero else {
            throw BrokerError(.invalidRequest, "You may not specify both topic name and topic id.")
        }
        guard let found = call.broker.topics.topic(named: name) else {
            throw BrokerError(.unknownTopicOrPartition, "This server does not host this topic-partition.")
        }
        return found
    }

    private static func check(_ topic: HostedTopic) throws(BrokerError) {
        guard !topic.topic.isInternal else {
            throw BrokerError(.policyViolation, "\(topic.name) is the broker's own topic.")
        }
    }
}

extension DeleteTopicsResponse.Topic {
    fileprivate mutating func refuse(_ error: BrokerError) {
        self.errorCode = ErrorCode(error)
        self.errorMessage = error.message
    }
}
