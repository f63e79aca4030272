internal import KafkaClient
internal import KafkaProtocol
internal import NIOCore
internal import RecordBatch

/// `bench e2e`: an open-loop producer and readers of the same topic in one process, on one clock.
package enum EndToEndRun {
    /// - Parameter consumers: connections to each broker that read what is produced.
    /// - Throws: `LoadFailure`, `ClientError`, `CancellationError`.
    package static func run(
        _ settings: ProduceSettings,
        consumers: Int,
        on site: KafkaSite
    ) async throws -> Report {
        var settings = settings
        settings.isStamped = true
        try settings.validate()
        try LoadBounds.check("--consumers", consumers, 1...10_000)
        guard settings.rate != nil else {
            throw LoadFailure("--rate must be above 0: an end-to-end load has a schedule")
        }
        guard settings.acks != 0 else { throw LoadFailure("--acks 0 has no acknowledgement to measure; use 1 or all") }
        let checked = settings
        return try await TopicTarget.with(settings.topic, in: site.cluster) { topic in
            let produce = try await ProduceRun.plan(checked, topic: topic, in: site.cluster)
            var reading = ConsumeSettings(topic: topic.name)
            reading.connections = consumers
            reading.start = .latest
            reading.volume = checked.volume
            var fetch = try await ConsumeRun.plan(reading, topic: topic, in: site.cluster)
            fetch.keepsBatches = true
            fetch.groupRecordsMax = nil
            let plan = fetch
            let outcome = try await LoadLoop.run(processes: site.processes, progress: site.progress) { context in
                EndToEndLoad(
                    settings: checked,
                    target: produce,
                    plan: plan,
                    context: context
                )
            }
            return Self.report(checked, produce, plan, outcome, target: site.target)
        }
    }

    private static func report(
        _ settings: ProduceSettings,
        _ produce: ProduceEngine.Target,
        _ fetch: FetchEngine.Plan,
        _ outcome: EndToEndLoad.Outcome,
        target: String
    ) -> Report {
        var report = LoadReport(
            workload: "e2e",
            target: target,
            recordBytes: settings.recordBytes,
            partitions: produce.topic.leaders.count,
            connections: produce.plan.connections.count,
            acks: ProduceRun.acksName(settings.acks),
            compression: "\(settings.compression)",
            rate: settings.rate,
            recordCount: outcome.recordCount,
            failedCount: outcome.failedCount,
            bytes: outcome.recordCount * settings.recordBytes,
            spending: outcome.spending
        )
        .report
        report.add("topic", .text(produce.topic.name))
        report.add("consumers", .integer(fetch.readers.count))
        report.add("consumed", .integer(outcome.consumedCount))
        report.add("missing", .integer(outcome.recordCount - outcome.consumedCount))
        report.add("ack", Report.latency(outcome.ack))
        report.add("end_to_end", Report.latency(outcome.endToEnd))
        if let timeline = outcome.timeline { report.add("timeline", Report.timeline(timeline)) }
        report.add("first_error", LoadReport.text(outcome.firstError))
        report.notes.append(
            "ack and end_to_end count from the moment each record was meant to be sent, until its acknowledgement and "
                + "until a consumer had decoded it"
        )
        return report
    }
}

final class EndToEndLoad: LoopLoad {
    struct Outcome: Sendable {
        var recordCount: Int
        var failedCount: Int
        var firstError: String?
        var consumedCount: Int
        var ack: LatencySummary?
        var endToEnd: LatencySummary?
        var timeline: [TimelineSecond]?
        var spending: Spending
    }

    /// How long records may still be missing once all are acknowledged.
    private static let patience = TimeAmount.seconds(10)

    let context: LoadContext<Outcome>
    private let settings: ProduceSettings
    private let target: ProduceEngine.Target
    private let reader: FetchEngine
    private var producer: ProduceEngine?
    private var schedule: SendSchedule?
    private var recorder: LatencyRecorder?
    private var consumedCount = 0
    private var isProduced = false
    private var timer: Scheduled<Void>?

    init(
        settings: ProduceSettings,
        target: ProduceEngine.Target,
        plan: FetchEngine.Plan,
        context: LoadContext<Outcome>
    ) {
        self.context = context
        self.settings = settings
        self.target = target
        self.reader = FetchEngine(plan: plan, loop: context.loop)
    }

    func begin() {
        do {
            var producing = self.settings
            // The seconds are those in which records were consumed.
            producing.hasTimeline = false
            let producer = try ProduceEngine(settings: producing, target: self.target, loop: self.loop)
            self.producer = producer
            producer.onFinished = { self.produced($0) }
            producer.onProgress = { self.watchdog.progressed(at: $0) }
            self.reader.onPartition = { partition, now throws(LoadFailure) in try self.consumed(partition, at: now) }
            self.reader.onFinished = { if case .failure(let failure) = $0 { self.stop(failure) } }
            self.reader.connect { result in
                guard case .success = result else { return self.fail(result) }
                producer.connect { result in
                    guard case .success = result else { return self.fail(result) }
                    self.start(producer)
                }
            }
        } catch {
            return self.stop(error)
        }
        self.watchdog.watch {
            self.progress(self.consumedCount, self.consumedCount * self.settings.recordBytes)
        } silent: {
            self.stop(LoadFailure("the broker has not answered for a minute; see its log"))
        }
    }

    private func fail(_ result: Result<Void, LoadFailure>) {
        if case .failure(let failure) = result { self.stop(failure) }
    }

    private func start(_ producer: ProduceEngine) {
        do {
            try self.meter.begin()
            let start = self.meter.start
            self.recorder = LatencyRecorder(
                start: start,
                volume: self.settings.volume,
                hasTimeline: self.settings.hasTimeline
            )
            let rate = self.settings.rate ?? 1
            self.schedule = SendSchedule(
                start: start,
                rate: rate,
                count: self.settings.volume.recordCount(atRate: rate)
            )
            self.reader.start(at: start)
            producer.start(at: start)
        } catch {
            self.stop(error)
        }
    }

    private func consumed(_ partition: FetchedPartition, at now: UInt64) throws(LoadFailure) {
        guard let schedule = self.schedule, partition.recordCount > 0 else { return }
        self.watchdog.progressed(at: now)
        var cursor = BatchCursor(partition.batches)
        do {
            while let batch = try cursor.next() {
                var reader = try batch.records()
                while let record = try reader.next() {
                    guard let value = record.value, let stamp = StampedBatches.stamp(of: value),
                        stamp >= 0, stamp < schedule.count
                    else { continue }
                    self.consumedCount += 1
                    // Another load's records may lie in the topic too; a time that is yet to come says so.
                    let intended = schedule.intended(stamp)
                    guard intended <= now else { continue }
                    self.recorder?.record(nanoseconds: now - intended, at: now)
                }
            }
        } catch {
            throw LoadFailure("partition \(partition.partition) returned a damaged batch: \(error.message)")
        }
        self.finishIfDone()
    }

    private func produced(_ result: Result<Void, LoadFailure>) {
        guard case .success = result else { return self.fail(result) }
        self.isProduced = true
        self.finishIfDone()
        guard !self.isOver else { return }
        self.timer = self.loop.assumeIsolated().scheduleTask(in: Self.patience) { self.finish() }
    }

    private func finishIfDone() {
        guard self.isProduced, let producer = self.producer, self.consumedCount >= producer.recordCount else { return }
        self.finish()
    }

    private func finish() {
        guard let producer = self.producer else { return }
        self.conclude {
            let end = max(producer.lastAnswer, self.reader.lastRecord)
            return Outcome(
                recordCount: producer.recordCount,
                failedCount: producer.failedCount,
                firstError: producer.firstError,
                consumedCount: self.consumedCount,
                ack: producer.recorder?.summary,
                endToEnd: self.recorder?.summary,
                timeline: self.recorder?.seconds,
                spending: try self.meter.end(at: end)
            )
        }
    }

    func close() {
        self.watchdog.end()
        self.timer?.cancel()
        self.reader.close()
        self.producer?.close()
        self.producer = nil
    }
}
