package import Model

/// A timer of the coordinator. Starting one that runs moves its deadline.
package enum GroupTimer: Sendable, Hashable {
    /// A member (or an ID that was handed out) gave no sign of life for its session timeout.
    case session(GroupID, MemberID)
    /// The initial rebalance delay or the rebalance timeout of the join phase is over.
    case join(GroupID)
    /// Members had the rebalance timeout to send SyncGroup.
    case sync(GroupID)
}

/// What the shell has to do after an event, in order.
package enum GroupAction: Sendable, Equatable {
    /// Complete the join that was passed in with this token.
    case respondJoin(UInt64, JoinResponse)
    /// Complete the sync that was passed in with this token.
    case respondSync(UInt64, SyncResponse)
    case startTimer(GroupTimer, Duration)
    case cancelTimer(GroupTimer)
    /// Call `replay(_:)` with it, append its records, then report `writeCompleted` or `writesFailed`.
    case append(GroupWrite)
}

/// Records that belong together, and what their fate means to the machine.
package struct GroupWrite: Sendable, Equatable {
    /// Unique within the life of a shard value.
    package var id: UInt64
    package var records: [GroupRecord]
    /// Set for offsets that are committed by a transaction: the batch carries this producer.
    package var producer: TransactionalProducer?
    var purpose: Purpose

    /// What waits for the records.
    enum Purpose: Sendable, Equatable {
        /// Nothing but a response that the shell holds.
        case plain
        /// A JoinGroup made this group.
        case newGroup(GroupID)
        /// The leader's assignment: propagated once durable.
        case assignment(GroupID, [MemberID: [UInt8]])
        /// A static member came back under a new member ID without a rebalance.
        case staticMember(StaticReplacement)
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

/// The producer of transactional offsets.
package struct TransactionalProducer: Sendable, Hashable {
    package var id: ProducerID
    package var epoch: ProducerEpoch

    package init(id: ProducerID, epoch: ProducerEpoch) {
        self.id = id
        self.epoch = epoch
    }
}

/// A replayed write and how to take it back, for `writesFailed`.
package struct AppliedWrite: Sendable {
    package let write: GroupWrite
    var undo: [Undo]

    enum Undo: Sendable {
        case removeGroup(GroupID)
        case restoreGroup(ClassicGroup)
        case persisted(GroupID, GroupMetadata?)
        case offset(OffsetKey, StoredOffset?)
        case pendingOffset(ProducerID, OffsetKey, StoredOffset?)
        case openTransactions(OffsetKey, [ProducerID: StoredOffset])
    }
}
