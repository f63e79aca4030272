internal import Broker
internal import Coordination
internal import CoordinatorRuntime
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
enum DescribeGroupsAPI: GroupAPI {
    typealias Request = DescribeGroupsRequest
    typealias Response = DescribeGroupsResponse

    static func serve(
        _ request: DescribeGroupsRequest,
        _ call: GroupCall,
        completion: @escaping @Sendable (DescribeGroupsResponse) -> Void
    ) {
        call.applications(request.groupIDs) { applications in
            call.groups.readEach(request.groupIDs, key: \.rawValue, on: call.eventLoop) { machine, groupID in
                machine.description(of: groupID)
            } completion: { results in
                completion(
                    DescribeGroupsResponse(
                        groups: request.groupIDs.indices.map { index in
                            let groupID = request.groupIDs[index]
                            let description =
                                switch (applications[index], results[index]) {
                                case (let application?, _): GroupDescription(application, groupID: groupID)
                                case (nil, .success(let description)): description
                                case (nil, .failure(let error)):
                                    GroupDescription(error: GroupError(error), groupID: groupID, state: .dead)
                                }
                            return Self.describe(description, request, call.version)
                        }
                    )
                )
            }
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
                described.errorMessage = group.message ?? "Group \(group.groupID) not found."
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
enum ListGroupsAPI: GroupAPI {
    typealias Request = ListGroupsRequest
    typealias Response = ListGroupsResponse

    static func serve(
        _ request: ListGroupsRequest,
        _ call: GroupCall,
        completion: @escaping @Sendable (ListGroupsResponse) -> Void
    ) {
        let states = request.statesFilter
        let types = request.typesFilter
        call.groups.readAll(on: call.eventLoop) { machine in
            machine.listing(states: states, types: types)
        } completion: { result in
            switch result {
            case .success(let partitions):
                let groups = partitions.joined().map { group in
                    ListGroupsResponse.Group(
                        groupID: group.groupID,
                        protocolType: group.protocolType,
                        groupState: group.state.rawValue,
                        groupType: group.type.rawValue
                    )
                }
                call.applications { applications in
                    let listed = applications.map { Self.listing($0) }.filter { group in
                        Self.matches(group.groupState, states) && Self.matches(group.groupType, types)
                    }
                    completion(ListGroupsResponse(groups: groups + listed))
                }
            case .failure(let error):
                completion(ListGroupsResponse(errorCode: ErrorCode(error)))
            }
        }
    }

    private static func listing(_ application: LeaseTableService.ApplicationListing) -> ListGroupsResponse.Group {
        ListGroupsResponse.Group(
            groupID: application.groupID,
            protocolType: "consumer",
            groupState: (application.hasWorkers ? GroupState.stable : .empty).rawValue,
            groupType: "classic"
        )
    }

    /// Without a filter everything matches.
    private static func matches(_ value: String, _ filter: [String]) -> Bool {
        filter.isEmpty || filter.contains { $0.lowercased() == value.lowercased() }
    }
}

/// DeleteGroups (key 42), versions 0–2.
enum DeleteGroupsAPI: GroupAPI {
    typealias Request = DeleteGroupsRequest
    typealias Response = DeleteGroupsResponse

    static func serve(
        _ request: DeleteGroupsRequest,
        _ call: GroupCall,
        completion: @escaping @Sendable (DeleteGroupsResponse) -> Void
    ) {
        call.groups.writeEach(request.groupIDs, key: \.rawValue, on: call.eventLoop) { machine, context, groupIDs in
            let (deletions, write) = machine.groupDeletionRequested(groupIDs, now: context.now)
            context.append(write)
            return deletions
        } completion: { results in
            completion(
                DeleteGroupsResponse(
                    groups: zip(request.groupIDs, results).map { groupID, result in
                        let error =
                            switch result {
                            case .success(let deletion): ErrorCode(deletion.error)
                            case .failure(let error): ErrorCode(error)
                            }
                        return DeleteGroupsResponse.Group(groupID: groupID, errorCode: error)
                    }
                )
            )
        }
    }
}

/// OffsetDelete (key 47), version 0 (KIP-496).
enum OffsetDeleteAPI: GroupAPI {
    typealias Request = OffsetDeleteRequest
    typealias Response = OffsetDeleteResponse

    static func serve(
        _ request: OffsetDeleteRequest,
        _ call: GroupCall,
        completion: @escaping @Sendable (OffsetDeleteResponse) -> Void
    ) {
        let deletion = OffsetDeletion(
            groupID: request.groupID,
            topics: request.topics.map { (name: $0.name, partitions: $0.partitions.map(\.partitionIndex)) }
        )
        call.groups.write(deletion.groupID.rawValue, on: call.eventLoop) { machine, context in
            let (response, write) = machine.offsetDeleteRequested(deletion, now: context.now)
            context.append(write)
            return response
        } completion: { result in
            let outcome: OffsetChangeResponse
            switch result {
            case .success(let response): outcome = response
            case .failure(let error): return completion(OffsetDeleteResponse(errorCode: ErrorCode(error)))
            }
            if let error = outcome.error {
                return completion(OffsetDeleteResponse(errorCode: ErrorCode(error)))
            }
            completion(
                OffsetDeleteResponse(
                    topics: outcome.topics.map { topic in
                        let count = call.topics.topic(named: topic.name)?.partitionCount ?? 0
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
