package import Coordination
package import Model

extension GroupMachine {
    package mutating func replay(_ record: GroupRecord, producer: ProducerID?) {
        switch record {
        case .groupMetadata(let groupID, let value?):
            self.recorded[groupID] = .some(value)
        case .groupMetadata(let groupID, nil):
            self.recorded[groupID] = nil
        case .consumerGroup(let groupID, let value):
            self.consumers.replay(groupID, value)
            // A group with offsets only is a classic one until it is another.
            if value != nil {
                if case .some(nil) = self.recorded[groupID] { self.recorded[groupID] = nil }
            } else if self.recorded[groupID] == nil, !self.offsets.keys(of: groupID).isEmpty {
                self.recorded[groupID] = .some(nil)
            }
        case .memberSubscription(let groupID, let memberID, let value):
            self.consumers.replay(groupID, memberID, subscription: value)
        case .targetEpoch(let groupID, let value):
            self.consumers.replay(groupID, value)
        case .memberTarget(let groupID, let memberID, let value):
            self.consumers.replay(groupID, memberID, target: value)
        case .memberAssignment(let groupID, let memberID, let value):
            self.consumers.replay(groupID, memberID, assignment: value)
        case .regularExpression(let groupID, let regex, let value):
            self.consumers.replay(groupID, regex: regex, value)
        case .offsetCommit(let key, let value?):
            if self.recorded[key.groupID] == nil, !self.consumers.contains(key.groupID) {
                self.recorded[key.groupID] = .some(nil)
            }
            if let producer {
                self.offsets.commit(key, value, by: producer)
            } else {
                self.offsets.commit(key, value)
            }
            self.offsetsChanged()
        case .offsetCommit(let key, nil):
            self.offsets.remove(key)
            self.offsetsChanged()
        }
    }

    /// The producer's pending offsets count from now, or are forgotten.
    package mutating func replayEndOfTransaction(_ producer: ProducerID, committed: Bool) {
        self.offsets.endTransaction(producer, committed: committed)
        self.offsetsChanged()
    }

    package mutating func journal(_ event: JournalEvent) {
        self.recorded.journal(event)
        self.consumers.journal(event)
        self.offsets.journal(event)
        if case .rollBack = event { self.offsetsChanged() }
    }

    /// What a restart would find: for tests, and for comparing a replica.
    package var persistentState: PersistentGroupState {
        var state = PersistentGroupState()
        state.groups = self.recorded.elements
        for (groupID, slots) in self.offsets.committed.rows {
            for (slot, stored) in slots { state.offsets[OffsetKey(groupID, slot)] = stored.value }
        }
        for (producer, offsets) in self.offsets.pending.rows {
            state.pendingOffsets[producer] = offsets.mapValues(\.value)
        }
        state.consumerGroups = self.consumers.epochs.elements
        state.targetEpochs = self.consumers.targetEpochs.elements
        state.members = self.consumers.members.rows
        state.regularExpressions = self.consumers.regexes.rows
        return state
    }
}

/// Everything that a shard's records say.
package struct PersistentGroupState: Sendable, Equatable {
    /// `nil` for a group that only has offsets.
    package var groups: [GroupID: GroupMetadata?] = [:]
    package var offsets: [OffsetKey: CommittedOffset] = [:]
    package var pendingOffsets: [ProducerID: [OffsetKey: CommittedOffset]] = [:]
    package var consumerGroups: [GroupID: ConsumerGroupEpoch] = [:]
    package var targetEpochs: [GroupID: TargetEpoch] = [:]
    var members: [GroupID: [MemberID: ConsumerMember]] = [:]
    package var regularExpressions: [GroupID: [String: ResolvedRegularExpression]] = [:]

    package init() {}
}
