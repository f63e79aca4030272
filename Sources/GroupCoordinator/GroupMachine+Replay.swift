package import Coordination
package import Model

extension GroupMachine {
    package mutating func replay(_ record: GroupRecord, producer: ProducerID?) {
        switch record {
        case .groupMetadata(let groupID, let value?):
            self.recorded[groupID] = .some(value)
        case .groupMetadata(let groupID, nil):
            self.recorded[groupID] = nil
        case .offsetCommit(let key, let value?):
            if self.recorded[key.groupID] == nil { self.recorded[key.groupID] = .some(nil) }
            if let producer {
                self.offsets.commit(key, value, by: producer)
            } else {
                self.offsets.commit(key, value)
            }
        case .offsetCommit(let key, nil):
            self.offsets.remove(key)
        }
    }

    /// The producer's pending offsets count from now, or are forgotten.
    package mutating func replayEndOfTransaction(_ producer: ProducerID, committed: Bool) {
        self.offsets.endTransaction(producer, committed: committed)
    }

    package mutating func journal(_ event: JournalEvent) {
        self.recorded.journal(event)
        self.offsets.journal(event)
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
        return state
    }
}

/// Everything that a shard's records say.
package struct PersistentGroupState: Sendable, Equatable {
    /// `nil` for a group that only has offsets.
    package var groups: [GroupID: GroupMetadata?] = [:]
    package var offsets: [OffsetKey: CommittedOffset] = [:]
    package var pendingOffsets: [ProducerID: [OffsetKey: CommittedOffset]] = [:]

    package init() {}
}
