internal import ArgumentParser
internal import CommandCore
internal import KafkaClient
internal import Model
internal import Text

extension TopicCommand {
    struct Trim: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete the oldest records of a topic.",
            discussion: """
                Every record before the position is deleted, for consumers of both protocols and for good. Positions: \
                \(OffsetRange.grammar).

                Examples:
                  millrace topic trim orders --to @-7d --dry-run
                  millrace topic trim orders:0,1 --to 1000 --yes
                """
        )

        @OptionGroup var kafka: KafkaOptions
        @OptionGroup var output: OutputOptions
        @OptionGroup var confirmation: Confirmation

        @Argument(help: ArgumentHelp("The topic, or some partitions of it: TOPIC:0,2-4.", valueName: "topic"))
        var selection: String

        @Option(
            parsing: .unconditional,
            help: ArgumentHelp("The first record that stays.", valueName: "position")
        )
        var to: String

        @Flag(help: "Only print what would be deleted.")
        var dryRun = false

        private func point() throws(OptionError) -> OffsetRange.Point {
            let range = try OffsetRange(self.to, now: Clock.now)
            guard range.until == nil else { throw OptionError("--to takes one position, not a range.") }
            return range.from
        }

        func validate() throws {
            do throws(OptionError) {
                _ = try self.point()
                _ = try PartitionSelection(self.selection)
            } catch {
                throw ValidationError(error.description)
            }
        }

        func run() async throws {
            try await Reporting.run {
                let point = try self.point()
                let selection = try PartitionSelection(self.selection)
                try await self.kafka.withCluster { cluster in
                    let trimming = try await Trimming(cluster, selection, to: point)
                    try await trimming.run(isDry: self.dryRun, self.confirmation, self.output)
                }
            }
        }
    }

    struct Empty: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete all records of a topic and keep the topic.",
            discussion: """
                Offsets and sequence numbers continue where they were, so that consumers and groups need not be reset.

                Example:
                  millrace topic empty orders --yes
                """
        )

        @OptionGroup var kafka: KafkaOptions
        @OptionGroup var output: OutputOptions
        @OptionGroup var confirmation: Confirmation

        @Argument(help: ArgumentHelp("The topic, or some partitions of it: TOPIC:0,2-4.", valueName: "topic"))
        var selection: String

        @Flag(help: "Only print what would be deleted.")
        var dryRun = false

        func run() async throws {
            try await Reporting.run {
                let selection = try PartitionSelection(self.selection)
                try await self.kafka.withCluster { cluster in
                    let trimming = try await Trimming(cluster, selection, to: .end)
                    try await trimming.run(isDry: self.dryRun, self.confirmation, self.output)
                }
            }
        }
    }
}

/// The partitions that lose records, and up to where.
private struct Trimming {
    private struct Row {
        var partition: NamedPartition
        var before: Offset
        var after: Offset
    }

    private let cluster: KafkaCluster
    private let topic: String
    private var rows: [Row] = []

    init(_ cluster: KafkaCluster, _ selection: PartitionSelection, to point: OffsetRange.Point) async throws {
        self.cluster = cluster
        self.topic = selection.topic
        let partitions = try await cluster.partitions([selection])
        let (starts, ends) = try await cluster.bounds(of: partitions)
        let targets = try await cluster.offsets(of: point, in: partitions, starts: starts, ends: ends)
        self.rows = partitions.map { partition in
            let (start, end) = (starts[partition] ?? 0, ends[partition] ?? 0)
            return Row(partition: partition, before: start, after: min(max(targets[partition] ?? start, start), end))
        }
    }

    func run(isDry: Bool, _ confirmation: Confirmation, _ output: OutputOptions) async throws {
        let changed = self.rows.filter { $0.after > $0.before }
        var done = self.rows
        if !isDry, !changed.isEmpty {
            let count = changed.reduce(0) { $0 + $1.after - $1.before }
            try confirmation.require("Delete \(count) offsets' records of topic \(self.topic) for good?")
            let offsets = Dictionary(changed.map { ($0.partition, $0.after) }, uniquingKeysWith: { $1 })
            let result = try await Admin(cluster: self.cluster).deleteRecords(offsets)
            done = done.map { row in
                var row = row
                row.after = result[row.partition] ?? row.after
                return row
            }
        }
        var table = TextTable(["TOPIC", "PARTITION", "START BEFORE", "START AFTER", "DELETED"], numbers: [1, 2, 3, 4])
        for row in done {
            table.add([
                row.partition.topic, "\(row.partition.partition)", "\(row.before)", "\(row.after)",
                "\(row.after - row.before)",
            ])
        }
        let title = "\(isDry ? "would trim" : "trimmed") topic \(self.topic)\n\n"
        try output.publish(table, before: title, json: Self.json(done, isDry))
    }

    private static func json(_ rows: [Row], _ isDry: Bool) -> JSONLine {
        var json = JSONLine()
        json.array { json in
            for row in rows {
                json.object { json in
                    json.key("topic")
                    json.string(row.partition.topic)
                    json.key("partition")
                    json.number(row.partition.partition)
                    json.key("trimmed")
                    json.boolean(!isDry)
                    json.key("before")
                    json.number(row.before)
                    json.key("after")
                    json.number(row.after)
                }
            }
        }
        json.endLine()
        return json
    }
}
