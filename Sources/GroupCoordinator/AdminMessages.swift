package import Model

/// A group's state as Kafka prints it.
package enum GroupState: String, Sendable, CaseIterable {
    case empty = "Empty"
    case preparingRebalance = "PreparingRebalance"
    case completingRebalance = "CompletingRebalance"
    case stable = "Stable"
    /// Of the consumer protocol: a new target assignment is due.
    case assigning = "Assigning"
    /// Of the consumer protocol: members have not all what they are meant to have.
    case reconciling = "Reconciling"
    /// Only in answers: no such group.
    case dead = "Dead"
}

/// DescribeGroups: one group.
package struct GroupDescription: Sendable, Equatable {
    /// One member. `metadata` is empty unless the group is stable.
    package struct Member: Sendable, Equatable {
        package var memberID: MemberID
        package var groupInstanceID: GroupInstanceID?
        package var clientID: String
        package var clientHost: String
        package var metadata: [UInt8]
        package var assignment: [UInt8]

        package init(
            memberID: MemberID,
            groupInstanceID: GroupInstanceID?,
            clientID: String,
            clientHost: String,
            metadata: [UInt8],
            assignment: [UInt8]
        ) {
            self.memberID = memberID
            self.groupInstanceID = groupInstanceID
            self.clientID = clientID
            self.clientHost = clientHost
            self.metadata = metadata
            self.assignment = assignment
        }
    }

    /// `groupIDNotFound` is sent from v6 on (KIP-1043), with a message; lower versions get NONE and the state `Dead`.
    package var error: GroupError?
    /// Says more than that the group is not there.
    package var message: String?
    package var groupID: GroupID
    package var state: GroupState
    package var protocolType: String
    /// The protocol's name, of a stable group only.
    package var protocolData: String
    package var members: [Member]

    package init(
        error: GroupError? = nil,
        groupID: GroupID,
        state: GroupState,
        protocolType: String = "",
        protocolData: String = "",
        members: [Member] = []
    ) {
        self.error = error
        self.groupID = groupID
        self.state = state
        self.protocolType = protocolType
        self.protocolData = protocolData
        self.members = members
    }
}

/// Which protocol a group's members speak, as Kafka prints it.
package enum GroupType: String, Sendable, CaseIterable {
    case classic
    case consumer
}

/// ListGroups: one group.
package struct GroupListing: Sendable, Equatable {
    package var groupID: GroupID
    package var protocolType: String
    package var state: GroupState
    package var type: GroupType
    /// Not part of Kafka's answer.
    package var memberCount: Int

    package init(
        groupID: GroupID,
        protocolType: String,
        state: GroupState,
        type: GroupType = .classic,
        memberCount: Int = 0
    ) {
        self.memberCount = memberCount
        self.groupID = groupID
        self.protocolType = protocolType
        self.state = state
        self.type = type
    }
}

/// DeleteGroups: one group's result.
package struct GroupDeletion: Sendable, Equatable {
    package var groupID: GroupID
    package var error: GroupError?

    package init(groupID: GroupID, error: GroupError?) {
        self.groupID = groupID
        self.error = error
    }
}
