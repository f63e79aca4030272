internal import Broker
internal import LogCore
internal import Metadata
internal import Model
internal import NIOCore
internal import RecordSearch
internal import Text

/// `GET` and `POST /api/v1/topics/{topic}/records`: search, export, tail and produce.
///
/// | `Accept` | answer |
/// | --- | --- |
/// | `application/json`, or none | up to `limit` records, and what was scanned |
/// | `application/x-ndjson` | every record that matches, a line each, as they are found |
/// | `text/event-stream` | the same as events, and those that are appended from then on |
struct RecordRoutes: Sendable {
    private static let path = "/api/v1/topics/{topic}/records"
    /// Of a body that is produced.
    private static let bodyBytesMax = 8 << 20
    private static let ndjson = "application/x-ndjson"
    /// How often a stream says how far it is.
    private static let progressInterval = Duration.seconds(1)

    private let broker: Broker
    private let eventLoop: any EventLoop
    private let gate = ScanGate()

    init(_ views: BrokerViews) {
        self.broker = views.broker
        self.eventLoop = views.eventLoop
    }

    func routes(_ make: APIRoute) -> [AdminRoute] { [self.reading(make), self.producing(make)] }

    // MARK: Reading

    private func reading(_ make: APIRoute) -> AdminRoute {
        let schema = JSONSchema.named(
            "RecordPage",
            .object([.init("records", .array(SearchRecord.shape.schema)), .init("scan", ScanReport.shape.schema)])
        )
        return make.read(
            Self.path,
            role: .viewer,
            RouteDocumentation(
                "readRecords",
                "Records from a place on: a page as JSON, all of them as NDJSON, or a tail as server-sent events.",
                parameters: RecordQuery.parameters,
                success: .init(schema, otherTypes: [Self.ndjson, "text/event-stream"]),
                errors: [404, 409]
            )
        ) { request in
            let name = request.parameter("topic")
            guard let hosted = self.broker.topics.topic(named: name) else { throw APIProblem.noTopic(name) }
            if request.accepts("text/event-stream") { return try await self.tail(request, hosted) }
            if request.accepts(Self.ndjson) { return try await self.export(request, hosted) }
            return try await self.page(request, hosted)
        }
    }

    private func page(_ request: AdminRequest, _ hosted: HostedTopic) async throws -> AdminAnswer {
        let query = try RecordQuery(request, hosted, beginning: "start", isUnbounded: false)
        guard self.gate.enter() else { throw ScanGate.full }
        defer { self.gate.left() }
        let positions = try await query.positions(self.broker)
        let (records, report) =
            query.isNewestFirst
            ? await self.newest(query, positions) : await self.oldest(query, positions)
        return .json { json in
            json.object { json in
                json.key("records")
                json.array { json in for record in records { SearchRecord.shape.write(record, to: &json) } }
                json.key("scan")
                ScanReport.shape.write(report, to: &json)
            }
        }
    }

    private func oldest(
        _ query: RecordQuery,
        _ positions: [ScanMachine.Position]
    ) async -> ([SearchRecord], ScanReport) {
        let machine = ScanMachine(positions, filter: query.filter, limits: query.limits)
        var scan = RecordScan(machine, of: query.hosted, self.broker)
        var records: [SearchRecord] = []
        while let found = await scan.step() { records += found }
        return (records, scan.report)
    }

    private func newest(
        _ query: RecordQuery,
        _ positions: [ScanMachine.Position]
    ) async -> ([SearchRecord], ScanReport) {
        let ranges = positions.map { (partition: $0.partition, start: $0.next, end: $0.end) }
        var backward = BackwardScan(ranges, filter: query.filter, limits: query.limits)
        var budget = ScanBudget()
        while let window = backward.nextWindow() {
            var scan = RecordScan(window, of: query.hosted, self.broker, budget)
            var found: [SearchRecord] = []
            while let records = await scan.step() { found += records }
            backward.finished(scan.machine, found)
            budget = scan.budget
        }
        let report = ScanReport(
            progress: backward.progress,
            positions: backward.positions.map {
                ScanMachine.Position(partition: $0.partition, next: $0.end, end: $0.end)
            },
            reason: backward.endReason
        )
        return (backward.records, report)
    }

    private func export(_ request: AdminRequest, _ hosted: HostedTopic) async throws -> AdminAnswer {
        let query = try RecordQuery(request, hosted, beginning: "start", isUnbounded: true)
        let positions = try await query.positions(self.broker)
        let showsProgress = request.query("progress") == "true"
        guard self.gate.enter() else { throw ScanGate.full }
        return .stream(Self.ndjson) { writer in
            defer { self.gate.left() }
            let machine = ScanMachine(positions, filter: query.filter, limits: query.limits)
            var scan = RecordScan(machine, of: hosted, self.broker)
            let clock = ContinuousClock()
            var told = clock.now
            while let found = await scan.step() {
                var json = JSONLine()
                for record in found {
                    SearchRecord.shape.write(record, to: &json)
                    json.endLine()
                }
                if showsProgress, clock.now - told >= Self.progressInterval {
                    told = clock.now
                    Self.writeProgress(scan.report, to: &json)
                }
                if writer.isEnded { return }
                guard json.bytes.isEmpty ? true : await writer.write(ByteBuffer(bytes: json.bytes)) else { return }
            }
            guard showsProgress else { return }
            var json = JSONLine()
            Self.writeProgress(scan.report, to: &json)
            _ = await writer.write(ByteBuffer(bytes: json.bytes))
        }
    }

    private static func writeProgress(_ report: ScanReport, to json: inout JSONLine) {
        json.object { json in
            json.key("progress")
            ScanReport.shape.write(report, to: &json)
        }
        json.endLine()
    }

    private func tail(_ request: AdminRequest, _ hosted: HostedTopic) async throws -> AdminAnswer {
        let query = try RecordQuery(request, hosted, beginning: "end", isUnbounded: true)
        let positions = try await query.positions(self.broker)
        return .stream(EventText.contentType) { writer in
            await RecordTail(query, positions, self.broker, self.eventLoop).run(writer)
        }
    }

    // MARK: Producing

    private func producing(_ make: APIRoute) -> AdminRoute {
        let bytes = JSONSchema.any
        let record = JSONSchema.object([
            .init("key", bytes, isRequired: false, "A string, or JSON that is stored as it is written."),
            .init("value", bytes, isRequired: false, "The same; null is a tombstone."),
            .init("headers", .dictionary(.string), isRequired: false),
            .init("partition", .integer(minimum: 0), isRequired: false),
            .init("timestamp", .integer(minimum: 0), isRequired: false),
        ])
        return make.change(
            .post,
            Self.path,
            bytesMax: Self.bodyBytesMax,
            bodyTypes: ["application/json", Self.ndjson, "application/octet-stream"],
            RouteDocumentation(
                "produceRecords",
                "Appends records: a list as JSON, one a line as NDJSON, or the body as one value.",
                parameters: [
                    .init("key", .string, "Of a body that is one value."),
                    .init("partition", .integer(minimum: 0, maximum: Int64(Int32.max)), "The same."),
                ],
                body: .object([.init("records", .array(record))]),
                success: .init(ProducedRecord.schema),
                errors: [404, 409]
            )
        ) { request in
            let name = request.parameter("topic")
            guard let hosted = self.broker.topics.topic(named: name) else { throw APIProblem.noTopic(name) }
            let records = try ProducedInput.records(of: request)
            let producer = RecordProducer(self.broker, self.eventLoop)
            let stored = try await producer.append(records, to: hosted)
            let answer = AdminAnswer.json { json in
                json.object { json in
                    json.key("records")
                    json.array { json in for one in stored { ProducedRecord.shape.write(one, to: &json) } }
                }
            }
            return (answer, APIRoute.Change(action: "produce", resource: "TOPIC:\(name) \(stored.count) records"))
        }
    }
}
