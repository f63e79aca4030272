internal import KinesisProtocol
internal import NIOCore

/// How `bench kinesis-put` works.
package struct KinesisPutSettings: Sendable, Equatable {
    package var stream: String
    package var connections = 4
    /// 1 makes PutRecord, more PutRecords.
    package var recordsPerCall = 500
    package var recordBytes = 1000
    /// Records a second; `nil` for as fast as it goes.
    package var rate: Double?
    package var volume: LoadVolume
    package var hasTimeline = false

    package init(stream: String, volume: LoadVolume) {
        self.stream = stream
        self.volume = volume
    }

    package func validate() throws(LoadFailure) {
        try LoadBounds.check("--connections", self.connections, 1...10_000)
        try LoadBounds.check("--per-call", self.recordsPerCall, 1...500)
        try LoadBounds.check("--size", self.recordBytes, 1...(10 << 20))
        if let rate, !(rate > 0 && rate <= 1e8) {
            throw LoadFailure("--rate must be above 0 and at most 100000000 records a second, or 0 for full speed")
        }
        // 16 bodies of this are held in memory.
        guard self.recordsPerCall * self.recordBytes <= 32 << 20 else {
            throw LoadFailure("--per-call times --size is more than a call can hold; Kinesis takes 10 MiB")
        }
    }

    /// Records to put; `nil` when only time limits the load and no rate is set.
    private var recordCount: Int? {
        self.rate.map { self.volume.recordCount(atRate: $0) } ?? self.volume.recordCountMax
    }

    /// Calls that together put these records.
    var callCount: Int? { self.recordCount.map { ($0 + self.recordsPerCall - 1) / self.recordsPerCall } }

    /// Records of the last call, when they are fewer than those of the others; else 0.
    var restCount: Int { self.recordCount.map { $0 % self.recordsPerCall } ?? 0 }
}

/// `bench kinesis-put`: puts records with bodies that were encoded before.
package enum KinesisPutRun {
    /// - Parameter shards: of the stream, for the report.
    /// - Throws: `LoadFailure`, `CancellationError`.
    package static func run(
        _ settings: KinesisPutSettings,
        access: KinesisAccess,
        shards: Int,
        processes: ServerProcesses,
        progress: @escaping LoadProgress
    ) async throws -> Report {
        try settings.validate()
        let outcome = try await LoadLoop.run(processes: processes, progress: progress) { context in
            KinesisPutLoad(
                settings: settings,
                access: access,
                context: context
            )
        }
        var report = LoadReport(
            workload: "kinesis-put",
            target: access.endpoint.url,
            recordBytes: settings.recordBytes,
            partitions: shards,
            connections: settings.connections,
            rate: settings.rate ?? 0,
            recordCount: outcome.recordCount,
            failedCount: outcome.failedCount,
            bytes: outcome.recordCount * settings.recordBytes,
            spending: outcome.spending
        )
        .report
        report.add("stream", .text(settings.stream))
        report.add("shards", .integer(shards))
        report.add("per_call", .integer(settings.recordsPerCall))
        report.add("calls", .integer(outcome.callCount))
        report.add("latency", Report.latency(outcome.latency))
        if let timeline = outcome.timeline { report.add("timeline", Report.timeline(timeline)) }
        report.add("first_error", LoadReport.text(outcome.firstError))
        report.notes.append(
            settings.rate == nil
                ? "latency is that of the call that put a record, counted from its sending (closed loop: no rate was given)"
                : "latency counts from the moment each call was meant to be sent"
        )
        return report
    }
}

final class KinesisPutLoad: LoopLoad {
    struct Outcome: Sendable {
        var recordCount: Int
        var failedCount: Int
        var callCount: Int
        var firstError: String?
        var latency: LatencySummary?
        var timeline: [TimelineSecond]?
        var spending: Spending
    }

    let context: LoadContext<Outcome>
    private let settings: KinesisPutSettings
    private let access: KinesisAccess
    private var signer: RequestSigner
    private var lanes: [HTTPLane] = []
    private var bodies: [KinesisRequest]
    /// The last call, when it is not full.
    private var rest: KinesisRequest?
    private var schedule: SendSchedule?
    private var deadline: UInt64?
    private var recorder: LatencyRecorder?
    private var timer: Scheduled<Void>?
    private var sentCount = 0
    private var callsLeft: Int
    private var recordCount = 0
    private var failedCount = 0
    private var callCount = 0
    private var firstError: String?
    private var lastAnswer: UInt64 = 0

    init(
        settings: KinesisPutSettings,
        access: KinesisAccess,
        context: LoadContext<Outcome>
    ) {
        self.context = context
        self.settings = settings
        self.access = access
        self.signer = access.signer
        self.bodies = PutBodies.make(
            stream: settings.stream,
            recordsPerCall: settings.recordsPerCall,
            recordBytes: settings.recordBytes
        )
        self.rest = PutBodies.rest(
            stream: settings.stream,
            records: settings.restCount,
            recordBytes: settings.recordBytes
        )
        self.callsLeft = settings.callCount ?? .max
    }

    func begin() {
        self.lanes = (0..<self.settings.connections).map { _ in HTTPLane(access: self.access, loop: self.loop) }
        HTTPLanes.open(self.lanes) { result in
            do {
                try result.get()
                try self.start()
            } catch {
                self.stop(error)
            }
        }
        self.watchdog.watch {
            self.progress(self.recordCount, self.recordCount * self.settings.recordBytes)
        } silent: {
            self.stop(LoadFailure("the endpoint has not answered for a minute; see the server's log"))
        }
    }

    private func start() throws {
        try self.meter.begin()
        let start = self.meter.start
        self.lastAnswer = start
        self.recorder = LatencyRecorder(
            start: start,
            volume: self.settings.volume,
            hasTimeline: self.settings.hasTimeline
        )
        if let rate = self.settings.rate, let count = self.settings.callCount {
            self.schedule = SendSchedule(start: start, rate: rate / Double(self.settings.recordsPerCall), count: count)
        } else {
            self.deadline = self.settings.volume.nanoseconds.map { start + $0 }
        }
        self.pump()
    }

    private func pump() {
        let now = LoadClock.now
        if let deadline, now >= deadline { self.callsLeft = 0 }
        let due = self.schedule?.due(at: now) ?? .max
        for lane in self.lanes where lane.isIdle && self.callsLeft > 0 && self.sentCount < due {
            self.send(on: lane, now: now)
        }
        if let schedule = self.schedule, self.callsLeft > 0, self.sentCount >= due {
            self.timer?.cancel()
            let next = NIODeadline.uptimeNanoseconds(schedule.intended(self.sentCount))
            self.timer = self.loop.assumeIsolated().scheduleTask(deadline: next) { self.pump() }
        }
        if self.callsLeft == 0, self.lanes.allSatisfy(\.isIdle) { self.finish() }
    }

    private func send(on lane: HTTPLane, now: UInt64) {
        let variant = self.sentCount % self.bodies.count
        let entered = self.schedule?.intended(self.sentCount) ?? now
        self.sentCount += 1
        self.callsLeft -= 1
        let isRest = self.rest != nil && self.callsLeft == 0
        var request = isRest ? self.rest ?? self.bodies[variant] : self.bodies[variant]
        let head = request.head(for: self.access.endpoint, signer: &self.signer, at: LoadClock.wallMilliseconds)
        // Kept with the head that it has now, which is good for the rest of the second.
        if !isRest { self.bodies[variant] = request }
        let count = isRest ? self.settings.restCount : self.settings.recordsPerCall
        lane.send(head: head, body: request.body) { result in
            switch result {
            case .success(let response):
                self.answered(response, count: count, entered: entered)
                self.pump()
            case .failure(let failure): self.stop(failure)
            }
        }
    }

    private func answered(_ response: HTTPResponse, count: Int, entered: UInt64) {
        let now = LoadClock.now
        self.lastAnswer = now
        self.watchdog.progressed(at: now)
        self.callCount += 1
        var failed = 0
        if response.status != 200 {
            failed = count
            self.note(AnswerScan(response.body), status: response.status)
        } else if self.settings.recordsPerCall > 1 {
            let scan = AnswerScan(response.body)
            failed = min(scan.failedCount ?? 0, count)
            if failed > 0, self.firstError == nil { self.firstError = "\(failed) records of a PutRecords call failed" }
        }
        let put = count - failed
        self.failedCount += failed
        self.recordCount += put
        if put > 0 { self.recorder?.record(nanoseconds: now &- entered, count: put, at: now) }
    }

    private func note(_ scan: AnswerScan, status: Int) {
        guard self.firstError == nil else { return }
        self.firstError = "\(scan.message ?? "HTTP status \(status)") (\(scan.errorType ?? "no error type"))"
    }

    private func finish() {
        guard !self.isOver else { return }
        self.conclude {
            Outcome(
                recordCount: self.recordCount,
                failedCount: self.failedCount,
                callCount: self.callCount,
                firstError: self.firstError,
                latency: self.recorder?.summary,
                timeline: self.recorder?.seconds,
                spending: try self.meter.end(at: self.lastAnswer)
            )
        }
    }

    func close() {
        self.callsLeft = 0
        self.watchdog.end()
        self.timer?.cancel()
        for lane in self.lanes { lane.close() }
        self.lanes = []
    }
}
