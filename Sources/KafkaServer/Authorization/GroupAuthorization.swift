internal import AccessControl
internal import KafkaProtocol
internal import Model

// The APIs of groups.

extension OffsetCommitAPI {
    static func authorize(
        _ request: inout OffsetCommitRequest,
        _ access: Access
    ) -> Authorization<OffsetCommitResponse> {
        guard access.allows(.read, on: .group, request.groupID.rawValue) else {
            return .refused(.groupAuthorizationFailed)
        }
        let usesIDs = access.version >= 10
        let refused = access.takeRefused(from: &request.topics, .read) {
            usesIDs ? access.topicName(nil, $0.topicID) : $0.name
        }
        if refused.isEmpty { return .granted }
        let amend = { @Sendable (response: inout OffsetCommitResponse) in
            response.topics += refused.map { topic in
                .init(
                    name: topic.name,
                    topicID: topic.topicID,
                    partitions: topic.partitions.map {
                        .init(partitionIndex: $0.partitionIndex, errorCode: .topicAuthorizationFailed)
                    }
                )
            }
        }
        guard request.topics.isEmpty else { return .partly(amend) }
        var response = OffsetCommitResponse(topics: [])
        amend(&response)
        return .answered(response)
    }
}

extension OffsetFetchAPI {
    static func authorize(_ request: inout OffsetFetchRequest, _ access: Access) -> Authorization<OffsetFetchResponse> {
        access.version < 8 ? Self.authorizeOne(&request, access) : Self.authorizeGroups(&request, access)
    }

    private static func authorizeOne(
        _ request: inout OffsetFetchRequest,
        _ access: Access
    ) -> Authorization<OffsetFetchResponse> {
        guard access.allows(.describe, on: .group, request.groupID.rawValue) else {
            return .refused(.groupAuthorizationFailed)
        }
        let rights = access.rights
        guard var topics = request.topics else {
            return .partly { response in
                response.topics.removeAll { !rights.allows(.describe, onTopic: $0.name) }
            }
        }
        let refused = access.takeRefused(from: &topics, .describe) { $0.name }
        request.topics = topics
        if refused.isEmpty { return .granted }
        return .partly { response in
            guard response.errorCode == .none else { return }
            response.topics += refused.map { topic in
                .init(
                    name: topic.name,
                    partitions: topic.partitionIndexes.map {
                        .init(
                            partitionIndex: $0,
                            committedOffset: -1,
                            metadata: "",
                            errorCode: .topicAuthorizationFailed
                        )
                    }
                )
            }
        }
    }

    private static func authorizeGroups(
        _ request: inout OffsetFetchRequest,
        _ access: Access
    ) -> Authorization<OffsetFetchResponse> {
        let refusedGroups = access.takeRefused(from: &request.groups, .describe, on: .group) { $0.groupID.rawValue }
        let rights = access.rights
        let usesIDs = access.version >= 10
        // By position: a request may name a group twice.
        var refusedTopics: [Int: [OffsetFetchRequest.Topic]] = [:]
        var asksForAll: Set<Int> = []
        for index in request.groups.indices {
            guard var topics = request.groups[index].topics else {
                asksForAll.insert(index)
                continue
            }
            let refused = access.takeRefused(from: &topics, .describe) {
                usesIDs ? access.topicName(nil, $0.topicID) : $0.name
            }
            request.groups[index].topics = topics
            if !refused.isEmpty { refusedTopics[index] = refused }
        }
        if refusedGroups.isEmpty, refusedTopics.isEmpty, asksForAll.isEmpty { return .granted }
        return .partly { [refusedTopics, asksForAll] response in
            for index in response.groups.indices {
                if asksForAll.contains(index) {
                    response.groups[index].topics.removeAll { !rights.allows(.describe, onTopic: $0.name) }
                }
                guard response.groups[index].errorCode == .none, let refused = refusedTopics[index] else { continue }
                response.groups[index].topics += refused.map { topic in
                    .init(
                        name: topic.name,
                        topicID: topic.topicID,
                        partitions: topic.partitionIndexes.map {
                            .init(
                                partitionIndex: $0,
                                committedOffset: -1,
                                metadata: "",
                                errorCode: .topicAuthorizationFailed
                            )
                        }
                    )
                }
            }
            response.groups += refusedGroups.map { .init(groupID: $0.groupID, errorCode: .groupAuthorizationFailed) }
        }
    }
}

extension FindCoordinatorAPI {
    static func authorize(
        _ request: inout FindCoordinatorRequest,
        _ access: Access
    ) -> Authorization<FindCoordinatorResponse> {
        let type: ResourceType
        let error: ErrorCode
        switch request.keyType {
        case 0: (type, error) = (.group, .groupAuthorizationFailed)
        case 1: (type, error) = (.transactionalID, .transactionalIDAuthorizationFailed)
        default: return access.requireOnCluster(.clusterAction)
        }
        guard access.version >= 4 else {
            return access.allows(.describe, on: type, request.key) ? .granted : .refused(error)
        }
        let refused = access.takeRefused(from: &request.coordinatorKeys, .describe, on: type) { $0 }
        if refused.isEmpty { return .granted }
        return .partly { response in
            response.coordinators += refused.map {
                .init(key: $0, nodeID: BrokerID(-1), host: "", port: -1, errorCode: error)
            }
        }
    }
}

extension JoinGroupAPI {
    static func authorize(_ request: inout JoinGroupRequest, _ access: Access) -> Authorization<JoinGroupResponse> {
        access.require(.read, on: request.groupID)
    }
}

extension HeartbeatAPI {
    static func authorize(_ request: inout HeartbeatRequest, _ access: Access) -> Authorization<HeartbeatResponse> {
        access.require(.read, on: request.groupID)
    }
}

extension LeaveGroupAPI {
    static func authorize(_ request: inout LeaveGroupRequest, _ access: Access) -> Authorization<LeaveGroupResponse> {
        access.require(.read, on: request.groupID)
    }
}

extension SyncGroupAPI {
    static func authorize(_ request: inout SyncGroupRequest, _ access: Access) -> Authorization<SyncGroupResponse> {
        access.require(.read, on: request.groupID)
    }
}

extension DescribeGroupsAPI {
    static func authorize(
        _ request: inout DescribeGroupsRequest,
        _ access: Access
    ) -> Authorization<DescribeGroupsResponse> {
        let refused = access.takeRefused(from: &request.groupIDs, .describe, on: .group) { $0.rawValue }
        let includesOperations = request.includeAuthorizedOperations && access.version >= 3
        if refused.isEmpty, !includesOperations { return .granted }
        return .partly { response in
            if includesOperations {
                for index in response.groups.indices where response.groups[index].errorCode == .none {
                    response.groups[index].authorizedOperations = access.operations(
                        on: .group,
                        response.groups[index].groupID.rawValue
                    )
                }
            }
            response.groups += refused.map { .init(errorCode: .groupAuthorizationFailed, groupID: $0) }
        }
    }
}

extension ListGroupsAPI {
    static func authorize(_ request: inout ListGroupsRequest, _ access: Access) -> Authorization<ListGroupsResponse> {
        let rights = access.rights
        if rights.allowsOnCluster(.describe) { return .granted }
        return .partly { response in
            response.groups.removeAll { !rights.allows(.describe, on: .group, $0.groupID.rawValue) }
        }
    }
}

extension DeleteGroupsAPI {
    static func authorize(
        _ request: inout DeleteGroupsRequest,
        _ access: Access
    ) -> Authorization<DeleteGroupsResponse> {
        let refused = access.takeRefused(from: &request.groupIDs, .delete, on: .group) { $0.rawValue }
        if refused.isEmpty { return .granted }
        return .partly { response in
            response.groups += refused.map { .init(groupID: $0, errorCode: .groupAuthorizationFailed) }
        }
    }
}

extension OffsetDeleteAPI {
    static func authorize(
        _ request: inout OffsetDeleteRequest,
        _ access: Access
    ) -> Authorization<OffsetDeleteResponse> {
        guard access.allows(.delete, on: .group, request.groupID.rawValue) else {
            return .refused(.groupAuthorizationFailed)
        }
        let refused = access.takeRefused(from: &request.topics, .read) { $0.name }
        if refused.isEmpty { return .granted }
        return .partly { response in
            guard response.errorCode == .none else { return }
            response.topics += refused.map { topic in
                .init(
                    name: topic.name,
                    partitions: topic.partitions.map {
                        .init(partitionIndex: $0.partitionIndex, errorCode: .topicAuthorizationFailed)
                    }
                )
            }
        }
    }
}

extension ConsumerGroupHeartbeatAPI {
    /// The names of a subscription must all be seen by the member. Of what a regular expression matches, topics that
    /// the member may not see are found by the group all the same; reading them is refused.
    static func authorize(
        _ request: inout ConsumerGroupHeartbeatRequest,
        _ access: Access
    ) -> Authorization<ConsumerGroupHeartbeatResponse> {
        guard access.allows(.read, on: .group, request.groupID.rawValue) else {
            return .refused(.groupAuthorizationFailed)
        }
        guard (request.subscribedTopicNames ?? []).allSatisfy({ access.allows(.describe, onTopic: $0) }) else {
            return .refused(.topicAuthorizationFailed)
        }
        return .granted
    }
}

extension ConsumerGroupDescribeAPI {
    static func authorize(
        _ request: inout ConsumerGroupDescribeRequest,
        _ access: Access
    ) -> Authorization<ConsumerGroupDescribeResponse> {
        let refused = access.takeRefused(from: &request.groupIDs, .describe, on: .group) { $0.rawValue }
        let includesOperations = request.includeAuthorizedOperations
        return .partly { response in
            for index in response.groups.indices where response.groups[index].errorCode == .none {
                let group = response.groups[index]
                let topics = group.members.flatMap {
                    ($0.assignment.topicPartitions + $0.targetAssignment.topicPartitions).map(\.topicName)
                }
                guard topics.allSatisfy({ access.rights.allows(.describe, onTopic: $0) }) else {
                    response.groups[index] = .init(
                        errorCode: .topicAuthorizationFailed,
                        errorMessage:
                            "The group has described topic(s) that the client is not authorized to describe.",
                        groupID: group.groupID
                    )
                    continue
                }
                if includesOperations {
                    response.groups[index].authorizedOperations = access.operations(on: .group, group.groupID.rawValue)
                }
            }
            response.groups += refused.map { .init(errorCode: .groupAuthorizationFailed, groupID: $0) }
        }
    }
}
