internal import LogCore
internal import LogObjects
internal import Logging
internal import Metadata
internal import Model
internal import NIOCore
internal import ObjectStore
internal import RecordBatch
internal import Synchronization
internal import Threads

/// Folds commit records into heads: their runs become extents of sorted objects, and the records go.
extension ObjectLogEngine {
    /// Makes a checkpoint of everything that is committed. One at a time (`Checkpoints`).
    func checkpoint() async -> Checkpoints.Result {
        do throws(MaintenanceFailure) {
            return try await self.fold() ? .removedRecords : .nothing
        } catch {
            switch error {
            case .ended: return .nothing
            case .metadata(let error): self.report("\(error)")
            case .store(let error): self.report("\(error)")
            case .damaged(let reason): self.report(reason)
            }
            return .failed
        }
    }

    private func report(_ error: String) {
        self.logger.warning("a checkpoint failed and is made again", metadata: ["error": "\(error)"])
    }

    /// - Returns: whether commit records were removed.
    private func fold() async throws(MaintenanceFailure) -> Bool {
        let now = self.time.wallMilliseconds
        // All of these are in the logs already.
        let window = self.checkpoints.window
        try await self.closeUnfinished(of: .checkpoint, now: now)
        let logs = Dictionary(uniqueKeysWithValues: self.logs.map { ($0.partition, $0) })
        var heads: [TopicPartition: PartitionHead] = [:]
        var inherited: [CommittedFlush] = []
        for (partition, log) in logs {
            let (head, runs) = log.head.withLock { ($0.durable.head, $0.inherited) }
            heads[partition] = head
            inherited += runs.map { CommittedFlush($0) }
        }
        let plan = CheckpointPlan(inherited + window, heads: heads) { logs[$0] != nil }
        for object in plan.objects { try await self.write(object, logs, now: now) }
        if !plan.unwritten.isEmpty { try await self.update(try await self.unwritten(plan.unwritten, logs), now: now) }
        try await self.removePredecessors(logs.values)
        return try await self.trim(window, now: now)
    }

    /// Writes an object of a checkpoint, and has the heads refer to it.
    private func write(
        _ object: CheckpointPlan.Object,
        _ logs: [TopicPartition: ObjectPartitionLog],
        now: Timestamp
    ) async throws(MaintenanceFailure) {
        try await self.writeObject(isShared: object.isShared, partitions: object.pieces.count, now: now) {
            (builder, writer) async throws(MaintenanceFailure) in
            var updates: [HeadUpdate] = []
            for piece in object.pieces {
                guard let log = logs[piece.partition] else { continue }
                updates.append(.checkpoint(try await self.write(piece, of: log, &builder, &writer, now: now)))
            }
            return updates
        }
    }

    private func write(
        _ piece: CheckpointPlan.Piece,
        of log: ObjectPartitionLog,
        _ builder: inout CompactedObjectBuilder,
        _ writer: inout ObjectWriter,
        now: Timestamp
    ) async throws(MaintenanceFailure) -> CheckpointedPiece {
        let (folded, aborted) = try await self.folded(piece, of: log, now: now)
        var extent: Extent?
        if let first = piece.written.first {
            builder.beginExtent(piece.partition, baseOffset: first.run.baseOffset)
            for source in piece.written {
                try await log.forEachBatch(of: source) { header, parts in builder.append(header, parts) }
                do throws(ObjectStoreError) {
                    try await writer.take(&builder)
                } catch {
                    throw .store(error)
                }
            }
            let start = first.run.baseOffset
            extent = builder.endExtent(endOffset: piece.endOffset, aborted: aborted.filter { $0.lastOffset >= start })
        }
        var producers: ObjectSection?
        var keepsProducers = false
        switch folded.producers {
        case .unchanged: keepsProducers = true
        case .nobody: break
        case .snapshot(let bytes):
            let section = builder.addProducers(piece.partition, bytes)
            producers = section
            log.head.withLock { $0.producerSnapshot = (section, bytes) }
        }
        return CheckpointedPiece(
            piece: piece,
            extent: extent,
            leaderEpochs: folded.leaderEpochs,
            producers: producers,
            keepsProducers: keepsProducers
        )
    }

    private func unwritten(
        _ pieces: [CheckpointPlan.Piece],
        _ logs: [TopicPartition: ObjectPartitionLog]
    ) async throws(MaintenanceFailure) -> [HeadUpdate] {
        var updates: [HeadUpdate] = []
        for piece in pieces {
            guard let log = logs[piece.partition] else { continue }
            let folded = try await self.folded(piece, of: log, now: nil).fold
            updates.append(
                .checkpoint(
                    CheckpointedPiece(
                        piece: piece,
                        extent: nil,
                        leaderEpochs: folded.leaderEpochs,
                        producers: nil,
                        keepsProducers: true
                    )
                )
            )
        }
        return updates
    }

    /// What is known of producers and epochs where a piece ends.
    private func folded(
        _ piece: CheckpointPlan.Piece,
        of log: ObjectPartitionLog,
        now: Timestamp?
    ) async throws(MaintenanceFailure) -> (fold: CheckpointFold, aborted: [AbortedTransactions.Entry]) {
        let (head, age) = log.head.withLock {
            ($0.durable.head, $0.state.settings.producerIDExpirationMilliseconds)
        }
        do throws(ObjectCodingError) {
            var snapshot: ByteBuffer?
            if let section = head.producers { snapshot = try await self.producerSnapshot(section, of: log) }
            var fold = try CheckpointFold(head, snapshot: snapshot)
            let aborted = fold.apply(piece)
            if let now { fold.expire(now: now, age: age) }
            return (fold, aborted)
        } catch {
            throw .damaged(error.message)
        }
    }

    /// The bytes of a section of producers, which are read once.
    private func producerSnapshot(
        _ section: ObjectSection,
        of log: ObjectPartitionLog
    ) async throws(ObjectCodingError) -> ByteBuffer {
        if let known = log.head.withLock({ $0.producerSnapshot }), known.section == section { return known.bytes }
        let bytes = try section.verified(try await self.bytes(of: section))
        log.head.withLock { $0.producerSnapshot = (section, bytes) }
        return bytes
    }

    // MARK: What is not needed any more

    /// Takes incarnations out of the assignments whose runs the heads have.
    private func removePredecessors(_ logs: some Sequence<ObjectPartitionLog>) async throws(MaintenanceFailure) {
        for log in logs {
            let folded = log.head.withLock { $0.inherited.isEmpty ? $0.predecessors : [] }
            if folded.isEmpty { continue }
            let key = PartitionAssignment.key(log.partition)
            let entry: MetadataEntry?
            do throws(MetadataError) {
                entry = try await self.metadata.get(key).entry
            } catch {
                throw .metadata(error)
            }
            guard let entry else { continue }
            var assignment: PartitionAssignment
            do throws(ObjectCodingError) {
                assignment = try PartitionAssignment(decoding: entry.value)
            } catch {
                throw .damaged(error.message)
            }
            guard assignment.owner == self.incarnation else { continue }
            assignment.predecessors.removeAll { folded.contains($0) }
            var transaction = MetadataTransaction(
                compares: [
                    MetadataCompare(
                        EngineKeys.ownership(self.incarnation),
                        .equal,
                        .value(OwnershipState.active.value)
                    ),
                    .isUnchanged(key, since: entry.modRevision),
                ],
                success: [.put(key: key, value: assignment.encoded)]
            )
            transaction.isRepeatable = true
            // When somebody else changed the assignment meanwhile, the next checkpoint tries again.
            if try await self.repeating(transaction).succeeded { log.head.withLock { $0.predecessors = [] } }
        }
    }

    /// Removes the leading commit records that are all in heads.
    private func trim(_ window: [CommittedFlush], now: Timestamp) async throws(MaintenanceFailure) -> Bool {
        var heads: [TopicPartition: PartitionHead] = [:]
        var gone = self.checkpoints.deletedPartitions
        for partition in Set(window.flatMap { $0.record.runs.map(\.partition) }) where !gone.contains(partition) {
            if let log = self.registry.withLock({ $0.logs[partition] }) {
                heads[partition] = log.head.withLock { $0.durable.head }
            } else if let head = try await self.headElsewhere(partition) {
                heads[partition] = head
            } else if self.settings.guardsTopics, try await self.isGone(partition.topicID) {
                gone.insert(partition)
            }
        }
        let count = CheckpointPlan.trimmableCount(window, heads: heads) { gone.contains($0) }
        if count == 0 { return false }
        let operations = CheckpointPlan.trim(writer: self.incarnation, Array(window.prefix(count)), now: now)
        let decision = await self.driver.run { completion in
            MaintenanceRequest(compares: [], operations: operations, completion: completion)
        }
        guard case .done = decision else { throw .ended }
        self.driver.post(.recordsLeft(self.checkpoints.removed(count)))
        return true
    }

    /// The head of a partition that was released: who owns it now may have folded the records.
    private func headElsewhere(_ partition: TopicPartition) async throws(MaintenanceFailure) -> PartitionHead? {
        do throws(MetadataError) {
            guard let entry = try await self.metadata.get(EngineKeys.head(partition)).entry else { return nil }
            do throws(ObjectCodingError) {
                return try PartitionHead(decoding: entry.value)
            } catch {
                throw MetadataError(.corrupt, error.message)
            }
        } catch {
            throw .metadata(error)
        }
    }

    private func isGone(_ topic: TopicID) async throws(MaintenanceFailure) -> Bool {
        do throws(MetadataError) {
            return try await self.metadata.get(MetadataKeys.topicID(topic)).entry == nil
        } catch {
            throw .metadata(error)
        }
    }
}

extension CommittedFlush {
    /// A run alone, as if it were all of its flush.
    fileprivate init(_ committed: CommittedRun) {
        self.init(
            writer: committed.object.writer,
            sequence: committed.object.sequence,
            record: CommitRecord(attempt: committed.object.attempt, objectSize: 0, runs: [committed.run])
        )
    }
}

extension ObjectPartitionLog {
    /// The batches of a run with their offsets and epochs: from memory, when it has them, else from the run's object.
    fileprivate func forEachBatch(
        of committed: CommittedRun,
        _ body: (RecordBatchHeader, [ByteBuffer]) -> Void
    ) async throws(ObjectLogEngine.MaintenanceFailure) {
        let run = committed.run
        let memory = self.head.withLock { head -> [TailBatch] in
            guard let first = head.state.tail.firstOffset, first <= run.baseOffset else { return [] }
            var batches: [TailBatch] = []
            for index in head.state.tail.index(for: run.baseOffset)..<head.state.tail.count {
                let batch = head.state.tail[index]
                if batch.summary.baseOffset >= run.endOffset { break }
                batches.append(batch)
            }
            return batches
        }
        if memory.first?.summary.baseOffset == run.baseOffset {
            for batch in memory {
                guard let header = try? RecordBatchHeader(reading: batch.header, at: batch.header.readerIndex) else {
                    throw .damaged("a batch in memory has no header")
                }
                body(header, [batch.header, batch.payload])
            }
            return
        }
        let reader = self.reader(of: StoredStretch(run, in: committed.object))
        var wanted = StretchReader.Wanted(
            offset: run.baseOffset,
            limit: .max,
            bytesMax: self.engine.settings.blockBytes,
            atLeastOneBatch: true
        )
        while wanted.offset < run.endOffset {
            let slice: StretchReader.Slice
            do throws(StretchReader.Failure) {
                slice = try await reader.read(wanted)
            } catch {
                switch error {
                case .unavailable(let error): throw .store(error)
                case .damaged(let reason), .missing(let reason): throw .damaged(reason)
                }
            }
            for index in stride(from: 0, to: slice.parts.count, by: 2) {
                let head = slice.parts[index]
                guard let header = try? RecordBatchHeader(reading: head, at: head.readerIndex) else {
                    throw .damaged("a batch that was read has no header")
                }
                body(header, [head, slice.parts[index + 1]])
            }
            guard !slice.parts.isEmpty else { throw .damaged("a run has no batch at offset \(wanted.offset)") }
            wanted.offset = slice.end
            wanted.position = slice.endPosition
        }
    }
}
