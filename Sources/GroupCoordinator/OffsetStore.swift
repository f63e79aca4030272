internal import Model

/// A committed offset and its place in the order of the log.
struct StoredOffset: Sendable, Equatable {
    var value: CommittedOffset
    /// Counts replayed records: a transaction's offset only replaces one that was written before it.
    var sequence: UInt64
}

/// The committed offsets of a shard's groups, and those of open transactions (KIP-98, KIP-447).
struct OffsetStore: Sendable {
    typealias ByPartition = [Int32: StoredOffset]
    typealias ByTopic = [String: ByPartition]

    private(set) var groups: [GroupID: ByTopic] = [:]
    /// What each open transaction would commit.
    private(set) var pending: [ProducerID: [OffsetKey: StoredOffset]] = [:]
    /// The producers with an open transaction on a key, by group.
    private(set) var openTransactions: [GroupID: [OffsetKey: Set<ProducerID>]] = [:]
    private(set) var count = 0
    private var sequence: UInt64 = 0

    subscript(key: OffsetKey) -> StoredOffset? {
        self.groups[key.groupID]?[key.topic]?[key.partition]
    }

    func hasOpenTransaction(on key: OffsetKey) -> Bool {
        self.openTransactions[key.groupID]?[key] != nil
    }

    func hasOpenTransactions(in group: GroupID) -> Bool { self.openTransactions[group] != nil }

    /// Replays a commit outside of a transaction. Returns what it replaced.
    mutating func commit(_ key: OffsetKey, _ value: CommittedOffset) -> StoredOffset? {
        self.sequence += 1
        return self.put(key, StoredOffset(value: value, sequence: self.sequence))
    }

    /// Replays a commit inside a transaction. Returns what it replaced.
    mutating func commit(_ key: OffsetKey, _ value: CommittedOffset, by producer: ProducerID) -> StoredOffset? {
        self.sequence += 1
        self.openTransactions[key.groupID, default: [:]][key, default: []].insert(producer)
        let stored = StoredOffset(value: value, sequence: self.sequence)
        return self.pending[producer, default: [:]].updateValue(stored, forKey: key)
    }

    /// Replays a tombstone, which also ends what open transactions would commit there. Returns what was removed.
    mutating func remove(_ key: OffsetKey) -> (committed: StoredOffset?, pending: [ProducerID: StoredOffset]) {
        var removed: [ProducerID: StoredOffset] = [:]
        for producer in self.openTransactions[key.groupID]?[key] ?? [] {
            removed[producer] = self.pending[producer]?[key]
            self.restorePending(producer, key, nil)
        }
        return (self.put(key, nil), removed)
    }

    /// Replays a transaction marker. Returns the keys whose offsets changed.
    mutating func endTransaction(_ producer: ProducerID, committed: Bool) -> [OffsetKey] {
        guard let offsets = self.pending[producer] else { return [] }
        var changed: [OffsetKey] = []
        for (key, stored) in offsets {
            self.restorePending(producer, key, nil)
            guard committed, self[key].map({ $0.sequence < stored.sequence }) ?? true else { continue }
            _ = self.put(key, stored)
            changed.append(key)
        }
        return changed
    }

    /// Puts an offset back, or takes it away.
    mutating func restore(_ key: OffsetKey, _ stored: StoredOffset?) { _ = self.put(key, stored) }

    /// Puts an open transaction's offset back, or takes it away.
    mutating func restorePending(_ producer: ProducerID, _ key: OffsetKey, _ stored: StoredOffset?) {
        if let stored {
            self.pending[producer, default: [:]][key] = stored
            self.openTransactions[key.groupID, default: [:]][key, default: []].insert(producer)
            return
        }
        self.pending[producer]?[key] = nil
        if self.pending[producer]?.isEmpty == true { self.pending[producer] = nil }
        self.openTransactions[key.groupID]?[key]?.remove(producer)
        if self.openTransactions[key.groupID]?[key]?.isEmpty == true {
            self.openTransactions[key.groupID]?[key] = nil
        }
        if self.openTransactions[key.groupID]?.isEmpty == true { self.openTransactions[key.groupID] = nil }
    }

    /// All keys of a group, also those that only an open transaction has, in order.
    func keys(of group: GroupID) -> [OffsetKey] {
        var keys: Set<OffsetKey> = []
        for (topic, partitions) in self.groups[group] ?? [:] {
            for partition in partitions.keys {
                keys.insert(OffsetKey(groupID: group, topic: topic, partition: partition))
            }
        }
        keys.formUnion((self.openTransactions[group] ?? [:]).keys)
        return keys.sorted { ($0.topic, $0.partition) < ($1.topic, $1.partition) }
    }

    private mutating func put(_ key: OffsetKey, _ stored: StoredOffset?) -> StoredOffset? {
        guard let stored else {
            guard let previous = self.groups[key.groupID]?[key.topic]?.removeValue(forKey: key.partition) else {
                return nil
            }
            if self.groups[key.groupID]?[key.topic]?.isEmpty == true { self.groups[key.groupID]?[key.topic] = nil }
            if self.groups[key.groupID]?.isEmpty == true { self.groups[key.groupID] = nil }
            self.count -= 1
            return previous
        }
        let previous = self.groups[key.groupID, default: [:]][key.topic, default: [:]]
            .updateValue(stored, forKey: key.partition)
        if previous == nil { self.count += 1 }
        return previous
    }
}
