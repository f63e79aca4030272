internal import ArgumentParser
internal import CommandCore

struct SearchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Find records by a filter, evaluated in the server.",
        discussion: """
            Asks the admin port: the server reads its log and sends what matches, so that nothing else crosses the \
            network. Records of open and aborted transactions are not looked at; the end is the one that each \
            partition has when the search begins. Of a record that the Kinesis Producer Library packed, each part is \
            a record. Prints as `millrace consume` does: the value, or with -o json, --print, or -f and rpk's or \
            kcat's format.

            The filter is a subset of CEL over value and key (JSON, MessagePack, Protobuf by field number), text and \
            keyText, headers, partition, offset, timestamp:
              value.total > 100 && headers["src"] == "web"
              keyText.startsWith("user-") || text.matches("time(d )?out")
              has(value.error) && value.items.size() >= 3

            Positions of --from and --until are those of `millrace consume`. What stops early (--max, --scan, Ctrl-C) \
            prints on standard error the --cursor to continue with.

            Ends with 0 when everything was looked at, or --max records were found; 1 without a match when \
            --require-match; 3 when --scan stopped it or records could not be read; 130 when interrupted.

            Examples:
              millrace search orders 'value.total > 100' --data-dir /var/lib/millrace
              millrace search orders 'value.id == 4711' --from @-2h -o json
              millrace search orders 'text.contains("timeout")' --max 10 -f '%p/%o %k %v\\n'
            """
    )

    @OptionGroup var server: AdminOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var printing: RecordFormatOptions

    @Argument(help: "The topic.", completion: .topicNames)
    var topic: String

    @Argument(help: "Which records; all without it.")
    var filter: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Where to begin, and after a colon where to stop. (default: start)",
            valueName: "position"
        )
    )
    var from: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Stop before this position in each partition. (default: end)", valueName: "position")
    )
    var until: String?

    @Option(
        help: ArgumentHelp("Continue a search that has stopped early; in place of --from.", valueName: "cursor")
    )
    var cursor: String?

    @Option(name: .shortAndLong, parsing: .singleValue, help: "Only this partition; repeatable.")
    var partition: [Int32] = []

    @Option(name: .shortAndLong, help: "Stop after so many matches, 10000 at most.")
    var max: Int?

    @Option(help: ArgumentHelp("Stop after this many records were looked at.", valueName: "count"))
    var scan: Int64?

    @Flag(help: "End with 1 when no record matches.")
    var requireMatch = false

    private static let resultsMax = 10_000

    func validate() throws {
        if let max, !(1...Self.resultsMax).contains(max) {
            throw ValidationError("--max is from 1 to \(Self.resultsMax); without it there is no limit.")
        }
        if let scan, scan < 1 { throw ValidationError("--scan must be at least 1.") }
        if self.partition.contains(where: { $0 < 0 }) { throw ValidationError("--partition must not be negative.") }
        if self.printing.fieldNames != nil, self.printing.format != nil {
            throw ValidationError("Give one of -f and --print.")
        }
        if self.cursor != nil, self.from != nil || !self.partition.isEmpty {
            throw ValidationError("--cursor says where each partition begins: without --from and --partition.")
        }
        try self.output.requireRecordFormat()
        do throws(OptionError) {
            _ = try self.range()
        } catch {
            throw ValidationError(error.description)
        }
    }

    func run() async throws {
        try await Reporting.run {
            guard case .server(let client) = try await self.server.target() else {
                throw Failure("no server is running there; a search is the server's work", exitCode: 4)
            }
            let printer = RecordPrinter(
                isJSON: self.output.isJSON,
                fields: try self.printing.fields() ?? [.value],
                format: try self.printing.recordFormat()
            )
            let session = SearchSession(topic: self.topic, printer: printer)
            let progress = try await session.run(client, try self.query())
            if self.requireMatch, progress.matched == 0 { throw ExitCode(1) }
            if progress.isPartial { throw ExitCode(Reporting.partial) }
        }
    }

    private func query() throws(OptionError) -> [(String, String)] {
        let range = try self.range()
        var query: [(String, String)] = [("progress", "true")]
        if let filter { query.append(("filter", filter)) }
        if let cursor {
            query.append(("cursor", cursor))
        } else {
            query.append(("from", range.from.apiText))
        }
        if let until = range.until { query.append(("until", until.apiText)) }
        if !self.partition.isEmpty {
            query.append(("partition", self.partition.map(String.init).joined(separator: ",")))
        }
        if let max { query.append(("limit", "\(max)")) }
        if let scan { query.append(("scan", "\(scan)")) }
        return query
    }

    private func range() throws(OptionError) -> OffsetRange {
        let now = Clock.now
        var range =
            try self.from.map { text throws(OptionError) in try OffsetRange(text, now: now) }
            ?? OffsetRange(from: .start)
        try range.stop(before: self.until, now: now)
        return range
    }
}
