internal import KafkaProtocol
internal import Model

// How the APIs of groups say that a whole request failed: as Kafka's request classes do.

extension OffsetCommitAPI {
    static func errorResponse(
        to request: OffsetCommitRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> OffsetCommitResponse? {
        OffsetCommitResponse(
            topics: request.topics.map { topic in
                OffsetCommitResponse.Topic(
                    name: topic.name,
                    topicID: topic.topicID,
                    partitions: topic.partitions.map {
                        OffsetCommitResponse.Partition(partitionIndex: $0.partitionIndex, errorCode: error)
                    }
                )
            }
        )
    }
}

extension OffsetFetchAPI {
    static func errorResponse(
        to request: OffsetFetchRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> OffsetFetchResponse? {
        switch version {
        case 8...:
            return OffsetFetchResponse(
                groups: request.groups.map { OffsetFetchResponse.Group(groupID: $0.groupID, errorCode: error) }
            )
        case 2...7:
            return OffsetFetchResponse(errorCode: error)
        default:
            // Version 1 has no code for the whole answer.
            return OffsetFetchResponse(
                topics: (request.topics ?? []).map { topic in
                    OffsetFetchResponse.LegacyTopic(
                        name: topic.name,
                        partitions: topic.partitionIndexes.map {
                            OffsetFetchResponse.LegacyPartition(
                                partitionIndex: $0,
                                committedOffset: -1,
                                metadata: "",
                                errorCode: error
                            )
                        }
                    )
                }
            )
        }
    }
}

extension FindCoordinatorAPI {
    static func errorResponse(
        to request: FindCoordinatorRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> FindCoordinatorResponse? {
        guard version >= 4 else {
            return FindCoordinatorResponse(errorCode: error, nodeID: BrokerID(-1), host: "", port: -1)
        }
        return FindCoordinatorResponse(
            coordinators: request.coordinatorKeys.map {
                FindCoordinatorResponse.Coordinator(
                    key: $0,
                    nodeID: BrokerID(-1),
                    host: "",
                    port: -1,
                    errorCode: error
                )
            }
        )
    }
}

extension JoinGroupAPI {
    static func errorResponse(to request: JoinGroupRequest, _ error: ErrorCode, version: Int16) -> JoinGroupResponse? {
        JoinGroupResponse(errorCode: error, protocolName: version >= 7 ? nil : "", memberID: request.memberID)
    }
}

extension HeartbeatAPI {
    static func errorResponse(to request: HeartbeatRequest, _ error: ErrorCode, version: Int16) -> HeartbeatResponse? {
        HeartbeatResponse(errorCode: error)
    }
}

extension LeaveGroupAPI {
    static func errorResponse(
        to request: LeaveGroupRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> LeaveGroupResponse? {
        LeaveGroupResponse(errorCode: error)
    }
}

extension SyncGroupAPI {
    static func errorResponse(to request: SyncGroupRequest, _ error: ErrorCode, version: Int16) -> SyncGroupResponse? {
        SyncGroupResponse(errorCode: error)
    }
}

extension DescribeGroupsAPI {
    static func errorResponse(
        to request: DescribeGroupsRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> DescribeGroupsResponse? {
        DescribeGroupsResponse(
            groups: request.groupIDs.map { DescribeGroupsResponse.Group(errorCode: error, groupID: $0) }
        )
    }
}

extension ListGroupsAPI {
    static func errorResponse(
        to request: ListGroupsRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> ListGroupsResponse? {
        ListGroupsResponse(errorCode: error)
    }
}

extension DeleteGroupsAPI {
    static func errorResponse(
        to request: DeleteGroupsRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> DeleteGroupsResponse? {
        DeleteGroupsResponse(
            groups: request.groupIDs.map { DeleteGroupsResponse.Group(groupID: $0, errorCode: error) }
        )
    }
}

extension OffsetDeleteAPI {
    static func errorResponse(
        to request: OffsetDeleteRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> OffsetDeleteResponse? {
        OffsetDeleteResponse(errorCode: error)
    }
}

extension ConsumerGroupHeartbeatAPI {
    static func errorResponse(
        to request: ConsumerGroupHeartbeatRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> ConsumerGroupHeartbeatResponse? {
        ConsumerGroupHeartbeatResponse(errorCode: error)
    }
}

extension ConsumerGroupDescribeAPI {
    static func errorResponse(
        to request: ConsumerGroupDescribeRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> ConsumerGroupDescribeResponse? {
        ConsumerGroupDescribeResponse(
            groups: request.groupIDs.map { ConsumerGroupDescribeResponse.Group(errorCode: error, groupID: $0) }
        )
    }
}
