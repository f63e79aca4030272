internal import ArgumentParser
internal import FoundationEssentials
internal import KafkaClient
internal import Model

struct ConsumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "consume",
        abstract: "Read records.",
        discussion: """
            Prints the value of each record on a line. With -o json each record is an object on a line of its own: \
            {"topic","partition","offset","timestamp","key","value","headers"}; the timestamp is in milliseconds; \
            keys, values and header values are strings, or {"base64": "…"} where the bytes are not UTF-8, or null; \
            headers are a list of {"key","value"}.

            With --group the partitions are shared with the other consumers of the group, reading continues where the \
            group has stopped, and offsets are committed after the records are printed. Ctrl-C ends, and commits.

            Examples:
              millrace consume orders --from earliest --exit-at-end
              millrace consume orders --from @2026-01-01T00:00:00Z --max 10 -o json
              millrace consume orders --group billing --print partition,offset,key,value
            """
    )

    enum Field: String, CaseIterable {
        case topic, partition, offset, timestamp, key, value, headers
    }

    @OptionGroup var kafka: KafkaOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "The topic.")
    var topic: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            """
            Where to begin: earliest, latest, an offset, or @ and a time (ISO 8601 or milliseconds). With --group \
            only where the group has committed nothing. (default: latest; earliest with --exit-at-end)
            """,
            valueName: "position"
        )
    )
    var from: String?

    @Option(name: .shortAndLong, parsing: .singleValue, help: "Only this partition; repeatable.")
    var partition: [Int32] = []

    @Option(name: .shortAndLong, help: "Read as a member of this consumer group.")
    var group: String?

    @Option(name: .shortAndLong, help: "Stop after this many records.")
    var max: Int?

    @Flag(help: "Stop at the end that each partition has when the command begins.")
    var exitAtEnd = false

    @Option(help: "Print the key, this text and the value.")
    var keySeparator: String?

    @Option(
        name: .customLong("print"),
        help: ArgumentHelp(
            "What to print of a record, separated by tabs: topic, partition, offset, timestamp, key, value, headers.",
            valueName: "fields"
        )
    )
    var fields: String?

    func validate() throws {
        if let max, max < 1 { throw ValidationError("--max must be at least 1.") }
        if self.group != nil, !self.partition.isEmpty {
            throw ValidationError("--partition cannot be used with --group, which hands out the partitions itself.")
        }
        if self.partition.contains(where: { $0 < 0 }) { throw ValidationError("--partition must not be negative.") }
        if self.fields != nil, self.keySeparator != nil {
            throw ValidationError("Give either --print or --key-separator.")
        }
        _ = try self.startPosition()
        _ = try self.printedFields()
    }

    func run() async throws {
        try await Reporting.run {
            try await self.kafka.withCluster { cluster in
                let session = ConsumeSession(
                    cluster: cluster,
                    topic: self.topic,
                    start: try self.startPosition(),
                    partitions: self.partition,
                    group: self.group,
                    recordsMax: self.max,
                    exitsAtEnd: self.exitAtEnd,
                    printer: RecordPrinter(
                        isJSON: self.output.isJSON,
                        fields: try self.printedFields(),
                        keySeparator: self.keySeparator
                    )
                )
                try await session.run()
            }
        }
    }

    private func printedFields() throws -> [Field] {
        guard let fields else { return self.keySeparator == nil ? [.value] : [.key, .value] }
        return try fields.split(separator: ",").map { name in
            guard let field = Field(rawValue: String(name)) else {
                let known = Field.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("--print does not know '\(name)'; it knows \(known).")
            }
            return field
        }
    }

    private func startPosition() throws -> StartPosition {
        guard let from else { return self.exitAtEnd ? .earliest : .latest }
        switch from {
        case "earliest", "beginning": return .earliest
        case "latest", "end": return .latest
        default: break
        }
        if let offset = Offset(from), offset >= 0 { return .offset(offset) }
        if from.hasPrefix("@"), let timestamp = Self.timestamp(String(from.dropFirst())) {
            return .timestamp(timestamp)
        }
        throw ValidationError(
            "--from takes earliest, latest, an offset, or @ and a time such as @2026-01-01T12:00:00Z or @1767268800000."
        )
    }

    /// Milliseconds since the epoch, of a number of them or of ISO 8601.
    static func timestamp(_ text: String) -> Timestamp? {
        if let milliseconds = Timestamp(text), milliseconds >= 0 { return milliseconds }
        let styles: [Date.ISO8601FormatStyle] = [
            .iso8601,
            .iso8601.year().month().day().timeZone(separator: .omitted)
                .time(includingFractionalSeconds: true).timeSeparator(.colon),
            Date.ISO8601FormatStyle().year().month().day(),
        ]
        for style in styles {
            if let date = try? Date(text, strategy: style) {
                return Timestamp((date.timeIntervalSince1970 * 1000).rounded())
            }
        }
        return nil
    }
}
