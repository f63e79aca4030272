internal import ArgumentParser
internal import CommandCore
internal import LogCore
internal import LogFiles
internal import Text

struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Make a data directory of what a Kafka broker has on disk.",
        discussion: """
            Stop the broker, then name its log directories (log.dirs). Topics keep their IDs, their partitions, every \
            offset and their settings; groups keep what they have committed; the cluster keeps its ID. So consumers \
            continue where they were when their bootstrap address leads here. Every batch is checked on the way. \
            Records in message formats 0 and 1 (before Kafka 0.11) are refused.

            Transactions that are open are aborted. Users, ACLs, quotas and what producers with idempotence remember \
            are not imported. Settings of topics come from the log of the controllers; a broker that keeps them \
            elsewhere (ZooKeeper, controllers of their own) has none, and then every topic gets retention.ms=-1, so \
            that \
            nothing is deleted before you have set it. Several brokers' directories can be given together: of each \
            partition the copy that reaches furthest is taken.

            It can be interrupted and run again: partitions that are finished stay. The target must be new. With \
            --dry-run everything is read and checked, and nothing is written.

            Examples:
              millrace import /var/lib/kafka/data --data-dir /var/lib/millrace --dry-run
              millrace import /disk1/kafka /disk2/kafka --data-dir /var/lib/millrace
              millrace serve --data-dir /var/lib/millrace
            """
    )

    @Argument(help: "The broker's log directories.", completion: .directory)
    var directories: [String]

    @Option(help: "The data directory that is made. (default: $MILLRACE_DATA_DIR)", completion: .directory)
    var dataDir: String?

    @Option(
        name: .shortAndLong,
        parsing: .singleValue,
        help: ArgumentHelp("Only this topic; repeatable.", valueName: "name")
    )
    var topic: [String] = []

    @Option(help: "The number of the node, as of `millrace serve`.")
    var nodeID: Int32 = 0

    @Flag(help: "Take a directory that was not closed cleanly; what is not whole at its very end is left out.")
    var unclean = false

    @Flag(help: "Read and check everything and write nothing.")
    var dryRun = false

    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await Reporting.run {
            guard let dataDir = self.dataDir ?? Environment.value("MILLRACE_DATA_DIR") else {
                throw Failure("give the --data-dir that is to be made")
            }
            Interruption.watch()
            var run = ImportRun(
                target: Directory(Self.trimmed(dataDir)),
                isDry: self.dryRun,
                allowsUnclean: self.unclean,
                nodeID: self.nodeID
            )
            try run.open(self.directories.map(Self.trimmed), topics: Set(self.topic))
            try run.copyPartitions()
            try run.readGroups()
            // A topic without one of its partitions would begin that one again at offset 0.
            let isFinished = !self.dryRun && run.failures.isEmpty
            if isFinished { try await run.finish() }
            try self.report(run, isFinished)
            if !run.failures.isEmpty { throw ExitCode(Reporting.partial) }
        }
    }

    private static func trimmed(_ path: String) -> String {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return path
    }

    private func report(_ run: ImportRun, _ isFinished: Bool) throws {
        var table = TextTable(
            ["TOPIC", "PARTITION", "START", "END", "RECORDS", "BYTES", "NOTE"],
            numbers: [1, 2, 3, 4, 5]
        )
        for row in run.rows {
            table.add([
                row.key.topic, "\(row.key.partition)", "\(row.start)", "\(row.end)", "\(row.records)", "\(row.bytes)",
                row.note.isEmpty ? "-" : row.note,
            ])
        }
        let done = self.dryRun ? "would import" : isFinished ? "imported" : "not finished:"
        var head = "\(done) \(run.topicCount) topics, \(run.rows.count) partitions, "
        head += "\(run.offsets.groups.count) groups with \(run.offsets.commits.count) offsets\n"
        for note in run.notes { head += "note: \(note)\n" }
        for failure in run.failures { head += "failed: \(failure)\n" }
        if isFinished {
            head += "next: millrace serve --data-dir \(run.target.path)\n"
        } else if !run.failures.isEmpty {
            head +=
                "next: mend what failed, or name the other topics with --topic, and run it again; what is copied stays\n"
        }
        try self.output.publish(table, before: head + "\n", names: run.topicNames, json: self.json(run, isFinished))
    }

    private func json(_ run: ImportRun, _ isFinished: Bool) -> JSONLine {
        var json = JSONLine()
        json.object { json in
            json.key("imported")
            json.boolean(isFinished)
            json.key("partitions")
            json.array { json in
                for row in run.rows {
                    json.object { json in
                        json.key("topic")
                        json.string(row.key.topic)
                        json.key("partition")
                        json.number(row.key.partition)
                        json.key("start")
                        json.number(row.start)
                        json.key("end")
                        json.number(row.end)
                        json.key("records")
                        json.number(row.records)
                        json.key("bytes")
                        json.number(row.bytes)
                        json.key("note")
                        json.string(row.note.isEmpty ? nil : row.note)
                    }
                }
            }
            json.key("groups")
            json.array { json in run.offsets.groups.forEach { json.string($0) } }
            json.key("offsets")
            json.number(run.offsets.commits.count)
            json.key("notes")
            json.array { json in run.notes.forEach { json.string($0) } }
            json.key("failures")
            json.array { json in run.failures.forEach { json.string($0) } }
        }
        json.endLine()
        return json
    }
}
