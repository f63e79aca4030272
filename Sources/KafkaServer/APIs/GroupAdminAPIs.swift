internal import Broker
internal import GroupCoordinator
internal import KafkaProtocol
internal import Model
internal import NIOCore

/// DescribeGroups (key 15), versions 0–6.
///
/// | version | change |
/// | --- | --- |
/// | 3 | authorized operations |
/// | 4 | static members |
/// | 6 | GROUP_ID_NOT_FOUND with a message instead of a dead group (KIP-1043) |
enum DescribeGroupsAPI: KafkaAPI {
    typealias Request = DescribeGroupsRequest
    typealias Response = DescribeGroupsResponse

    static func start(_ request: DescribeGroupsRequest, _ call: Call<DescribeGroupsResponse>) {
        call.broker.groups.describe(request.groupIDs, on: call.eventLoop) { descriptions in
            call.answer(
                DescribeGroupsResponse(
                    groups: descriptions.map { Self.describe($0, request, call.version) }
                )
            )
        }
    }

    private static func describe(
        _ group: GroupDescription,
        _ request: DescribeGroupsRequest,
        _ version: Int16
    ) -> DescribeGroupsResponse.Group {
        var described = DescribeGroupsResponse.Group(
            errorCode: ErrorCode(group.error),
            groupID: group.groupID,
            groupState: group.state.rawValue,
            protocolType: group.protocolType,
            protocolData: group.protocolData,
            members: group.members.map { member in
                DescribeGroupsResponse.Member(
                    memberID: member.memberID,
                    groupInstanceID: member.groupInstanceID,
                    clientID: member.clientID,
                    clientHost: member.clientHost,
                    memberMetadata: ByteBuffer(bytes: member.metadata),
                    memberAssignment: ByteBuffer(bytes: member.assignment)
                )
            }
        )
        if group.error == .groupIDNotFound {
            if version >= 6 {
                described.errorMessage = "Group \(group.groupID) not found."
            } else {
                described.errorCode = .none
            }
        }
        if request.includeAuthorizedOperations, version >= 3, group.error == nil {
            described.authorizedOperations = AuthorizedOperations.group
        }
        return described
    }
}

/// ListGroups (key 16), versions 0–5 (4: states; 5: types).
enum ListGroupsAPI: KafkaAPI {
    typealias Request = ListGroupsRequest
    typealias Response = ListGroupsResponse

    static func start(_ request: ListGroupsRequest, _ call: Call<ListGroupsResponse>) {
        call.broker.groups.list(
            states: request.statesFilter,
            types: request.typesFilter,
            on: call.eventLoop
        ) { result in
            switch result {
            case .success(let groups):
                call.answer(
                    ListGroupsResponse(
                        groups: groups.map { group in
                            ListGroupsResponse.Group(
                                groupID: group.groupID,
                                protocolType: group.protocolType,
                                groupState: group.state.rawValue,
                                groupType: group.groupType
                            )
                        }
                    )
                )
            case .failure(let error):
                call.answer(ListGroupsResponse(errorCode: ErrorCode(error)))
            }
        }
    }
}

/// DeleteGroups (key 42), versions 0–2.
enum DeleteGroupsAPI: KafkaAPI {
    typealias Request = DeleteGroupsRequest
    typealias Response = DeleteGroupsResponse

    static func start(_ request: DeleteGroupsRequest, _ call: Call<DeleteGroupsResponse>) {
        call.broker.groups.delete(request.groupIDs, on: call.eventLoop) { deletions in
            call.answer(
                DeleteGroupsResponse(
                    groups: deletions.map {
                        DeleteGroupsResponse.Group(groupID: $0.groupID, errorCode: ErrorCode($0.error))
                    }
                )
            )
        }
    }
}

/// OffsetDelete (key 47), version 0 (KIP-496).
enum OffsetDeleteAPI: KafkaAPI {
    typealias Request = OffsetDeleteRequest
    typealias Response = OffsetDeleteResponse

    static func start(_ request: OffsetDeleteRequest, _ call: Call<OffsetDeleteResponse>) {
        let deletion = OffsetDeletion(
            groupID: request.groupID,
            topics: request.topics.map { (name: $0.name, partitions: $0.partitions.map(\.partitionIndex)) }
        )
        let table = call.broker.topics.current
        call.broker.groups.deleteOffsets(deletion, on: call.eventLoop) { outcome in
            if let error = outcome.error {
                call.answer(OffsetDeleteResponse(errorCode: ErrorCode(error)))
                return
            }
            call.answer(
                OffsetDeleteResponse(
                    topics: outcome.topics.map { topic in
                        let count = table.topic(named: topic.name)?.partitionCount ?? 0
                        return OffsetDeleteResponse.Topic(
                            name: topic.name,
                            partitions: topic.partitions.map { partition in
                                let exists = partition.index >= 0 && Int(partition.index) < count
                                return OffsetDeleteResponse.Partition(
                                    partitionIndex: partition.index,
                                    errorCode: exists ? ErrorCode(partition.error) : .unknownTopicOrPartition
                                )
                            }
                        )
                    }
                )
            )
        }
    }
}
