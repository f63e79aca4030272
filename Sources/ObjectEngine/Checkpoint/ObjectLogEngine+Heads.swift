internal import LogCore
internal import LogObjects
internal import Logging
internal import Metadata
internal import Model
internal import NIOCore
internal import ObjectStore
internal import Synchronization
internal import Threads

/// Heads take another one's place, in etcd and then in the open logs.
extension ObjectLogEngine {
    /// Why maintenance ends early.
    enum MaintenanceFailure: Error {
        /// Another broker has taken over, or the engine ends.
        case ended
        case metadata(MetadataError)
        case store(ObjectStoreError)
        case damaged(String)
    }

    /// An object that was written for heads.
    struct WrittenObject {
        var name: CompactedObjectName
        var sizeBytes: Int
        var partitionCount: Int
    }

    /// Writes an object, and has heads refer to it.
    ///
    /// - Parameters:
    ///   - job: whose object it is until heads refer to it.
    ///   - partitions: how many have something in it.
    ///   - fill: adds the content, and says what becomes of the heads.
    func writeObject(
        for job: MaintenanceJob = .checkpoint,
        isShared: Bool,
        partitions: Int,
        now: Timestamp,
        _ fill: (inout CompactedObjectBuilder, inout ObjectWriter) async throws(MaintenanceFailure) -> [HeadUpdate]
    ) async throws(MaintenanceFailure) {
        let name = try await self.registerObject(for: job)
        var builder = CompactedObjectBuilder(name: name, isShared: isShared)
        var writer = ObjectWriter(self.objects, name)
        let updates: [HeadUpdate]
        do throws(MaintenanceFailure) {
            updates = try await fill(&builder, &writer)
            do throws(ObjectStoreError) {
                try await writer.finish(&builder)
            } catch {
                throw .store(error)
            }
        } catch {
            await writer.abort()
            throw error
        }
        let written = WrittenObject(name: name, sizeBytes: builder.size, partitionCount: partitions)
        try await self.update(updates, for: job, written: [written], now: now)
    }

    /// Changes heads of open partitions. Each update is asked with the head as it is until it is done.
    ///
    /// - Parameters:
    ///   - written: objects that these updates, and no later ones, refer to.
    ///   - now: of the wall clock, for readers' grace.
    func update(
        _ updates: [HeadUpdate],
        for job: MaintenanceJob = .checkpoint,
        written: [WrittenObject] = [],
        now: Timestamp
    ) async throws(MaintenanceFailure) {
        var pending = updates
        var isClosed = written.isEmpty
        for _ in 0..<16 {
            var changes: [HeadChange] = []
            var indexes: [WrittenObject] = []
            for update in pending {
                guard let change = try await self.change(update, for: job, &indexes) else { continue }
                changes.append(change)
            }
            let batches = MaintenanceTransaction.batches(changes)
            if batches.isEmpty, isClosed { return }
            var again: Set<TopicPartition> = []
            for (index, batch) in (batches.isEmpty ? [[]] : batches).enumerated() {
                let isLast = index + 1 >= batches.count && again.isEmpty
                let isApplied = try await self.commit(batch, written + indexes, closes: isLast, now: now)
                if isApplied, isLast { isClosed = true }
                if !isApplied { again.formUnion(batch.map(\.partition)) }
            }
            self.checkpoints.finished(indexes.map(\.name))
            if again.isEmpty, isClosed { break }
            pending = pending.filter { again.contains($0.partition) }
        }
        guard isClosed else { throw .damaged("heads change too often") }
        self.checkpoints.finished(written.map(\.name))
    }

    /// What an update makes of the head as it is; `nil` when there is nothing to do.
    private func change(
        _ update: HeadUpdate,
        for job: MaintenanceJob,
        _ indexes: inout [WrittenObject]
    ) async throws(MaintenanceFailure) -> HeadChange? {
        guard let log = self.registry.withLock({ $0.logs[update.partition] }) else { return nil }
        let before = log.head.withLock { $0.durable }
        switch update.step(before) {
        case .done, .stale: return nil
        case .remove: return HeadChange(partition: update.partition, before: before, after: nil)
        case .change(var next, let layout):
            if layout.needsObject {
                let name = try await self.registerObject(for: job)
                var builder = CompactedObjectBuilder(name: name, isShared: false)
                var writer = ObjectWriter(self.objects, name)
                next.apply(layout, update.partition, writing: &builder)
                do throws(ObjectStoreError) {
                    try await writer.finish(&builder)
                } catch {
                    throw .store(error)
                }
                indexes.append(WrittenObject(name: name, sizeBytes: builder.size, partitionCount: 1))
            } else {
                next.apply(layout)
            }
            return HeadChange(partition: update.partition, before: before, after: next)
        }
    }

    /// Sends one transaction, and takes over what became of it.
    ///
    /// - Returns: `false` when something was changed otherwise meanwhile; the logs know it now.
    private func commit(
        _ changes: [HeadChange],
        _ written: [WrittenObject],
        closes: Bool,
        now: Timestamp
    ) async throws(MaintenanceFailure) -> Bool {
        let names = Set(changes.flatMap { Array($0.added.keys) + Array($0.removed.keys) })
            .union(closes ? written.map(\.name) : [])
        let transaction = MaintenanceTransaction(
            writer: self.incarnation,
            changes: changes,
            objects: try await self.storedObjects(names.sorted()),
            finished: closes ? Set(written.map(\.name)) : [],
            written: Dictionary(
                uniqueKeysWithValues: written.map {
                    ($0.name, (sizeBytes: $0.sizeBytes, partitionCount: $0.partitionCount))
                }
            ),
            guardsTopics: self.settings.guardsTopics,
            now: now
        )
        let outcome = try await self.repeating(transaction.transaction)
        switch transaction.result(outcome) {
        case .fenced:
            self.driver.post(.fenced("its ownership key was changed"))
            throw .ended
        case .applied where outcome.succeeded:
            for change in changes {
                guard let after = change.after else { continue }
                self.headChanged(change.partition, StoredHead(revision: outcome.revision, extents: after))
            }
            return true
        case .applied, .changed:
            for change in changes { try await self.readHead(change.partition) }
            return transaction.result(outcome) == .applied
        }
    }

    /// The open log of a partition goes by another head from now on.
    func headChanged(_ partition: TopicPartition, _ head: StoredHead) {
        self.registry.withLock { $0.logs[partition] }?.head.withLock { $0.take(head) }
    }

    private func readHead(_ partition: TopicPartition) async throws(MaintenanceFailure) {
        let entry: MetadataEntry?
        do throws(MetadataError) {
            entry = try await self.metadata.get(EngineKeys.head(partition)).entry
        } catch {
            throw .metadata(error)
        }
        guard let entry else { return self.headChanged(partition, .missing) }
        do throws(ObjectCodingError) {
            let extents = try await self.extents(of: try PartitionHead(decoding: entry.value))
            self.headChanged(partition, StoredHead(revision: entry.modRevision, extents: extents))
        } catch {
            throw .damaged(error.message)
        }
    }

    /// Has the objects of a job closed that it began and did not end. Not beside the job itself.
    func closeUnfinished(of job: MaintenanceJob, now: Timestamp) async throws(MaintenanceFailure) {
        let names = self.checkpoints.unfinished(of: job)
        if names.isEmpty { return }
        let left = names.map { WrittenObject(name: $0, sizeBytes: 0, partitionCount: 0) }
        try await self.update([], for: job, written: left, now: now)
    }

    /// A name under which nothing was written, and that etcd knows.
    private func registerObject(
        for job: MaintenanceJob
    ) async throws(MaintenanceFailure) -> CompactedObjectName {
        let name = self.checkpoints.nextName(self.incarnation, for: job)
        let outcome = try await self.repeating(MaintenanceTransaction.registration([name], of: self.incarnation))
        if outcome.succeeded { return name }
        let entries = outcome.responses.map { response -> MetadataEntry? in
            guard case .range(let range) = response else { return nil }
            return range.entries.first
        }
        guard let ownership = entries.first ?? nil, ownership.value == OwnershipState.active.value else {
            self.driver.post(.fenced("its ownership key was changed"))
            throw .ended
        }
        // An attempt whose answer was lost has registered it: nobody else uses the name.
        guard entries.count == 2, entries[1]?.value == SharedObject.registered.encoded() else { throw .ended }
        return name
    }

    func storedObjects(
        _ names: [CompactedObjectName]
    ) async throws(MaintenanceFailure) -> [CompactedObjectName: StoredObject] {
        var objects: [CompactedObjectName: StoredObject] = [:]
        for start in stride(from: 0, to: names.count, by: 100) {
            let some = names[start..<min(start + 100, names.count)]
            let outcome = try await self.repeating(
                MetadataTransaction(success: some.map { .range(.key(EngineKeys.object($0))) })
            )
            for (name, response) in zip(some, outcome.responses) {
                guard case .range(let range) = response, let entry = range.entries.first else { continue }
                do throws(ObjectCodingError) {
                    objects[name] = StoredObject(
                        revision: entry.modRevision,
                        value: try SharedObject(decoding: entry.value)
                    )
                } catch {
                    throw .damaged(error.message)
                }
            }
        }
        return objects
    }

    /// Sends a transaction that may be repeated until it is answered, or the engine ends.
    func repeating(_ transaction: MetadataTransaction) async throws(MaintenanceFailure) -> MetadataOutcome {
        var pause = self.settings.retryDelay.lowerBound
        for attempt in 0..<Self.attemptsMax {
            do throws(MetadataError) {
                return try await self.metadata.commit(transaction)
            } catch {
                guard error.code == .unavailable || error.code == .diskFull, attempt + 1 < Self.attemptsMax else {
                    throw .metadata(error)
                }
            }
            if self.checkpoints.hasEnded { throw .ended }
            do {
                try await Task.sleep(for: pause)
            } catch {
                throw .ended
            }
            pause = min(pause * 2, self.settings.retryDelay.upperBound)
        }
        throw .ended
    }

    private static let attemptsMax = 8
}

extension ObjectPartitionLog.Head {
    /// Goes by another head: what it covers is read from its extents from now on.
    mutating func take(_ head: StoredHead) {
        // Two jobs may change a head one after the other, and the first be heard of last.
        guard head.revision == 0 || head.revision >= self.durable.revision else { return }
        let end = head.head.indexedEnd
        self.durable = head
        self.index.replace(before: end, by: head.extents.extents.map { StoredStretch($0) })
        self.index.removeBefore(self.state.logStart)
        self.inherited.removeAll { $0.run.endOffset <= end }
        self.hints.removeAll()
        self.takeCleaned()
    }
}
