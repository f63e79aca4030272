internal import Broker
internal import GroupCoordinator
internal import KafkaProtocol
internal import Model
internal import NIOCore
internal import Serving

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
enum JoinGroupAPI: KafkaAPI {
    typealias Request = JoinGroupRequest
    typealias Response = JoinGroupResponse

    static func start(_ request: JoinGroupRequest, _ call: Call<JoinGroupResponse>) {
        let join = JoinRequest(
            groupID: request.groupID,
            memberID: request.memberID,
            groupInstanceID: request.groupInstanceID,
            clientID: call.info.clientID,
            clientHost: "/" + call.session.remote.host,
            sessionTimeoutMilliseconds: request.sessionTimeoutMs,
            rebalanceTimeoutMilliseconds: request.rebalanceTimeoutMs,
            protocolType: request.protocolType,
            protocols: request.protocols.map {
                GroupProtocol(name: $0.name, metadata: Array($0.metadata.readableBytesView))
            },
            requiresKnownMemberID: call.version >= 4,
            supportsSkippingAssignment: call.version >= 9
        )
        call.broker.groups.join(join, on: call.eventLoop) { joined in
            call.answer(
                JoinGroupResponse(
                    errorCode: ErrorCode(joined.error),
                    generationID: joined.generationID,
                    protocolType: joined.protocolType,
                    protocolName: call.version >= 7 ? joined.protocolName : joined.protocolName ?? "",
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
            )
        }
    }
}

/// SyncGroup (key 14), versions 0–5 (3: static members; 5: protocol type and name, KIP-559).
enum SyncGroupAPI: KafkaAPI {
    typealias Request = SyncGroupRequest
    typealias Response = SyncGroupResponse

    static func start(_ request: SyncGroupRequest, _ call: Call<SyncGroupResponse>) {
        if call.version >= 5, request.protocolType == nil || request.protocolName == nil {
            call.answer(SyncGroupResponse(errorCode: .inconsistentGroupProtocol))
            return
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
        call.broker.groups.sync(sync, on: call.eventLoop) { synced in
            call.answer(
                SyncGroupResponse(
                    errorCode: ErrorCode(synced.error),
                    protocolType: synced.protocolType,
                    protocolName: synced.protocolName,
                    assignment: ByteBuffer(bytes: synced.assignment)
                )
            )
        }
    }
}

/// Heartbeat (key 12), versions 0–4 (3: static members).
enum HeartbeatAPI: KafkaAPI {
    typealias Request = HeartbeatRequest
    typealias Response = HeartbeatResponse

    static func start(_ request: HeartbeatRequest, _ call: Call<HeartbeatResponse>) {
        let heartbeat = MemberHeartbeat(
            groupID: request.groupID,
            generationID: request.generationID,
            memberID: request.memberID,
            groupInstanceID: request.groupInstanceID
        )
        call.broker.groups.heartbeat(heartbeat, on: call.eventLoop) { error in
            call.answer(HeartbeatResponse(errorCode: ErrorCode(error)))
        }
    }
}

/// LeaveGroup (key 13), versions 0–5 (3: several members; 5: reasons).
enum LeaveGroupAPI: KafkaAPI {
    typealias Request = LeaveGroupRequest
    typealias Response = LeaveGroupResponse

    static func start(_ request: LeaveGroupRequest, _ call: Call<LeaveGroupResponse>) {
        let members =
            call.version >= 3
            ? request.members.map { LeaveRequest.Member(memberID: $0.memberID, groupInstanceID: $0.groupInstanceID) }
            : [LeaveRequest.Member(memberID: request.memberID)]
        let leave = LeaveRequest(groupID: request.groupID, members: members)
        call.broker.groups.leave(leave, on: call.eventLoop) { left in
            guard call.version >= 3 else {
                let error = left.error ?? left.members.first?.error
                call.answer(LeaveGroupResponse(errorCode: ErrorCode(error)))
                return
            }
            call.answer(
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
