internal import KafkaClient
internal import KafkaProtocol
internal import Model
internal import NIOCore
internal import RecordBatch

/// `bench produce`: writes records as fast as the broker acknowledges them, or at a rate.
package enum ProduceRun {
    /// Runs the load and reports it; creates and deletes the topic as `settings.topic` wishes.
    ///
    /// - Throws: `LoadFailure`, `ClientError`, `CancellationError`.
    package static func run(
        _ settings: ProduceSettings,
        on site: KafkaSite
    ) async throws -> Report {
        try settings.validate()
        return try await TopicTarget.with(settings.topic, in: site.cluster) { topic in
            let plan = try await Self.plan(settings, topic: topic, in: site.cluster)
            let outcome = try await LoadLoop.run(processes: site.processes, progress: site.progress) { context in
                ProduceLoad(
                    settings: settings,
                    target: plan,
                    context: context
                )
            }
            return Self.report(settings, plan, outcome, target: site.target)
        }
    }

    static func plan(
        _ settings: ProduceSettings,
        topic: TopicTarget,
        in cluster: KafkaCluster
    ) async throws -> ProduceEngine.Target {
        let plan = LanePlan(leaders: topic.leaders, connectionsPerBroker: settings.connections)
        // From version 13 on a request names the topic by its ID.
        let newest: Int16 = topic.topicID == .zero ? 12 : ProduceFrame.versions.upperBound
        let oldest: Int16 = settings.compression == .zstd ? 7 : ProduceFrame.versions.lowerBound
        let version = try await topic.version(of: .produce, within: oldest...newest, in: cluster)
        var producers: [BatchSequence] = []
        for _ in plan.connections {
            producers.append(settings.isIdempotent ? try await Self.producer(in: cluster) : .none)
        }
        return ProduceEngine.Target(
            topic: topic,
            plan: plan,
            frame: ProduceFrame(
                version: version,
                clientID: "millrace-bench",
                topic: topic.name,
                topicID: topic.topicID,
                acks: settings.acks
            ),
            producers: producers
        )
    }

    private static func producer(in cluster: KafkaCluster) async throws -> BatchSequence {
        try await cluster.retrying {
            let request = InitProducerIdRequest(transactionalID: nil, transactionTimeoutMs: .max)
            let response = try await cluster.anyConnection().send(request)
            guard response.errorCode == .none else { throw ClientError.server(response.errorCode, "producer ID") }
            return BatchSequence(
                producerID: response.producerID.rawValue,
                producerEpoch: response.producerEpoch.rawValue,
                baseSequence: 0
            )
        }
    }

    static func acksName(_ acks: Int16) -> String { acks == -1 ? "all" : "\(acks)" }

    private static func report(
        _ settings: ProduceSettings,
        _ plan: ProduceEngine.Target,
        _ outcome: ProduceLoad.Outcome,
        target: String
    ) -> Report {
        var report = LoadReport(
            workload: "produce",
            target: target,
            recordBytes: settings.recordBytes,
            partitions: plan.topic.leaders.count,
            connections: plan.plan.connections.count,
            acks: Self.acksName(settings.acks),
            compression: "\(settings.compression)",
            rate: settings.rate ?? 0,
            recordCount: outcome.recordCount,
            failedCount: outcome.failedCount,
            bytes: outcome.recordCount * settings.recordBytes,
            spending: outcome.spending
        )
        .report
        report.add("topic", .text(plan.topic.name))
        report.add("latency", Report.latency(outcome.latency))
        if let timeline = outcome.timeline { report.add("timeline", Report.timeline(timeline)) }
        report.add("first_error", LoadReport.text(outcome.firstError))
        report.notes.append(
            settings.rate == nil
                ? "latency counts from the moment a record entered the client (closed loop: no rate was given)"
                : "latency counts from the moment each record was meant to be sent"
        )
        return report
    }
}

final class ProduceLoad: LoopLoad {
    struct Outcome: Sendable {
        var recordCount: Int
        var failedCount: Int
        var firstError: String?
        var latency: LatencySummary?
        var timeline: [TimelineSecond]?
        var spending: Spending
    }

    let context: LoadContext<Outcome>
    private let settings: ProduceSettings
    private let target: ProduceEngine.Target
    private var engine: ProduceEngine?

    init(
        settings: ProduceSettings,
        target: ProduceEngine.Target,
        context: LoadContext<Outcome>
    ) {
        self.context = context
        self.settings = settings
        self.target = target
    }

    func begin() {
        do {
            let engine = try ProduceEngine(settings: self.settings, target: self.target, loop: self.loop)
            self.engine = engine
            engine.onFinished = { self.finish($0) }
            engine.onProgress = { self.watchdog.progressed(at: $0) }
            engine.connect { result in
                do {
                    try result.get()
                    try self.meter.begin()
                    engine.start(at: self.meter.start)
                } catch {
                    self.stop(error)
                }
            }
        } catch {
            return self.stop(error)
        }
        self.watchdog.watch {
            guard let engine = self.engine else { return }
            self.progress(engine.recordCount, engine.recordCount * self.settings.recordBytes)
        } silent: {
            self.stop(LoadFailure("the broker has not answered for a minute; see its log"))
        }
    }

    private func finish(_ result: Result<Void, LoadFailure>) {
        guard let engine = self.engine, let recorder = engine.recorder else { return }
        self.conclude {
            try result.get()
            return Outcome(
                recordCount: engine.recordCount,
                failedCount: engine.failedCount,
                firstError: engine.firstError,
                latency: recorder.summary,
                timeline: recorder.seconds,
                spending: try self.meter.end(at: engine.lastAnswer)
            )
        }
    }

    func close() {
        self.watchdog.end()
        self.engine?.close()
        self.engine = nil
    }
}
