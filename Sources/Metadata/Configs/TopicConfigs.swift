/// A broker property that gives a topic setting its default.
package struct TopicConfigSynonym: Sendable, Hashable {
    package var name: String
    /// What its value is multiplied by: hours and minutes to milliseconds.
    package var factor: Int64

    package init(_ name: String, factor: Int64 = 1) {
        self.name = name
        self.factor = factor
    }
}

/// A topic's setting with the broker properties behind it.
package struct TopicConfigDefinition: Sendable {
    package var definition: ConfigDefinition
    /// In order of precedence.
    package var synonyms: [TopicConfigSynonym]
}

/// Every topic setting: Kafka 4.3's and Millrace's own.
///
/// Differences from Kafka: `flush.messages` is 1 by default, since Millrace acknowledges what is durable;
/// `remote.storage.enable` cannot be switched on.
package enum TopicConfigs {
    /// By name.
    package static let all: [String: TopicConfigDefinition] = Dictionary(
        uniqueKeysWithValues: (Self.logTable + Self.otherTable + Self.millraceTable).map { ($0.definition.name, $0) }
    )

    /// In byte order, as DescribeConfigs lists them.
    package static let sortedNames: [String] = Self.all.keys.sorted()

    /// Checks one override. Throws `.unknownName` or `.invalidValue`.
    package static func validate(name: String, value: String) throws(ConfigError) {
        guard let config = Self.all[name] else {
            throw ConfigError(.unknownName, name, "Unknown topic config name: \(name)")
        }
        try config.definition.validate(value)
        if name == "remote.storage.enable", ConfigText.boolean(ConfigText.trimmed(value)) == true {
            throw ConfigError(
                .invalidValue,
                name,
                "Tiered storage is not available on this broker: remote.storage.enable must stay false."
            )
        }
    }

    /// Checks a topic's overrides, each by itself and against each other. `defaults` gives the values not overridden.
    package static func validate(
        _ configs: [String: String],
        defaults: BrokerConfigs = BrokerConfigs()
    ) throws(ConfigError) {
        for (name, value) in configs.sorted(by: { $0.key < $1.key }) {
            try Self.validate(name: name, value: value)
        }
        let settings = TopicSettings(overrides: configs, broker: defaults)
        let minimum = settings.int64("min.compaction.lag.ms")
        let maximum = settings.int64("max.compaction.lag.ms")
        if minimum > maximum {
            throw ConfigError(
                .invalidValue,
                "min.compaction.lag.ms",
                "conflict topic config setting min.compaction.lag.ms (\(minimum)) > max.compaction.lag.ms (\(maximum))"
            )
        }
    }

    private static func config(
        _ name: String,
        _ type: ConfigDefinition.ValueType,
        _ defaultValue: String?,
        _ rule: ConfigDefinition.Rule = .any,
        from synonyms: [TopicConfigSynonym],
        _ documentation: String
    ) -> TopicConfigDefinition {
        TopicConfigDefinition(
            definition: ConfigDefinition(name, type, defaultValue, rule, documentation),
            synonyms: synonyms
        )
    }

    private static let longMax = String(Int64.max)
    private static let hour: Int64 = 3_600_000

    // swift-format-ignore
    private static let logTable: [TopicConfigDefinition] = [
        config(
            "cleanup.policy", .list, "delete", .listOf(["compact", "delete"]), from: [.init("log.cleanup.policy")],
            "How old data goes: `delete` by age and size, `compact` by key, or both. Empty keeps everything."
        ),
        config(
            "delete.retention.ms", .long, "86400000", .atLeast(0), from: [.init("log.cleaner.delete.retention.ms")],
            "How long tombstones and transaction markers stay after compaction, so that readers see them."
        ),
        config(
            "file.delete.delay.ms", .long, "60000", .atLeast(0), from: [.init("log.segment.delete.delay.ms")],
            "How long the files of a deleted topic stay on disk. Segments that retention and compaction remove go at once: "
                + "readers that have them open read on."
        ),
        config(
            "flush.messages", .long, "1", .atLeast(1), from: [.init("log.flush.interval.messages")],
            "1: records are durable before they are acknowledged. More: the disk is forced after that many records, "
                + "and a power cut may take back what was acknowledged since. (Kafka's default is 2^63 - 1.)"
        ),
        config(
            "flush.ms", .long, longMax, .atLeast(0),
            from: [.init("log.flush.interval.ms"), .init("log.flush.scheduler.interval.ms")],
            "The longest time between two forced writes when flush.messages is above 1."
        ),
        config(
            "index.interval.bytes", .int, "4096", .atLeast(0), from: [.init("log.index.interval.bytes")],
            "Bytes of records between two entries of the offset index."
        ),
        config(
            "max.compaction.lag.ms", .long, longMax, .atLeast(1), from: [.init("log.cleaner.max.compaction.lag.ms")],
            "A record is compacted at the latest after this time."
        ),
        config(
            "max.message.bytes", .int, "1048588", .atLeast(0), from: [.init("message.max.bytes")],
            "The largest record batch, after compression; Kinesis's maximum record size is the same number."
        ),
        config(
            "message.timestamp.after.max.ms", .long, "3600000", .atLeast(0),
            from: [.init("log.message.timestamp.after.max.ms")],
            "How far a producer's timestamp may lie ahead of the broker's clock."
        ),
        config(
            "message.timestamp.before.max.ms", .long, longMax, .atLeast(0),
            from: [.init("log.message.timestamp.before.max.ms")],
            "How far a producer's timestamp may lie behind the broker's clock."
        ),
        config(
            "message.timestamp.type", .string, "CreateTime", .oneOf(["CreateTime", "LogAppendTime"]),
            from: [.init("log.message.timestamp.type")],
            "Whether records carry the producer's time or the time of their arrival."
        ),
        config(
            "min.cleanable.dirty.ratio", .double, "0.5", .fraction, from: [.init("log.cleaner.min.cleanable.ratio")],
            "The share of uncompacted bytes at which a log is worth compacting."
        ),
        config(
            "min.compaction.lag.ms", .long, "0", .atLeast(0), from: [.init("log.cleaner.min.compaction.lag.ms")],
            "A record stays uncompacted at least this long."
        ),
        config(
            "preallocate", .boolean, "false", from: [.init("log.preallocate")],
            "Whether the room for a new segment is reserved on the disk at once."
        ),
        config(
            "retention.bytes", .long, "-1", from: [.init("log.retention.bytes")],
            "The size at which a partition drops its oldest segments; -1 means no limit."
        ),
        config(
            "retention.ms", .long, "604800000", .atLeast(-1),
            from: [
                .init("log.retention.ms"), .init("log.retention.minutes", factor: 60_000),
                .init("log.retention.hours", factor: hour),
            ],
            "The age at which segments are dropped; -1 means no limit. Kinesis's retention period is the same number."
        ),
        config(
            "segment.bytes", .int, "1073741824", .atLeast(1_048_576), from: [.init("log.segment.bytes")],
            "The size at which a new segment is begun."
        ),
        config(
            "segment.index.bytes", .int, "10485760", .atLeast(4), from: [.init("log.index.size.max.bytes")],
            "The largest size of a segment's index; a full one begins a new segment."
        ),
        config(
            "segment.jitter.ms", .long, "0", .atLeast(0),
            from: [.init("log.roll.jitter.ms"), .init("log.roll.jitter.hours", factor: hour)],
            "Up to how much earlier than segment.ms a segment may end, so that not all end at once."
        ),
        config(
            "segment.ms", .long, "604800000", .atLeast(1),
            from: [.init("log.roll.ms"), .init("log.roll.hours", factor: hour)],
            "The age at which a new segment is begun even when the current one is small."
        ),
    ]

    // swift-format-ignore
    private static let otherTable: [TopicConfigDefinition] = [
        config(
            "compression.gzip.level", .int, "-1", .betweenOr(1, 9, -1), from: [.init("compression.gzip.level")],
            "The level when compression.type is gzip."
        ),
        config(
            "compression.lz4.level", .int, "9", .between(1, 17), from: [.init("compression.lz4.level")],
            "The level when compression.type is lz4."
        ),
        config(
            "compression.type", .string, "producer",
            .oneOf(["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]), from: [.init("compression.type")],
            "The codec of stored batches: `producer` keeps what each producer chose, another one is what the broker "
                + "compresses them with."
        ),
        config(
            "compression.zstd.level", .int, "3", .between(-131_072, 22), from: [.init("compression.zstd.level")],
            "The level when compression.type is zstd."
        ),
        config(
            "follower.replication.throttled.replicas", .list, "", .replicas, from: [],
            "Kept for Kafka's reassignment tools; a single broker has no followers."
        ),
        config(
            "leader.replication.throttled.replicas", .list, "", .replicas, from: [],
            "Kept for Kafka's reassignment tools; a single broker has no followers."
        ),
        config(
            "local.retention.bytes", .long, "-2", .atLeast(-2), from: [.init("log.local.retention.bytes")],
            "Of tiered storage, which this broker does not have: stored and reported only."
        ),
        config(
            "local.retention.ms", .long, "-2", .atLeast(-2), from: [.init("log.local.retention.ms")],
            "Of tiered storage, which this broker does not have: stored and reported only."
        ),
        config(
            "min.insync.replicas", .int, "1", .atLeast(1), from: [.init("min.insync.replicas")],
            "Stored and reported; a single broker is always in sync with itself."
        ),
        config(
            "remote.log.copy.disable", .boolean, "false", from: [],
            "Of tiered storage, which this broker does not have: stored and reported only."
        ),
        config(
            "remote.log.delete.on.disable", .boolean, "false", from: [],
            "Of tiered storage, which this broker does not have: stored and reported only."
        ),
        config(
            "remote.storage.enable", .boolean, "false", from: [],
            "Tiered storage is not available: only false is accepted."
        ),
        config(
            "unclean.leader.election.enable", .boolean, "false", from: [.init("unclean.leader.election.enable")],
            "Stored and reported; a partition of a single broker has one possible leader."
        ),
    ]

    // swift-format-ignore
    private static let millraceTable: [TopicConfigDefinition] = [
        config(
            "fetch.verify.checksums", .boolean, "true", from: [.init("fetch.verify.checksums")],
            "Whether the checksum of each batch that comes from a file is verified before a consumer gets it. Without it "
                + "the background verification and consumers that check themselves find what the disk has damaged. "
                + "Internal topics and Kinesis reads are always verified."
        ),
        config(
            "kinesis.allow.merge", .boolean, "false", from: [],
            "Whether Kinesis may merge shards, which seals partitions, of a topic that Kafka producers write to."
        ),
        config(
            "kinesis.limits", .string, "off", .oneOf(["off", "aws"]), from: [.init("kinesis.limits")],
            "Which throughput limits of Kinesis hold on this stream: none, or those of AWS for each shard and consumer. "
                + "Kafka clients are not limited."
        ),
        config(
            "record.validation", .string, "full", .oneOf(["full", "header"]), from: [.init("record.validation")],
            "Whether compressed batches are read record by record before they are stored, as Kafka does, or believed by "
                + "their header: for producers that are trusted."
        ),
        config(
            "shard.routing", .string, "kafka", .oneOf(["kafka", "md5"]), from: [],
            "How a Kinesis put finds its partition: `md5` by hash range as Kinesis, `kafka` by murmur2 as Kafka's "
                + "default partitioner. The default is the way of the API that made the topic."
        ),
    ]
}
