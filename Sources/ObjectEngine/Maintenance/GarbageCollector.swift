package import LogObjects
package import Logging
package import Metadata
package import Model
internal import NIOCore
package import ObjectStore
package import Threads

/// Deletes what nothing refers to any more: the shell around `DeletionSchedule` and `IncarnationCleanup`.
///
/// Each broker carries out the deletion intents of its own objects, and removes the heads of topics that were
/// deleted while it had partitions of them. The controller also has the intents of incarnations that are fenced, cleans
/// up after these, and looks at all heads for deleted topics when it becomes the controller and every hour. Two that
/// take themselves for the controller do no harm: every step compares what it was decided by, and deleting twice is
/// deleting.
package actor GarbageCollector {
    private let incarnation: Incarnation
    private let metadata: any MetadataStore
    private let objects: any ObjectStore
    private let time: any TimeSource
    private let logger: Logger
    private let takeDeletedTopics: @Sendable () -> [TopicID]
    /// Topics whose heads are to go.
    private var deletedTopics: Set<TopicID> = []
    private var wasController = false
    /// When all heads are looked at, in milliseconds of the wall clock.
    private var nextSurvey: Int64 = 0
    private var schedule = DeletionSchedule()
    private var known: Set<GarbageName> = []
    private var cleanups: [Incarnation: IncarnationCleanup] = [:]

    /// Objects that were deleted, for metrics.
    package private(set) var deletedCount = 0
    /// Deletion intents that wait.
    package var pendingCount: Int { self.schedule.count }

    /// - Parameters:
    ///   - incarnation: this broker's.
    ///   - takeDeletedTopics: those of which the broker's partitions were deleted since it was called last.
    package init(
        incarnation: Incarnation,
        metadata: any MetadataStore,
        objects: any ObjectStore,
        time: any TimeSource = SystemTime.shared,
        logger: Logger,
        takeDeletedTopics: @escaping @Sendable () -> [TopicID] = { [] }
    ) {
        self.incarnation = incarnation
        self.metadata = metadata
        self.objects = objects
        self.time = time
        self.logger = logger
        self.takeDeletedTopics = takeDeletedTopics
    }

    /// One round; to be called again after a while. A round that fails changes nothing that the next does not repeat.
    ///
    /// - Parameter isController: see above.
    package func collect(isController: Bool) async {
        do throws(MetadataError) {
            self.deletedTopics.formUnion(self.takeDeletedTopics())
            if isController {
                try await self.cleanUp()
                if !self.wasController || self.now >= self.nextSurvey { try await self.surveyHeads() }
            }
            self.wasController = isController
            for topic in self.deletedTopics.sorted() {
                try await self.removeHeads(try await self.entries(EngineKeys.heads(of: topic)))
                self.deletedTopics.remove(topic)
            }
            try await self.delete(all: isController)
        } catch {
            self.logger.warning("garbage collection is tried again", metadata: ["error": "\(error)"])
        }
    }

    // MARK: Deletions

    private func delete(all: Bool) async throws(MetadataError) {
        var actions: [DeletionSchedule.Action] = []
        var found: Set<GarbageName> = []
        for entry in try await self.entries(GarbageName.prefix) {
            guard let name = GarbageName(entry.key), all || name.writer == self.incarnation,
                let intent = self.read(
                    entry.key,
                    { () throws(ObjectCodingError) in
                        try DeletionIntent(decoding: entry.value)
                    }
                )
            else { continue }
            found.insert(name)
            actions += self.schedule.observed(name, intent, revision: entry.modRevision, now: self.now)
        }
        for name in self.known.subtracting(found) { actions += self.schedule.removed(name, now: self.now) }
        self.known = found
        actions += self.schedule.timerFired(now: self.now)
        while !actions.isEmpty { actions += await self.carryOut(actions.removeFirst()) }
    }

    private func carryOut(_ action: DeletionSchedule.Action) async -> [DeletionSchedule.Action] {
        switch action {
        case .delete(let name, let names):
            do throws(ObjectStoreError) {
                for start in stride(from: 0, to: names.count, by: ObjectStoreLimits.deletionsMax) {
                    let some = names[start..<min(start + ObjectStoreLimits.deletionsMax, names.count)]
                    try await self.objects.delete(Array(some))
                }
            } catch {
                self.logger.warning("objects could not be deleted", metadata: ["error": "\(error)"])
                return self.schedule.failed(name, now: self.now, delayMilliseconds: Self.retryMilliseconds)
            }
            self.deletedCount += names.count
            return self.schedule.deleted(name, now: self.now)
        case .update(let name, let transaction):
            do throws(MetadataError) {
                let outcome = try await self.metadata.commit(transaction)
                if outcome.succeeded, case .delete? = transaction.success.first {
                    self.known.remove(name)
                    return self.schedule.removed(name, now: self.now)
                }
            } catch {
                return self.schedule.failed(name, now: self.now, delayMilliseconds: Self.retryMilliseconds)
            }
            return self.schedule.updated(name, now: self.now)
        case .setTimer:
            // The next round comes before it matters.
            return []
        }
    }

    private static let retryMilliseconds: Int64 = 10_000

    // MARK: Fenced incarnations

    private func cleanUp() async throws(MetadataError) {
        let fenced = try await self.entries(EngineKeys.ownerships)
            .filter { $0.value == OwnershipState.fenced.value }
            .compactMap { EngineKeys.incarnation(of: $0.key) }
        if fenced.isEmpty { return }
        let named = try await self.namedIncarnations()
        for incarnation in fenced.sorted() {
            var cleanup = self.cleanups[incarnation] ?? IncarnationCleanup(incarnation)
            var next: IncarnationCleanup.Action? =
                self.cleanups[incarnation] == nil ? cleanup.begin() : cleanup.failed()
            if let named, !named.contains(incarnation), let action = cleanup.unreferenced() { next = action }
            do throws(MetadataError) {
                while let action = next { next = try await self.carryOut(action, &cleanup) }
            } catch {
                self.cleanups[incarnation] = cleanup
                throw error
            }
            self.cleanups[incarnation] = cleanup.isDone ? nil : cleanup
        }
    }

    /// - Returns: what follows; `nil` when there is nothing to do now.
    private func carryOut(
        _ action: IncarnationCleanup.Action,
        _ cleanup: inout IncarnationCleanup
    ) async throws(MetadataError) -> IncarnationCleanup.Action? {
        let incarnation = cleanup.incarnation
        switch action {
        case .readOwnership:
            return cleanup.ownershipRead(try await self.metadata.get(EngineKeys.ownership(incarnation)).entry?.value)
        case .readRecords:
            let floor = try await self.metadata.get(EngineKeys.floor(incarnation)).entry?.value
            let entries = try await self.entries(EngineKeys.commits(incarnation))
            let objects = try await self.storedObjects(of: incarnation)
            let records = self.read(EngineKeys.commits(incarnation)) { () throws(ObjectCodingError) in
                try TakeOver.records(of: incarnation, entries)
            }
            // What cannot be read is kept, for a person to look at.
            guard let records, let objects else { return nil }
            return cleanup.recordsRead(floor: floor, records, objects: objects, now: self.now)
        case .commit(let transaction): return cleanup.committed(try await self.metadata.commit(transaction))
        case .waitForFence, .waitForReferences, .done: return nil
        }
    }

    private func storedObjects(
        of incarnation: Incarnation
    ) async throws(MetadataError) -> [CompactedObjectName: StoredObject]? {
        var objects: [CompactedObjectName: StoredObject] = [:]
        for entry in try await self.entries(EngineKeys.objects(of: incarnation)) {
            guard let name = EngineKeys.object(of: entry.key) else { continue }
            let value = self.read(entry.key) { () throws(ObjectCodingError) in
                try SharedObject(decoding: entry.value)
            }
            guard let value else { return nil }
            objects[name] = StoredObject(revision: entry.modRevision, value: value)
        }
        return objects
    }

    /// Incarnations that assignments name, as owner or predecessor; `nil` when one of them cannot be read.
    private func namedIncarnations() async throws(MetadataError) -> Set<Incarnation>? {
        var named: Set<Incarnation> = []
        for entry in try await self.entries(PartitionAssignment.keys) {
            let assignment = self.read(entry.key) { () throws(ObjectCodingError) in
                try PartitionAssignment(decoding: entry.value)
            }
            guard let assignment else { return nil }
            named.insert(assignment.owner)
            named.formUnion(assignment.predecessors)
        }
        return named
    }

    // MARK: Deleted topics

    /// What no broker has noticed: one that ended with its partitions, for example.
    private func surveyHeads() async throws(MetadataError) {
        let now = self.now
        try await self.removeHeads(try await self.entries(EngineKeys.heads))
        self.nextSurvey = now + Self.surveyMilliseconds
    }

    private static let surveyMilliseconds: Int64 = 3_600_000

    /// Removes those of these heads whose topic is gone. Heads are read first: a topic is there before its heads, and a
    /// head is made only while its topic is there.
    private func removeHeads(_ heads: [MetadataEntry]) async throws(MetadataError) {
        var topics: [TopicID: Bool] = [:]
        for entry in heads {
            guard let partition = EngineKeys.partition(ofHead: entry.key) else { continue }
            let topic = MetadataKeys.topicID(partition.topicID)
            if topics[partition.topicID] == nil {
                topics[partition.topicID] = try await self.metadata.get(topic).entry != nil
            }
            guard topics[partition.topicID] == false, let stored = await self.stored(entry) else { continue }
            let change = HeadChange(partition: partition, before: stored, after: nil)
            var counts: [CompactedObjectName: StoredObject] = [:]
            for name in change.removed.keys {
                guard let count = try await self.metadata.get(EngineKeys.object(name)).entry,
                    let value = self.read(
                        count.key,
                        { () throws(ObjectCodingError) in
                            try SharedObject(decoding: count.value)
                        }
                    )
                else { continue }
                counts[name] = StoredObject(revision: count.modRevision, value: value)
            }
            for batch in MaintenanceTransaction.batches([change]) {
                var transaction = MaintenanceTransaction(
                    writer: nil,
                    changes: batch,
                    objects: counts,
                    guardsTopics: false,
                    now: self.now
                ).transaction
                transaction.compares.append(.isMissing(topic))
                _ = try await self.metadata.commit(transaction)
            }
        }
    }

    /// A head with its index; `nil` when it cannot be read now.
    private func stored(_ entry: MetadataEntry) async -> StoredHead? {
        do throws(ObjectCodingError) {
            let head = try PartitionHead(decoding: entry.value)
            var leaves: [PartitionExtents.Leaf] = []
            if let index = head.index { leaves = try await self.leaves(of: index, from: head.logStart) }
            let extents = PartitionExtents(head: head, leaves: leaves)
            return StoredHead(revision: entry.modRevision, extents: extents)
        } catch {
            self.logger.warning("a head cannot be read", metadata: ["key": "\(entry.key)", "error": "\(error)"])
            return nil
        }
    }

    private func leaves(
        of reference: IndexReference,
        from logStart: Int64
    ) async throws(ObjectCodingError) -> [PartitionExtents.Leaf] {
        let section = reference.section
        let bytes: ByteBuffer
        do throws(ObjectStoreError) {
            bytes = try await self.objects.get("\(section.object)", range: section.position..<section.end)
        } catch {
            throw ObjectCodingError(.damaged, "\(section.object) cannot be read: \(error)")
        }
        switch try ExtentIndex(decoding: bytes, of: reference) {
        case .extents(let extents): return [PartitionExtents.Leaf(reference: reference, extents: extents)]
        case .indexes(let parts):
            var leaves: [PartitionExtents.Leaf] = []
            for part in parts where part.endOffset > logStart {
                leaves += try await self.leaves(of: part, from: logStart)
            }
            return leaves
        }
    }

    // MARK: Reading

    private var now: Int64 { self.time.wallMilliseconds }

    /// All keys below a prefix, a page at a time.
    private func entries(_ prefix: MetadataKey) async throws(MetadataError) -> [MetadataEntry] {
        var range = MetadataKeyRange.prefix(prefix)
        var entries: [MetadataEntry] = []
        while true {
            let page = try await self.metadata.range(range, limit: 1_000)
            entries += page.entries
            guard page.hasMore, let last = page.entries.last else { return entries }
            range.lower = last.key.successor
        }
    }

    private func read<Value>(_ key: MetadataKey, _ body: () throws(ObjectCodingError) -> Value) -> Value? {
        do throws(ObjectCodingError) {
            return try body()
        } catch {
            self.logger.warning("a value cannot be read", metadata: ["key": "\(key)", "error": "\(error)"])
            return nil
        }
    }
}
