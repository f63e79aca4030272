package import Model

/// ConsumerGroupHeartbeat.
package struct ConsumerHeartbeat: Sendable, Equatable {
    /// A dynamic member leaves.
    package static let leaveEpoch: Int32 = -1

    package var groupID: GroupID
    /// Empty for a member that has no ID yet (v0 only).
    package var memberID: MemberID
    /// 0 joins, -1 leaves, -2 is a static member that leaves for a while.
    package var memberEpoch: Int32
    package var groupInstanceID: GroupInstanceID?
    package var rackID: String?
    /// -1 when unchanged.
    package var rebalanceTimeoutMilliseconds: Int32
    /// `nil` when unchanged.
    package var topicNames: [String]?
    /// `nil` when unchanged, empty for none (v1).
    package var topicRegex: String?
    package var serverAssignor: String?
    /// What the member has; `nil` when unchanged.
    package var owned: PartitionSet?
    package var clientID: String
    /// As Java prints an address: `/127.0.0.1`.
    package var clientHost: String
    /// v1: a member makes its own ID.
    package var requiresMemberID: Bool

    package init(
        groupID: GroupID,
        memberID: MemberID,
        memberEpoch: Int32,
        groupInstanceID: GroupInstanceID? = nil,
        rackID: String? = nil,
        rebalanceTimeoutMilliseconds: Int32 = -1,
        topicNames: [String]? = nil,
        topicRegex: String? = nil,
        serverAssignor: String? = nil,
        owned: PartitionSet? = nil,
        clientID: String = "",
        clientHost: String = "",
        requiresMemberID: Bool = true
    ) {
        self.groupID = groupID
        self.memberID = memberID
        self.memberEpoch = memberEpoch
        self.groupInstanceID = groupInstanceID
        self.rackID = rackID
        self.rebalanceTimeoutMilliseconds = rebalanceTimeoutMilliseconds
        self.topicNames = topicNames
        self.topicRegex = topicRegex
        self.serverAssignor = serverAssignor
        self.owned = owned
        self.clientID = clientID
        self.clientHost = clientHost
        self.requiresMemberID = requiresMemberID
    }

    var leaves: Bool { self.memberEpoch == Self.leaveEpoch || self.memberEpoch == MemberAssignment.staticLeaveEpoch }

    /// Everything is said, as after an error; the answer says everything too.
    var isFull: Bool {
        self.memberEpoch == 0
            || self.rebalanceTimeoutMilliseconds != -1 && (self.topicNames != nil || self.topicRegex != nil)
                && self.owned != nil
    }

    /// Only a sign of life.
    var isBare: Bool {
        self.topicNames == nil && self.topicRegex == nil && self.serverAssignor == nil && self.rackID == nil
            && self.rebalanceTimeoutMilliseconds == -1
    }
}

/// The answer to ConsumerGroupHeartbeat.
package struct ConsumerHeartbeatResponse: Sendable, Equatable {
    package var error: GroupError?
    package var message: String?
    package var memberID: MemberID
    package var memberEpoch: Int32
    package var heartbeatIntervalMilliseconds: Int32
    /// What the member may have; `nil` when unchanged.
    package var assignment: PartitionSet?

    package init(
        error: GroupError? = nil,
        message: String? = nil,
        memberID: MemberID = MemberID(""),
        memberEpoch: Int32 = 0,
        heartbeatIntervalMilliseconds: Int32 = 0,
        assignment: PartitionSet? = nil
    ) {
        self.error = error
        self.message = message
        self.memberID = memberID
        self.memberEpoch = memberEpoch
        self.heartbeatIntervalMilliseconds = heartbeatIntervalMilliseconds
        self.assignment = assignment
    }
}

/// ConsumerGroupDescribe: one group.
package struct ConsumerGroupDescription: Sendable, Equatable {
    /// One member.
    package struct Member: Sendable, Equatable {
        package var memberID: MemberID
        package var subscription: MemberSubscription
        package var assignment: MemberAssignment
        package var target: PartitionSet
    }

    package var error: GroupError?
    package var message: String?
    package var groupID: GroupID
    package var state: GroupState
    package var epoch: Int32
    package var assignmentEpoch: Int32
    package var assignorName: String
    package var members: [Member]

    package init(
        error: GroupError? = nil,
        message: String? = nil,
        groupID: GroupID,
        state: GroupState = .dead,
        epoch: Int32 = 0,
        assignmentEpoch: Int32 = 0,
        assignorName: String = "",
        members: [Member] = []
    ) {
        self.error = error
        self.message = message
        self.groupID = groupID
        self.state = state
        self.epoch = epoch
        self.assignmentEpoch = assignmentEpoch
        self.assignorName = assignorName
        self.members = members
    }
}

/// Why an event on a group of the consumer protocol is refused.
struct GroupRefusal: Error, Equatable {
    var error: GroupError
    var message: String

    init(_ error: GroupError, _ message: String) {
        self.error = error
        self.message = message
    }
}
