internal import ArgumentParser
internal import FoundationEssentials
internal import KafkaClient
internal import Model
internal import Text

extension TopicCommand {
    struct Clone: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a topic like another one, with or without its records.",
            discussion: """
                The new topic has as many partitions and the settings that were set for the old one. With --records \
                what the old one holds now is written to the same partitions of the new one, with keys, headers and \
                times; offsets begin at 0 there. Records of aborted transactions are left out.

                Examples:
                  millrace topic clone orders orders-test
                  millrace topic clone orders orders-copy --records
                """
        )

        @OptionGroup var kafka: KafkaOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "The topic that there is.")
        var source: String

        @Argument(help: "The topic that is made; nothing is done when it is there already.")
        var target: String

        @Flag(help: "Also copy the records.")
        var records = false

        @Flag(help: "Only print what would be made.")
        var dryRun = false

        func run() async throws {
            try await Reporting.run {
                try await self.kafka.withCluster { cluster in
                    let admin = Admin(cluster: cluster)
                    let layout = try await admin.describeTopic(self.source)
                    let configs = try await admin.topicConfigs(self.source)
                        .filter(\.isSet)
                        .compactMap { config in config.value.map { (name: config.name, value: $0) } }
                    guard try await !admin.listTopics().contains(where: { $0.name == self.target }) else {
                        throw Failure(
                            "topic \(self.target) is there already; give another name, or delete it first with "
                                + "`millrace topic delete \(self.target)`"
                        )
                    }
                    var copied = 0
                    if !self.dryRun {
                        try await admin.createTopic(
                            self.target,
                            partitions: Int32(layout.partitions.count),
                            configs: configs
                        )
                        if self.records { copied = try await self.copy(layout, cluster) }
                    }
                    try self.report(partitions: layout.partitions.count, configs: configs.count, records: copied)
                }
            }
        }

        private func copy(_ layout: TopicLayout, _ cluster: KafkaCluster) async throws -> Int {
            let partitions = layout.partitions.map { NamedPartition(topic: self.source, partition: $0.index) }
            let (starts, ends) = try await cluster.bounds(of: partitions)
            var reading = ConsumerSettings()
            reading.reset = .earliest
            reading.readsCommittedOnly = true
            let consumer = Consumer(cluster: cluster, settings: reading)
            let wanted = partitions.filter { ends[$0] ?? 0 > starts[$0] ?? 0 }
            try await consumer.assign(Dictionary(wanted.map { ($0, .earliest) }, uniquingKeysWith: { $1 }))
            let producer = try await Producer.start(cluster: cluster, settings: ProducerSettings()) { Clock.now }
            var progress = Progress()
            var count = 0
            do {
                while await !consumer.offsets.allSatisfy({ $1 >= ends[$0] ?? 0 }) {
                    for record in try await consumer.poll() where record.offset < ends[record.partition] ?? 0 {
                        let copy = ProducerRecord(
                            key: record.key,
                            value: record.value,
                            headers: record.headers,
                            partition: record.partition.partition,
                            timestamp: record.timestamp
                        )
                        try await producer.send(copy, to: self.target)
                        count += 1
                    }
                    if await producer.firstFailure != nil { break }
                    let counts = await producer.counts
                    progress.update(records: counts.acknowledged, bytes: counts.acknowledgedBytes)
                }
            } catch {
                await producer.close()
                progress.clear()
                throw error
            }
            await producer.close()
            progress.clear()
            if let failure = await producer.firstFailure {
                let counts = await producer.counts
                throw Failure(
                    "\(counts.acknowledged) records were copied, then: \(failure)",
                    exitCode: Reporting.partial
                )
            }
            return count
        }

        private func report(partitions: Int, configs: Int, records: Int) throws {
            guard self.output.isJSON else {
                let done = self.dryRun ? "would create" : "created"
                let more = self.records && !self.dryRun ? " and \(records) records" : ""
                return try ResultOutput.write(
                    "\(done) topic \(self.target) like \(self.source): \(partitions) partitions, \(configs) settings"
                        + "\(more)\n"
                )
            }
            var json = JSONLine()
            json.object { json in
                json.key("name")
                json.string(self.target)
                json.key("source")
                json.string(self.source)
                json.key("created")
                json.boolean(!self.dryRun)
                json.key("partitions")
                json.number(partitions)
                json.key("configs")
                json.number(configs)
                json.key("records")
                json.number(records)
            }
            json.endLine()
            try self.output.write(json)
        }
    }
}
