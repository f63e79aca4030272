import Model
import Testing

@testable import Metadata

@Suite struct ConfigTests {
    private func problem(_ name: String, _ value: String) -> String? {
        do {
            try TopicConfigs.validate([name: value])
            return nil
        } catch {
            return error.message
        }
    }

    @Test(
        arguments: [
            ("retention.ms", "-1"), ("retention.ms", " 1000 "), ("retention.bytes", "-77"),
            ("cleanup.policy", "compact,delete"), ("cleanup.policy", "delete, compact"), ("cleanup.policy", ""),
            ("min.cleanable.dirty.ratio", "0"), ("min.cleanable.dirty.ratio", "1.0"), ("preallocate", "TRUE"),
            ("compression.gzip.level", "-1"), ("compression.gzip.level", "9"), ("compression.zstd.level", "-131072"),
            ("segment.bytes", "1048576"), ("flush.messages", "9223372036854775807"), ("shard.routing", "md5"),
            ("message.timestamp.type", "LogAppendTime"), ("remote.storage.enable", "false"), ("kinesis.limits", "aws"),
        ]
    )
    func `valid values are accepted`(name: String, value: String) {
        #expect(self.problem(name, value) == nil)
    }

    @Test(
        arguments: [
            ("retention.ms", "-2", "Invalid value -2 for configuration retention.ms: Value must be at least -1"),
            ("retention.ms", "abc", "Invalid value abc for configuration retention.ms: Not a number of type LONG"),
            ("retention.ms", "9223372036854775808", "Not a number of type LONG"),
            ("segment.bytes", "2147483648", "Not a number of type INT"),
            ("segment.bytes", "1024", "Value must be at least 1048576"),
            ("cleanup.policy", "remove", "String must be one of: compact, delete"),
            ("cleanup.policy", "delete,delete", "Configuration 'cleanup.policy' values must not be duplicated."),
            ("cleanup.policy", "delete,", "Configuration 'cleanup.policy' values must not be empty."),
            ("min.cleanable.dirty.ratio", "1.1", "Value must be no more than 1"),
            ("min.cleanable.dirty.ratio", "nan", "Not a number of type DOUBLE"),
            ("preallocate", "yes", "Expected value to be either true or false"),
            ("compression.gzip.level", "0", "Value must be between 1 and 9 or equal to -1"),
            ("compression.lz4.level", "18", "Value must be no more than 17"),
            ("compression.type", "brotli", "String must be one of"),
            ("message.timestamp.type", "createtime", "String must be one of: CreateTime, LogAppendTime"),
            ("shard.routing", "crc32", "String must be one of: kafka, md5"),
            ("remote.storage.enable", "true", "Tiered storage is not available"),
            ("min.compaction.lag.ms", "9223372036854775807x", "Not a number"),
            ("kinesis.limits", "on", "String must be one of: off, aws"),
            ("retentions.ms", "1", "Unknown topic config name: retentions.ms"),
        ]
    )
    func `bad values are refused with the reason`(name: String, value: String, message: String) {
        #expect(self.problem(name, value)?.contains(message) == true, "\(self.problem(name, value) ?? "accepted")")
    }

    @Test func `settings that contradict each other are refused`() {
        #expect(throws: ConfigError.self) {
            try TopicConfigs.validate(["min.compaction.lag.ms": "10", "max.compaction.lag.ms": "9"])
        }
    }

    @Test func `every default is a valid value and every synonym a known property`() throws {
        for config in TopicConfigs.all.values {
            if let value = config.definition.defaultValue { try config.definition.validate(value) }
            #expect(!config.definition.documentation.isEmpty)
            for synonym in config.synonyms {
                let property = try #require(BrokerConfigs.all[synonym.name], "\(synonym.name)")
                guard synonym.factor == 1, let value = property.defaultValue else { continue }
                #expect(value == config.definition.defaultValue, "\(synonym.name)")
            }
        }
        for definition in BrokerConfigs.all.values {
            if let value = definition.defaultValue { try definition.validate(value) }
            #expect(!definition.documentation.isEmpty)
        }
    }

    @Test func `an unknown property is refused with the nearest known one`() {
        let error = #expect(throws: ConfigError.self) {
            try BrokerConfigs(parsing: [(name: "log.retention.hour", value: "1")])
        }
        #expect(error?.code == .unknownName)
        #expect(error?.message == "Unknown broker property log.retention.hour. Did you mean log.retention.hours?")
        let far = #expect(throws: ConfigError.self) {
            try BrokerConfigs(parsing: [(name: "zookeeper.connect", value: "x")])
        }
        #expect(far?.message == "Unknown broker property zookeeper.connect.")
    }

    @Test(
        arguments: [
            [("num.partitions", "0")], [("default.replication.factor", "3")], [("node.id", "-1")],
            [("group.min.session.timeout.ms", "10"), ("group.max.session.timeout.ms", "9")],
            [("log.cleaner.min.compaction.lag.ms", "5"), ("log.cleaner.max.compaction.lag.ms", "4")],
            [("socket.request.max.bytes", "99999999999")],
        ]
    )
    func `bad broker properties are refused`(properties: [(String, String)]) {
        let error = #expect(throws: ConfigError.self) {
            try BrokerConfigs(parsing: properties.map { (name: $0.0, value: $0.1) })
        }
        #expect(error?.code == .invalidValue)
    }

    @Test func `values come from the topic, then from the broker in order of precedence, then from the default`() throws
    {
        let topic = try makeTopic(partitions: 1, configs: ["retention.ms": "5"])
        var plain = topic
        plain.configs = [:]
        let hours = try BrokerConfigs(parsing: [(name: "log.retention.hours", value: "2")])
        let minutes = try BrokerConfigs(parsing: [
            (name: "log.retention.hours", value: "2"), (name: "log.retention.minutes", value: "3"),
        ])
        let unlimited = try BrokerConfigs(parsing: [(name: "log.retention.hours", value: "-1")])
        func value(_ configs: BrokerConfigs, _ topic: Topic) throws -> (String?, ConfigSource) {
            let resolved = try #require(configs.resolve(topic: topic, name: "retention.ms"))
            #expect(configs.settings(for: topic).string("retention.ms") == resolved.value)
            return (resolved.value, resolved.source)
        }
        #expect(try value(hours, topic) == ("5", .dynamicTopic))
        #expect(try value(hours, plain) == ("7200000", .staticBroker))
        #expect(try value(minutes, plain) == ("180000", .staticBroker))
        #expect(try value(unlimited, plain) == ("-1", .staticBroker))
        #expect(try value(BrokerConfigs(), plain) == ("604800000", .defaultConfig))
        let resolved = try #require(minutes.resolve(topic: topic, name: "retention.ms"))
        #expect(
            resolved.synonyms.map { "\($0.source.name) \($0.name)=\($0.value ?? "")" } == [
                "DYNAMIC_TOPIC_CONFIG retention.ms=5", "STATIC_BROKER_CONFIG log.retention.minutes=3",
                "STATIC_BROKER_CONFIG log.retention.hours=2", "DEFAULT_CONFIG log.retention.hours=168",
            ]
        )
        #expect(resolved.type == .long)
    }

    @Test func `records are durable before they are acknowledged by default`() throws {
        let settings = BrokerConfigs().settings(for: try makeTopic(partitions: 1))
        #expect(settings.int64("flush.messages") == 1)
        #expect(settings.list("cleanup.policy") == ["delete"])
        #expect(settings.double("min.cleanable.dirty.ratio") == 0.5)
        #expect(!settings.bool("preallocate"))
    }

    @Test func `a stored override that does not parse counts as not set`() throws {
        var topic = try makeTopic(partitions: 1)
        topic.configs = ["retention.ms": "soon", "preallocate": "2", "min.cleanable.dirty.ratio": ""]
        let settings = BrokerConfigs().settings(for: topic)
        #expect(settings.int64("retention.ms") == 604_800_000)
        #expect(!settings.bool("preallocate"))
        #expect(settings.double("min.cleanable.dirty.ratio") == 0.5)
    }

    @Test func `routing reports the way of the API that made the topic`() throws {
        let configs = BrokerConfigs()
        #expect(try configs.resolve(topic: makeTopic(partitions: 1), name: "shard.routing")?.value == "md5")
        let topic = try makeTopic(partitions: 1, origin: .kafka)
        #expect(configs.resolve(topic: topic, name: "shard.routing")?.value == "kafka")
        #expect(configs.resolve(topic: topic).count == TopicConfigs.all.count)
        #expect(configs.resolve(topic: topic, name: "nonsense") == nil)
        #expect(configs.resolveBroker(name: "nonsense") == nil)
    }
}
