internal import Model

/// Brings what a member has closer to what it is meant to have (KIP-848), one heartbeat at a time.
///
/// A member gives up first: it stays at its epoch until it says that it has nothing left of what it must give up. Then
/// it moves to the newest epoch and gets what is free of its target; what other members still have it gets later. So no
/// partition has two members in one epoch.
struct MemberReconciliation {
    let targetEpoch: Int32
    let target: PartitionSet
    /// What the member says it has; `nil` when it says nothing about it.
    let owned: PartitionSet?
    let isSubscribed: (TopicID) -> Bool
    /// Who has a partition, given up or not; `nil` when it is free or the member's own.
    let isHeldByOther: (TopicPartition) -> Bool

    /// The next state; the same one when the member cannot move on.
    func next(after member: MemberAssignment) throws(GroupRefusal) -> MemberAssignment {
        switch member.state {
        case .stable:
            return member.memberEpoch == self.targetEpoch ? member : self.advance(member)
        case .unrevokedPartitions:
            return self.owns(member.pendingRevocation) ? member : self.advance(member)
        case .unreleasedPartitions:
            return self.advance(member)
        case .unknown:
            // Written by a later version of Kafka. It starts over once it says that it has nothing.
            guard let owned = self.owned, owned.isEmpty else {
                throw GroupRefusal(
                    .fencedMemberEpoch,
                    "The consumer group member is in an unknown state. "
                        + "The member must abandon all its partitions and rejoin."
                )
            }
            return self.advance(member)
        }
    }

    private func owns(_ partitions: PartitionSet) -> Bool {
        // A member that says nothing still has what it had.
        guard let owned = self.owned else { return true }
        return !owned.isDisjoint(with: partitions)
    }

    private func advance(_ member: MemberAssignment) -> MemberAssignment {
        let target = self.target.filter { self.isSubscribed($0.topicID) }
        let kept = member.assigned.intersection(target)
        let revoked = member.assigned.subtracting(kept)
        if !revoked.isEmpty, self.owns(revoked) {
            return member.moved(
                to: .unrevokedPartitions,
                epoch: member.memberEpoch,
                assigned: kept,
                pendingRevocation: revoked
            )
        }
        let wanted = target.subtracting(kept)
        let free = wanted.filter { !self.isHeldByOther($0) }
        let state: MemberState = free.count < wanted.count ? .unreleasedPartitions : .stable
        let assigned = kept.union(free)
        // Still waiting for others: nothing to write down.
        if state == member.state, self.targetEpoch == member.memberEpoch, assigned == member.assigned { return member }
        return member.moved(to: state, epoch: self.targetEpoch, assigned: assigned)
    }
}
