internal import CommandCore
internal import FoundationEssentials
internal import Glibc
internal import KafkaClient
internal import KafkaProtocol
internal import Model
internal import NIOCore
internal import Synchronization

/// One run of `millrace mirror`: polls the source, writes, waits for the acknowledgements, notes the positions.
actor MirrorRun {
    private static let saveInterval = Duration.seconds(1)
    private static let groupsInterval = Duration.seconds(10)
    private static let topicsInterval = Duration.seconds(30)

    private let source: KafkaCluster
    private let target: KafkaCluster
    /// `nil` for all.
    private let topics: Set<String>?
    private let mirrorsGroups: Bool
    private let endsAtEnd: Bool
    private let path: String
    private var positions = MirrorPositions(source: "", target: "")
    private var progress = Progress()
    private var records = 0
    private var bytes = 0

    /// The acknowledgements of the producer's batches.
    private final class Deliveries: Sendable {
        private let batches = Mutex<[NamedPartition: [(base: Offset, count: Int)]]>([:])

        func add(_ delivery: Delivery) {
            guard delivery.error == nil else { return }
            self.batches.withLock {
                $0[delivery.partition, default: []].append((delivery.baseOffset, delivery.recordCount))
            }
        }

        /// The offsets of the records since the last call, in order.
        func take() -> [NamedPartition: [Offset]] {
            let batches = self.batches.withLock { batches in
                defer { batches = [:] }
                return batches
            }
            return batches.mapValues { batches in
                batches.sorted { $0.base < $1.base }.flatMap { $0.base..<($0.base + Offset($0.count)) }
            }
        }
    }

    init(
        source: KafkaCluster,
        target: KafkaCluster,
        topics: Set<String>?,
        mirrorsGroups: Bool,
        endsAtEnd: Bool,
        path: String
    ) {
        self.source = source
        self.target = target
        self.topics = topics
        self.mirrorsGroups = mirrorsGroups
        self.endsAtEnd = endsAtEnd
        self.path = path
    }

    func run() async throws {
        defer { self.progress.clear() }
        try await self.open()
        _ = try await Interruption.cancelling { try await self.follow() }
        self.progress.clear()
        StandardError.write(
            "mirrored \(Progress.figures(records: self.records, bytes: self.bytes, seconds: self.progress.seconds))\n"
        )
    }

    /// Reads the file of positions, or begins one.
    private func open() async throws {
        let from = try await Admin(cluster: self.source).describeCluster().clusterID
        let to = try await Admin(cluster: self.target).describeCluster().clusterID
        guard from != to || from.isEmpty else { throw Failure("both addresses lead to the cluster \(from)") }
        self.positions = MirrorPositions(source: from, target: to)
        guard let data = FileManager.default.contents(atPath: self.path) else { return }
        do throws(OptionError) {
            self.positions = try MirrorPositions(String(decoding: data, as: UTF8.self))
        } catch {
            throw Failure("\(self.path): \(error)")
        }
        guard self.positions.source == from, self.positions.target == to else {
            throw Failure(
                "\(self.path) is of a mirror from cluster \(self.positions.source) to \(self.positions.target), not from "
                    + "\(from) to \(to); name another file with --positions"
            )
        }
    }

    private func save() throws {
        let temporary = self.path + ".new"
        do {
            try Data(self.positions.text.utf8).write(to: URL(filePath: temporary), options: [])
        } catch {
            throw Failure("\(temporary) cannot be written: \(error)")
        }
        guard rename(temporary, self.path) == 0 else { throw Failure("\(self.path) cannot be written") }
    }

    // MARK: - Records

    private func follow() async throws {
        var settings = ConsumerSettings()
        settings.readsCommittedOnly = true
        settings.reset = .earliest
        let consumer = Consumer(cluster: self.source, settings: settings)
        let deliveries = Deliveries()
        let producer = try await Producer.start(cluster: self.target, settings: ProducerSettings()) {
            Clock.now
        } onDelivery: {
            deliveries.add($0)
        }
        do {
            try await self.loop(consumer, producer, deliveries)
        } catch {
            await producer.close()
            try? self.save()
            throw error
        }
        await producer.close()
        try self.save()
        if self.mirrorsGroups { try await self.commitGroups() }
    }

    private func loop(_ consumer: Consumer, _ producer: Producer, _ deliveries: Deliveries) async throws {
        try await self.findPartitions(consumer)
        let ends = self.endsAtEnd ? try await self.source.bounds(of: Array(await consumer.offsets.keys)).ends : [:]
        var (savedAt, groupsAt, topicsAt) = (ContinuousClock.now, ContinuousClock.now, ContinuousClock.now)
        while true {
            if self.endsAtEnd, await consumer.offsets.allSatisfy({ $1 >= ends[$0] ?? 0 }) { return }
            try Task.checkCancellation()
            let records = try await consumer.poll()
            try await self.write(records, producer, deliveries, next: await consumer.offsets)
            let now = ContinuousClock.now
            if now - savedAt > Self.saveInterval {
                try self.save()
                savedAt = now
            }
            if self.mirrorsGroups, now - groupsAt > Self.groupsInterval {
                try await self.commitGroups()
                groupsAt = now
            }
            if !self.endsAtEnd, now - topicsAt > Self.topicsInterval {
                try await self.findPartitions(consumer)
                topicsAt = now
            }
        }
    }

    /// Writes what was read and waits until it is acknowledged.
    private func write(
        _ records: [ConsumedRecord],
        _ producer: Producer,
        _ deliveries: Deliveries,
        next: [NamedPartition: Offset]
    ) async throws {
        for record in records {
            let copy = ProducerRecord(
                key: record.key,
                value: record.value,
                headers: record.headers,
                partition: record.partition.partition,
                timestamp: record.timestamp
            )
            try await producer.send(copy, to: record.partition.topic)
            self.bytes += copy.payloadBytes
        }
        if !records.isEmpty { await producer.flush() }
        if let failure = await producer.firstFailure { throw failure }
        let written = deliveries.take()
        for (partition, records) in Dictionary(grouping: records, by: \.partition) {
            let offsets = written[partition] ?? []
            guard offsets.count == records.count else {
                throw Failure("\(partition): \(records.count) records were written, \(offsets.count) acknowledged")
            }
            guard offsets.first == self.positions.partitions[partition]?.nextTarget else {
                throw Failure(
                    "something else has written to \(partition) here: a mirror must be alone, or it cannot tell what it has "
                        + "written"
                )
            }
            self.positions.wrote(
                zip(records, offsets).map { ($0.offset, $1) },
                in: partition,
                nextSource: next[partition] ?? 0
            )
        }
        // Markers and gaps move on too.
        for (partition, offset) in next { self.positions.wrote([], in: partition, nextSource: offset) }
        self.records += records.count
        self.progress.update(records: self.records, bytes: self.bytes)
    }

    // MARK: - Topics

    /// Makes the topics and partitions that are missing, and reads those that are new.
    private func findPartitions(_ consumer: Consumer) async throws {
        let there = try await Admin(cluster: self.source).listTopics()
            .filter { topic in self.topics.map { $0.contains(topic.name) } ?? !topic.isInternal }
        if let missing = self.topics?.subtracting(there.map(\.name)).sorted().first {
            throw NotFound(description: "topic \(missing) does not exist in the cluster that is read")
        }
        let here = Dictionary(
            try await Admin(cluster: self.target).listTopics().map { ($0.name, $0.partitions.count) },
            uniquingKeysWith: { $1 }
        )
        let known = await consumer.offsets
        var starts: [NamedPartition: StartPosition] = known.mapValues { .offset($0) }
        for topic in there {
            try await self.make(topic, here[topic.name])
            let partitions = topic.partitions.map { NamedPartition(topic: topic.name, partition: $0.index) }
                .filter { known[$0] == nil }
            for (partition, offset) in try await self.begin(partitions) { starts[partition] = .offset(offset) }
        }
        if starts.count > known.count { try await consumer.assign(starts) }
    }

    private func make(_ topic: TopicLayout, _ partitionsHere: Int?) async throws {
        let admin = Admin(cluster: self.target)
        guard let partitionsHere else {
            let configs = try await Admin(cluster: self.source).topicConfigs(topic.name).filter(\.isSet)
            let settings = configs.compactMap { config in config.value.map { (name: config.name, value: $0) } }
            do {
                try await admin.createTopic(
                    topic.name,
                    partitions: Int32(topic.partitions.count),
                    configs: settings
                )
            } catch let error as ClientError where error.serverCode == .invalidConfig {
                StandardError.write("millrace: \(error.message); topic \(topic.name) is made with default settings\n")
                try await admin.createTopic(topic.name, partitions: Int32(topic.partitions.count))
            }
            return
        }
        if partitionsHere < topic.partitions.count {
            try await admin.createPartitions(topic.name, count: Int32(topic.partitions.count))
        }
    }

    /// Where the source is read from: behind what is here already.
    private func begin(_ partitions: [NamedPartition]) async throws -> [NamedPartition: Offset] {
        let starts = try await self.source.bounds(of: partitions).starts
        let ends = try await self.target.bounds(of: partitions).ends
        var result: [NamedPartition: Offset] = [:]
        for partition in partitions {
            let end = ends[partition] ?? 0
            guard let position = self.positions.partitions[partition] else {
                guard end == 0 else {
                    throw Failure(
                        "\(partition) has records here that this mirror did not write: begin with an empty topic, or give "
                            + "the --positions of the mirror that wrote them"
                    )
                }
                self.positions.begin(partition, source: starts[partition] ?? 0, target: 0)
                result[partition] = starts[partition] ?? 0
                continue
            }
            let unsaved = end - position.nextTarget
            guard unsaved >= 0 else {
                throw Failure("\(partition) has fewer records here than the mirror has written: it was made again")
            }
            if unsaved > 0 { try await self.skip(Int(unsaved), in: partition, from: position.nextSource) }
            result[partition] = self.positions.partitions[partition]?.nextSource
        }
        return result
    }

    /// Records that were written and not noted: they are read again, and left out.
    private func skip(_ count: Int, in partition: NamedPartition, from offset: Offset) async throws {
        var settings = ConsumerSettings()
        settings.readsCommittedOnly = true
        settings.reset = nil
        let consumer = Consumer(cluster: self.source, settings: settings)
        try await consumer.assign([partition: .offset(offset)])
        var left = count
        while left > 0 {
            try Task.checkCancellation()
            let records = try await consumer.poll().prefix(left)
            guard let last = records.last, let position = self.positions.partitions[partition] else { continue }
            self.positions.wrote(
                records.enumerated().map { ($1.offset, position.nextTarget + Offset($0)) },
                in: partition,
                nextSource: last.offset + 1
            )
            left -= records.count
        }
    }

    // MARK: - Groups

    /// Commits here what groups have committed there. Groups that have members here are their own.
    private func commitGroups() async throws {
        let there = Admin(cluster: self.source)
        for group in try await there.listGroups() {
            let committed = try await self.source.committedOffsets(of: group.groupID, partitions: nil)
            var offsets: [NamedPartition: Offset] = [:]
            for (partition, offset) in committed {
                offsets[partition] = self.positions.target(of: offset, in: partition)
            }
            guard !offsets.isEmpty else { continue }
            do {
                try await Admin(cluster: self.target).commitOffsets(of: group.groupID, offsets)
            } catch let error as ClientError where error.serverCode == .unknownMemberID {
                continue
            }
        }
    }
}
