internal import ArgumentParser
internal import CommandCore
internal import FoundationEssentials
internal import Text

struct TopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Show how fast a server is written and read, as it happens.",
        discussion: """
            Reads the metrics of the admin port again and again and shows their growth: by protocol, by topic where \
            the \
            server has metrics of topics, and the groups that are furthest behind. On a terminal the screen is \
            rewritten; elsewhere each round is appended, and -o json writes an object a line.

            Examples:
              millrace top --data-dir /var/lib/millrace
              millrace top --admin http://127.0.0.1:8080 --interval 5s
            """
    )

    @OptionGroup var ports: PortOptions
    @OptionGroup var tlsFiles: TLSOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var profile: ProfileOptions

    @Option(help: "The time between two readings.")
    var interval = "2s"

    @Option(name: .shortAndLong, help: "Stop after this many rounds.")
    var rounds: Int?

    private func pause() throws -> Duration {
        guard let milliseconds = DurationText.milliseconds(self.interval), (100...3_600_000).contains(milliseconds)
        else { throw ValidationError("--interval \(self.interval): an interval is from 100ms to 1h.") }
        return .milliseconds(milliseconds)
    }

    func validate() throws {
        _ = try self.pause()
        if let rounds, rounds < 1 { throw ValidationError("--rounds must be at least 1.") }
        if ![.text, .wide, .json, .jsonl].contains(self.output.format) {
            throw ValidationError("top is printed with -o text or json.")
        }
    }

    func run() async throws {
        try await Reporting.run {
            guard let client = try self.ports.adminClient(self.tlsFiles.filesOrDefault) else {
                throw Failure(
                    "top reads the metrics of the admin port: give --admin http://HOST:PORT, or the --data-dir of a server "
                        + "on this machine"
                )
            }
            let pause = try self.pause()
            _ = try await Interruption.cancelling {
                var before = try await Self.metrics(client)
                var readAt = ContinuousClock.now
                var round = 0
                while round < self.rounds ?? .max {
                    try await Task.sleep(for: pause)
                    let now = try await Self.metrics(client)
                    let at = ContinuousClock.now
                    let rates = RateTable(from: before, to: now, seconds: max(0.001, (at - readAt) / .seconds(1)))
                    try self.publish(rates, now)
                    (before, readAt) = (now, at)
                    round += 1
                }
            }
        }
    }

    private static func metrics(_ client: AdminClient) async throws -> MetricsText {
        let answer = try await client.text("/metrics")
        guard answer.status == 200 else {
            throw Failure(
                answer.status == 401 || answer.status == 403
                    ? "the metrics need a role: give --token-file with a token (`millrace admin token create`)"
                    : "the admin port answered /metrics with status \(answer.status)"
            )
        }
        return MetricsText(answer.text)
    }

    private static let groupsMax = 10

    private func publish(_ rates: RateTable, _ metrics: MetricsText) throws {
        let groups = metrics["millrace_group_lag_records"]
            .filter { $0.value > 0 }
            .sorted { $0.value > $1.value }
            .prefix(Self.groupsMax)
        guard !self.output.isJSON else { return try self.write(rates, Array(groups)) }
        var text = ResultOutput.isTerminal ? "\u{1B}[H\u{1B}[J" : ""
        let bold = ResultOutput.isTerminal && Environment.value("NO_COLOR") == nil
        let title = "millrace top  \(CalendarTime(Clock.now).rfc3339)"
        text += bold ? "\u{1B}[1m\(title)\u{1B}[0m\n\n" : "\(title)\n\n"
        text += RateTable.table(rates.faces, "PROTOCOL").text
        if !rates.topics.isEmpty { text += "\n" + RateTable.table(rates.topics, "TOPIC").text }
        if !groups.isEmpty {
            var table = TextTable(["GROUP", "TOPIC", "RECORDS BEHIND"], numbers: [2])
            for sample in groups {
                table.add([sample.labels["group"] ?? "-", sample.labels["topic"] ?? "-", "\(Int64(sample.value))"])
            }
            text += "\n" + table.text
        }
        try ResultOutput.write(text)
    }

    private func write(_ rates: RateTable, _ groups: [MetricsText.Sample]) throws {
        var json = JSONLine()
        func add(_ rows: [RateTable.Row], _ json: inout JSONLine) {
            json.array { json in
                for row in rows {
                    json.object { json in
                        json.key("name")
                        json.string(row.name)
                        for (name, value) in [
                            ("recordsInPerSecond", row.recordsIn), ("bytesInPerSecond", row.bytesIn),
                            ("bytesOutPerSecond", row.bytesOut), ("requestsPerSecond", row.requests),
                        ] {
                            json.key(name)
                            json.number(Int64(value.rounded()))
                        }
                    }
                }
            }
        }
        json.object { json in
            json.key("time")
            json.string(CalendarTime(Clock.now).rfc3339)
            json.key("protocols")
            add(rates.faces, &json)
            json.key("topics")
            add(rates.topics, &json)
            json.key("groups")
            json.array { json in
                for sample in groups {
                    json.object { json in
                        json.key("group")
                        json.string(sample.labels["group"])
                        json.key("topic")
                        json.string(sample.labels["topic"])
                        json.key("records")
                        json.number(Int64(sample.value))
                    }
                }
            }
        }
        json.endLine()
        try ResultOutput.write(json.bytes)
    }
}
