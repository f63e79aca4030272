internal import ArgumentParser
internal import CommandCore
internal import KafkaClient
internal import KinesisProtocol
internal import Text

struct DebugKey: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Say which partition and which shard a key goes to.",
        discussion: """
            Kafka's clients hash the key by murmur2, clients on librdkafka by CRC-32 unless they are told otherwise; \
            Kinesis hashes the partition key by MD5 and looks for the open shard with that number, unless the topic \
            has \
            shard.routing=kafka, as those have that Kafka's API has made. The number of partitions is that of \
            --topic, and the shard is asked for where --endpoint names a Kinesis port.

            Examples:
              millrace debug key customer-17 --topic orders
              millrace debug key customer-17 --partitions 12
              millrace debug key customer-17 --topic orders --endpoint http://127.0.0.1:4567
            """
    )

    @OptionGroup var kafka: KafkaOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "The key.")
    var key: String

    @Option(help: "The topic, or stream.", completion: .topicNames)
    var topic: String?

    @Option(name: .shortAndLong, help: "How many partitions, in place of a topic's.")
    var partitions: Int?

    @Option(help: ArgumentHelp("The Kinesis port. (default: $MILLRACE_ENDPOINT)", valueName: "url"))
    var endpoint: String?

    func validate() throws {
        guard (self.topic == nil) != (self.partitions == nil) else {
            throw ValidationError("Give either --topic or --partitions.")
        }
        if let partitions, partitions < 1 { throw ValidationError("--partitions must be at least 1.") }
        if self.key.isEmpty { throw ValidationError("The key is empty.") }
    }

    func run() async throws {
        try await Reporting.run {
            var count = self.partitions ?? 0
            var hashesAsKafka = false
            if let topic {
                try await self.kafka.withCluster { cluster in
                    count = try await cluster.layout(of: topic).partitions.count
                    let configs = try await Admin(cluster: cluster).topicConfigs(topic)
                    hashesAsKafka = configs.contains { $0.name == "shard.routing" && $0.value == "kafka" }
                }
            }
            let place = KeyPlacement(Array(self.key.utf8), partitions: count)
            var shard: String?
            if let topic {
                shard =
                    hashesAsKafka
                    ? "\(ShardID(UInt32(place.murmur2Partition)))" : try await self.shard(of: topic, place.hashKey)
            }
            var table = TextTable(["BY", "PLACE", "HASH"])
            table.add(["Kafka, murmur2", "partition \(place.murmur2Partition) of \(count)", "-"])
            table.add(["librdkafka, consistent", "partition \(place.crc32Partition) of \(count)", "-"])
            table.add([
                hashesAsKafka ? "Kinesis, as Kafka" : "Kinesis, MD5", shard ?? "(give --topic and --endpoint)",
                hashesAsKafka ? "-" : "\(place.hashKey)",
            ])
            var json = JSONLine()
            json.object { json in
                json.key("key")
                json.string(self.key)
                json.key("partitions")
                json.number(count)
                json.key("murmur2Partition")
                json.number(place.murmur2Partition)
                json.key("crc32Partition")
                json.number(place.crc32Partition)
                json.key("hashKey")
                json.string("\(place.hashKey)")
                json.key("shard")
                json.string(shard)
            }
            json.endLine()
            try self.output.publish(table, json: json)
        }
    }

    private func shard(of stream: String, _ hash: UInt128) async throws -> String? {
        guard let url = self.endpoint ?? Environment.value("MILLRACE_ENDPOINT") else { return nil }
        let client = try KinesisClient.at(url, self.kafka.tlsFiles.filesOrDefault)
        return try await client.listShards(stream).first { shard in
            guard shard.isOpen, let first = UInt128(shard.firstHashKey), let last = UInt128(shard.lastHashKey) else {
                return false
            }
            return (first...last).contains(hash)
        }?.id
    }
}
