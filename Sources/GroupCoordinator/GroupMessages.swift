package import Model

/// An assignor that a member supports, with the member's metadata for it (a subscription).
package struct GroupProtocol: Sendable, Hashable {
    package var name: String
    package var metadata: [UInt8]

    package init(name: String, metadata: [UInt8]) {
        self.name = name
        self.metadata = metadata
    }
}

/// JoinGroup.
package struct JoinRequest: Sendable, Equatable {
    package var groupID: GroupID
    /// Empty for a member that has no ID yet.
    package var memberID: MemberID
    package var groupInstanceID: GroupInstanceID?
    package var clientID: String
    /// As Java prints an address: `/127.0.0.1`.
    package var clientHost: String
    package var sessionTimeoutMilliseconds: Int32
    /// `-1` (v0) stands for the session timeout.
    package var rebalanceTimeoutMilliseconds: Int32
    package var protocolType: String
    package var protocols: [GroupProtocol]
    /// v4+ (KIP-394): a dynamic member without an ID is given one and must come again with it.
    package var requiresKnownMemberID: Bool
    /// v9+ (KIP-814): a returning static leader is asked to skip the assignment.
    package var supportsSkippingAssignment: Bool

    package init(
        groupID: GroupID,
        memberID: MemberID,
        groupInstanceID: GroupInstanceID? = nil,
        clientID: String,
        clientHost: String,
        sessionTimeoutMilliseconds: Int32,
        rebalanceTimeoutMilliseconds: Int32,
        protocolType: String,
        protocols: [GroupProtocol],
        requiresKnownMemberID: Bool,
        supportsSkippingAssignment: Bool
    ) {
        self.groupID = groupID
        self.memberID = memberID
        self.groupInstanceID = groupInstanceID
        self.clientID = clientID
        self.clientHost = clientHost
        self.sessionTimeoutMilliseconds = sessionTimeoutMilliseconds
        self.rebalanceTimeoutMilliseconds = rebalanceTimeoutMilliseconds
        self.protocolType = protocolType
        self.protocols = protocols
        self.requiresKnownMemberID = requiresKnownMemberID
        self.supportsSkippingAssignment = supportsSkippingAssignment
    }
}

/// The answer to JoinGroup.
package struct JoinResponse: Sendable, Equatable {
    /// One member, as the leader sees it.
    package struct Member: Sendable, Equatable {
        package var memberID: MemberID
        package var groupInstanceID: GroupInstanceID?
        package var metadata: [UInt8]

        package init(memberID: MemberID, groupInstanceID: GroupInstanceID?, metadata: [UInt8]) {
            self.memberID = memberID
            self.groupInstanceID = groupInstanceID
            self.metadata = metadata
        }
    }

    package var error: GroupError?
    package var memberID: MemberID
    package var generationID: GenerationID
    package var protocolType: String?
    /// `nil` goes out as an empty string below v7.
    package var protocolName: String?
    /// Empty when the group has no leader.
    package var leader: MemberID
    package var skipAssignment: Bool
    /// Only for the leader.
    package var members: [Member]

    package init(
        error: GroupError? = nil,
        memberID: MemberID,
        generationID: GenerationID = GenerationID(-1),
        protocolType: String? = nil,
        protocolName: String? = nil,
        leader: MemberID = MemberID(""),
        skipAssignment: Bool = false,
        members: [Member] = []
    ) {
        self.error = error
        self.memberID = memberID
        self.generationID = generationID
        self.protocolType = protocolType
        self.protocolName = protocolName
        self.leader = leader
        self.skipAssignment = skipAssignment
        self.members = members
    }
}

/// SyncGroup.
package struct SyncRequest: Sendable, Equatable {
    package var groupID: GroupID
    package var generationID: GenerationID
    package var memberID: MemberID
    package var groupInstanceID: GroupInstanceID?
    /// v5+; `nil` is not checked.
    package var protocolType: String?
    /// v5+; `nil` is not checked.
    package var protocolName: String?
    /// From the leader. The first entry counts when a member is listed twice.
    package var assignments: [(memberID: MemberID, assignment: [UInt8])]

    package init(
        groupID: GroupID,
        generationID: GenerationID,
        memberID: MemberID,
        groupInstanceID: GroupInstanceID? = nil,
        protocolType: String? = nil,
        protocolName: String? = nil,
        assignments: [(memberID: MemberID, assignment: [UInt8])] = []
    ) {
        self.groupID = groupID
        self.generationID = generationID
        self.memberID = memberID
        self.groupInstanceID = groupInstanceID
        self.protocolType = protocolType
        self.protocolName = protocolName
        self.assignments = assignments
    }

    package static func == (left: Self, right: Self) -> Bool {
        left.groupID == right.groupID && left.generationID == right.generationID
            && left.memberID == right.memberID && left.groupInstanceID == right.groupInstanceID
            && left.protocolType == right.protocolType && left.protocolName == right.protocolName
            && left.assignments.elementsEqual(right.assignments) { $0 == $1 }
    }
}

/// The answer to SyncGroup.
package struct SyncResponse: Sendable, Equatable {
    package var error: GroupError?
    package var protocolType: String?
    package var protocolName: String?
    package var assignment: [UInt8]

    package init(
        error: GroupError? = nil,
        protocolType: String? = nil,
        protocolName: String? = nil,
        assignment: [UInt8] = []
    ) {
        self.error = error
        self.protocolType = protocolType
        self.protocolName = protocolName
        self.assignment = assignment
    }
}

/// Heartbeat.
package struct MemberHeartbeat: Sendable, Equatable {
    package var groupID: GroupID
    package var generationID: GenerationID
    package var memberID: MemberID
    package var groupInstanceID: GroupInstanceID?

    package init(
        groupID: GroupID,
        generationID: GenerationID,
        memberID: MemberID,
        groupInstanceID: GroupInstanceID? = nil
    ) {
        self.groupID = groupID
        self.generationID = generationID
        self.memberID = memberID
        self.groupInstanceID = groupInstanceID
    }
}

/// What a heartbeat leads to: an answer, and for a member in good standing a session timer that starts again.
package struct HeartbeatOutcome: Sendable, Equatable {
    package var error: GroupError?
    package var sessionTimeout: Duration?
    /// Set when the member is asked to join again and has this time for it: `.classicJoin` starts.
    package var joinTimeout: Duration?

    package init(error: GroupError?, sessionTimeout: Duration? = nil, joinTimeout: Duration? = nil) {
        self.error = error
        self.sessionTimeout = sessionTimeout
        self.joinTimeout = joinTimeout
    }
}

/// LeaveGroup. Versions 0–2 have one member and no instance ID.
package struct LeaveRequest: Sendable, Equatable {
    /// A member that leaves, or that an administrator removes by its instance ID (empty member ID).
    package struct Member: Sendable, Equatable {
        package var memberID: MemberID
        package var groupInstanceID: GroupInstanceID?

        package init(memberID: MemberID, groupInstanceID: GroupInstanceID? = nil) {
            self.memberID = memberID
            self.groupInstanceID = groupInstanceID
        }
    }

    package var groupID: GroupID
    package var members: [Member]

    package init(groupID: GroupID, members: [Member]) {
        self.groupID = groupID
        self.members = members
    }
}

/// The answer to LeaveGroup. Below v3 the only member's error is the answer's error.
package struct LeaveResponse: Sendable, Equatable {
    /// One member's fate.
    package struct Member: Sendable, Equatable {
        package var memberID: MemberID
        package var groupInstanceID: GroupInstanceID?
        package var error: GroupError?

        package init(memberID: MemberID, groupInstanceID: GroupInstanceID?, error: GroupError?) {
            self.memberID = memberID
            self.groupInstanceID = groupInstanceID
            self.error = error
        }
    }

    package var error: GroupError?
    package var members: [Member]

    package init(error: GroupError? = nil, members: [Member] = []) {
        self.error = error
        self.members = members
    }
}
