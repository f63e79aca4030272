import LogCore
import Metadata
import MetadataTestSupport
import Model
import NIOCore

@testable import LogObjects

/// Checkpoints, merges and deletions of records: plan, register, write, swap, close, trim, with anything in between.
extension MaintenanceSimulation {
    mutating func beginJob() {
        let free = self.owners.indices.filter { self.owners[$0].job == nil && !self.owners[$0].isOver }
        guard let owner = self.pick(free) else { return }
        let mine = Self.partitions.filter { self.owners[owner].ends[$0] != nil }
        if self.hasMerges, self.chance(40) { self.beginMerge(owner, mine) } else { self.beginCheckpoint(owner, mine) }
    }

    /// DeleteRecords, which waits for no other job of its owner.
    mutating func deleteRecords() throws {
        let partition = Self.partitions[Int.random(in: 0..<Self.partitions.count, using: &self.random)]
        guard let owner = self.leaders[partition], let end = self.history[partition]?.count else { return }
        let stored = try self.storedHead(partition)
        guard Offset(end) > stored.head.logStart, self.chance(self.hasMerges ? 60 : 10) else { return }
        let offset = Offset.random(
            in: stored.head.logStart...min(Offset(end), stored.head.logStart + 8),
            using: &self.random
        )
        guard case .change(var next, let layout) = HeadUpdate.logStart(partition, offset).step(stored),
            !layout.needsObject
        else { return }
        next.apply(layout)
        let transaction = MaintenanceTransaction(
            writer: self.owners[owner].incarnation,
            changes: [HeadChange(partition: partition, before: stored, after: next)],
            objects: self.objectKeys(of: nil),
            guardsTopics: false,
            now: self.clock
        )
        self.events.append(.late(transaction.transaction))
    }

    private mutating func beginCheckpoint(_ owner: Int, _ mine: [TopicPartition]) {
        // Own records, and those of others that led what this one leads now.
        let others = Set(mine.flatMap { self.predecessors[$0, default: []] })
        guard let own = try? self.records(of: self.owners[owner].incarnation) else { return }
        let records = own + others.sorted().flatMap { (try? self.records(of: self.owners[$0].incarnation)) ?? [] }
        // A record of one's own is folded also where others lead by now.
        let wanted = Set(own.flatMap(\.record.runs).map(\.partition)).union(mine)
        let heads = Dictionary(
            uniqueKeysWithValues: Self.partitions.compactMap { partition in
                (try? self.storedHead(partition).head).map { (partition, $0) }
            }
        )
        var limits = CheckpointPlan.Limits()
        limits.segmentBytesMin = 64
        let plan = CheckpointPlan(records, heads: heads, limits: limits) { wanted.contains($0) }
        var job = Job(phase: .write([]), records: own)
        for piece in plan.unwritten {
            guard let fold = try? self.fold(piece) else { continue }
            job.updates.append(self.checkpointed(piece, fold, extent: nil, producers: nil))
        }
        let planned = plan.objects.map { PlannedObject.checkpoint(self.newName(owner), $0) }
        self.register(owner, &job, planned)
    }

    private mutating func beginMerge(_ owner: Int, _ mine: [TopicPartition]) {
        var settings = MergePlan.Settings()
        settings.segmentBytesMin = 128
        settings.segmentBytesMax = 256
        settings.smallCountMin = 2
        let stored = mine.compactMap { partition in
            (try? self.storedHead(partition)).map { (partition: partition, extents: $0.extents) }
        }
        let sparse = Set(self.objectKeys(of: nil).filter { $0.value.value.isSparse }.keys)
        let plan = MergePlan(stored, sparse: sparse, settings: settings)
        guard !plan.objects.isEmpty else { return }
        var job = Job(phase: .write([]), isMerge: true)
        let planned = plan.objects.map { PlannedObject.merge(self.newName(owner), $0) }
        self.register(owner, &job, planned)
    }

    private mutating func newName(_ owner: Int) -> CompactedObjectName {
        defer { self.owners[owner].objectCount += 1 }
        return CompactedObjectName(writer: self.owners[owner].incarnation, number: self.owners[owner].objectCount)
    }

    private mutating func register(_ owner: Int, _ job: inout Job, _ planned: [PlannedObject]) {
        let names = planned.map(\.name)
        if !names.isEmpty {
            let transaction = MaintenanceTransaction.registration(names, of: self.owners[owner].incarnation)
            guard self.etcd.commit(transaction).succeeded else {
                self.owners[owner].isOver = true
                return
            }
            job.names = Set(names)
        }
        job.phase = .write(planned)
        self.owners[owner].job = job
    }

    mutating func advanceJob() throws {
        let busy = self.owners.indices.filter { self.owners[$0].job != nil }
        guard let owner = self.pick(busy), var job = self.owners[owner].job else { return }
        if self.chance(4) {
            // It is given up where it is: what was registered stays until the incarnation is fenced.
            self.owners[owner].job = nil
            return
        }
        switch job.phase {
        case .write(var planned):
            if planned.isEmpty {
                job.phase = .update
            } else {
                try self.write(planned.removeFirst(), &job)
                job.phase = .write(planned)
            }
            self.owners[owner].job = job
        case .update: try self.update(owner, &job)
        case .finish: self.finish(owner, job)
        case .trim: try self.trim(owner, job)
        }
    }

    // MARK: Objects

    private mutating func write(_ planned: PlannedObject, _ job: inout Job) throws {
        let builder: CompactedObjectBuilder
        var updates: [HeadUpdate] = []
        do {
            switch planned {
            case .checkpoint(let name, let object):
                builder = try self.build(name, object, &updates)
                self.counts.checkpoints += 1
            case .merge(let name, let object):
                builder = try self.build(name, object, &updates)
                self.counts.merges += 1
            }
        } catch is MissingObject {
            // Another one was first, and what was planned for is garbage by now.
            return
        }
        var finished = builder
        finished.finish()
        let bytes = finished.takePending().flatMap { Array($0.readableBytesView) }
        _ = try CompactedObject.inspect(ByteBuffer(bytes: bytes))
        self.write("\(planned.name)", bytes)
        job.updates += updates
        if builder.isShared { job.written[planned.name] = (bytes.count, updates.count) }
    }

    struct MissingObject: Error {}

    private func build(
        _ name: CompactedObjectName,
        _ object: CheckpointPlan.Object,
        _ updates: inout [HeadUpdate]
    ) throws -> CompactedObjectBuilder {
        var builder = CompactedObjectBuilder(name: name, isShared: object.isShared)
        for piece in object.pieces {
            var extent: Extent?
            if let first = piece.written.first {
                builder.beginExtent(piece.partition, baseOffset: first.run.baseOffset)
                for source in piece.written {
                    guard let bytes = self.objects["\(source.object)"] else { throw MissingObject() }
                    let run = try StoredRun.verified(source.run, in: ByteBuffer(bytes: bytes))
                    builder.append(baseOffset: source.run.baseOffset, maxTimestamp: source.run.maxTimestamp, [run])
                }
                extent = builder.endExtent(endOffset: piece.endOffset)
            }
            let fold = try self.fold(piece)
            var section: ObjectSection?
            if case .snapshot(let bytes) = fold?.producers {
                section = builder.addProducers(piece.partition, bytes)
            }
            updates.append(self.checkpointed(piece, fold, extent: extent, producers: section))
        }
        return builder
    }

    /// `nil` when the head has been changed since the plan: the update of it will be stale.
    private func fold(_ piece: CheckpointPlan.Piece) throws -> CheckpointFold? {
        let head = try self.storedHead(piece.partition).head
        guard head.indexedEnd == piece.indexedEnd else { return nil }
        var fold = try CheckpointFold(head, snapshot: try head.producers.map { try self.read($0) })
        _ = fold.apply(piece)
        return fold
    }

    private func checkpointed(
        _ piece: CheckpointPlan.Piece,
        _ fold: CheckpointFold?,
        extent: Extent?,
        producers: ObjectSection?
    ) -> HeadUpdate {
        .checkpoint(
            CheckpointedPiece(
                piece: piece,
                extent: extent,
                leaderEpochs: fold?.leaderEpochs ?? LeaderEpochs(),
                producers: producers,
                keepsProducers: producers == nil
            )
        )
    }

    private func build(
        _ name: CompactedObjectName,
        _ object: MergePlan.Object,
        _ updates: inout [HeadUpdate]
    ) throws -> CompactedObjectBuilder {
        var builder = CompactedObjectBuilder(name: name, isShared: object.isShared)
        for piece in object.pieces {
            builder.beginExtent(piece.partition, baseOffset: piece.baseOffset)
            for extent in piece.extents {
                guard self.objects["\(extent.section.object)"] != nil else { throw MissingObject() }
                let bytes = try self.read(extent.section)
                builder.append(baseOffset: extent.baseOffset, maxTimestamp: extent.maxTimestamp, [bytes])
            }
            let merged = builder.endExtent(endOffset: piece.endOffset)
            updates.append(.swap(ExtentSwap(partition: piece.partition, old: piece.extents, new: [merged])))
        }
        return builder
    }

    // MARK: Heads

    private mutating func update(_ owner: Int, _ job: inout Job) throws {
        let writer = self.owners[owner].incarnation
        if let prepared = job.prepared {
            job.prepared = nil
            var transaction = prepared.transaction
            if self.mistake == .swapsWithoutCompare, job.isMerge {
                transaction.compares.removeAll { !$0.key.hasPrefix(EngineKeys.ownerships) }
            }
            let outcome = self.etcd.commit(transaction)
            if self.chance(10) { self.events.append(.late(transaction)) }
            switch prepared.result(outcome) {
            case _ where self.chance(10): self.counts.retries += 1
            case .applied:
                if !outcome.succeeded { self.counts.retries += 1 }
                for name in job.names where self.etcd.entries[EngineKeys.object(name)] == nil {
                    job.names.remove(name)
                }
            case .changed: self.counts.retries += 1
            case .fenced: self.owners[owner].isOver = true
            }
            self.owners[owner].job = self.owners[owner].isOver ? nil : job
            return
        }
        var changes: [HeadChange] = []
        var rest: [HeadUpdate] = []
        var partitions: Set<TopicPartition> = []
        for update in job.updates {
            // One change of a head at a time.
            guard partitions.insert(update.partition).inserted else {
                rest.append(update)
                continue
            }
            let stored = try self.storedHead(update.partition)
            switch update.step(stored) {
            case .done, .stale, .remove: continue
            case .change(var next, let layout):
                rest.append(update)
                if layout.needsObject {
                    guard let written = self.writeIndex(owner, update.partition, next, layout) else {
                        self.owners[owner].job = nil
                        return
                    }
                    job.names.insert(written.name)
                    next = written.extents
                } else {
                    next.apply(layout)
                }
                changes.append(HeadChange(partition: update.partition, before: stored, after: next))
            }
        }
        job.updates = rest
        if changes.isEmpty {
            job.phase = .finish
        } else {
            let batch = MaintenanceTransaction.batches(changes)[0]
            job.prepared = MaintenanceTransaction(
                writer: writer,
                changes: batch,
                objects: self.objectKeys(of: nil),
                written: job.written,
                guardsTopics: false,
                now: self.clock
            )
        }
        self.owners[owner].job = job
    }

    private mutating func writeIndex(
        _ owner: Int,
        _ partition: TopicPartition,
        _ extents: PartitionExtents,
        _ layout: ExtentLayout
    ) -> (name: CompactedObjectName, extents: PartitionExtents)? {
        let name = self.newName(owner)
        let transaction = MaintenanceTransaction.registration([name], of: self.owners[owner].incarnation)
        guard self.etcd.commit(transaction).succeeded else {
            self.owners[owner].isOver = true
            return nil
        }
        var next = extents
        var builder = CompactedObjectBuilder(name: name, isShared: false)
        next.apply(layout, partition, writing: &builder)
        builder.finish()
        self.write("\(name)", builder.takePending().flatMap { Array($0.readableBytesView) })
        self.counts.indexes += 1
        return (name, next)
    }

    private mutating func finish(_ owner: Int, _ job: Job) {
        let objects = self.objectKeys(of: self.owners[owner].incarnation)
        let open = Set(job.names.filter { objects[$0]?.value.isOpen == true })
        if !open.isEmpty {
            let transaction = MaintenanceTransaction(
                writer: self.owners[owner].incarnation,
                changes: [],
                objects: objects,
                finished: open,
                guardsTopics: false,
                now: self.clock
            )
            let outcome = self.etcd.commit(transaction.transaction)
            if self.chance(10) { self.events.append(.late(transaction.transaction)) }
            guard transaction.result(outcome) == .applied else {
                if transaction.result(outcome) == .fenced { self.owners[owner].job = nil }
                return
            }
        }
        self.owners[owner].job = nil
        if !job.records.isEmpty {
            self.owners[owner].job = Job(phase: .trim, records: job.records)
        }
    }

    /// Between two commits of the owner: its ownership key is written again, so that no late repetition of a commit
    /// brings a record back.
    private mutating func trim(_ owner: Int, _ job: Job) throws {
        guard self.owners[owner].flush == nil else { return }
        self.owners[owner].job = nil
        let writer = self.owners[owner].incarnation
        let present = try self.records(of: writer)
        let heads = Dictionary(
            uniqueKeysWithValues: try Self.partitions.map { ($0, try self.storedHead($0).head) }
        )
        var count = CheckpointPlan.trimmableCount(present, heads: heads) { _ in false }
        if self.mistake == .trimsBeforeHeads { count = present.count }
        let records = Array(present.prefix(count))
        guard !records.isEmpty else { return }
        let key = EngineKeys.ownership(writer)
        let outcome = self.etcd.commit(
            MetadataTransaction(
                compares: [.isUnchanged(key, since: self.owners[owner].ownershipRevision)],
                success: CheckpointPlan.trim(writer: writer, records, now: self.clock)
                    + [.put(key: key, value: OwnershipState.active.value)]
            )
        )
        if outcome.succeeded {
            self.owners[owner].ownershipRevision = outcome.revision
        } else {
            self.owners[owner].isOver = true
        }
    }
}
