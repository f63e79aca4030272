internal import ArgumentParser
internal import CommandCore
internal import KafkaClient

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

            Positions of --from and --until:
              start, end        the first record, after the last one (earliest, latest, beginning too)
              47, 47:, 12:47    an offset; from 12 until before 47
              +5, -5            5 after the first offset, 5 before the present end
              :end, :47         from the first record until the present end, until before 47
              @T, @T1:T2, @:T   by time: 2026-01-31, 2026-01-31T12:00:00Z, milliseconds, -2h (ago)

            Formats of -f are rpk's: %t topic, %p partition, %o offset, %k key, %v value, %d timestamp, %h{%k=%v } \
            headers, %T %K %V %H their lengths and number, %e %x %y leader epoch, producer ID and epoch, %i count, \
            %a{compression}; {hex}, {base64}, {big32} and the like after a verb; %d{strftime[%F %T]}, %d{go[15:04]}; \
            \\n \\t \\xNN. With --kcat they are kcat's, where %s is the value and %T the timestamp.

            Examples:
              millrace consume orders --from earliest --exit-at-end
              millrace consume orders --from @2026-01-01T00:00:00Z --max 10 -o json
              millrace consume orders --from @-1h:end -f '%d{strftime[%T]} %k %v\\n'
              millrace consume orders -n 5
              millrace consume orders --group billing --print partition,offset,key,value
            """
    )

    @OptionGroup var kafka: KafkaOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var printing: RecordFormatOptions

    @Argument(help: "The topic.", completion: .topicNames)
    var topic: String

    @Option(
        name: [.long, .customLong("offset")],
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            Where to begin, and after a colon where to stop. With --group only where the group has committed nothing. \
            (default: latest; earliest with --exit-at-end or --until)
            """,
            valueName: "position"
        )
    )
    var from: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Stop before this position in each partition.", valueName: "position")
    )
    var until: String?

    @Option(
        name: [.customShort("n"), .customLong("last")],
        help: ArgumentHelp("Only the last records, by their times, in order; ends then.", valueName: "count")
    )
    var last: Int?

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

    /// More are not kept in memory.
    private static let lastMax = 1_000_000

    func validate() throws {
        if let max, max < 1 { throw ValidationError("--max must be at least 1.") }
        if self.group != nil, !self.partition.isEmpty {
            throw ValidationError("--partition cannot be used with --group, which hands out the partitions itself.")
        }
        if self.partition.contains(where: { $0 < 0 }) { throw ValidationError("--partition must not be negative.") }
        if [self.printing.fieldNames, self.keySeparator, self.printing.format].count(where: { $0 != nil }) > 1 {
            throw ValidationError("Give one of -f, --print and --key-separator.")
        }
        if let last {
            guard (1...Self.lastMax).contains(last) else {
                throw ValidationError("-n is from 1 to \(Self.lastMax).")
            }
            guard self.from == nil, self.until == nil, self.group == nil, self.max == nil else {
                throw ValidationError("-n does not go with --from, --until, --group and --max.")
            }
        }
        try self.output.requireRecordFormat()
        do throws(OptionError) {
            let range = try self.range()
            if self.group != nil, range.until != nil {
                throw OptionError("--until does not go with --group, which continues where it has stopped.")
            }
        } catch {
            throw ValidationError(error.description)
        }
    }

    func run() async throws {
        try await Reporting.run {
            let range = try self.range()
            let printer = RecordPrinter(
                isJSON: self.output.isJSON,
                fields: try self.printedFields(),
                keySeparator: self.keySeparator,
                format: try self.printing.recordFormat()
            )
            try await self.kafka.withCluster { cluster in
                let session = ConsumeSession(
                    cluster: cluster,
                    topic: self.topic,
                    range: range,
                    partitions: self.partition,
                    group: self.group,
                    recordsMax: self.max,
                    lastCount: self.last,
                    exitsAtEnd: self.exitAtEnd || self.last != nil,
                    printer: printer
                )
                try await session.run()
            }
        }
    }

    private func range() throws(OptionError) -> OffsetRange {
        let now = Clock.now
        if let last { return OffsetRange(from: .beforeEnd(Int64(last)), until: .end) }
        var range: OffsetRange
        if let from {
            range = try OffsetRange(from, now: now)
        } else {
            range = OffsetRange(from: self.exitAtEnd || self.until != nil ? .start : .end)
        }
        try range.stop(before: self.until, now: now)
        return range
    }

    private func printedFields() throws -> [RecordFormatOptions.Field] {
        try self.printing.fields() ?? (self.keySeparator == nil ? [.value] : [.key, .value])
    }
}
