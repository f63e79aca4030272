internal import Broker
internal import KafkaProtocol
internal import Metadata
internal import Model

/// DeleteTopics (key 20), versions 1–6 (3: TOPIC_DELETION_DISABLED; 4: flexible; 5: error messages; 6: topic IDs).
///
/// Difference from Kafka: the broker's own topics (`__consumer_offsets` …) cannot be deleted.
enum DeleteTopicsAPI: KafkaAPI {
    typealias Request = DeleteTopicsRequest
    typealias Response = DeleteTopicsResponse

    static func start(_ request: DeleteTopicsRequest, _ call: Call<DeleteTopicsResponse>) {
        call.answer {
            var response = DeleteTopicsResponse()
            if call.version >= 6 {
                for topic in request.topics {
                    response.topics.append(await Self.delete(name: topic.name, id: topic.topicID, call))
                }
            } else {
                for name in request.topicNames {
                    response.topics.append(await Self.delete(name: name, id: .zero, call))
                }
            }
            return response
        }
    }

    private static func delete(
        name: String?,
        id: TopicID,
        _ call: Call<DeleteTopicsResponse>
    ) async -> DeleteTopicsResponse.Topic {
        var answer = DeleteTopicsResponse.Topic(name: name, topicID: id)
        do throws(BrokerError) {
            guard call.broker.settings.deletesTopics else {
                throw BrokerError(.topicDeletionDisabled, "Topic deletion is disabled.")
            }
            let topic: HostedTopic
            if let name {
                guard id == .zero else {
                    throw BrokerError(.invalidRequest, "You may not specify both topic name and topic id.")
                }
                guard let found = call.broker.topics.topic(named: name) else {
                    throw BrokerError(
                        .unknownTopicOrPartition,
                        "This server does not host this topic-partition."
                    )
                }
                topic = found
            } else {
                guard let found = call.broker.topics.topic(id: id) else {
                    throw BrokerError(.unknownTopicID, "This server does not host this topic ID.")
                }
                topic = found
            }
            answer.name = topic.name
            answer.topicID = topic.id
            guard !topic.topic.isInternal else {
                throw BrokerError(.policyViolation, "\(topic.name) is the broker's own topic.")
            }
            try await call.broker.control.deleteTopic(named: topic.name, id: topic.id)
        } catch {
            answer.errorCode = ErrorCode(error)
            answer.errorMessage = error.message
        }
        return answer
    }
}
