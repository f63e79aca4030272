internal import Coordination
internal import CoordinatorRuntime
internal import GroupCoordinator
internal import KafkaProtocol
internal import Model

/// ConsumerGroupHeartbeat (key 68), versions 0–1 (1: regular expressions, and members make their own IDs; KIP-848).
///
/// Differences from Kafka: unless `group.consumer.heartbeat.interval.ms` is set, members of small groups are asked to
/// come more often than every five seconds, so that a rebalance takes less than one. A regular expression never matches
/// Kafka's internal topics. A member that joins again (epoch 0) while the group still knows it starts over; Kafka
/// fences it until its session ends.
enum ConsumerGroupHeartbeatAPI: GroupAPI {
    typealias Request = ConsumerGroupHeartbeatRequest
    typealias Response = ConsumerGroupHeartbeatResponse

    static func groupMade(by request: Request) -> GroupID? { request.groupID }

    static func serve(
        _ request: ConsumerGroupHeartbeatRequest,
        _ call: GroupCall,
        completion: @escaping @Sendable (ConsumerGroupHeartbeatResponse) -> Void
    ) {
        let heartbeat = ConsumerHeartbeat(
            groupID: request.groupID,
            memberID: request.memberID,
            memberEpoch: request.memberEpoch,
            groupInstanceID: request.instanceID,
            rackID: request.rackID,
            rebalanceTimeoutMilliseconds: request.rebalanceTimeoutMs,
            topicNames: request.subscribedTopicNames,
            topicRegex: request.subscribedTopicRegex,
            serverAssignor: request.serverAssignor,
            owned: request.topicPartitions.map { topics in
                PartitionSet(topics.map { (id: $0.topicID, partitions: $0.partitions) })
            },
            clientID: call.clientID,
            clientHost: "/" + call.clientHost,
            requiresMemberID: call.version >= 1
        )
        call.groups.write(heartbeat.groupID.rawValue, on: call.eventLoop) { machine, context in
            let (response, actions) = machine.consumerHeartbeatReceived(
                heartbeat,
                uuid: context.makeUUID(),
                now: context.now
            )
            context.perform(actions)
            return response
        } completion: { result in
            switch result {
            case .success(let response): completion(Self.response(response))
            case .failure(let error): completion(ConsumerGroupHeartbeatResponse(errorCode: ErrorCode(error)))
            }
        }
    }

    private static func response(_ response: ConsumerHeartbeatResponse) -> ConsumerGroupHeartbeatResponse {
        guard response.error == nil else {
            return ConsumerGroupHeartbeatResponse(
                errorCode: ErrorCode(response.error),
                errorMessage: response.message
            )
        }
        return ConsumerGroupHeartbeatResponse(
            memberID: response.memberID,
            memberEpoch: response.memberEpoch,
            heartbeatIntervalMs: response.heartbeatIntervalMilliseconds,
            assignment: response.assignment.map { assignment in
                ConsumerGroupHeartbeatResponse.Assignment(
                    topicPartitions: assignment.topics.map { .init(topicID: $0.id, partitions: $0.partitions) }
                )
            }
        )
    }
}
