internal import Broker
internal import KinesisProtocol
internal import LogCore
internal import Metadata
internal import Model
internal import RecordSearch
internal import Text

/// What `GET …/records` asks for.
struct RecordQuery {
    static let limitDefault = 100
    static let limitMax = 10_000
    /// Of one answer as JSON; a stream may have any number.
    static let scannedDefault: Int64 = 1_000_000
    static let bytesDefault: Int64 = 256 << 20
    /// Bytes of keys and values in one answer.
    static let resultBytesMax = 8 << 20

    static let parameters: [RouteDocumentation.Parameter] = [
        .init(
            "from",
            .string,
            "start, end, an offset, +N, -N for the last N, @MILLISECONDS, 2026-01-31T12:00:00Z, or a sequence number."
        ),
        .init("until", .string, "Stops before this place, written as from; at the end by default. Not for a tail."),
        .init("order", .choice(["oldest", "newest"]), "Which come first; newest is for an answer as JSON."),
        .init("partition", .string, "Numbers between commas; all by default."),
        .init("filter", .string, "An expression in a subset of CEL, for example value.total > 100."),
        .init("limit", .integer(minimum: 1, maximum: Int64(Self.limitMax)), "Of records that match."),
        .init("scan", .integer(minimum: 1), "Of records that are looked at."),
        .init("bytes", .integer(minimum: 1), "Of batches that are read."),
        .init("cursor", .string, "In place of from: the cursor of the answer before."),
        .init("progress", .boolean, "As NDJSON: with lines that say how far it is."),
    ]

    let hosted: HostedTopic
    let filter: RecordFilter?
    let limits: ScanMachine.Limits
    let partitions: [Int32]
    /// From the end on.
    let isNewestFirst: Bool
    private let goal: OffsetGoal?
    private let until: OffsetGoal?
    private let cursor: [(partition: Int32, offset: Int64)]?

    /// - Parameters:
    ///   - isUnbounded: what is not limited has no limit, as in an export.
    ///   - beginning: where it begins unless the request says.
    init(_ request: AdminRequest, _ hosted: HostedTopic, beginning: String, isUnbounded: Bool) throws(APIProblem) {
        self.hosted = hosted
        if let text = request.query("filter"), !text.isEmpty {
            do throws(RecordFilter.Failure) {
                self.filter = try RecordFilter(text)
            } catch {
                throw APIProblem(
                    400,
                    "bad-filter",
                    "The filter is wrong at character \(error.position): \(error.reason).",
                    hint: "For example value.total > 100 && headers[\"src\"] == \"web\"."
                )
            }
        } else {
            self.filter = nil
        }
        let limit: Int? = try request.integer("limit", in: 1...Self.limitMax)
        let scan: Int64? = try request.integer("scan", in: 1...Int64.max)
        let bytes: Int64? = try request.integer("bytes", in: 1...Int64.max)
        self.limits = ScanMachine.Limits(
            results: limit ?? (isUnbounded ? .max : Self.limitDefault),
            scannedRecords: scan ?? (isUnbounded ? .max : Self.scannedDefault),
            scannedBytes: bytes ?? (isUnbounded ? .max : Self.bytesDefault),
            resultBytes: isUnbounded ? .max : Self.resultBytesMax
        )
        self.until = try request.query("until").flatMap { $0.isEmpty ? nil : $0 }
            .map { text throws(APIProblem) in try Self.goal(text, of: "until") }
        switch request.query("order") ?? "" {
        case "", "oldest": self.isNewestFirst = false
        case "newest" where !isUnbounded: self.isNewestFirst = true
        default: throw .badRequest("order is oldest, or newest, which needs an answer as JSON.")
        }
        let text = request.lastEventID ?? request.query("cursor")
        if let text, !text.isEmpty {
            guard let offsets = ScanCursor.offsets(text),
                Set(offsets.map(\.partition)).count == offsets.count
            else { throw .badRequest("The cursor is not one of this path's.") }
            self.cursor = offsets
            self.goal = nil
            self.partitions = offsets.map(\.partition)
        } else {
            self.cursor = nil
            let from = request.query("from") ?? beginning
            if let place = try Self.place(sequence: from, hosted) {
                self.goal = .offset(place.offset)
                self.partitions = [place.partition]
            } else {
                self.goal = try Self.goal(from)
                self.partitions = try Self.partitions(request.query("partition"), hosted)
            }
        }
        for partition in self.partitions where !hosted.has(partition) {
            throw APIProblem(404, "partition-not-found", "\(hosted.name) has no partition \(partition).")
        }
        guard self.partitions.count <= RecordScan.partitionsMax else {
            throw .badRequest(
                "A search looks through \(RecordScan.partitionsMax) partitions at most.",
                hint: "Name some: partition=0,1,2."
            )
        }
    }

    private static func goal(_ text: String, of name: String = "from") throws(APIProblem) -> OffsetGoal {
        if text.hasPrefix("+"), let count = Int64(text.dropFirst()), count >= 0 { return .afterStart(count) }
        if text.hasPrefix("-"), let count = Int64(text.dropFirst()), count > 0 { return .beforeEnd(count) }
        if text.hasSuffix("Z"), text.contains("T") {
            let basic = text.filter { $0 != "-" && $0 != ":" }
            if let time = CalendarTime.timestamp(basicISO8601: basic) { return .timestamp(time) }
        }
        guard let goal = OffsetGoal(text), !text.hasPrefix("+") else {
            throw .badRequest("\(name) is start, end, an offset, +N, -N, @MILLISECONDS or 2026-01-31T12:00:00Z.")
        }
        return goal
    }

    /// The record that a Kinesis sequence number names; `nil` for text that is too short for one.
    private static func place(
        sequence text: String,
        _ hosted: HostedTopic
    ) throws(APIProblem) -> (partition: Int32, offset: Offset)? {
        guard text.utf8.count > 20, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        let place: SequenceNumber
        switch ParsedSequenceNumber(text) {
        case .record(let sequence), .placeBefore(let sequence): place = sequence
        case .foreign: throw .badRequest("This sequence number was not made by this server.")
        case .invalid: throw .badRequest("This is not a sequence number.")
        }
        guard let shard = hosted.topic.shards.first(where: { $0.ordinal == Int32(clamping: place.ordinal) }) else {
            throw APIProblem(404, "shard-not-found", "\(hosted.name) has no shard of this sequence number.")
        }
        return (shard.partition, place.offset)
    }

    private static func partitions(_ text: String?, _ hosted: HostedTopic) throws(APIProblem) -> [Int32] {
        guard let text, !text.isEmpty else { return Array(0..<Int32(hosted.partitionCount)) }
        var partitions: [Int32] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let number = Int32(part), number >= 0, partitions.count < RecordScan.partitionsMax else {
                throw .badRequest("partition is a list of numbers between commas.")
            }
            if !partitions.contains(number) { partitions.append(number) }
        }
        return partitions
    }

    /// Where each partition is read, up to what can be read now.
    func positions(_ broker: Broker) async throws -> [ScanMachine.Position] {
        var positions: [ScanMachine.Position] = []
        for (index, number) in self.partitions.enumerated() {
            let partition = try self.hosted.partition(number)
            let offsets = partition.log.offsets
            let start: Offset
            if let cursor {
                start = max(offsets.logStart, cursor[index].offset)
            } else if let goal {
                start = try await goal.offset(in: partition, committed: nil, broker)
            } else {
                start = offsets.logStart
            }
            var end = offsets.lastStable
            if let until { end = min(end, try await until.offset(in: partition, committed: nil, broker)) }
            if self.isNewestFirst, let cursor {
                // A cursor of this order says below which offset to continue.
                positions.append(
                    ScanMachine.Position(
                        partition: number,
                        next: offsets.logStart,
                        end: max(offsets.logStart, min(end, cursor[index].offset))
                    )
                )
                continue
            }
            positions.append(ScanMachine.Position(partition: number, next: start, end: max(start, end)))
        }
        return positions
    }
}
