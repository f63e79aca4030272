package import Model

extension CoordinatorShard {
    /// Replays a write that was just decided. Keep the result until the write's records are appended.
    package mutating func replay(_ write: GroupWrite) -> AppliedWrite {
        var undo: [AppliedWrite.Undo] = []
        undo.reserveCapacity(write.records.count)
        for record in write.records { self.apply(record, producer: write.producer?.id, undo: &undo) }
        return AppliedWrite(write: write, undo: undo)
    }

    /// Replays a record that is read from the log.
    ///
    /// - Parameter producer: of the batch, when it is transactional.
    package mutating func replay(_ record: GroupRecord, producer: ProducerID?) {
        var undo: [AppliedWrite.Undo] = []
        self.apply(record, producer: producer, undo: &undo)
    }

    /// Replays a transaction marker: the producer's pending offsets count from now, or are forgotten.
    package mutating func replayEndOfTransaction(_ producer: ProducerID, committed: Bool) {
        _ = self.offsets.endTransaction(producer, committed: committed)
    }

    private mutating func apply(_ record: GroupRecord, producer: ProducerID?, undo: inout [AppliedWrite.Undo]) {
        switch record {
        case .groupMetadata(let groupID, let value?):
            self.makeGroup(groupID, undo: &undo)
            undo.append(.persisted(groupID, self.groups[groupID]?.persisted))
            self.groups[groupID]?.persisted = value
        case .groupMetadata(let groupID, nil):
            if let group = self.groups.removeValue(forKey: groupID) { undo.append(.restoreGroup(group)) }
        case .offsetCommit(let key, let value?):
            self.makeGroup(key.groupID, undo: &undo)
            if let producer {
                undo.append(.pendingOffset(producer, key, self.offsets.commit(key, value, by: producer)))
            } else {
                undo.append(.offset(key, self.offsets.commit(key, value)))
            }
        case .offsetCommit(let key, nil):
            let removed = self.offsets.remove(key)
            undo.append(.offset(key, removed.committed))
            if !removed.pending.isEmpty { undo.append(.openTransactions(key, removed.pending)) }
        }
    }

    private mutating func makeGroup(_ groupID: GroupID, undo: inout [AppliedWrite.Undo]) {
        guard self.groups[groupID] == nil else { return }
        self.groups[groupID] = ClassicGroup(id: groupID, now: nil)
        undo.append(.removeGroup(groupID))
    }

    mutating func revert(_ undo: AppliedWrite.Undo) {
        switch undo {
        case .removeGroup(let groupID):
            // Somebody may have joined it since; then it stays, as a group that a restart would not know.
            if let group = self.groups[groupID], group.isEmpty, group.pendingJoin.isEmpty {
                self.groups[groupID] = nil
            }
        case .restoreGroup(let group):
            if self.groups[group.id] == nil { self.groups[group.id] = group }
        case .persisted(let groupID, let value):
            self.groups[groupID]?.persisted = value
        case .offset(let key, let stored):
            self.offsets.restore(key, stored)
        case .pendingOffset(let producer, let key, let stored):
            self.offsets.restorePending(producer, key, stored)
        case .openTransactions(let key, let pending):
            for (producer, stored) in pending { self.offsets.restorePending(producer, key, stored) }
        }
    }

    /// What a restart would find: for tests, and for comparing a replica.
    package var persistentState: PersistentGroupState {
        var state = PersistentGroupState()
        for (groupID, group) in self.groups { state.groups.updateValue(group.persisted, forKey: groupID) }
        for (groupID, topics) in self.offsets.groups {
            for (topic, partitions) in topics {
                for (partition, stored) in partitions {
                    let key = OffsetKey(groupID: groupID, topic: topic, partition: partition)
                    state.offsets[key] = stored.value
                }
            }
        }
        for (producer, offsets) in self.offsets.pending {
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
