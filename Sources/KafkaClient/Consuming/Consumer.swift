internal import KafkaProtocol
package import Model
internal import NIOCore

/// Reads the partitions it was given, each from its own position, with one long-polling fetch per broker.
package actor Consumer {
    private struct Position {
        var offset: Offset
        /// Nothing is fetched before: after an error.
        var resumesAt: ContinuousClock.Instant?
        var failures = 0
    }

    private let cluster: KafkaCluster
    private let settings: ConsumerSettings
    private var positions: [NamedPartition: Position] = [:]

    package init(cluster: KafkaCluster, settings: ConsumerSettings = ConsumerSettings()) {
        self.cluster = cluster
        self.settings = settings
    }

    /// The partitions that are read, with the offset of the next record of each.
    package var offsets: [NamedPartition: Offset] { self.positions.mapValues(\.offset) }

    /// Reads these partitions from now on and no others.
    ///
    /// - Throws: `ClientError` when a topic does not exist or a position cannot be found out.
    package func assign(_ starts: [NamedPartition: StartPosition]) async throws {
        var positions: [NamedPartition: Position] = [:]
        var asked: [NamedPartition: Timestamp] = [:]
        for (partition, start) in starts {
            if case .offset(let offset) = start {
                positions[partition] = Position(offset: offset)
            } else if let timestamp = start.listTimestamp {
                asked[partition] = timestamp
            }
        }
        for (partition, offset) in try await self.cluster.listOffsets(asked) {
            positions[partition] = Position(offset: offset)
        }
        self.positions = positions
    }

    /// Sets the position to this record.
    package func seek(_ partition: NamedPartition, to offset: Offset) {
        self.positions[partition]?.offset = offset
    }

    /// The next records, in order within each partition; empty when none came during the wait. Positions move past
    /// what is returned.
    ///
    /// - Throws: `ClientError` on what cannot be tried again; `CancellationError`.
    package func poll() async throws -> [ConsumedRecord] {
        let now = ContinuousClock.now
        var byLeader: [BrokerID: [NamedPartition]] = [:]
        var earliest: ContinuousClock.Instant?
        for partition in self.positions.keys.sorted() {
            if let resumesAt = self.positions[partition]?.resumesAt, resumesAt > now {
                earliest = min(earliest ?? resumesAt, resumesAt)
                continue
            }
            let layout = try await self.cluster.layout(of: partition.topic)
            guard let leader = layout.leader(of: partition.partition) else {
                guard layout.partitions.contains(where: { $0.index == partition.partition }) else {
                    throw ClientError.server(.unknownTopicOrPartition, "partition \(partition)")
                }
                await self.postpone(partition)
                continue
            }
            byLeader[leader, default: []].append(partition)
        }
        guard !byLeader.isEmpty else {
            // Nothing can be fetched at the moment.
            let pause = earliest.map { $0 - now } ?? self.settings.wait
            try await Task.sleep(for: min(pause, self.settings.wait))
            return []
        }
        // One slow broker must not hold up the others for long.
        let wait = byLeader.count == 1 ? self.settings.wait : min(self.settings.wait, .milliseconds(100))
        return try await withThrowingTaskGroup(of: [ConsumedRecord].self) { group in
            for (leader, partitions) in byLeader {
                group.addTask { try await self.fetch(partitions, from: leader, wait: wait) }
            }
            var records: [ConsumedRecord] = []
            for try await some in group {
                if records.isEmpty { records = some } else { records += some }
            }
            return records
        }
    }

    private func fetch(
        _ partitions: [NamedPartition],
        from leader: BrokerID,
        wait: Duration
    ) async throws -> [ConsumedRecord] {
        var names: [TopicID: String] = [:]
        let request = try await self.request(for: partitions, wait: wait, names: &names)
        let response: FetchResponse
        do {
            let connection = try await self.cluster.connection(to: leader)
            response = try await connection.send(
                request,
                versionMax: names[.zero] == nil ? nil : 12,
                wait: wait
            )
            guard response.errorCode == .none else { throw ClientError.server(response.errorCode, "fetch") }
        } catch let error as ClientError where error.isRetriable {
            if error.code == .unreachable { throw error }
            for partition in partitions { await self.postpone(partition) }
            return []
        }
        var records: [ConsumedRecord] = []
        for topic in response.topics {
            let name = topic.name.isEmpty ? names[topic.topicID] : topic.name
            guard let name else { continue }
            for answer in topic.partitions {
                let partition = NamedPartition(topic: name, partition: answer.partitionIndex)
                records += try await self.take(answer, of: partition)
            }
        }
        return records
    }

    private func request(
        for partitions: [NamedPartition],
        wait: Duration,
        names: inout [TopicID: String]
    ) async throws -> FetchRequest {
        var topics: [FetchRequest.Topic] = []
        for partition in partitions {
            guard let position = self.positions[partition] else { continue }
            let asked = FetchRequest.Partition(
                partitionIndex: partition.partition,
                fetchOffset: position.offset,
                partitionMaxBytes: self.settings.partitionBytesMax
            )
            if topics.last?.name == partition.topic {
                topics[topics.count - 1].partitions.append(asked)
            } else {
                let topicID = try await self.cluster.layout(of: partition.topic).topicID
                names[topicID] = partition.topic
                topics.append(FetchRequest.Topic(name: partition.topic, topicID: topicID, partitions: [asked]))
            }
        }
        return FetchRequest(
            maxWaitMs: wait.wireMilliseconds,
            minBytes: self.settings.fetchBytesMin,
            maxBytes: self.settings.fetchBytesMax,
            isolationLevel: self.settings.readsCommittedOnly ? 1 : 0,
            topics: topics
        )
    }

    private func take(
        _ answer: FetchResponse.Partition,
        of partition: NamedPartition
    ) async throws -> [ConsumedRecord] {
        guard let position = self.positions[partition] else { return [] }
        switch answer.errorCode {
        case .none:
            break
        case .offsetOutOfRange:
            guard let reset = self.settings.reset, let timestamp = reset.listTimestamp else {
                throw ClientError.server(.offsetOutOfRange, "\(partition) at offset \(position.offset)")
            }
            let offsets = try await self.cluster.listOffsets([partition: timestamp])
            if let offset = offsets[partition] { self.positions[partition] = Position(offset: offset) }
            return []
        case let code where code.isRetriable || code == .unknownTopicID || code == .inconsistentTopicID:
            // A topic that was deleted does not come back by waiting.
            if position.failures > 20 { throw ClientError.server(code, "partition \(partition)") }
            await self.postpone(partition)
            return []
        default:
            throw ClientError.server(answer.errorCode, "partition \(partition)")
        }
        let aborted = self.settings.readsCommittedOnly ? answer.abortedTransactions ?? [] : []
        let decoding = BatchDecoding(
            partition: partition,
            position: position.offset,
            aborted: aborted.map { ($0.producerID, $0.firstOffset) }
        )
        let decoded = try decoding.decode(answer.records?.joined() ?? ByteBuffer())
        self.positions[partition] = Position(offset: decoded.nextOffset)
        return decoded.records
    }

    /// Leaves a partition alone for a moment and asks for its leader again.
    private func postpone(_ partition: NamedPartition) async {
        let failures = self.positions[partition]?.failures ?? 0
        let pause = self.cluster.settings.backoff(afterAttempt: failures)
        self.positions[partition]?.resumesAt = ContinuousClock.now + pause
        self.positions[partition]?.failures = failures + 1
        await self.cluster.forget(partition.topic)
    }
}
