internal import ArgumentParser
internal import CommandCore
internal import KafkaClient
internal import Model
internal import Text

struct TopicCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topic",
        abstract: "List, describe, create, alter, trim, copy and delete topics.",
        discussion: """
            Every topic is a Kinesis stream as well: see `millrace stream`.

            Examples:
              millrace topic create orders --partitions 12 --config retention.ms=86400000
              millrace topic describe orders
              millrace topic alter orders --set retention.ms=3600000 --partitions 24
              millrace topic add-partitions orders --count 4
              millrace topic trim orders --to @-7d --dry-run
              millrace topic clone orders orders-copy --records
              millrace topic list -o json
            """,
        subcommands: [
            List.self, Describe.self, Create.self, Alter.self, AddPartitions.self, Trim.self, Empty.self, Clone.self,
            Delete.self,
        ]
    )
}

extension TopicCommand {
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the topics.", aliases: ["ls"])

        @OptionGroup var kafka: KafkaOptions
        @OptionGroup var output: OutputOptions
        @OptionGroup var watch: WatchOptions

        @Flag(help: "Also the topics that the server keeps for itself, such as __consumer_offsets.")
        var all = false

        func run() async throws {
            try await Reporting.run {
                try await self.kafka.withCluster { cluster in
                    try await self.watch.repeating {
                        let topics = try await Admin(cluster: cluster).listTopics()
                            .filter { self.all || !$0.isInternal }
                        try self.output.publish(Self.table(topics), json: Self.json(topics))
                    }
                }
            }
        }

        private static func table(_ topics: [TopicLayout]) -> TextTable {
            var table = TextTable(
                ["NAME", "PARTITIONS", "REPLICAS", "ID", "INTERNAL"],
                numbers: [1, 2],
                wide: [3, 4]
            )
            for topic in topics {
                let replicas = topic.partitions.first?.replicas.count ?? 0
                table.add([
                    topic.name, "\(topic.partitions.count)", "\(replicas)",
                    topic.topicID == .zero ? "-" : "\(topic.topicID)", topic.isInternal ? "yes" : "no",
                ])
            }
            return table
        }

        private static func json(_ topics: [TopicLayout]) -> JSONLine {
            var json = JSONLine()
            json.array { json in
                for topic in topics {
                    json.object { json in
                        json.key("name")
                        json.string(topic.name)
                        json.key("id")
                        json.string(topic.topicID == .zero ? nil : "\(topic.topicID)")
                        json.key("internal")
                        json.boolean(topic.isInternal)
                        json.key("partitions")
                        json.number(topic.partitions.count)
                    }
                }
            }
            json.endLine()
            return json
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a topic.",
            discussion: "Settings have Kafka's names: --config cleanup.policy=compact --config retention.ms=3600000"
        )

        @OptionGroup var kafka: KafkaOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "The topic's name: letters, digits, '.', '_' and '-'.")
        var name: String

        @Option(name: .shortAndLong, help: "How many partitions. (default: the server's num.partitions)")
        var partitions: Int32?

        @Option(help: "On how many brokers each partition lies. (default: the server's)")
        var replicationFactor: Int16?

        @Option(
            name: .shortAndLong,
            parsing: .singleValue,
            help: ArgumentHelp("A setting; repeatable.", valueName: "name=value")
        )
        var config: [String] = []

        func validate() throws {
            if let partitions, partitions < 1 { throw ValidationError("--partitions must be at least 1.") }
            try TopicSetting.validate(self.config, option: "--config")
        }

        func run() async throws {
            try await Reporting.run {
                try await self.kafka.withCluster { cluster in
                    let admin = Admin(cluster: cluster)
                    try await admin.createTopic(
                        self.name,
                        partitions: self.partitions,
                        replicationFactor: self.replicationFactor,
                        configs: self.config.map(TopicSetting.split)
                    )
                    let topic = try await admin.describeTopic(self.name)
                    if self.output.isJSON {
                        var json = JSONLine()
                        json.object { json in
                            json.key("name")
                            json.string(topic.name)
                            json.key("id")
                            json.string(topic.topicID == .zero ? nil : "\(topic.topicID)")
                            json.key("partitions")
                            json.number(topic.partitions.count)
                        }
                        json.endLine()
                        try self.output.write(json)
                    } else {
                        let count = topic.partitions.count
                        try ResultOutput.write(
                            "created topic \(topic.name) with \(count) partition\(count == 1 ? "" : "s")\n"
                        )
                    }
                }
            }
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete topics and all their records.",
            aliases: ["rm"]
        )

        @OptionGroup var kafka: KafkaOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "The topics' names.", completion: .topicNames)
        var names: [String]

        func run() async throws {
            try await Reporting.run {
                try await self.kafka.withCluster { cluster in
                    try await Reporting.each(self.names) { name in
                        try await Admin(cluster: cluster).deleteTopic(name)
                        try self.output.confirm("deleted", "topic", name)
                    }
                }
            }
        }
    }
}
