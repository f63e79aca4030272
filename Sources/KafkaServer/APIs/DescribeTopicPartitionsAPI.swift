internal import Broker
internal import KafkaProtocol
internal import Metadata
internal import Model

/// DescribeTopicPartitions (key 75), version 0: topics page by page (KIP-966).
///
/// Topics come in name order; an empty list means all. A page ends at the partition limit, and the cursor names the
/// next partition to tell.
enum DescribeTopicPartitionsAPI: KafkaAPI {
    typealias Request = DescribeTopicPartitionsRequest
    typealias Response = DescribeTopicPartitionsResponse

    static func start(_ request: DescribeTopicPartitionsRequest, _ call: Call<DescribeTopicPartitionsResponse>) {
        let table = call.broker.topics.current
        var names =
            request.topics.isEmpty ? table.sorted.map(\.name) : Set(request.topics.map(\.name)).sorted()
        if let cursor = request.cursor {
            names.removeAll { $0 < cursor.topicName }
        }
        let limit = call.broker.configs.int("max.request.partition.size.limit")
        var left = min(max(1, Int(request.responsePartitionLimit)), limit)
        var response = DescribeTopicPartitionsResponse()
        for name in names {
            guard left > 0 else {
                response.nextCursor = DescribeTopicPartitionsResponse.Cursor(topicName: name, partitionIndex: 0)
                break
            }
            guard let topic = table.topic(named: name) else {
                response.topics.append(Self.missing(name))
                continue
            }
            let first = request.cursor.map { $0.topicName == name ? max(0, Int($0.partitionIndex)) : 0 } ?? 0
            let numbers = topic.placements.indices.dropFirst(first).prefix(left)
            response.topics.append(Self.describe(topic, numbers, call))
            left -= numbers.count
            if first + numbers.count < topic.partitionCount {
                response.nextCursor = DescribeTopicPartitionsResponse.Cursor(
                    topicName: name,
                    partitionIndex: Int32(first + numbers.count)
                )
                break
            }
        }
        call.answer(response)
    }

    private static func missing(_ name: String) -> DescribeTopicPartitionsResponse.Topic {
        DescribeTopicPartitionsResponse.Topic(
            errorCode: TopicName.problem(with: name) == nil ? .unknownTopicOrPartition : .invalidTopic,
            name: name
        )
    }

    private static func describe(
        _ topic: HostedTopic,
        _ numbers: some Sequence<Int>,
        _ call: Call<DescribeTopicPartitionsResponse>
    ) -> DescribeTopicPartitionsResponse.Topic {
        let ownID = call.broker.settings.nodeID
        return DescribeTopicPartitionsResponse.Topic(
            name: topic.name,
            topicID: topic.id,
            isInternal: TopicName.isKafkaInternal(topic.name),
            partitions: numbers.map { number in
                let replicas = PartitionReplicas(topic.placements[number], ownID: ownID)
                return DescribeTopicPartitionsResponse.Partition(
                    errorCode: replicas.leader == nil ? .leaderNotAvailable : .none,
                    partitionIndex: Int32(number),
                    leaderID: replicas.leader ?? BrokerID(-1),
                    leaderEpoch: topic.leaderEpoch(of: Int32(number)),
                    replicaNodes: replicas.all,
                    isrNodes: replicas.inSync,
                    eligibleLeaderReplicas: [],
                    lastKnownELR: [],
                    offlineReplicas: replicas.offline
                )
            },
            topicAuthorizedOperations: AuthorizedOperations.topic
        )
    }
}
