package import Metadata
package import Model

/// What etcd has under a key `o/`.
package struct StoredObject: Sendable, Equatable {
    package var revision: MetadataRevision
    package var value: SharedObject

    package init(revision: MetadataRevision, value: SharedObject) {
        self.revision = revision
        self.value = value
    }
}

/// Replaces heads, all or none, and with them the counts of the objects that they refer to; files what becomes garbage
/// by it. Checkpoints, merges, retention and compaction all end in it.
///
///     if   own/WRITER is active, and every head and every o/ is as it was read
///     then put the heads, put or delete the o/, put gc/ for what nothing refers to any more
///     else read them all
///
/// Offsets and contents of what readers see do not change with it, so that it does not matter who of several brokers is
/// first; the others look again at what there is. It can be sent any number of times.
package struct MaintenanceTransaction: Sendable, Equatable {
    package enum Result: Sendable, Equatable {
        case applied
        /// The writer may change nothing any more.
        case fenced
        /// A head or a count is another one: read them, and plan again.
        case changed
    }

    /// Compares, and operations, that a transaction may have.
    private static let operationsMax = 120

    package let transaction: MetadataTransaction
    private let isFencing: Bool
    /// Keys of heads with what is to be there.
    private let heads: [(key: MetadataKey, value: [UInt8]?)]

    package static func == (left: Self, right: Self) -> Bool { left.transaction == right.transaction }

    /// - Parameters:
    ///   - writer: must not be fenced; `nil` when that does not matter, as for what is left of a deleted topic.
    ///   - objects: the keys `o/` of all objects that changes add or remove, and of `finished`, as they were read.
    ///   - finished: objects of the writer that get no more references: none in them, and they are garbage.
    ///   - written: sizes and numbers of partitions of shared objects that the writer wrote, for their keys.
    ///   - guardsTopics: a head is only created while its topic exists.
    package init(
        writer: Incarnation?,
        changes: [HeadChange],
        objects: [CompactedObjectName: StoredObject],
        finished: Set<CompactedObjectName> = [],
        written: [CompactedObjectName: (sizeBytes: Int, partitionCount: Int)] = [:],
        guardsTopics: Bool,
        now: Timestamp
    ) {
        var counts = ObjectCounts(objects: objects, finished: finished)
        for change in changes { counts.apply(change) }
        for (name, size) in written { counts.note(name, size.sizeBytes, size.partitionCount) }
        var compares: [MetadataCompare] = []
        var reads: [MetadataOperation] = []
        if let writer {
            let key = EngineKeys.ownership(writer)
            compares.append(MetadataCompare(key, .equal, .value(OwnershipState.active.value)))
            reads.append(.range(.key(key)))
        }
        var success: [MetadataOperation] = []
        var heads: [(key: MetadataKey, value: [UInt8]?)] = []
        var topics: Set<TopicID> = []
        for change in changes {
            let key = EngineKeys.head(change.partition)
            let value = change.after?.head.encoded()
            compares.append(.isUnchanged(key, since: change.before.revision))
            success.append(value.map { .put(key: key, value: $0) } ?? .delete(.key(key)))
            reads.append(.range(.key(key)))
            heads.append((key, value))
            if guardsTopics, change.before.revision == 0, change.after != nil {
                topics.insert(change.partition.topicID)
            }
        }
        for topic in topics.sorted() {
            compares.append(MetadataCompare(MetadataKeys.topicID(topic), .greater, .version(0)))
        }
        let effects = counts.operations(now: now)
        for name in effects.compared {
            let key = EngineKeys.object(name)
            compares.append(.isUnchanged(key, since: objects[name]?.revision ?? 0))
            reads.append(.range(.key(key)))
        }
        success += effects.operations
        for name in counts.unregistered.sorted() {
            // Never holds.
            compares.append(MetadataCompare(EngineKeys.object(name), .less, .version(0)))
        }
        var transaction = MetadataTransaction(compares: compares, success: success, failure: reads)
        transaction.isRepeatable = true
        self.transaction = transaction
        self.isFencing = writer != nil
        self.heads = heads
    }

    /// What an outcome of the transaction, or of a repetition, says.
    package func result(_ outcome: MetadataOutcome) -> Result {
        if outcome.succeeded { return .applied }
        var entries = outcome.responses.map { response -> MetadataEntry? in
            guard case .range(let range) = response else { return nil }
            return range.entries.first
        }[...]
        if self.isFencing {
            // A key that is gone was fenced, and its incarnation forgotten.
            guard entries.popFirst()??.value == OwnershipState.active.value else { return .fenced }
        }
        // An earlier attempt was carried out: it is there as we would have it. No two heads of a partition that follow
        // each other are the same.
        let isThere =
            !self.heads.isEmpty
            && zip(self.heads, entries).allSatisfy { wanted, found in wanted.value == found?.value }
        return isThere ? .applied : .changed
    }

    /// Divides changes so that each part fits into a transaction.
    package static func batches(_ changes: [HeadChange]) -> [[HeadChange]] {
        var batches: [[HeadChange]] = []
        var batch: [HeadChange] = []
        var objects: Set<CompactedObjectName> = []
        for change in changes {
            let all = objects.union(change.added.keys).union(change.removed.keys)
            // A head takes two compares with its topic's; an object a write of its count and a deletion intent.
            if !batch.isEmpty, 2 * (batch.count + 1) + 2 * all.count > Self.operationsMax {
                batches.append(batch)
                batch = []
                objects = Set(change.added.keys).union(change.removed.keys)
            } else {
                objects = all
            }
            batch.append(change)
        }
        return batch.isEmpty ? batches : batches + [batch]
    }

    /// Registers objects before anything is written under their names.
    package static func registration(_ names: [CompactedObjectName], of writer: Incarnation) -> MetadataTransaction {
        precondition(names.count < Self.operationsMax, "objects are registered a few at a time")
        let ownership = EngineKeys.ownership(writer)
        var transaction = MetadataTransaction(
            compares: [MetadataCompare(ownership, .equal, .value(OwnershipState.active.value))]
                + names.map { .isMissing(EngineKeys.object($0)) },
            success: names.map { .put(key: EngineKeys.object($0), value: SharedObject.registered.encoded()) },
            failure: [.range(.key(ownership))] + names.map { .range(.key(EngineKeys.object($0))) }
        )
        transaction.isRepeatable = true
        return transaction
    }
}

/// How the counts of objects change with heads.
private struct ObjectCounts {
    private let before: [CompactedObjectName: StoredObject]
    private let finished: Set<CompactedObjectName>
    private var after: [CompactedObjectName: SharedObject]
    private var touched: Set<CompactedObjectName>
    /// Objects of one partition that it refers to now, so that their keys go.
    private var settled: Set<CompactedObjectName> = []
    private var removedAlone: Set<CompactedObjectName> = []
    private(set) var unregistered: Set<CompactedObjectName> = []

    init(objects: [CompactedObjectName: StoredObject], finished: Set<CompactedObjectName>) {
        self.before = objects
        self.after = objects.mapValues(\.value)
        self.finished = finished.filter { objects[$0] != nil }
        self.touched = self.finished
        for name in self.finished { self.after[name]?.isOpen = false }
    }

    mutating func note(_ name: CompactedObjectName, _ sizeBytes: Int, _ partitionCount: Int) {
        guard self.after[name] != nil else { return }
        self.after[name]?.sizeBytes = sizeBytes
        self.after[name]?.partitionCountFirst = partitionCount
        self.touched.insert(name)
    }

    mutating func apply(_ change: HeadChange) {
        for (name, isShared) in change.added {
            self.touched.insert(name)
            // One that is not registered any more was closed by who fenced its writer: the transaction must fail.
            if self.after[name] == nil {
                self.unregistered.insert(name)
            } else if isShared {
                self.after[name]?.partitionCount += 1
            } else {
                self.settled.insert(name)
            }
        }
        for (name, isShared) in change.removed {
            guard isShared else {
                self.removedAlone.insert(name)
                continue
            }
            // Without a count an audit finds the object, rather than one that is read being deleted.
            guard let count = self.after[name]?.partitionCount, count > 0 else { continue }
            self.touched.insert(name)
            self.after[name]?.partitionCount = count - 1
        }
    }

    func operations(now: Timestamp) -> (compared: [CompactedObjectName], operations: [MetadataOperation]) {
        var operations: [MetadataOperation] = []
        let compared = self.touched.sorted()
        for name in compared {
            guard let value = self.after[name], let stored = self.before[name] else { continue }
            let key = EngineKeys.object(name)
            if self.settled.contains(name) {
                operations.append(.delete(.key(key)))
            } else if value.isOpen || value.partitionCount > 0 {
                if value != stored.value { operations.append(.put(key: key, value: value.encoded())) }
            } else {
                operations.append(.delete(.key(key)))
                // Nobody referred to it at any time, so that its write may be under way still.
                let isUnfinished = stored.value.isOpen && stored.value.partitionCount == 0
                let intent: DeletionIntent = isUnfinished ? .unfinished(now: now) : .afterGrace(now: now)
                operations.append(GarbageName.compacted(name).put(intent))
            }
        }
        for name in self.removedAlone.sorted() {
            operations.append(GarbageName.compacted(name).put(.afterGrace(now: now)))
        }
        return (compared, operations)
    }
}
