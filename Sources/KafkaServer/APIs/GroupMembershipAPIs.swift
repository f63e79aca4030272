internal import Coordination
internal import CoordinatorRuntime
internal import GroupCoordinator
internal import KafkaProtocol
internal import Model
internal import NIOCore

/// JoinGroup (key 11), versions 0–9.
///
/// | version | change |
/// | --- | --- |
/// | 1 | rebalance timeout (KIP-62) |
/// | 4 | MEMBER_ID_REQUIRED (KIP-394) |
/// | 5 | static members (KIP-345) |
/// | 7 | protocol type in the answer, null protocol name |
/// | 8 | reason (KIP-800) |
/// | 9 | skip assignment (KIP-814) |
enum JoinGroupAPI: GroupAPI {
    typealias Request = JoinGroupRequest
    typealias Response = JoinGroupResponse

    static func groupMade(by request: Request) -> GroupID? { request.groupID }

    static func serve(
        _ request: JoinGroupRequest,
        _ call: GroupCall,
        completion: @escaping @Sendable (JoinGroupResponse) -> Void
    ) {
        let join = JoinRequest(
            groupID: request.groupID,
            memberID: request.memberID,
            groupInstanceID: request.groupInstanceID,
            clientID: call.clientID,
            clientHost: "/" + call.clientHost,
            sessionTimeoutMilliseconds: request.sessionTimeoutMs,
            rebalanceTimeoutMilliseconds: request.rebalanceTimeoutMs,
            protocolType: request.protocolType,
            protocols: request.protocols.map {
                GroupProtocol(name: $0.name, metadata: Array($0.metadata.readableBytesView))
            },
            requiresKnownMemberID: call.version >= 4,
            supportsSkippingAssignment: call.version >= 9
        )
        call.groups.park(join.groupID.rawValue, on: call.eventLoop) { machine, context, token in
            let uuid = join.memberID.rawValue.isEmpty ? context.makeUUID() : ""
            context.perform(machine.joinRequested(join, token: token, uuid: uuid, now: context.now))
        } completion: { [memberID = join.memberID] result in
            switch result {
            case .success(.join(let joined)):
                completion(Self.response(joined, version: call.version))
            case .success(.sync):
                preconditionFailure("a join is answered by a join")
            case .failure(let error):
                completion(
                    Self.response(JoinResponse(error: GroupError(error), memberID: memberID), version: call.version)
                )
            }
        }
    }

    private static func response(_ joined: JoinResponse, version: Int16) -> JoinGroupResponse {
        JoinGroupResponse(
            errorCode: ErrorCode(joined.error),
            generationID: joined.generationID,
            protocolType: joined.protocolType,
            protocolName: version >= 7 ? joined.protocolName : joined.protocolName ?? "",
            leaderID: joined.leader,
            skipAssignment: joined.skipAssignment,
            memberID: joined.memberID,
            members: joined.members.map { member in
                JoinGroupResponse.Member(
                    memberID: member.memberID,
                    groupInstanceID: member.groupInstanceID,
                    metadata: ByteBuffer(bytes: member.metadata)
                )
            }
        )
    }
}

/// SyncGroup (key 14), versions 0–5 (3: static members; 5: protocol type and name, KIP-559).
enum SyncGroupAPI: GroupAPI {
    typealias Request = SyncGroupRequest
    typealias Response = SyncGroupResponse

    static func serve(
        _ request: SyncGroupRequest,
        _ call: GroupCall,
        completion: @escaping @Sendable (SyncGroupResponse) -> Void
    ) {
        if call.version >= 5, request.protocolType == nil || request.protocolName == nil {
            return completion(SyncGroupResponse(errorCode: .inconsistentGroupProtocol))
        }
        let sync = SyncRequest(
            groupID: request.groupID,
            generationID: request.generationID,
            memberID: request.memberID,
            groupInstanceID: request.groupInstanceID,
            protocolType: request.protocolType,
            protocolName: request.protocolName,
            assignments: request.assignments.map {
                (memberID: $0.memberID, assignment: Array($0.assignment.readableBytesView))
            }
        )
        call.groups.park(sync.groupID.rawValue, on: call.eventLoop) { machine, context, token in
            context.perform(machine.syncRequested(sync, token: token, now: context.now))
        } completion: { result in
            switch result {
            case .success(.sync(let synced)):
                completion(
                    SyncGroupResponse(
                        errorCode: ErrorCode(synced.error),
                        protocolType: synced.protocolType,
                        protocolName: synced.protocolName,
                        assignment: ByteBuffer(bytes: synced.assignment)
                    )
                )
            case .success(.join):
                preconditionFailure("a sync is answered by a sync")
            case .failure(let error):
                completion(SyncGroupResponse(errorCode: ErrorCode(error)))
            }
        }
    }
}

/// Heartbeat (key 12), versions 0–4 (3: static members).
enum HeartbeatAPI: GroupAPI {
    typealias Request = HeartbeatRequest
    typealias Response = HeartbeatResponse

    static func serve(
        _ request: HeartbeatRequest,
        _ call: GroupCall,
        completion: @escaping @Sendable (HeartbeatResponse) -> Void
    ) {
        let heartbeat = MemberHeartbeat(
            groupID: request.groupID,
            generationID: request.generationID,
            memberID: request.memberID,
            groupInstanceID: request.groupInstanceID
        )
        call.groups.write(heartbeat.groupID.rawValue, on: call.eventLoop, release: .atOnce) { machine, context in
            let outcome = machine.heartbeatReceived(heartbeat)
            if let timeout = outcome.sessionTimeout {
                context.startTimer(.session(heartbeat.groupID, heartbeat.memberID), after: timeout)
            }
            if let timeout = outcome.joinTimeout {
                context.startTimer(.classicJoin(heartbeat.groupID, heartbeat.memberID), after: timeout)
            }
            return outcome.error
        } completion: { result in
            switch result {
            case .success(let error):
                completion(HeartbeatResponse(errorCode: ErrorCode(error)))
            case .failure(.coordinatorLoadInProgress):
                // As Kafka: NONE, so that no member leaves because its coordinator loads.
                completion(HeartbeatResponse(errorCode: .none))
            case .failure(let error):
                completion(HeartbeatResponse(errorCode: ErrorCode(error)))
            }
        }
    }
}

/// LeaveGroup (key 13), versions 0–5 (3: several members; 5: reasons).
enum LeaveGroupAPI: GroupAPI {
    typealias Request = LeaveGroupRequest
    typealias Response = LeaveGroupResponse

    static func serve(
        _ request: LeaveGroupRequest,
        _ call: GroupCall,
        completion: @escaping @Sendable (LeaveGroupResponse) -> Void
    ) {
        let members =
            call.version >= 3
            ? request.members.map { LeaveRequest.Member(memberID: $0.memberID, groupInstanceID: $0.groupInstanceID) }
            : [LeaveRequest.Member(memberID: request.memberID)]
        let leave = LeaveRequest(groupID: request.groupID, members: members)
        call.groups.write(leave.groupID.rawValue, on: call.eventLoop) { machine, context in
            let (response, actions) = machine.leaveRequested(leave, now: context.now)
            context.perform(actions)
            return response
        } completion: { result in
            let left =
                switch result {
                case .success(let response): response
                case .failure(let error): LeaveResponse(error: GroupError(error))
                }
            guard call.version >= 3 else {
                let error = left.error ?? left.members.first?.error
                return completion(LeaveGroupResponse(errorCode: ErrorCode(error)))
            }
            completion(
                LeaveGroupResponse(
                    errorCode: ErrorCode(left.error),
                    members: left.members.map { member in
                        LeaveGroupResponse.Member(
                            memberID: member.memberID,
                            groupInstanceID: member.groupInstanceID,
                            errorCode: ErrorCode(member.error)
                        )
                    }
                )
            )
        }
    }
}
