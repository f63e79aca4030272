internal import ArgumentParser
internal import CommandCore
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
    private let range: OffsetRange
    private let partitions: [Int32]
    private let group: String?
    private let recordsMax: Int?
    /// Only so many of the last records, printed at the end.
    private let lastCount: Int?
    private let exitsAtEnd: Bool
    private let printer: RecordPrinter
    private var progress = Progress(isShown: !ResultOutput.isTerminal)
    private var records = 0
    private var kept: [ConsumedRecord] = []
    private var bytes = 0
    private var lastCommit = ContinuousClock.now

    init(
        cluster: KafkaCluster,
        topic: String,
        range: OffsetRange,
        partitions: [Int32],
        group: String?,
        recordsMax: Int?,
        lastCount: Int? = nil,
        exitsAtEnd: Bool,
        printer: RecordPrinter
    ) {
        self.cluster = cluster
        self.topic = topic
        self.range = range
        self.partitions = partitions
        self.group = group
        self.recordsMax = recordsMax
        self.lastCount = lastCount
        self.exitsAtEnd = exitsAtEnd
        self.printer = printer
    }

    /// Prints records until it is time to stop; in a group, then commits and leaves.
    func run() async throws {
        let layout = try await self.cluster.layout(of: self.topic)
        guard let group else {
            let (starts, ends) = try await self.bounds(in: layout)
            let consumer = Consumer(cluster: self.cluster, settings: self.settings)
            try await self.follow(.partitions(consumer), until: ends) {
                try await consumer.assign(starts)
            }
            try self.printLast()
            return
        }
        let partitions = layout.partitions.map { NamedPartition(topic: self.topic, partition: $0.index) }
        let ends = self.exitsAtEnd ? try await self.cluster.bounds(of: partitions).ends : [:]
        var settings = GroupConsumer.Settings()
        settings.consumer = self.settings
        settings.start = try self.groupStart()
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
        settings.reset = self.range.from == .end ? .latest : .earliest
        return settings
    }

    /// Where a group begins that has committed nothing.
    private func groupStart() throws -> StartPosition {
        switch self.range.from {
        case .start: .earliest
        case .end: .latest
        case .offset(let offset): .offset(offset)
        case .time(let timestamp): .timestamp(timestamp)
        case .afterStart, .beforeEnd:
            throw Failure("--from +N and -N do not go with --group; give start, end, an offset or a time")
        }
    }

    /// Where each partition begins and where it stops, if it does.
    private func bounds(
        in layout: TopicLayout
    ) async throws -> (starts: [NamedPartition: StartPosition], ends: [NamedPartition: Offset]) {
        let selection = self.partitions.isEmpty ? layout.partitions.map(\.index) : self.partitions
        for partition in selection where !layout.partitions.contains(where: { $0.index == partition }) {
            throw NotFound(
                description: "topic \(self.topic) has no partition \(partition); "
                    + "its partitions are 0 to \(layout.partitions.count - 1)"
            )
        }
        let partitions = Set(selection.map { NamedPartition(topic: self.topic, partition: $0) }).sorted()
        var bounds: (starts: [NamedPartition: Offset], ends: [NamedPartition: Offset])?
        if self.exitsAtEnd || self.range.until != nil || !self.isSimple {
            bounds = try await self.cluster.bounds(of: partitions)
        }
        var starts: [NamedPartition: StartPosition] = [:]
        switch self.range.from {
        case .start: for partition in partitions { starts[partition] = .earliest }
        case .end: for partition in partitions { starts[partition] = .latest }
        case .offset(let offset): for partition in partitions { starts[partition] = .offset(offset) }
        case .time(let timestamp): for partition in partitions { starts[partition] = .timestamp(timestamp) }
        case .afterStart, .beforeEnd:
            let offsets = try await self.cluster.offsets(
                of: self.range.from,
                in: partitions,
                starts: bounds?.starts ?? [:],
                ends: bounds?.ends ?? [:]
            )
            starts = offsets.mapValues { .offset($0) }
        }
        guard let bounds, self.exitsAtEnd || self.range.until != nil else { return (starts, [:]) }
        guard let until = self.range.until else { return (starts, bounds.ends) }
        var ends = try await self.cluster.offsets(of: until, in: partitions, starts: bounds.starts, ends: bounds.ends)
        if self.exitsAtEnd { ends.merge(bounds.ends) { min($0, $1) } }
        return (starts, ends)
    }

    /// Whether the consumer finds the start itself.
    private var isSimple: Bool {
        switch self.range.from {
        case .afterStart, .beforeEnd: false
        case .start, .end, .offset, .time: true
        }
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
            if self.stops, await self.isAtEnd(source, ends) { return }
            // What lies behind the place to stop at came with the rest of its batch.
            // A group's offsets are committed as they come, so that there nothing may be left out.
            var records = try await source.poll()
            if case .partitions = source { records.removeAll { $0.offset >= ends[$0.partition] ?? .max } }
            if let lastCount {
                self.keep(records, lastCount)
                continue
            }
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

    private var stops: Bool { self.exitsAtEnd || self.range.until != nil }

    private func keep(_ records: [ConsumedRecord], _ count: Int) {
        self.kept += records
        // Sorted seldom, so that it costs little; a partition's own order stays where times are equal.
        if self.kept.count > 2 * count + 100_000 { self.trimKept(to: count) }
    }

    private func trimKept(to count: Int) {
        self.kept.sort { ($0.timestamp, $0.partition, $0.offset) < ($1.timestamp, $1.partition, $1.offset) }
        self.kept.removeFirst(max(0, self.kept.count - count))
    }

    private func printLast() throws {
        guard let lastCount else { return }
        self.trimKept(to: lastCount)
        try self.print(self.kept[...])
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
            self.records += 1
            self.printer.write(record, count: self.records, to: &json, &text)
            self.bytes += (record.key?.readableBytes ?? 0) + (record.value?.readableBytes ?? 0)
            if text.count >= 1 << 18 {
                try ResultOutput.write(text)
                text.removeAll(keepingCapacity: true)
            }
        }
        try ResultOutput.write(text)
        self.progress.update(records: self.records, bytes: self.bytes)
    }
}
