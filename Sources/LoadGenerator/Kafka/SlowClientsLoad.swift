internal import KafkaClient
internal import KafkaProtocol
internal import NIOCore

/// How `bench slow-clients` works.
package struct SlowClientsSettings: Sendable, Equatable {
    package enum Variant: String, Sendable, CaseIterable {
        /// Asks for large fetches and does not read the answers.
        case unread
        /// Sends the first half of a large frame and then nothing.
        case halfFrame = "half-frame"
    }

    package var topic: TopicTarget.Wish
    package var variant = Variant.unread
    package var connections = 1000
    /// Of each fetch asked for, or of the frame that stays unfinished.
    package var fetchBytes = 1 << 20
    /// Fetches asked for on each connection.
    package var requestsInFlight = 5
    /// What the topic is filled with when it is created.
    package var fillBytes = 64 << 20
    package var seconds: Double = 10

    package init(topic: TopicTarget.Wish) { self.topic = topic }

    package func validate() throws(LoadFailure) {
        try LoadBounds.check("--partitions", Int(self.topic.partitions), 1...100_000)
        try LoadBounds.check("--connections", self.connections, 1...60_000)
        try LoadBounds.check("--fetch-bytes", self.fetchBytes, 64...(1 << 30))
        try LoadBounds.check("--in-flight", self.requestsInFlight, 1...1000)
        try LoadBounds.check("--fill-bytes", self.fillBytes, 0...(1 << 40))
        guard self.seconds > 0, self.seconds <= 1e6 else {
            throw LoadFailure("--seconds must be above 0 and at most 1000000, not \(self.seconds)")
        }
    }
}

/// `bench slow-clients`: how much memory a server takes for clients that do not do their part.
package enum SlowClientsRun {
    /// - Throws: `LoadFailure`, `ClientError`, `CancellationError`.
    package static func run(
        _ settings: SlowClientsSettings,
        on site: KafkaSite
    ) async throws -> Report {
        try settings.validate()
        guard !site.processes.isEmpty else { throw LoadFailure("the server's memory is what counts; give --pid PID") }
        OpenFileLimit.raise()
        if let files = OpenFileLimit.current, files < settings.connections + 64 {
            throw LoadFailure(
                "\(settings.connections) connections need more than the \(files) open files that this process may have; "
                    + "raise the limit with `ulimit -n`"
            )
        }
        return try await TopicTarget.with(settings.topic, in: site.cluster) { topic in
            if topic.isNew, settings.variant == .unread { try await Self.fill(topic, settings, on: site) }
            let outcome = try await LoadLoop.run(processes: site.processes, progress: site.progress) { context in
                SlowClientsLoad(settings: settings, topic: topic, context: context)
            }
            let asked = ContinuousClock.now
            _ = try await site.cluster.metadata(topics: [topic.name])
            let answer = ContinuousClock.now - asked
            return Self.report(settings, topic, outcome, answer: answer, target: site.target)
        }
    }

    private static func fill(_ topic: TopicTarget, _ settings: SlowClientsSettings, on site: KafkaSite) async throws {
        let recordBytes = 1000
        guard settings.fillBytes >= recordBytes else { return }
        let volume = LoadVolume(limit: .records(settings.fillBytes / recordBytes))
        var filling = ProduceSettings(topic: .init(name: topic.name), volume: volume)
        filling.recordBytes = recordBytes
        var site = site
        site.processes = try ServerProcesses([])
        _ = try await ProduceRun.run(filling, on: site)
    }

    private static func report(
        _ settings: SlowClientsSettings,
        _ topic: TopicTarget,
        _ outcome: SlowClientsLoad.Outcome,
        answer: Duration,
        target: String
    ) -> Report {
        var report = Report()
        report.add("workload", .text("slow-clients"))
        report.add("variant", .text(settings.variant.rawValue))
        report.add("target", .text(target))
        report.add("partitions", .integer(topic.leaders.count))
        report.add("connections", .integer(settings.connections))
        report.add("closed", .integer(outcome.closedCount))
        report.add("answered", outcome.answeredCount.map { .integer($0) } ?? .null)
        report.add("refused", outcome.refusedCount.map { .integer($0) } ?? .null)
        report.add("fetch_bytes", .integer(settings.fetchBytes))
        report.add("seconds", .decimal(outcome.spending.seconds, places: 3))
        report.add("server_cpu_s", LoadReport.decimal(outcome.spending.serverCPUSeconds, places: 3))
        report.add("rss_before_mb", .decimal(Double(outcome.before.residentBytes) / 1e6, places: 1))
        report.add("rss_max_mb", .decimal(Double(outcome.residentBytesMax) / 1e6, places: 1))
        LoadReport.addMemory(outcome.spending.usage, to: &report)
        report.add("answer_ms", .decimal(answer / .milliseconds(1), places: 3))
        report.notes.append("rss_max_mb was seen during the load; peak_rss_mb is the highest since the server started")
        report.notes.append(
            "answer_ms is how long a metadata request took afterwards; closed counts the connections that the server ended "
                + "(an end behind an answer that nobody takes does not come through), refused those of them to which it had "
                + "sent nothing, answered all to which it had sent something"
        )
        return report
    }
}

final class SlowClientsLoad: LoopLoad {
    struct Outcome: Sendable {
        var closedCount: Int
        /// To which the server has sent something; `nil` when nothing was asked for, or TLS has sent something itself.
        var answeredCount: Int?
        /// Closed and not answered.
        var refusedCount: Int?
        var before: ProcessUsage
        var residentBytesMax: Int
        var spending: Spending
    }

    let context: LoadContext<Outcome>
    private let settings: SlowClientsSettings
    private let topic: TopicTarget
    private var wires: [Wire] = []
    private var sampling: LoopTimer?
    private var timer: Scheduled<Void>?
    private var before = ProcessUsage()
    private var residentBytesMax = 0

    init(
        settings: SlowClientsSettings,
        topic: TopicTarget,
        context: LoadContext<Outcome>
    ) {
        self.context = context
        self.settings = settings
        self.topic = topic
    }

    func begin() {
        do {
            self.before = try self.context.processes.usage()
            try self.meter.begin()
        } catch {
            return self.stop(error)
        }
        let addresses = (0..<self.settings.connections).compactMap { index in
            self.topic.addresses[self.topic.leaders[index % self.topic.leaders.count]]
        }
        // Who does not read would not learn that the server has hung up, so the other variant does read.
        let reads = self.settings.variant != .unread
        Wire.connectAll(to: addresses, tls: self.topic.tls, on: self.loop, reads: reads) { result in
            switch result {
            case .failure(let failure): self.stop(failure)
            case .success(let wires): self.opened(wires)
            }
        }
        self.sampling = LoopTimer(loop: self.loop, every: .milliseconds(50)) {
            guard let usage = try? self.context.processes.usage() else { return }
            self.residentBytesMax = max(self.residentBytesMax, usage.residentBytes)
        }
    }

    private func opened(_ wires: [Wire]) {
        self.wires = wires
        for (index, wire) in wires.enumerated() {
            switch self.settings.variant {
            case .unread: self.askMuch(wire, partition: Int32(index % self.topic.leaders.count))
            case .halfFrame: self.sendHalf(wire)
            }
        }
        let time = TimeAmount.nanoseconds(Int64(self.settings.seconds * 1e9))
        self.timer = self.loop.assumeIsolated().scheduleTask(in: time) { self.finish() }
    }

    private func askMuch(_ wire: Wire, partition: Int32) {
        let limits = FetchSession.Limits(
            partitionBytesMax: Int32(self.settings.fetchBytes),
            responseBytesMax: Int32(self.settings.fetchBytes)
        )
        for correlationID in 1...Int32(self.settings.requestsInFlight) {
            // A session of its own each time: all of them ask for the same bytes.
            var session = FetchSession(
                topic: self.topic.name,
                partitions: [.init(index: partition, position: 0)],
                limits: limits
            )
            var frame = wire.buffer(capacity: 256)
            session.request().encodeFrame(
                into: &frame,
                version: FetchScanner.version,
                correlationID: correlationID,
                clientID: "millrace-bench"
            )
            wire.write(frame)
        }
        wire.flush()
    }

    private func sendHalf(_ wire: Wire) {
        var frame = wire.buffer(capacity: 64)
        frame.writeInteger(Int32(self.settings.fetchBytes))
        RequestHeader(apiKey: .produce, apiVersion: 9, correlationID: 1, clientID: "millrace-bench").encode(
            into: &frame
        )
        wire.write(frame)
        let missing = self.settings.fetchBytes / 2 - frame.readableBytes
        if missing > 0 { wire.write(ByteBuffer(repeating: 0, count: missing)) }
        wire.flush()
    }

    private func finish() {
        self.conclude {
            let countsAnswers = self.settings.variant == .unread && self.topic.tls == nil
            var (closed, answered, refused) = (0, 0, 0)
            for wire in self.wires {
                let state = wire.transportState
                // A connection that is not read does not learn of its end, so the system is asked.
                let isClosed = state?.isEstablished != true
                let isAnswered = (state?.receivedBytes ?? 0) > 0
                closed += isClosed ? 1 : 0
                answered += isAnswered ? 1 : 0
                refused += isClosed && !isAnswered ? 1 : 0
            }
            return Outcome(
                closedCount: closed,
                answeredCount: countsAnswers ? answered : nil,
                refusedCount: countsAnswers ? refused : nil,
                before: self.before,
                residentBytesMax: self.residentBytesMax,
                spending: try self.meter.end(at: LoadClock.now)
            )
        }
    }

    func close() {
        self.timer?.cancel()
        self.sampling?.cancel()
        for wire in self.wires { wire.close() }
        self.wires = []
    }
}
