internal import ArgumentParser
internal import CommandCore
internal import KafkaClient
internal import Model
internal import Text

extension TopicCommand {
    struct Alter: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change a topic's settings and add partitions.",
            discussion: """
                Settings have Kafka's names; those that are not named stay as they are. All of them are checked before \
                any is changed. Partitions are added after the settings; a topic cannot lose partitions.

                Examples:
                  millrace topic alter orders --set retention.ms=86400000 --set max.message.bytes=5000000
                  millrace topic alter orders --unset retention.ms
                  millrace topic alter orders --partitions 24
                """
        )

        @OptionGroup var kafka: KafkaOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "The topic's name.", completion: .topicNames)
        var name: String

        @Option(
            parsing: .singleValue,
            help: ArgumentHelp("A setting's new value; repeatable.", valueName: "name=value")
        )
        var set: [String] = []

        @Option(
            parsing: .singleValue,
            help: ArgumentHelp("A setting that goes back to its default; repeatable.", valueName: "name")
        )
        var unset: [String] = []

        @Option(
            name: .shortAndLong,
            help: ArgumentHelp("How many partitions the topic shall have, more than it has now.", valueName: "count")
        )
        var partitions: Int32?

        @Flag(help: "Only check: print what would change and change nothing.")
        var dryRun = false

        private var changes: [ConfigChange] {
            self.set.map { setting in
                let parts = TopicSetting.split(setting)
                return ConfigChange(name: parts.name, value: parts.value)
            } + self.unset.map { ConfigChange(name: $0, value: nil) }
        }

        func validate() throws {
            try TopicSetting.validate(self.set, option: "--set")
            if let partitions, partitions < 1 { throw ValidationError("--partitions must be at least 1.") }
            for name in self.unset where name.contains("=") || name.isEmpty {
                throw ValidationError("--unset takes only a setting's NAME, for example --unset retention.ms.")
            }
            guard !self.set.isEmpty || !self.unset.isEmpty || self.partitions != nil else {
                throw ValidationError("Nothing to change: give --set NAME=VALUE, --unset NAME or --partitions COUNT.")
            }
            let names = self.changes.map(\.name)
            if let twice = names.first(where: { name in names.count { $0 == name } > 1 }) {
                throw ValidationError("\(twice) is named twice.")
            }
        }

        func run() async throws {
            try await Reporting.run {
                try await self.kafka.withCluster { cluster in
                    let admin = Admin(cluster: cluster)
                    let before = try await admin.describeTopic(self.name)
                    let had = Dictionary(
                        try await admin.topicConfigs(self.name).map { ($0.name, $0) },
                        uniquingKeysWith: { $1 }
                    )
                    // The whole command is checked before its first change is made.
                    try await admin.alterTopicConfigs(self.name, self.changes, validatesOnly: true)
                    if let partitions {
                        try await admin.createPartitions(self.name, count: partitions, validatesOnly: true)
                    }
                    if !self.dryRun {
                        try await admin.alterTopicConfigs(self.name, self.changes)
                        if let partitions { try await admin.createPartitions(self.name, count: partitions) }
                    }
                    let now = Dictionary(
                        try await admin.topicConfigs(self.name).map { ($0.name, $0) },
                        uniquingKeysWith: { $1 }
                    )
                    let rows = self.changes.map { change in
                        Row(
                            name: change.name,
                            before: had[change.name]?.value,
                            after: self.dryRun ? change.value : now[change.name]?.value
                        )
                    }
                    try self.output.isJSON
                        ? self.printJSON(rows, before.partitions.count) : self.printText(rows, before.partitions.count)
                }
            }
        }

        private struct Row {
            var name: String
            /// `nil` where the server does not tell.
            var before: String?
            /// `nil` for a default that only the server knows.
            var after: String?
        }

        private func printText(_ rows: [Row], _ partitionsBefore: Int) throws {
            var table = TextTable(["SETTING", "BEFORE", "AFTER"])
            for row in rows { table.add([row.name, row.before ?? "-", row.after ?? "(default)"]) }
            if let partitions { table.add(["partitions", "\(partitionsBefore)", "\(partitions)"]) }
            try ResultOutput.write("\(self.dryRun ? "would alter" : "altered") topic \(self.name)\n\n\(table.text)")
        }

        private func printJSON(_ rows: [Row], _ partitionsBefore: Int) throws {
            var json = JSONLine()
            json.object { json in
                json.key("name")
                json.string(self.name)
                json.key("altered")
                json.boolean(!self.dryRun)
                json.key("partitions")
                json.number(self.partitions.map(Int.init) ?? partitionsBefore)
                json.key("configs")
                json.array { json in
                    for row in rows {
                        json.object { json in
                            json.key("name")
                            json.string(row.name)
                            json.key("before")
                            json.string(row.before)
                            json.key("after")
                            json.string(row.after)
                        }
                    }
                }
            }
            json.endLine()
            try self.output.write(json)
        }
    }
}

/// `NAME=VALUE` on the command line.
enum TopicSetting {
    static func split(_ setting: String) -> (name: String, value: String) {
        let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
    }

    static func validate(_ settings: [String], option: String) throws {
        for setting in settings where setting.firstIndex(of: "=") == nil || setting.hasPrefix("=") {
            throw ValidationError("\(option) takes NAME=VALUE, for example \(option) retention.ms=3600000.")
        }
    }
}
