internal import ArgumentParser
internal import CommandCore
internal import KafkaClient
internal import Model
internal import Text

extension TopicCommand {
    struct Describe: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a topic's partitions, the offsets that they hold and its settings.",
            aliases: ["info"]
        )

        @OptionGroup var kafka: KafkaOptions
        @OptionGroup var output: OutputOptions
        @OptionGroup var watch: WatchOptions

        @Argument(help: "The topic's name.", completion: .topicNames)
        var name: String

        @Flag(help: "Also the settings that the topic has by default.")
        var all = false

        /// What there is to show.
        private struct Facts {
            var topic: TopicLayout
            var configs: [ConfigEntry]
            var starts: [NamedPartition: Offset]
            var ends: [NamedPartition: Offset]

            func range(of partition: TopicLayout.Partition) -> (start: Offset?, end: Offset?) {
                let named = NamedPartition(topic: self.topic.name, partition: partition.index)
                return (self.starts[named], self.ends[named])
            }
        }

        func run() async throws {
            try await Reporting.run {
                try await self.kafka.withCluster { cluster in
                    try await self.watch.repeating { try await self.describe(cluster) }
                }
            }
        }

        private func describe(_ cluster: KafkaCluster) async throws {
            let admin = Admin(cluster: cluster)
            let topic = try await admin.describeTopic(self.name)
            let led = topic.partitions.filter { $0.leader != nil }
                .map { NamedPartition(topic: topic.name, partition: $0.index) }
            let facts = Facts(
                topic: topic,
                configs: try await admin.topicConfigs(self.name).filter { self.all || $0.isSet },
                starts: try await cluster.listOffsets(Dictionary(led.map { ($0, -2) }, uniquingKeysWith: { $1 })),
                ends: try await cluster.listOffsets(Dictionary(led.map { ($0, -1) }, uniquingKeysWith: { $1 }))
            )
            if self.output.format == .text || self.output.format == .wide { return try Self.printText(facts) }
            try self.output.publish(Self.partitions(facts), names: [topic.name], json: Self.json(facts))
        }

        private static func printText(_ facts: Facts) throws {
            let topic = facts.topic
            var text = "name        \(topic.name)\n"
            if topic.topicID != .zero { text += "id          \(topic.topicID)\n" }
            text += "partitions  \(topic.partitions.count)\n\n" + Self.partitions(facts).text
            if !facts.configs.isEmpty {
                var settings = TextTable(["SETTING", "VALUE"])
                for config in facts.configs { settings.add([config.name, config.value ?? "(hidden)"]) }
                text += "\n" + settings.text
            }
            try ResultOutput.write(text)
        }

        private static func partitions(_ facts: Facts) -> TextTable {
            let topic = facts.topic
            var table = TextTable(
                ["PARTITION", "LEADER", "REPLICAS", "IN SYNC", "START", "END", "RECORDS"],
                numbers: [0, 1, 4, 5, 6]
            )
            for partition in topic.partitions {
                let (start, end) = facts.range(of: partition)
                var records = "-"
                if let start, let end { records = "\(end - start)" }
                table.add([
                    "\(partition.index)",
                    partition.leader.map { "\($0)" } ?? "none",
                    partition.replicas.map { "\($0)" }.joined(separator: ","),
                    partition.inSyncReplicas.map { "\($0)" }.joined(separator: ","),
                    start.map { "\($0)" } ?? "-",
                    end.map { "\($0)" } ?? "-",
                    records,
                ])
            }
            return table
        }

        private static func json(_ facts: Facts) -> JSONLine {
            let topic = facts.topic
            var json = JSONLine()
            json.object { json in
                json.key("name")
                json.string(topic.name)
                json.key("id")
                json.string(topic.topicID == .zero ? nil : "\(topic.topicID)")
                json.key("internal")
                json.boolean(topic.isInternal)
                json.key("partitions")
                json.array { json in
                    for partition in topic.partitions {
                        let (start, end) = facts.range(of: partition)
                        json.object { json in
                            json.key("partition")
                            json.number(partition.index)
                            json.key("leader")
                            json.number(partition.leader?.rawValue)
                            json.key("replicas")
                            json.array { json in partition.replicas.forEach { json.number($0.rawValue) } }
                            json.key("inSyncReplicas")
                            json.array { json in partition.inSyncReplicas.forEach { json.number($0.rawValue) } }
                            json.key("start")
                            json.number(start)
                            json.key("end")
                            json.number(end)
                        }
                    }
                }
                json.key("configs")
                json.object { json in
                    for config in facts.configs {
                        json.key(config.name)
                        json.string(config.value)
                    }
                }
            }
            json.endLine()
            return json
        }
    }
}
