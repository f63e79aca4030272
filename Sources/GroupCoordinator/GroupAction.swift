package import Coordination
package import Model

/// A timer of the coordinator. Starting one that runs moves its deadline.
package enum GroupTimer: Sendable, Hashable {
    /// A member (or an ID that was handed out) gave no sign of life for its session timeout.
    case session(GroupID, MemberID)
    /// The initial rebalance delay or the rebalance timeout of the join phase is over.
    case join(GroupID)
    /// Members had the rebalance timeout to send SyncGroup.
    case sync(GroupID)
    /// A member of a consumer group had its rebalance timeout to give partitions up.
    case revocation(GroupID, MemberID)
    /// A classic member of a consumer group had its rebalance timeout to join again.
    case classicJoin(GroupID, MemberID)
    /// A classic member of a consumer group had its rebalance timeout to send SyncGroup.
    case classicSync(GroupID, MemberID)
    /// The next portion of topics is matched with regular expressions.
    case regexes
    /// The next portion of groups is looked through for expired offsets.
    case offsetExpiry
    /// The next portion of offsets in removed topics is deleted.
    case removedTopics
}

/// An answer that the machine gives later than the request that asked for it.
package enum GroupReply: Sendable, Equatable {
    case join(JoinResponse)
    case sync(SyncResponse)
}

/// What the runtime has to do after an event, in order.
package typealias GroupAction = CoordinatorAction<GroupMachine>

/// Records that belong together, and what their fate means to the machine.
package typealias GroupWrite = CoordinatorWrite<GroupMachine>

/// What the fate of a write means to the group machine, besides the answer that the runtime holds.
package struct GroupPurpose: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        /// A JoinGroup made this group.
        case newGroup(GroupID)
        /// The leader's assignment, with the number that the group waits for: propagated once durable.
        case assignment(GroupID, number: UInt64, [MemberID: [UInt8]])
        /// A static member came back under a new member ID without a rebalance.
        case staticMember(StaticReplacement)
        /// Live groups that their tombstones removed: back when those are refused.
        case deletion([ClassicGroup])
        /// Tombstones for offsets in topics that are gone.
        case removedTopics
        /// A consumer group changed; it may have replaced a live classic group.
        case consumerGroup(GroupID, replaced: ClassicGroup?)
        /// A consumer group became a classic one.
        case downgrade(GroupID)
        /// A classic member joined a consumer group.
        case classicJoin(ClassicJoin)
        /// What a regular expression of a group matches.
        case regex(GroupID, String)
    }

    let kind: Kind

    init(_ kind: Kind) { self.kind = kind }

    /// A join that is answered once its records are durable.
    struct ClassicJoin: Sendable, Equatable {
        var groupID: GroupID
        var token: UInt64
        var response: JoinResponse
        var sessionTimeoutMilliseconds: Int32
        var rebalanceTimeoutMilliseconds: Int32
    }

    /// A static member that took over its predecessor's place.
    struct StaticReplacement: Sendable, Equatable {
        var groupID: GroupID
        var generation: Int32
        var memberID: MemberID
        var token: UInt64
        var supportsSkippingAssignment: Bool
        var previousLeader: MemberID?
        /// To go back to when the record cannot be written.
        var previous: GroupMember
    }
}
