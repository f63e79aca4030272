package import Metadata
package import Model
internal import NIOCore

/// Compares what etcd says with what the bucket has: per object whether it is read, waits for its deletion, belongs to
/// nobody, is missing or is another one; per partition whether every offset from the log start on is somewhere, once.
///
/// Offline and pure: it is given everything that was read. A cluster that runs moves meanwhile; read etcd first at one
/// revision, then the listing, and look again at what it complains of.
package struct ClusterAudit: Sendable {
    /// What etcd has.
    package struct Keys: Sendable {
        package var heads: [TopicPartition: PartitionHead] = [:]
        package var commits: [Incarnation: [(sequence: Int64, record: CommitRecord)]] = [:]
        package var floors: [Incarnation: Int64] = [:]
        package var ownerships: [Incarnation: OwnershipState] = [:]
        package var objects: [CompactedObjectName: SharedObject] = [:]
        package var intents: [GarbageName: DeletionIntent] = [:]
        /// Keys of these kinds whose value cannot be read.
        package var damaged: [MetadataKey] = []

        package init() {}

        /// Takes an entry over; `false` for a key of another kind.
        package mutating func add(_ entry: MetadataEntry) -> Bool {
            if let partition = EngineKeys.partition(ofHead: entry.key) {
                guard let head = try? PartitionHead(decoding: entry.value) else { return self.cannotRead(entry.key) }
                self.heads[partition] = head
            } else if let (writer, sequence) = EngineKeys.commit(of: entry.key) {
                guard let record = try? CommitRecord(decoding: .init(bytes: entry.value)) else {
                    return self.cannotRead(entry.key)
                }
                self.commits[writer, default: []].append((sequence, record))
            } else if let writer = EngineKeys.incarnation(of: entry.key) {
                guard entry.value.count == 1, let state = OwnershipState(rawValue: entry.value[0]) else {
                    return self.cannotRead(entry.key)
                }
                self.ownerships[writer] = state
            } else if let name = EngineKeys.object(of: entry.key) {
                guard let object = try? SharedObject(decoding: entry.value) else { return self.cannotRead(entry.key) }
                self.objects[name] = object
            } else if let name = GarbageName(entry.key) {
                guard let intent = try? DeletionIntent(decoding: entry.value) else {
                    return self.cannotRead(entry.key)
                }
                self.intents[name] = intent
            } else if let writer = EngineKeys.incarnation(ofFloor: entry.key) {
                guard entry.value.count == 8 else { return self.cannotRead(entry.key) }
                self.floors[writer] = Int64(truncatingIfNeeded: EngineKeys.number(entry.value[...]))
            } else {
                return false
            }
            return true
        }

        private mutating func cannotRead(_ key: MetadataKey) -> Bool {
            self.damaged.append(key)
            return true
        }
    }

    /// What becomes of an object.
    package enum ObjectVerdict: Sendable, Equatable, Hashable {
        /// Readers need it.
        case live
        /// A deletion intent names it.
        case awaitingDeletion
        /// Its writer is not fenced, and may still commit it or refer to it.
        case underWay
        /// Nobody refers to it, and nobody will.
        case orphan
        /// Readers need it, and the bucket has it not.
        case missing
        /// It contradicts what etcd says of it.
        case wrong(String)
        /// Not a name of this engine.
        case foreign
    }

    /// What is stored of a partition.
    package enum PartitionVerdict: Sendable, Equatable, Hashable {
        case whole(start: Offset, end: Offset)
        /// No extent and no commit record has this offset, and some have later ones.
        case gap(at: Offset)
        /// Two commit records have this offset.
        case overlap(at: Offset)
        /// Its index cannot be read.
        case unreadable(String)
    }

    package private(set) var objects: [String: ObjectVerdict] = [:]
    package private(set) var partitions: [TopicPartition: PartitionVerdict] = [:]
    /// Shared objects whose count in etcd is not the number of partitions that refer to them: too low, and they may be
    /// deleted while they are read.
    package private(set) var miscounted: [CompactedObjectName: (counted: Int, referring: Int)] = [:]
    package let damagedKeys: [MetadataKey]

    /// - Parameters:
    ///   - listing: names and sizes of all objects.
    ///   - entries: of compacted objects by their footers, where they were read (`CompactedObject.entries`).
    ///   - extents: the heads with their indexes; a partition without one has an index that cannot be read.
    package init(
        _ keys: Keys,
        listing: [String: Int],
        entries: [CompactedObjectName: [CompactedObject.Entry]] = [:],
        extents: [TopicPartition: PartitionExtents]
    ) {
        self.damagedKeys = keys.damaged
        for (partition, stored) in extents { self.check(partition, stored, listing: listing, entries) }
        self.checkCommits(keys, listing: listing)
        self.checkPartitions(keys, extents)
        self.checkCounts(keys, extents)
        self.checkRest(keys, listing: listing)
    }

    /// Nothing is lost: no object is missing or wrong, every partition is whole, every count is right.
    package var isSound: Bool {
        self.damagedKeys.isEmpty && self.miscounted.allSatisfy { $0.value.counted >= $0.value.referring }
            && self.objects.values.allSatisfy { verdict in
                switch verdict {
                case .live, .awaitingDeletion, .underWay, .orphan, .foreign: true
                case .missing, .wrong: false
                }
            }
            && self.partitions.values.allSatisfy { if case .whole = $0 { true } else { false } }
    }

    private mutating func note(_ name: String, _ verdict: ObjectVerdict) {
        // The first complaint stays.
        if self.objects[name].map({ $0 == .live }) ?? true { self.objects[name] = verdict }
    }

    // MARK: Compacted objects

    private mutating func check(
        _ partition: TopicPartition,
        _ stored: PartitionExtents,
        listing: [String: Int],
        _ entries: [CompactedObjectName: [CompactedObject.Entry]]
    ) {
        let leaves = stored.leaves.filter { $0.reference.endOffset > stored.head.logStart }.map(\.reference)
        var contents = stored.extents.map(CompactedObject.Content.extent) + leaves.map { .index($0) }
        if let index = stored.head.index { contents.append(.index(index)) }
        if let producers = stored.head.producers { contents.append(.producers(producers)) }
        for content in contents {
            let section = content.section
            let name = "\(section.object)"
            guard let size = listing[name] else {
                self.note(name, .missing)
                continue
            }
            if section.end + CompactedObject.trailerBytes > size {
                self.note(name, .wrong("a section of it ends beyond its size"))
            } else if let known = entries[section.object],
                !known.contains(where: { $0.partition == partition && $0.content == content })
            {
                self.note(name, .wrong("its footer does not have a section that is referred to"))
            } else {
                self.note(name, .live)
            }
        }
    }

    private mutating func checkCounts(_ keys: Keys, _ extents: [TopicPartition: PartitionExtents]) {
        var referring: [CompactedObjectName: Int] = [:]
        for stored in extents.values {
            for (name, isShared) in stored.references where isShared { referring[name, default: 0] += 1 }
        }
        for (name, object) in keys.objects where object.partitionCount != referring[name] ?? 0 {
            self.miscounted[name] = (object.partitionCount, referring[name] ?? 0)
        }
        for (name, count) in referring where keys.objects[name] == nil { self.miscounted[name] = (0, count) }
    }

    // MARK: Write-ahead objects

    private mutating func checkCommits(_ keys: Keys, listing: [String: Int]) {
        for (writer, records) in keys.commits {
            for (sequence, record) in records {
                let name = "\(FlushObjectName(writer: writer, sequence: sequence, attempt: record.attempt))"
                // One of which everything is indexed serves no reader any more.
                let isRead = record.runs.contains { run in
                    keys.heads[run.partition].map { run.endOffset > max($0.indexedEnd, $0.logStart) } ?? true
                }
                guard let size = listing[name] else {
                    if isRead { self.note(name, .missing) }
                    continue
                }
                self.note(
                    name,
                    size == record.objectSize
                        ? .live : .wrong("it has \(size) bytes, and \(record.objectSize) were committed")
                )
            }
        }
    }

    // MARK: Partitions

    private mutating func checkPartitions(_ keys: Keys, _ extents: [TopicPartition: PartitionExtents]) {
        var runs: [TopicPartition: [(base: Offset, end: Offset)]] = [:]
        for record in keys.commits.values.flatMap({ $0 }) {
            for run in record.record.runs {
                runs[run.partition, default: []].append((run.baseOffset, run.endOffset))
            }
        }
        for partition in Set(runs.keys).union(keys.heads.keys) {
            let head = keys.heads[partition] ?? PartitionHead()
            if keys.heads[partition] != nil, extents[partition] == nil {
                self.partitions[partition] = .unreadable("its index cannot be read")
                continue
            }
            self.partitions[partition] = Self.verdict(
                head,
                runs[partition]?.sorted { ($0.base, $0.end) < ($1.base, $1.end) } ?? []
            )
        }
    }

    private static func verdict(
        _ head: PartitionHead,
        _ runs: [(base: Offset, end: Offset)]
    ) -> PartitionVerdict {
        var end = head.indexedEnd
        for run in runs where run.end > head.indexedEnd {
            if run.base > end { return .gap(at: end) }
            // Extents below the indexed end are right where both know an offset.
            if run.base < end, end > head.indexedEnd || run.base < head.indexedEnd { return .overlap(at: run.base) }
            end = run.end
        }
        return .whole(start: head.logStart, end: max(end, head.logStart))
    }

    // MARK: What nobody refers to

    private mutating func checkRest(_ keys: Keys, listing: [String: Int]) {
        var intended: Set<String> = []
        for (name, intent) in keys.intents { intended.formUnion(name.names(intent)) }
        for name in listing.keys {
            if intended.contains(name) {
                // One that is read and to be deleted is the worst of all.
                if self.objects[name] == .live {
                    self.objects[name] = .wrong("it is read, and a deletion intent names it")
                } else if self.objects[name] == nil {
                    self.objects[name] = .awaitingDeletion
                }
            } else if self.objects[name] == nil {
                self.objects[name] = Self.verdict(of: name, keys)
            }
        }
    }

    private static func verdict(of name: String, _ keys: Keys) -> ObjectVerdict {
        if let flush = FlushObjectName(name) {
            guard keys.ownerships[flush.writer] == .active else { return .orphan }
            let next = (keys.commits[flush.writer]?.last?.sequence).map { $0 + 1 } ?? keys.floors[flush.writer] ?? 0
            // Its writer deletes the attempts that lost.
            return flush.sequence >= max(next, keys.floors[flush.writer] ?? 0) - 64 ? .underWay : .orphan
        }
        if let object = CompactedObjectName(name) {
            return keys.objects[object]?.isOpen == true && keys.ownerships[object.writer] == .active
                ? .underWay : .orphan
        }
        return .foreign
    }
}
