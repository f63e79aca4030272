internal import ArgumentParser
internal import KafkaClient
internal import Model
internal import Text

struct TopicCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topic",
        abstract: "List, describe, create, alter and delete topics.",
        discussion: """
            Every topic is a Kinesis stream as well: see `millrace stream`.

            Examples:
              millrace topic create orders --partitions 12 --config retention.ms=86400000
              millrace topic describe orders
              millrace topic alter orders --set retention.ms=3600000 --partitions 24
              millrace topic list -o json
            """,
        subcommands: [List.self, Describe.self, Create.self, Alter.self, Delete.self]
    )
}

extension TopicCommand {
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the topics.")

        @OptionGroup var kafka: KafkaOptions
        @OptionGroup var output: OutputOptions

        @Flag(help: "Also the topics that the server keeps for itself, such as __consumer_offsets.")
        var all = false

        func run() async throws {
            try await Reporting.run {
                try await self.kafka.withCluster { cluster in
                    let topics = try await Admin(cluster: cluster).listTopics().filter { self.all || !$0.isInternal }
                    try self.output.isJSON ? Self.printJSON(topics) : Self.printText(topics)
                }
            }
        }

        private static func printText(_ topics: [TopicLayout]) throws {
            var table = TextTable(["NAME", "PARTITIONS", "REPLICAS"], numbers: [1, 2])
            for topic in topics {
                let replicas = topic.partitions.first?.replicas.count ?? 0
                table.add([topic.name, "\(topic.partitions.count)", "\(replicas)"])
            }
            try ResultOutput.write(table.text)
        }

        private static func printJSON(_ topics: [TopicLayout]) throws {
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
            try ResultOutput.write(json.bytes)
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
                        try ResultOutput.write(json.bytes)
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
        static let configuration = CommandConfiguration(abstract: "Delete topics and all their records.")

        @OptionGroup var kafka: KafkaOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "The topics' names.")
        var names: [String]

        func run() async throws {
            try await Reporting.run {
                try await self.kafka.withCluster { cluster in
                    for name in self.names {
                        try await Admin(cluster: cluster).deleteTopic(name)
                        try self.output.confirm("deleted", "topic", name)
                    }
                }
            }
        }
    }
}
