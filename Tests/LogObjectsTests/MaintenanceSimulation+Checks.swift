import Metadata
import MetadataTestSupport
import Model
import NIOCore

@testable import LogObjects

/// Garbage collection, and what must hold at any moment.
extension MaintenanceSimulation {
    // MARK: Garbage

    mutating func collectGarbage() throws {
        for entry in self.etcd.entries(in: .prefix(GarbageName.prefix)) {
            guard let name = GarbageName(entry.key) else { throw Failure(description: "\(entry.key) is not read back") }
            let intent = try DeletionIntent(decoding: entry.value)
            self.carryOut(self.schedule.observed(name, intent, revision: entry.modRevision, now: self.clock))
        }
        self.carryOut(self.schedule.timerFired(now: self.clock))
    }

    mutating func carryOut(_ actions: [DeletionSchedule.Action]) {
        for action in actions {
            switch action {
            case .delete(let name, let names): self.events.append(.delete(name, names))
            case .update(let name, let transaction):
                if self.chance(10) {
                    self.carryOut(self.schedule.failed(name, now: self.clock, delayMilliseconds: 1_000))
                    continue
                }
                let outcome = self.etcd.commit(transaction)
                self.carryOut(self.schedule.updated(name, now: self.clock))
                if outcome.succeeded, self.etcd.entries[name.key] == nil {
                    self.carryOut(self.schedule.removed(name, now: self.clock))
                }
            case .setTimer: break
            }
        }
    }

    mutating func collectByAge() {
        guard let owner = self.owners.indices.last(where: { !self.owners[$0].isFenced }) else { return }
        let incarnation = self.owners[owner].incarnation
        let named = Set(((try? self.records(of: incarnation)) ?? []).map { "\($0.name)" })
        let names = self.objects.keys.filter { $0.hasPrefix("w/\(incarnation)/") && !named.contains($0) }
        self.events.append(.delete(.flushes(incarnation, first: 0), names.sorted()))
    }

    mutating func advanceCleanup() throws {
        guard let index = self.cleanups.indices.randomElement(using: &self.random) else { return }
        let incarnation = self.cleanups[index].machine.incarnation
        if self.chance(10) {
            self.cleanups[index].action = self.cleanups[index].machine.failed()
            return
        }
        switch self.cleanups[index].action {
        case .readOwnership:
            let value = self.etcd.entries[EngineKeys.ownership(incarnation)]?.value
            self.cleanups[index].action = self.cleanups[index].machine.ownershipRead(value)
        case .readRecords:
            let entries = self.etcd.entries(in: .prefix(EngineKeys.commits(incarnation)))
            self.cleanups[index].action = self.cleanups[index].machine.recordsRead(
                floor: self.etcd.entries[EngineKeys.floor(incarnation)]?.value,
                try TakeOver.records(of: incarnation, entries),
                objects: self.objectKeys(of: incarnation),
                now: self.clock
            )
        case .commit(let transaction):
            let outcome = self.etcd.commit(transaction)
            if self.chance(10) { self.events.append(.late(transaction)) }
            self.cleanups[index].action = self.cleanups[index].machine.committed(outcome)
        case .waitForFence: throw Failure(description: "a fenced incarnation is taken for an active one")
        case .waitForReferences:
            try self.dropPredecessors()
            guard let owner = self.owners.firstIndex(where: { $0.incarnation == incarnation }),
                !self.leaders.values.contains(owner), !self.predecessors.values.contains(where: { $0.contains(owner) })
            else { return }
            if let action = self.cleanups[index].machine.unreferenced() { self.cleanups[index].action = action }
        case .done:
            self.counts.forgotten += 1
            self.cleanups.remove(at: index)
        }
    }

    /// Who has nothing left of a partition that is not indexed is not its predecessor any more.
    private mutating func dropPredecessors() throws {
        for (partition, owners) in self.predecessors {
            let end = try self.storedHead(partition).head.indexedEnd
            for owner in owners {
                let runs = try self.records(of: self.owners[owner].incarnation).flatMap(\.record.runs)
                if runs.allSatisfy({ $0.partition != partition || $0.endOffset <= end }) {
                    self.predecessors[partition]?.remove(owner)
                }
            }
        }
    }

    // MARK: Reading

    func records(of incarnation: Incarnation) throws -> [CommittedFlush] {
        try TakeOver.records(of: incarnation, self.etcd.entries(in: .prefix(EngineKeys.commits(incarnation)))).map {
            CommittedFlush(writer: incarnation, sequence: $0.sequence, record: $0.record)
        }
    }

    func objectKeys(of incarnation: Incarnation?) -> [CompactedObjectName: StoredObject] {
        var objects: [CompactedObjectName: StoredObject] = [:]
        for entry in self.etcd.entries(in: .prefix(incarnation.map(EngineKeys.objects(of:)) ?? EngineKeys.objects)) {
            guard let name = EngineKeys.object(of: entry.key), let value = try? SharedObject(decoding: entry.value)
            else { continue }
            objects[name] = StoredObject(revision: entry.modRevision, value: value)
        }
        return objects
    }

    func read(_ section: ObjectSection) throws -> ByteBuffer {
        guard let object = self.objects["\(section.object)"] else {
            throw Failure(description: "\(section.object) is referred to and deleted")
        }
        guard let bytes = ByteBuffer(bytes: object).getSlice(at: section.position, length: section.length) else {
            throw Failure(description: "\(section.object) is shorter than what is referred to")
        }
        return try section.verified(bytes)
    }

    func storedHead(_ partition: TopicPartition) throws -> StoredHead {
        guard let entry = self.etcd.entries[EngineKeys.head(partition)] else { return .missing }
        let head = try PartitionHead(decoding: entry.value)
        guard let index = head.index else {
            return StoredHead(revision: entry.modRevision, extents: PartitionExtents(head: head))
        }
        var leaves: [PartitionExtents.Leaf] = []
        switch try ExtentIndex(decoding: try self.read(index.section), of: index) {
        case .extents(let extents): leaves = [.init(reference: index, extents: extents)]
        case .indexes(let references):
            for reference in references where reference.endOffset > head.logStart {
                let section = try self.read(reference.section)
                guard case .extents(let extents) = try ExtentIndex(decoding: section, of: reference) else {
                    throw Failure(description: "an index of an index has no extents")
                }
                leaves.append(.init(reference: reference, extents: extents))
            }
        }
        return StoredHead(revision: entry.modRevision, extents: PartitionExtents(head: head, leaves: leaves))
    }

    // MARK: Checks

    /// What a reader finds from the log start on is what was committed, and where something was acknowledged it is.
    mutating func check() throws {
        var all: [CommittedFlush] = []
        for entry in self.etcd.entries(in: .prefix(MetadataKey("c/"))) {
            guard let (writer, sequence) = EngineKeys.commit(of: entry.key) else { continue }
            let record = try CommitRecord(decoding: ByteBuffer(bytes: entry.value))
            all.append(CommittedFlush(writer: writer, sequence: sequence, record: record))
        }
        for partition in Self.partitions {
            let stored = try self.storedHead(partition)
            let start = stored.head.logStart
            guard start >= self.logStarts[partition] ?? 0 else {
                throw Failure(description: "the log start of \(partition.partition) falls to \(start)")
            }
            if start > self.logStarts[partition] ?? 0 { self.counts.logStartMoves += 1 }
            self.logStarts[partition] = start
            var log: [(offset: Offset, value: UInt64)] = []
            for extent in stored.extents.extents {
                var bytes = try self.read(extent.section)
                var offset = extent.baseOffset
                while let value: UInt64 = bytes.readInteger() {
                    log.append((offset, value))
                    offset += 1
                }
                guard offset == extent.endOffset else { throw Failure(description: "an extent has a gap") }
            }
            if let producers = stored.head.producers { _ = try self.read(producers) }
            let tail = all.flatMap { flush in flush.record.runs.map { (flush, $0) } }
                .filter { $0.1.partition == partition && $0.1.endOffset > stored.head.indexedEnd }
                .sorted { $0.1.baseOffset < $1.1.baseOffset }
            for (flush, run) in tail {
                guard let object = self.objects["\(flush.name)"] else {
                    throw Failure(description: "\(flush.name) is committed and deleted")
                }
                var bytes = try StoredRun.verified(run, in: ByteBuffer(bytes: object))
                var offset = run.baseOffset
                while let value: UInt64 = bytes.readInteger() {
                    log.append((offset, value))
                    offset += 1
                }
            }
            try self.compare(partition, log.filter { $0.offset >= start }, from: start)
        }
        for append in self.acknowledged where self.history[append.partition]?[Int(append.offset)] != append.value {
            throw Failure(description: "\(append.value) was acknowledged and is not there")
        }
    }

    private func compare(
        _ partition: TopicPartition,
        _ log: [(offset: Offset, value: UInt64)],
        from start: Offset
    ) throws {
        let history = self.history[partition] ?? []
        let expected = history.enumerated().dropFirst(Int(start)).map { (Offset($0.offset), $0.element) }
        guard log.count == expected.count else {
            throw Failure(
                description: "\(partition.partition) has \(log.count) records from \(start) on, not \(expected.count)"
            )
        }
        for (found, wanted) in zip(log, expected) where found != wanted {
            throw Failure(description: "\(partition.partition) has \(found), not \(wanted)")
        }
    }

    /// The auditor agrees, and finds nothing that garbage collection left, for everything came to its end.
    func checkAudit() throws {
        var keys = ClusterAudit.Keys()
        for entry in self.etcd.entries(in: .all) { _ = keys.add(entry) }
        let listing = self.objects.mapValues(\.count)
        var extents: [TopicPartition: PartitionExtents] = [:]
        for partition in keys.heads.keys { extents[partition] = try self.storedHead(partition).extents }
        var entries: [CompactedObjectName: [CompactedObject.Entry]] = [:]
        for (name, bytes) in self.objects {
            guard let object = CompactedObjectName(name) else { continue }
            entries[object] = try CompactedObject.inspect(ByteBuffer(bytes: bytes)).entries
        }
        let audit = ClusterAudit(keys, listing: listing, entries: entries, extents: extents)
        guard audit.isSound else {
            throw Failure(description: "the audit finds \(audit.objects) \(audit.partitions) \(audit.miscounted)")
        }
    }
}
