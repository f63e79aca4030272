package import LogCore
internal import LogObjects
internal import Logging
internal import Metadata
internal import Model
internal import NIOCore
internal import ObjectStore
internal import Synchronization

/// Partitions come: what their assignments and heads say, and the commit records of those that owned them before.
extension ObjectLogEngine {
    /// What etcd has of a partition.
    private struct Found {
        var assignment: PartitionAssignment?
        var head = PartitionHead()
        /// 0 where there is none.
        var revision: MetadataRevision = 0
    }

    private typealias RunsOfIncarnations = [Incarnation: Result<[TopicPartition: [CommittedRun]], LogError>]

    /// See `LogEngine.acquire`. Who assigned the partitions to this incarnation has fenced the owners before, or they
    /// have released them: so what their commit records say is read after that, and is all there will ever be.
    package func acquire(_ wanted: [LogAcquisition]) async -> [Result<any PartitionLog, LogError>] {
        let found: [Result<Found, LogError>]
        do throws(LogError) {
            if self.registry.withLock({ $0.isClosed || $0.isFenced }) { throw Self.ended }
            found = try await self.find(wanted)
        } catch {
            return wanted.map { _ in .failure(error) }
        }
        var predecessors: Set<Incarnation> = []
        for case .success(let found) in found { predecessors.formUnion(found.assignment?.predecessors ?? []) }
        var runs: RunsOfIncarnations = [:]
        for incarnation in predecessors.sorted() { runs[incarnation] = await self.runs(of: incarnation) }
        return await self.open(wanted, found, runs)
    }

    /// Opens logs, several at a time: each may have to read what its head names.
    private func open(
        _ wanted: [LogAcquisition],
        _ found: [Result<Found, LogError>],
        _ runs: RunsOfIncarnations
    ) async -> [Result<any PartitionLog, LogError>] {
        await withTaskGroup(of: (Int, Result<any PartitionLog, LogError>).self) { group in
            var results = wanted.map { _ in Result<any PartitionLog, LogError>.failure(Self.ended) }
            var next = 0
            func addOne() {
                guard next < wanted.count else { return }
                let (index, acquisition, head) = (next, wanted[next], found[next])
                next += 1
                group.addTask { (index, await self.result(of: acquisition, head, runs)) }
            }
            for _ in 0..<self.settings.readersMax { addOne() }
            while let (index, result) = await group.next() {
                results[index] = result
                addOne()
            }
            return results
        }
    }

    private func result(
        of wanted: LogAcquisition,
        _ found: Result<Found, LogError>,
        _ runs: RunsOfIncarnations
    ) async -> Result<any PartitionLog, LogError> {
        do throws(LogError) {
            return .success(try await self.open(wanted, try found.get(), runs))
        } catch {
            self.logger.error(
                "a partition could not be acquired",
                metadata: [
                    "partition": "\(wanted.topicName)-\(wanted.partition.partition)", "error": "\(error.message)",
                ]
            )
            return .failure(error)
        }
    }

    private func open(
        _ wanted: LogAcquisition,
        _ found: Found,
        _ runs: RunsOfIncarnations
    ) async throws(LogError) -> ObjectPartitionLog {
        if let log = self.registry.withLock({ $0.logs[wanted.partition] }) { return log }
        if let assignment = found.assignment {
            guard assignment.owner == self.incarnation, assignment.epoch == wanted.epoch else {
                throw LogError(
                    .fencedLeaderEpoch,
                    "the partition belongs to \(assignment.owner) with epoch \(assignment.epoch)"
                )
            }
        }
        let predecessors = found.assignment?.predecessors ?? []
        var tail: [CommittedRun] = []
        for incarnation in predecessors {
            tail += try runs[incarnation]?.get()[wanted.partition] ?? []
        }
        let recovered: RecoveredLog
        do throws(ObjectCodingError) {
            let covered = try await self.covered(by: found.head)
            recovered = try RecoveredLog(
                StoredHead(revision: found.revision, extents: covered.extents),
                aborted: covered.aborted,
                producers: covered.producers,
                runs: tail,
                predecessors: predecessors
            )
        } catch {
            throw LogError(.storage, error.message)
        }
        let log = ObjectPartitionLog(wanted, engine: self, recovered: recovered)
        return try self.registry.withLock { registry throws(LogError) in
            if registry.isClosed || registry.isFenced { throw Self.ended }
            if let known = registry.logs[wanted.partition] { return known }
            registry.logs[wanted.partition] = log
            return log
        }
    }

    private static let ended = LogError(.closed, "the engine has ended")

    /// Reads assignments and heads, as many in one transaction as it takes.
    private func find(_ wanted: [LogAcquisition]) async throws(LogError) -> [Result<Found, LogError>] {
        var found: [Result<Found, LogError>] = []
        let perTransaction = MetadataLimits.operationsMax / 2
        for start in stride(from: 0, to: wanted.count, by: perTransaction) {
            let some = wanted[start..<min(start + perTransaction, wanted.count)]
            let outcome: MetadataOutcome
            do throws(MetadataError) {
                outcome = try await self.metadata.commit(
                    MetadataTransaction(
                        success: some.flatMap { wanted -> [MetadataOperation] in
                            [
                                .range(.key(PartitionAssignment.key(wanted.partition))),
                                .range(.key(EngineKeys.head(wanted.partition))),
                            ]
                        }
                    )
                )
            } catch {
                throw LogError(.storage, error.message)
            }
            let entries = outcome.responses.map { response -> MetadataEntry? in
                guard case .range(let range) = response else { return nil }
                return range.entries.first
            }
            guard entries.count == 2 * some.count else { throw LogError(.storage, "an answer of etcd is too short") }
            for index in 0..<some.count {
                found.append(Self.found(assignment: entries[2 * index], head: entries[2 * index + 1]))
            }
        }
        return found
    }

    private static func found(assignment: MetadataEntry?, head: MetadataEntry?) -> Result<Found, LogError> {
        do throws(ObjectCodingError) {
            var found = Found()
            if let assignment { found.assignment = try PartitionAssignment(decoding: assignment.value) }
            if let head {
                found.head = try PartitionHead(decoding: head.value)
                found.revision = head.modRevision
            }
            return .success(found)
        } catch {
            return .failure(LogError(.storage, error.message))
        }
    }

    /// The commit records of an incarnation that has released, or was fenced from, what is acquired.
    private func runs(of incarnation: Incarnation) async -> Result<[TopicPartition: [CommittedRun]], LogError> {
        do throws(MetadataError) {
            let range = try await self.metadata.range(.prefix(EngineKeys.commits(incarnation)))
            do throws(ObjectCodingError) {
                return .success(
                    TakeOver.runs(of: incarnation, try TakeOver.records(of: incarnation, range.entries))
                )
            } catch {
                return .failure(LogError(.storage, error.message))
            }
        } catch {
            return .failure(LogError(.storage, error.message))
        }
    }

    /// What the objects say that a head names.
    private func covered(
        by head: PartitionHead
    ) async throws(ObjectCodingError) -> (
        extents: PartitionExtents, aborted: [AbortedTransactions.Entry], producers: ProducerTable
    ) {
        let extents = try await self.extents(of: head)
        var aborted: [AbortedTransactions.Entry] = []
        for extent in extents.extents where extent.hasAborted {
            let range = extent.section.end..<extent.section.end + extent.detailLength
            aborted += try ExtentDetail(
                decoding: try await self.bytes(of: extent.section.object, range),
                of: extent
            ).aborted
        }
        var producers = ProducerTable()
        if let section = head.producers {
            let bytes = try section.verified(try await self.bytes(of: section))
            guard let table = ProducerSnapshot.decode(bytes) else {
                throw ObjectCodingError(.damaged, "What \(section.object) says of producers cannot be read.")
            }
            producers = table
        }
        return (extents, aborted, producers)
    }

    /// A head with the extents that its index has.
    func extents(of head: PartitionHead) async throws(ObjectCodingError) -> PartitionExtents {
        guard let index = head.index else { return PartitionExtents(head: head) }
        var leaves: [PartitionExtents.Leaf] = []
        switch try ExtentIndex(decoding: try await self.bytes(of: index.section), of: index) {
        case .extents(let extents): leaves.append(PartitionExtents.Leaf(reference: index, extents: extents))
        case .indexes(let references):
            for reference in references where reference.endOffset > head.logStart {
                let part = try ExtentIndex(decoding: try await self.bytes(of: reference.section), of: reference)
                guard case .extents(let extents) = part else {
                    throw ObjectCodingError(.damaged, "A part of an index is an index of parts.")
                }
                leaves.append(PartitionExtents.Leaf(reference: reference, extents: extents))
            }
        }
        return PartitionExtents(head: head, leaves: leaves)
    }

    func bytes(of section: ObjectSection) async throws(ObjectCodingError) -> ByteBuffer {
        try await self.bytes(of: section.object, section.position..<section.end)
    }

    func bytes(
        of object: CompactedObjectName,
        _ range: Range<Int>
    ) async throws(ObjectCodingError) -> ByteBuffer {
        do throws(ObjectStoreError) {
            return try await self.objects.get(object.description, range: range)
        } catch {
            throw ObjectCodingError(.damaged, "\(object) cannot be read: \(error.message)")
        }
    }
}
