internal import Broker
internal import Coordination
internal import CoordinatorRuntime
internal import GroupCoordinator
internal import KafkaProtocol
internal import Model

/// ConsumerGroupDescribe (key 69), versions 0–1 (1: whether a member speaks the classic protocol, KIP-1099).
enum ConsumerGroupDescribeAPI: GroupAPI {
    typealias Request = ConsumerGroupDescribeRequest
    typealias Response = ConsumerGroupDescribeResponse

    static func serve(
        _ request: ConsumerGroupDescribeRequest,
        _ call: GroupCall,
        completion: @escaping @Sendable (ConsumerGroupDescribeResponse) -> Void
    ) {
        call.groups.readEach(request.groupIDs, key: \.rawValue, on: call.eventLoop) { machine, groupID in
            machine.consumerDescription(of: groupID)
        } completion: { results in
            completion(
                ConsumerGroupDescribeResponse(
                    groups: zip(request.groupIDs, results).map { groupID, result in
                        switch result {
                        case .success(let description): Self.describe(description, request, call.topics)
                        case .failure(let error):
                            ConsumerGroupDescribeResponse.Group(errorCode: ErrorCode(error), groupID: groupID)
                        }
                    }
                )
            )
        }
    }

    private static func describe(
        _ group: ConsumerGroupDescription,
        _ request: ConsumerGroupDescribeRequest,
        _ topics: TopicTable
    ) -> ConsumerGroupDescribeResponse.Group {
        guard group.error == nil else {
            return ConsumerGroupDescribeResponse.Group(
                errorCode: ErrorCode(group.error),
                errorMessage: group.message,
                groupID: group.groupID
            )
        }
        var described = ConsumerGroupDescribeResponse.Group(
            groupID: group.groupID,
            groupState: group.state.rawValue,
            groupEpoch: group.epoch,
            assignmentEpoch: group.assignmentEpoch,
            assignorName: group.assignorName,
            members: group.members.map { member in
                ConsumerGroupDescribeResponse.Member(
                    memberID: member.memberID,
                    instanceID: member.subscription.groupInstanceID,
                    rackID: member.subscription.rackID,
                    memberEpoch: member.assignment.memberEpoch,
                    clientID: member.subscription.clientID,
                    clientHost: member.subscription.clientHost,
                    subscribedTopicNames: member.subscription.topicNames,
                    subscribedTopicRegex: member.subscription.topicRegex,
                    assignment: Self.assignment(member.assignment.assigned, topics),
                    targetAssignment: Self.assignment(member.target, topics),
                    memberType: member.subscription.classic == nil ? 1 : 0
                )
            }
        )
        if request.includeAuthorizedOperations { described.authorizedOperations = AuthorizedOperations.group }
        return described
    }

    /// Topics that are gone are left out, as they have no name any more.
    private static func assignment(
        _ partitions: PartitionSet,
        _ topics: TopicTable
    ) -> ConsumerGroupDescribeResponse.Assignment {
        ConsumerGroupDescribeResponse.Assignment(
            topicPartitions: partitions.topics.compactMap { topic in
                topics.topic(id: topic.id).map {
                    .init(topicID: topic.id, topicName: $0.name, partitions: topic.partitions)
                }
            }
        )
    }
}
