internal import ArgumentParser
internal import KafkaClient
internal import Model
internal import NIOCore
internal import Text

/// One run of `millrace consume`.
actor ConsumeSession {
    /// Where records come from.
    private enum Source {
        case partitions(Consumer)
        case group(GroupConsumer)

        func poll() async throws -> [ConsumedRecord] {
            switch self {
            case .partitions(let consumer): try await consumer.poll()
            case .group(let consumer): try await consumer.poll()
            }
        }

        var offsets: [NamedPartition: Offset] {
            get async {
                switch self {
                case .partitions(let consumer): await consumer.offsets
                case .group(let consumer): await consumer.offsets
                }
            }
        }
    }

    private static let commitInterval: Duration = .seconds(1)

    private let cluster: KafkaCluster
    private let topic: String
    private let start: StartPosition
    private let partitions: [Int32]
    private let group: String?
    private let recordsMax: Int?
    private let exitsAtEnd: Bool
    private let printer: RecordPrinter
    private var progress = Progress(isShown: !ResultOutput.isTerminal)
    private var records = 0
    private var bytes = 0
    private var lastCommit = ContinuousClock.now

    init(
        cluster: KafkaCluster,
        topic: String,
        start: StartPosition,
        partitions: [Int32],
        group: String?,
        recordsMax: Int?,
        exitsAtEnd: Bool,
        printer: RecordPrinter
    ) {
        self.cluster = cluster
        self.topic = topic
        self.start = start
        self.partitions = partitions
        self.group = group
        self.recordsMax = recordsMax
        self.exitsAtEnd = exitsAtEnd
        self.printer = printer
    }

    /// Prints records until it is time to stop; in a group, then commits and leaves.
    func run() async throws {
        let layout = try await self.cluster.layout(of: self.topic)
        let ends = self.exitsAtEnd ? try await self.ends(of: layout) : [:]
        guard let group else {
            let consumer = Consumer(cluster: self.cluster, settings: self.settings)
            try await self.follow(.partitions(consumer), until: ends) {
                try await consumer.assign(self.starts(in: layout))
            }
            return
        }
        var settings = GroupConsumer.Settings()
        settings.consumer = self.settings
        settings.start = self.start
        let consumer = GroupConsumer(cluster: self.cluster, group: group, topics: [self.topic], settings: settings)
        do {
            try await self.follow(.group(consumer), until: ends) {}
        } catch {
            await consumer.close()
            throw error
        }
        do {
            try await consumer.commit()
        } catch {
            await consumer.close()
            throw error
        }
        await consumer.close()
    }

    private var settings: ConsumerSettings {
        var settings = ConsumerSettings()
        settings.reset = self.start == .latest ? .latest : .earliest
        return settings
    }

    private func starts(in layout: TopicLayout) throws -> [NamedPartition: StartPosition] {
        var starts: [NamedPartition: StartPosition] = [:]
        let chosen = self.partitions.isEmpty ? layout.partitions.map(\.index) : self.partitions
        for partition in chosen {
            guard layout.partitions.contains(where: { $0.index == partition }) else {
                throw NotFound(
                    description: "topic \(self.topic) has no partition \(partition); "
                        + "its partitions are 0 to \(layout.partitions.count - 1)"
                )
            }
            starts[NamedPartition(topic: self.topic, partition: partition)] = self.start
        }
        return starts
    }

    private func ends(of layout: TopicLayout) async throws -> [NamedPartition: Offset] {
        let chosen = self.partitions.isEmpty ? layout.partitions.map(\.index) : self.partitions
        return try await self.cluster.listOffsets(
            Dictionary(
                chosen.map { (NamedPartition(topic: self.topic, partition: $0), -1) },
                uniquingKeysWith: { $1 }
            )
        )
    }

    private func follow(
        _ source: Source,
        until ends: [NamedPartition: Offset],
        _ begin: @escaping @Sendable () async throws -> Void
    ) async throws {
        defer { self.progress.clear() }
        _ = try await Interruption.cancelling {
            try await begin()
            try await self.loop(source, ends)
        }
    }

    private func loop(_ source: Source, _ ends: [NamedPartition: Offset]) async throws {
        while true {
            if self.exitsAtEnd, await self.isAtEnd(source, ends) { return }
            let records = try await source.poll()
            let taken = self.recordsMax.map { records.prefix($0 - self.records) } ?? records[...]
            try self.print(taken)
            if taken.count < records.count { await self.putBack(records[taken.endIndex...], to: source) }
            if let recordsMax, self.records >= recordsMax { return }
            if case .group(let consumer) = source, ContinuousClock.now - self.lastCommit > Self.commitInterval {
                try await consumer.commit()
                self.lastCommit = ContinuousClock.now
            }
        }
    }

    /// Whether every partition that is read has come to the end that it had at the beginning.
    private func isAtEnd(_ source: Source, _ ends: [NamedPartition: Offset]) async -> Bool {
        if case .group(let consumer) = source, await consumer.joins == 0 { return false }
        return await source.offsets.allSatisfy { partition, offset in offset >= ends[partition] ?? 0 }
    }

    /// What was not printed must not be committed.
    private func putBack(_ records: ArraySlice<ConsumedRecord>, to source: Source) async {
        guard case .group(let consumer) = source else { return }
        var firsts: [NamedPartition: Offset] = [:]
        for record in records where firsts[record.partition] == nil { firsts[record.partition] = record.offset }
        for (partition, offset) in firsts { await consumer.seek(partition, to: offset) }
    }

    private func print(_ records: ArraySlice<ConsumedRecord>) throws {
        var json = JSONLine()
        var text: [UInt8] = []
        for record in records {
            self.printer.write(record, to: &json, &text)
            self.bytes += (record.key?.readableBytes ?? 0) + (record.value?.readableBytes ?? 0)
            if text.count >= 1 << 18 {
                try ResultOutput.write(text)
                text.removeAll(keepingCapacity: true)
            }
        }
        try ResultOutput.write(text)
        self.records += records.count
        self.progress.update(records: self.records, bytes: self.bytes)
    }
}
