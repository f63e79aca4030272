internal import KafkaClient
internal import KafkaProtocol
internal import NIOCore

/// How `bench idle` works.
package struct IdleSettings: Sendable, Equatable {
    package var topic: TopicTarget.Wish
    /// Connections that ask nothing.
    package var connections = 100
    /// Connections that long-poll every partition.
    package var consumers = 50
    package var seconds: Double = 10
    /// Before counting begins: sessions are set up, the first polls have come back empty.
    package var warmupSeconds: Double = 2

    package init(topic: TopicTarget.Wish) { self.topic = topic }

    package func validate() throws(LoadFailure) {
        try LoadBounds.check("--partitions", Int(self.topic.partitions), 1...100_000)
        try LoadBounds.check("--connections", self.connections, 0...100_000)
        try LoadBounds.check("--consumers", self.consumers, 0...10_000)
        guard self.seconds > 0, self.seconds <= 1e6 else {
            throw LoadFailure("--seconds must be above 0 and at most 1000000, not \(self.seconds)")
        }
        guard self.warmupSeconds >= 0, self.warmupSeconds <= 1e6 else {
            throw LoadFailure("--warmup-seconds must be at least 0, not \(self.warmupSeconds)")
        }
    }
}

/// `bench idle`: what a server costs while nothing happens.
package enum IdleRun {
    /// - Throws: `LoadFailure`, `ClientError`, `CancellationError`.
    package static func run(
        _ settings: IdleSettings,
        on site: KafkaSite
    ) async throws -> Report {
        try settings.validate()
        guard !site.processes.isEmpty else {
            throw LoadFailure("an idle server is measured by its CPU time; give --pid PID")
        }
        OpenFileLimit.raise()
        return try await TopicTarget.with(settings.topic, in: site.cluster) { topic in
            var reading = ConsumeSettings(topic: topic.name)
            reading.start = .latest
            reading.groups = max(1, settings.consumers)
            reading.volume = LoadVolume(limit: .seconds(settings.seconds))
            var plan = try await ConsumeRun.plan(reading, topic: topic, in: site.cluster)
            if settings.consumers == 0 { plan.readers = [] }
            let fixed = plan
            let outcome = try await LoadLoop.run(processes: site.processes, progress: site.progress) { context in
                IdleLoad(settings: settings, plan: fixed, context: context)
            }
            return Self.report(settings, topic, outcome, target: site.target)
        }
    }

    private static func report(
        _ settings: IdleSettings,
        _ topic: TopicTarget,
        _ outcome: IdleLoad.Outcome,
        target: String
    ) -> Report {
        let cpu = outcome.spending.serverCPUSeconds ?? 0
        var report = Report()
        report.add("workload", .text("idle"))
        report.add("target", .text(target))
        report.add("partitions", .integer(topic.leaders.count))
        report.add("connections", .integer(settings.connections))
        report.add("consumers", .integer(settings.consumers))
        report.add("seconds", .decimal(outcome.spending.seconds, places: 3))
        report.add("fetches", .integer(outcome.fetchCount))
        report.add("server_cpu_s", .decimal(cpu, places: 3))
        report.add("server_cpu_percent", .decimal(cpu / max(outcome.spending.seconds, 1e-9) * 100, places: 3))
        report.add("client_cpu_s", .decimal(outcome.spending.clientCPUSeconds, places: 3))
        LoadReport.addMemory(outcome.spending.usage, to: &report)
        report.notes.append(
            "server_cpu_percent is of one core; the kernel counts processor time in hundredths of a second"
        )
        return report
    }
}

final class IdleLoad: LoopLoad {
    struct Outcome: Sendable {
        var fetchCount: Int
        var spending: Spending
    }

    let context: LoadContext<Outcome>
    private let settings: IdleSettings
    private let engine: FetchEngine
    private let plan: FetchEngine.Plan
    private var idle: [Wire] = []
    private var timer: Scheduled<Void>?
    private var fetchesBefore = 0

    init(
        settings: IdleSettings,
        plan: FetchEngine.Plan,
        context: LoadContext<Outcome>
    ) {
        self.context = context
        self.settings = settings
        self.plan = plan
        self.engine = FetchEngine(plan: plan, loop: context.loop)
    }

    func begin() {
        let brokers = self.plan.topic.addresses.sorted { $0.key < $1.key }.map(\.value)
        let addresses = (0..<self.settings.connections).map { brokers[$0 % brokers.count] }
        self.engine.onFinished = { result in
            // Without consumers there is nothing to read, and so nothing to end.
            if case .failure(let failure) = result { self.stop(failure) }
        }
        Wire.connectAll(to: addresses, tls: self.plan.topic.tls, on: self.loop) { result in
            do {
                self.idle = try result.get()
                for wire in self.idle { wire.onEnd = { self.stop($0) } }
                self.introduce()
                self.engine.connect { result in
                    do {
                        try result.get()
                        self.engine.start(at: LoadClock.now)
                        self.wait(self.settings.warmupSeconds) { self.measure() }
                    } catch {
                        self.stop(error)
                    }
                }
            } catch {
                self.stop(error)
            }
        }
    }

    /// Each idle connection asks once for the versions, as every client does.
    private func introduce() {
        for wire in self.idle {
            var frame = wire.buffer(capacity: 64)
            ApiVersionsRequest().encodeFrame(into: &frame, version: 0, correlationID: 1, clientID: "millrace-bench")
            wire.write(frame)
            wire.flush()
        }
    }

    private func measure() {
        do {
            try self.meter.begin()
            self.fetchesBefore = self.engine.fetchCount
            self.wait(self.settings.seconds) { self.finish() }
        } catch {
            self.stop(error)
        }
    }

    private func finish() {
        self.conclude {
            Outcome(
                fetchCount: self.engine.fetchCount - self.fetchesBefore,
                spending: try self.meter.end(at: LoadClock.now)
            )
        }
    }

    private func wait(_ seconds: Double, _ then: @escaping () -> Void) {
        self.timer = self.loop.assumeIsolated().scheduleTask(in: .nanoseconds(Int64(seconds * 1e9)), then)
    }

    func close() {
        self.timer?.cancel()
        self.engine.close()
        for wire in self.idle { wire.close() }
        self.idle = []
    }
}
