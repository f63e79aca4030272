internal import KafkaClient
internal import KafkaProtocol
internal import Model
internal import NIOCore

/// How a consume load works.
package struct ConsumeSettings: Sendable, Equatable {
    package enum Start: String, Sendable, CaseIterable {
        case earliest
        case latest
    }

    package var topic: String
    /// Of each group, to each broker that leads a partition; not more than it leads.
    package var connections = 1
    /// Independent readers of everything.
    package var groups = 1
    /// The most that a fetch takes from one partition.
    package var fetchBytes = 4 << 20
    package var start = Start.earliest
    package var checksCRC = false
    /// Bytes of a record, for the report's volume; `nil` to report the bytes of the record batches.
    package var recordBytes: Int?
    /// Without a limit: to the end offsets seen at the start.
    package var volume: LoadVolume?
    package var warmupRecords = 0
    package var warmupSeconds: Double = 0
    package var hasTimeline = false

    package init(topic: String) { self.topic = topic }

    package func validate() throws(LoadFailure) {
        try LoadBounds.check("--connections", self.connections, 1...10_000)
        try LoadBounds.check("--groups", self.groups, 1...10_000)
        try LoadBounds.check("--fetch-bytes", self.fetchBytes, 1...(1 << 30))
        if let recordBytes { try LoadBounds.check("--size", recordBytes, 0...(100 << 20)) }
        if self.start == .latest, self.volume == nil {
            throw LoadFailure("--from latest reads what is yet to come; say how much with --records or --seconds")
        }
    }
}

/// `bench consume`: reads a topic, counting records by batch headers.
package enum ConsumeRun {
    /// - Throws: `LoadFailure`, `ClientError`, `CancellationError`.
    package static func run(
        _ settings: ConsumeSettings,
        on site: KafkaSite
    ) async throws -> Report {
        try settings.validate()
        let topic = try await TopicTarget.prepare(.init(name: settings.topic), in: site.cluster, mayCreate: false)
        let plan = try await Self.plan(settings, topic: topic, in: site.cluster)
        let outcome = try await LoadLoop.run(processes: site.processes, progress: site.progress) { context in
            ConsumeLoad(
                settings: settings,
                plan: plan,
                context: context
            )
        }
        return Self.report(settings, plan, outcome, target: site.target)
    }

    static func plan(
        _ settings: ConsumeSettings,
        topic: TopicTarget,
        in cluster: KafkaCluster
    ) async throws -> FetchEngine.Plan {
        let version = FetchScanner.version
        _ = try await topic.version(of: .fetch, within: version...version, in: cluster)
        let names = (0..<topic.leaders.count).map { NamedPartition(topic: topic.name, partition: Int32($0)) }
        let ends = try await cluster.listOffsets(Dictionary(names.map { ($0, -1) }, uniquingKeysWith: { $1 }))
        let starts =
            settings.start == .latest
            ? ends : try await cluster.listOffsets(Dictionary(names.map { ($0, -2) }, uniquingKeysWith: { $1 }))
        let partitions = names.map { name in
            FetchSession.Partition(
                index: name.partition,
                position: starts[name] ?? 0,
                end: settings.volume == nil ? ends[name] : nil
            )
        }
        var groupRecordsMax: Int?
        if case .records(let records) = settings.volume?.limit { groupRecordsMax = records }
        return FetchEngine.Plan(
            topic: topic,
            readers: FetchEngine.ReaderPlan.deal(
                partitions,
                leaders: topic.leaders,
                connectionsPerBroker: settings.connections,
                groups: settings.groups
            ),
            limits: FetchSession.Limits(
                partitionBytesMax: Int32(settings.fetchBytes),
                responseBytesMax: Int32(max(settings.fetchBytes, 50 << 20))
            ),
            checksCRC: settings.checksCRC,
            groupRecordsMax: groupRecordsMax,
            groupCount: settings.groups
        )
    }

    private static func report(
        _ settings: ConsumeSettings,
        _ plan: FetchEngine.Plan,
        _ outcome: ConsumeLoad.Outcome,
        target: String
    ) -> Report {
        var report = LoadReport(
            workload: "consume",
            target: target,
            recordBytes: settings.recordBytes,
            partitions: plan.topic.leaders.count,
            connections: plan.readers.count,
            recordCount: outcome.recordCount,
            failedCount: 0,
            bytes: settings.recordBytes.map { $0 * outcome.recordCount } ?? outcome.batchBytes,
            spending: outcome.spending
        )
        .report
        report.add("topic", .text(plan.topic.name))
        report.add("groups", .integer(settings.groups))
        report.add("calls", .integer(outcome.fetchCount))
        report.add("batch_mb", .decimal(Double(outcome.batchBytes) / 1e6, places: 3))
        report.add("checked", .flag(settings.checksCRC))
        report.add("latency", Report.latency(outcome.latency))
        if let timeline = outcome.timeline { report.add("timeline", Report.timeline(timeline)) }
        report.notes.append(
            "latency is that of the fetch that brought a record, from request to the answer's last byte"
        )
        if settings.recordBytes == nil {
            report.notes.append("mb counts record batches as stored; give --size for values")
        }
        return report
    }
}

final class ConsumeLoad: LoopLoad {
    struct Outcome: Sendable {
        var recordCount: Int
        var batchBytes: Int
        var fetchCount: Int
        var latency: LatencySummary?
        var timeline: [TimelineSecond]?
        var spending: Spending
    }

    let context: LoadContext<Outcome>
    private let settings: ConsumeSettings
    private let engine: FetchEngine
    private var recorder: LatencyRecorder?
    private var timer: Scheduled<Void>?

    init(
        settings: ConsumeSettings,
        plan: FetchEngine.Plan,
        context: LoadContext<Outcome>
    ) {
        self.context = context
        self.settings = settings
        self.engine = FetchEngine(plan: plan, loop: context.loop)
    }

    func begin() {
        self.engine.onFinished = { self.finish($0) }
        self.engine.onResponse = { nanoseconds, records, now in
            guard records > 0 else { return }
            self.watchdog.progressed(at: now)
            self.recorder?.record(nanoseconds: nanoseconds, count: records, at: now)
        }
        self.engine.connect { result in
            do {
                try result.get()
                try self.measure()
            } catch {
                self.stop(error)
            }
        }
        self.watchdog.watch {
            self.progress(self.engine.recordCount, self.engine.batchBytes)
        } silent: {
            // A load that is limited by time may end without a record.
            guard self.timer == nil else { return }
            self.stop(LoadFailure("no record has come for a minute; are there as many as --records asks for?"))
        }
    }

    private func measure() throws {
        try self.meter.begin()
        let volume =
            self.settings.volume
            ?? LoadVolume(
                limit: .records(.max),
                warmupRecords: self.settings.warmupRecords,
                warmupSeconds: self.settings.warmupSeconds
            )
        self.recorder = LatencyRecorder(
            start: self.meter.start,
            volume: volume,
            hasTimeline: self.settings.hasTimeline
        )
        if let nanoseconds = volume.nanoseconds {
            let deadline = NIODeadline.uptimeNanoseconds(self.meter.start + nanoseconds)
            self.timer = self.loop.assumeIsolated().scheduleTask(deadline: deadline) { self.finish(.success(())) }
        }
        self.engine.start(at: self.meter.start)
    }

    private func finish(_ result: Result<Void, LoadFailure>) {
        self.conclude {
            try result.get()
            let isTimed = self.timer != nil
            return Outcome(
                recordCount: self.engine.recordCount,
                batchBytes: self.engine.batchBytes,
                fetchCount: self.engine.fetchCount,
                latency: self.recorder?.summary,
                timeline: self.recorder?.seconds,
                spending: try self.meter.end(at: isTimed ? LoadClock.now : self.engine.lastRecord)
            )
        }
    }

    func close() {
        self.watchdog.end()
        self.timer?.cancel()
        self.engine.close()
    }
}
