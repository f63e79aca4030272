internal import Coordination
internal import Model

/// A committed offset and its place in the order of the log.
struct StoredOffset: Sendable, Equatable {
    var value: CommittedOffset
    /// Counts replayed records: a transaction's offset only replaces one that was written before it.
    var sequence: UInt64

    /// What an offset with its key takes in memory, about: its place in a table, and texts.
    static func bytes(topic: String, metadata: String) -> Int { 192 + topic.utf8.count + metadata.utf8.count }
}

/// The committed offsets of a shard's groups, and those of open transactions (KIP-98, KIP-447): recorded state.
struct OffsetStore: Sendable {
    /// A partition of a topic that groups commit offsets for.
    struct Slot: Sendable, Hashable, Comparable {
        var topic: String
        var partition: Int32

        static func < (left: Self, right: Self) -> Bool {
            (left.topic, left.partition) < (right.topic, right.partition)
        }
    }

    private(set) var committed = JournaledTable<GroupID, Slot, StoredOffset>()
    /// What each open transaction would commit.
    private(set) var pending = JournaledTable<ProducerID, OffsetKey, StoredOffset>()
    /// The producers with an open transaction on a partition.
    private(set) var openTransactions = JournaledTable<GroupID, Slot, Set<ProducerID>>()
    /// Only grows, so that nothing needs to be taken back.
    private var sequence: UInt64 = 0
    private var bytes = JournaledSum()

    /// What all of it takes in memory, about.
    var heldBytes: Int { self.bytes.value }

    /// Of the last record that was replayed.
    var lastSequence: UInt64 { self.sequence }

    enum Age {
        /// All that is stored of a partition was written by then.
        case earlier
        /// What is committed, or would be, was written after it.
        case later
        /// A transaction of later holds up what is older.
        case mixed
    }

    /// When what is stored of a partition was written, also by open transactions.
    func age(of key: OffsetKey, relativeTo sequence: UInt64) -> Age {
        var sequences = (self.openTransactions[key.groupID, key.slot] ?? []).compactMap {
            self.pending[$0, key]?.sequence
        }
        if let committed = self[key] { sequences.append(committed.sequence) }
        if sequences.allSatisfy({ $0 <= sequence }) { return .earlier }
        return sequences.allSatisfy { $0 > sequence } ? .later : .mixed
    }

    var count: Int { self.committed.count }

    subscript(key: OffsetKey) -> StoredOffset? { self.committed[key.groupID, key.slot] }

    func hasOpenTransaction(on key: OffsetKey) -> Bool { self.openTransactions[key.groupID, key.slot] != nil }

    func hasOpenTransactions(in group: GroupID) -> Bool { self.openTransactions[group] != nil }

    /// A group's committed offsets, by topic and partition.
    func sorted(of group: GroupID) -> [(slot: Slot, stored: StoredOffset)] {
        (self.committed[group] ?? [:]).sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// All keys of a group, also those that only an open transaction has, in order.
    func keys(of group: GroupID) -> [OffsetKey] {
        var slots = Set((self.committed[group] ?? [:]).keys)
        slots.formUnion((self.openTransactions[group] ?? [:]).keys)
        return slots.sorted().map { OffsetKey(group, $0) }
    }

    // MARK: Replay

    mutating func journal(_ event: JournalEvent) {
        self.committed.journal(event)
        self.pending.journal(event)
        self.openTransactions.journal(event)
        self.bytes.journal(event)
    }

    private mutating func put(_ stored: StoredOffset?, at key: OffsetKey) {
        let old = self.committed[key.groupID, key.slot]
        self.count(old, stored, key)
        self.committed[key.groupID, key.slot] = stored
    }

    private mutating func put(_ stored: StoredOffset?, at key: OffsetKey, by producer: ProducerID) {
        let old = self.pending[producer, key]
        self.count(old, stored, key)
        self.pending[producer, key] = stored
    }

    private mutating func count(_ old: StoredOffset?, _ new: StoredOffset?, _ key: OffsetKey) {
        func bytes(_ stored: StoredOffset?) -> Int {
            stored.map { StoredOffset.bytes(topic: key.topic, metadata: $0.value.metadata) } ?? 0
        }
        self.bytes.add(bytes(new) - bytes(old))
    }

    /// How many bytes more a commit to a partition would take.
    func addedBytes(_ key: OffsetKey, metadata: String, by producer: ProducerID?) -> Int {
        let known = producer.map { self.pending[$0, key] } ?? self[key]
        let new = StoredOffset.bytes(topic: key.topic, metadata: metadata)
        return new - (known.map { StoredOffset.bytes(topic: key.topic, metadata: $0.value.metadata) } ?? 0)
    }

    /// Replays a commit outside of a transaction.
    mutating func commit(_ key: OffsetKey, _ value: CommittedOffset) {
        self.sequence += 1
        self.put(StoredOffset(value: value, sequence: self.sequence), at: key)
    }

    /// Replays a commit inside a transaction.
    mutating func commit(_ key: OffsetKey, _ value: CommittedOffset, by producer: ProducerID) {
        self.sequence += 1
        self.put(StoredOffset(value: value, sequence: self.sequence), at: key, by: producer)
        var producers = self.openTransactions[key.groupID, key.slot] ?? []
        guard producers.insert(producer).inserted else { return }
        self.openTransactions[key.groupID, key.slot] = producers
    }

    /// Replays a tombstone, which also ends what open transactions would commit there.
    mutating func remove(_ key: OffsetKey) {
        for producer in self.openTransactions[key.groupID, key.slot] ?? [] { self.put(nil, at: key, by: producer) }
        self.openTransactions[key.groupID, key.slot] = nil
        self.put(nil, at: key)
    }

    /// Replays a transaction marker. Returns the keys whose offsets changed.
    @discardableResult
    mutating func endTransaction(_ producer: ProducerID, committed: Bool) -> [OffsetKey] {
        var changed: [OffsetKey] = []
        for (key, stored) in self.pending[producer] ?? [:] {
            self.put(nil, at: key, by: producer)
            var producers = self.openTransactions[key.groupID, key.slot] ?? []
            producers.remove(producer)
            self.openTransactions[key.groupID, key.slot] = producers.isEmpty ? nil : producers
            guard committed, self[key].map({ $0.sequence < stored.sequence }) ?? true else { continue }
            self.put(stored, at: key)
            changed.append(key)
        }
        return changed
    }
}

extension OffsetKey {
    init(_ groupID: GroupID, _ slot: OffsetStore.Slot) {
        self.init(groupID: groupID, topic: slot.topic, partition: slot.partition)
    }

    var slot: OffsetStore.Slot { OffsetStore.Slot(topic: self.topic, partition: self.partition) }
}
