internal import KinesisProtocol
internal import NIOCore

/// How `bench kinesis-get` works.
package struct KinesisGetSettings: Sendable, Equatable {
    package var stream: String
    package var shardIDs: [String]
    /// Each reads one shard after another.
    package var connections = 4
    /// `Limit` of GetRecords.
    package var limit = 10_000
    /// When to end before the tips of all shards are reached.
    package var volume = LoadVolume(limit: .records(.max))
    package var hasTimeline = false

    package init(stream: String, shardIDs: [String]) {
        self.stream = stream
        self.shardIDs = shardIDs
    }

    package func validate() throws(LoadFailure) {
        try LoadBounds.check("--connections", self.connections, 1...10_000)
        try LoadBounds.check("--limit", self.limit, 1...10_000)
    }
}

/// `bench kinesis-get`: reads every shard of a stream from its oldest record to its tip.
package enum KinesisGetRun {
    /// - Throws: `LoadFailure`, `CancellationError`.
    package static func run(
        _ settings: KinesisGetSettings,
        access: KinesisAccess,
        processes: ServerProcesses,
        progress: @escaping LoadProgress
    ) async throws -> Report {
        try settings.validate()
        let outcome = try await LoadLoop.run(processes: processes, progress: progress) { context in
            KinesisGetLoad(
                settings: settings,
                access: access,
                context: context
            )
        }
        var report = LoadReport(
            workload: "kinesis-get",
            target: access.endpoint.url,
            recordBytes: outcome.recordCount > 0 ? outcome.dataBytes / outcome.recordCount : nil,
            partitions: settings.shardIDs.count,
            connections: min(settings.connections, settings.shardIDs.count),
            recordCount: outcome.recordCount,
            failedCount: outcome.failedCount,
            bytes: outcome.dataBytes,
            spending: outcome.spending
        )
        .report
        report.add("stream", .text(settings.stream))
        report.add("shards", .integer(settings.shardIDs.count))
        report.add("limit", .integer(settings.limit))
        report.add("calls", .integer(outcome.callCount))
        report.add("body_mb", .decimal(Double(outcome.bodyBytes) / 1e6, places: 3))
        report.add("latency", Report.latency(outcome.latency))
        if let timeline = outcome.timeline { report.add("timeline", Report.timeline(timeline)) }
        report.add("first_error", LoadReport.text(outcome.firstError))
        report.notes.append(
            "latency is that of the GetRecords call that brought a record; failed counts calls that were throttled and repeated"
        )
        report.notes.append("mb counts what the records' Data stand for, body_mb the answers as sent")
        return report
    }
}

final class KinesisGetLoad: LoopLoad {
    struct Outcome: Sendable {
        var recordCount: Int
        var failedCount: Int
        var callCount: Int
        var dataBytes: Int
        var bodyBytes: Int
        var firstError: String?
        var latency: LatencySummary?
        var timeline: [TimelineSecond]?
        var spending: Spending
    }

    /// AWS serves a shard five times a second.
    private static let pause = TimeAmount.milliseconds(200)

    let context: LoadContext<Outcome>
    private let settings: KinesisGetSettings
    private let access: KinesisAccess
    private var signer: RequestSigner
    private var lanes: [HTTPLane] = []
    private var shardsLeft: [String]
    private var readingCount = 0
    private var recorder: LatencyRecorder?
    private var deadline: UInt64?
    private var recordCount = 0
    private var failedCount = 0
    private var callCount = 0
    private var dataBytes = 0
    private var bodyBytes = 0
    private var firstError: String?
    private var lastAnswer: UInt64 = 0

    init(
        settings: KinesisGetSettings,
        access: KinesisAccess,
        context: LoadContext<Outcome>
    ) {
        self.context = context
        self.settings = settings
        self.access = access
        self.signer = access.signer
        self.shardsLeft = settings.shardIDs.reversed()
    }

    func begin() {
        let count = max(1, min(self.settings.connections, self.settings.shardIDs.count))
        self.lanes = (0..<count).map { _ in HTTPLane(access: self.access, loop: self.loop) }
        HTTPLanes.open(self.lanes) { result in
            do {
                try result.get()
                try self.meter.begin()
                self.lastAnswer = self.meter.start
                self.deadline = self.settings.volume.nanoseconds.map { self.meter.start + $0 }
                self.recorder = LatencyRecorder(
                    start: self.meter.start,
                    volume: self.settings.volume,
                    hasTimeline: self.settings.hasTimeline
                )
                for lane in self.lanes { self.readNextShard(on: lane) }
                self.finishIfDone()
            } catch {
                self.stop(error)
            }
        }
        self.watchdog.watch {
            self.progress(self.recordCount, self.dataBytes)
        } silent: {
            self.stop(LoadFailure("the endpoint has brought no record for a minute; see the server's log"))
        }
    }

    private var isFull: Bool {
        if let deadline { return LoadClock.now >= deadline }
        return self.settings.volume.recordCountMax.map { self.recordCount >= $0 } ?? false
    }

    private func readNextShard(on lane: HTTPLane) {
        guard !self.isFull, let shardID = self.shardsLeft.popLast() else { return }
        self.readingCount += 1
        var json = JSONWriter(into: ByteBuffer())
        json.beginStructure()
        json.member("StreamName")
        json.string(self.settings.stream)
        json.member("ShardId")
        json.string(shardID)
        json.member("ShardIteratorType")
        json.string("TRIM_HORIZON")
        json.endStructure()
        self.call("GetShardIterator", json.buffer, on: lane) { scan, _, _ in
            if let iterator = scan.iterator {
                self.getRecords(iterator, on: lane)
            } else {
                self.stop(LoadFailure("\(self.access.endpoint.address) gave no iterator for \(shardID)"))
            }
        }
    }

    private func getRecords(_ iterator: String, on lane: HTTPLane) {
        var json = JSONWriter(into: ByteBuffer())
        json.beginStructure()
        json.member("ShardIterator")
        json.string(iterator)
        json.member("Limit")
        json.integer(Int64(self.settings.limit))
        json.endStructure()
        self.call("GetRecords", json.buffer, on: lane) { scan, bodyBytes, nanoseconds in
            let count = scan.sequenceNumberCount
            let now = LoadClock.now
            self.callCount += 1
            self.recordCount += count
            self.dataBytes += scan.dataBytes
            self.bodyBytes += bodyBytes
            if count > 0 {
                self.lastAnswer = now
                self.watchdog.progressed(at: now)
                self.recorder?.record(nanoseconds: nanoseconds, count: count, at: now)
            }
            // A call without records need not be at the tip, and one that is there may bring the last records.
            let isAtTip = count == 0 && scan.millisecondsBehind == 0
            if let next = scan.iterator, !isAtTip, !self.isFull {
                self.getRecords(next, on: lane)
            } else {
                self.readingCount -= 1
                self.readNextShard(on: lane)
                self.finishIfDone()
            }
        }
    }

    /// Calls until the endpoint has answered with 200: what is throttled is tried again.
    private func call(
        _ operation: String,
        _ body: ByteBuffer,
        on lane: HTTPLane,
        _ done: @escaping (_ scan: AnswerScan, _ bodyBytes: Int, _ nanoseconds: UInt64) -> Void
    ) {
        var request = KinesisRequest(operation: operation, body: body)
        let head = request.head(for: self.access.endpoint, signer: &self.signer, at: LoadClock.wallMilliseconds)
        let asked = LoadClock.now
        lane.send(head: head, body: body) { result in
            switch result {
            case .failure(let failure): self.stop(failure)
            case .success(let response):
                let scan = AnswerScan(response.body)
                if response.status == 200 {
                    done(scan, response.body.readableBytes, LoadClock.now - asked)
                } else if response.status >= 500 || scan.errorType == "ProvisionedThroughputExceededException" {
                    self.failedCount += 1
                    if self.firstError == nil { self.firstError = scan.message ?? "HTTP status \(response.status)" }
                    _ = self.loop.assumeIsolated().scheduleTask(in: Self.pause) {
                        guard !self.isOver else { return }
                        self.call(operation, body, on: lane, done)
                    }
                } else {
                    let message = scan.message ?? "HTTP status \(response.status)"
                    self.stop(LoadFailure("\(operation): \(message) (\(scan.errorType ?? "no error type"))"))
                }
            }
        }
    }

    private func finishIfDone() {
        guard self.readingCount == 0, self.shardsLeft.isEmpty || self.isFull, !self.isOver else { return }
        self.conclude {
            Outcome(
                recordCount: self.recordCount,
                failedCount: self.failedCount,
                callCount: self.callCount,
                dataBytes: self.dataBytes,
                bodyBytes: self.bodyBytes,
                firstError: self.firstError,
                latency: self.recorder?.summary,
                timeline: self.recorder?.seconds,
                spending: try self.meter.end(at: self.lastAnswer)
            )
        }
    }

    func close() {
        self.watchdog.end()
        for lane in self.lanes { lane.close() }
        self.lanes = []
    }
}
