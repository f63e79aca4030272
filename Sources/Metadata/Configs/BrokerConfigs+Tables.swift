/// The broker properties that Millrace honours, under Kafka's names and with Kafka 4.3's defaults unless a
/// documentation sentence says otherwise.
extension BrokerConfigs {
    private static let longMax = String(Int64.max)
    private static let intMax = String(Int32.max)

    private static let standardAuthorizer = "org.apache.kafka.metadata.authorizer.StandardAuthorizer"

    /// As `AlarmRule` of the admin server has them, which a test compares.
    package static let alarmRules = [
        "not-ready", "partitions-offline", "records-damaged", "checkpoint-late", "disk-low", "certificate-expires",
        "lag-near-retention", "reader-near-retention", "group-stalled", "group-stopped", "group-lag",
    ]

    // swift-format-ignore
    static let brokerTable: [ConfigDefinition] = [
        .init(
            "advertised.listeners", .list, nil,
            "The addresses that clients are told to connect to, as `PLAINTEXT://host:port`; by default the listeners."
        ),
        .init(
            "alarms.disabled", .list, "", .listOf(Self.alarmRules),
            "Rules of the server's alarms that are not evaluated (Millrace's own)."
        ),
        .init(
            "alarms.disk.free.percent", .int, "15", .between(0, 100),
            "An alarm rings when less of the data directory's volume is free; 0: never (Millrace's own)."
        ),
        .init(
            "alarms.group.lag.seconds", .long, "600", .atLeast(0),
            "An alarm rings when a group is further behind, in seconds; 0: never (Millrace's own)."
        ),
        .init(
            "alarms.lag.retention.percent", .int, "80", .between(0, 100),
            "An alarm rings when what a group has not read is older than this part of the topic's retention.ms, so that "
                + "it is about to be deleted; 0: never (Millrace's own)."
        ),
        .init(
            "alarms.pending.ms", .long, "300000", .between(0, 86_400_000),
            "How long something is the case before its alarm rings: a fifth of it for critical ones, three times for "
                + "groups without members (Millrace's own)."
        ),
        .init(
            "alarms.webhook.url", .string, "",
            "Where it is posted that alarms begin and end, as Prometheus' Alertmanager does it: http:// or https:// "
                + "(Millrace's own)."
        ),
        .init(
            "broker.id", .int, "-1",
            "The broker's number, as before node.id: read when node.id is not set."
        ),
        .init(
            "allow.everyone.if.no.acl.found", .boolean, "false",
            "With an authorizer: whether everybody may do everything to a resource that no ACL is about."
        ),
        .init(
            "audit.log", .string, "",
            "Where administrative acts and refusals are noted as lines of JSON: a file, or stderr; empty: nowhere "
                + "(Millrace's own)."
        ),
        .init(
            "authorizer.class.name", .string, "", .oneOf(["", "false", "true", Self.standardAuthorizer]),
            "Whether ACLs decide who may do what: `true`, or the name of Kafka's StandardAuthorizer, whose rules are "
                + "followed; without it everybody may do everything."
        ),
        .init("auto.create.topics.enable", .boolean, "true", "Whether a Metadata request may create a missing topic."),
        .init("broker.rack", .string, nil, "The rack or zone that the broker reports to clients."),
        .init(
            "connections.max.idle.ms", .long, "600000",
            "Connections without a request for this long are closed; a negative number keeps them."
        ),
        .init(
            "controller.listener.names", .list, nil,
            "Listeners of Kafka's controllers, which this broker does not need: they are left out of listeners."
        ),
        .init(
            "controller.quota.window.num", .int, "11", .between(1, 10_000),
            "How many samples of controller_mutation_rate may be used at once."
        ),
        .init(
            "controller.quota.window.size.seconds", .int, "1", .between(1, 86_400),
            "How long a sample of controller_mutation_rate is."
        ),
        .init("default.replication.factor", .int, "1", .between(1, 1), "A single broker keeps one copy: only 1."),
        .init("delete.topic.enable", .boolean, "true", "Whether clients may delete topics."),
        .init("fetch.max.bytes", .int, "57671680", .atLeast(1024), "The most bytes one Fetch answer carries."),
        .init(
            "inter.broker.listener.name", .string, nil,
            "The listener that brokers use among each other; it must be one of listeners."
        ),
        .init(
            "kinesis.iterator.lifetime.ms", .long, "300000", .between(1, 86_400_000),
            "How long a shard iterator is good (Millrace's own; AWS: five minutes)."
        ),
        .init(
            "kinesis.limits", .string, "off", .oneOf(["off", "aws"]),
            "The default of the topic setting kinesis.limits (Millrace's own); aws also limits how often the operations "
                + "that describe and change streams may be called."
        ),
        .init(
            "kinesis.on.demand.check.interval.ms", .long, "60000", .atLeast(1000),
            "How often, and over how long, the load of streams in ON_DEMAND mode is looked at: with kinesis.limits=aws "
                + "their busy shards split by themselves (Millrace's own)."
        ),
        .init(
            "listener.security.protocol.map", .string,
            "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT",
            "Which protocol each listener speaks, as NAME:PROTOCOL: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL."
        ),
        .init(
            "listeners", .list, nil,
            "The addresses to listen on, as NAME://HOST:PORT; without a host on every address. (default: --kafka)"
        ),
        .init("log.dir", .list, nil, "The data directory, when neither log.dirs nor --data-dir is set."),
        .init("log.dirs", .list, nil, "The data directory, when --data-dir is not set. There is one."),
        .init(
            "fetch.verify.checksums", .boolean, "true",
            "The default of the topic setting fetch.verify.checksums (Millrace's own)."
        ),
        .init(
            "record.validation", .string, "full", .oneOf(["full", "header"]),
            "The default of the topic setting record.validation (Millrace's own)."
        ),
        .init(
            "max.connection.creation.rate", .int, intMax, .atLeast(1),
            "The most connections that are taken in a second, of all addresses together."
        ),
        .init("max.connections", .int, intMax, .atLeast(0), "The most open connections in all."),
        .init(
            "max.connections.per.ip", .int, intMax, .atLeast(0), "The most open connections of one client address."
        ),
        .init(
            "max.connections.per.ip.overrides", .string, "",
            "Other limits than max.connections.per.ip for single addresses, as ADDRESS:COUNT in a list."
        ),
        .init(
            "max.incremental.fetch.session.cache.slots", .int, "1000", .atLeast(0),
            "How many incremental fetch sessions are kept (KIP-227)."
        ),
        .init(
            "max.request.partition.size.limit", .int, "2000", .atLeast(1),
            "The most partitions in one answer to DescribeTopicPartitions."
        ),
        .init(
            "metrics.groups.max", .int, "500", .between(0, 100_000),
            "How many groups by topics have series of their own on /metrics: those that are furthest behind (Millrace's "
                + "own)."
        ),
        .init(
            "metrics.partitions", .string, "off", .partitionSeries,
            "Which partitions have series of their own on /metrics: off, all, or top:N for the N largest (Millrace's "
                + "own)."
        ),
        .init(
            "metrics.topics.max", .int, "200", .between(0, 100_000),
            "How many topics have series of their own on /metrics; the others are summed up as `(others)` (Millrace's "
                + "own)."
        ),
        .init("node.id", .int, "0", .atLeast(0), "The broker's number. (Kafka has no default.)"),
        .init("process.roles", .list, nil, "What Kafka needs to know: this broker needs no controller beside it."),
        .init("num.partitions", .int, "1", .atLeast(1), "Partitions of a topic created without a number."),
        .init(
            "quota.window.num", .int, "11", .between(1, 10_000),
            "Over how many samples the rates of quotas are measured."
        ),
        .init(
            "quota.window.size.seconds", .int, "1", .between(1, 86_400), "How long a sample of a quota's rate is."
        ),
        .init(
            "security.inter.broker.protocol", .string, "PLAINTEXT",
            .oneOf(SecurityProtocol.allCases.map(\.rawValue)),
            "What brokers speak among each other; a listener of that name must be there when it is set."
        ),
        .init(
            "sasl.mechanism.inter.broker.protocol", .string, nil,
            "How brokers authenticate to each other at a listener with SASL: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512. (default: SCRAM-SHA-256)"
        ),
        .init(
            "socket.request.max.bytes", .int, "104857600", .atLeast(1),
            "The largest request; a larger one closes the connection."
        ),
        .init(
            "super.users", .string, "",
            "With an authorizer: who may do everything, as User:NAME separated by semicolons."
        ),
        .init(
            "telemetry.max.bytes", .int, "1048576", .between(1, 16 << 20),
            "The most bytes of metrics that a client may push at once (KIP-714), compressed and not."
        ),
    ]

    // swift-format-ignore
    static let logTable: [ConfigDefinition] = [
        .init("compression.gzip.level", .int, "-1", .betweenOr(1, 9, -1), Self.topicDefaultOf("compression.gzip.level")),
        .init("compression.lz4.level", .int, "9", .between(1, 17), Self.topicDefaultOf("compression.lz4.level")),
        .init(
            "compression.type", .string, "producer",
            .oneOf(["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]),
            Self.topicDefaultOf("compression.type")
        ),
        .init(
            "compression.zstd.level", .int, "3", .between(-131_072, 22), Self.topicDefaultOf("compression.zstd.level")
        ),
        .init(
            "log.cleaner.backoff.ms", .long, "15000", .atLeast(0),
            "How long the cleaner waits before it looks again when there was nothing to compact."
        ),
        .init(
            "log.cleaner.dedupe.buffer.size", .long, "134217728", .atLeast(1024),
            "The most memory that compaction takes for keys, of all its threads: 24 bytes for each key."
        ),
        .init("log.cleaner.enable", .boolean, "true", "Whether compacted topics are compacted."),
        .init(
            "log.cleaner.io.buffer.load.factor", .double, "0.9",
            "How full the cleaner's map of keys may become; fuller is slower."
        ),
        .init(
            "log.cleaner.io.buffer.size", .int, "524288", .atLeast(0),
            "Bytes that the cleaner reads at a time, of all its threads."
        ),
        .init(
            "log.cleaner.io.max.bytes.per.second", .double, "1.7976931348623157E308",
            "The most bytes a second that compaction reads and writes."
        ),
        .init("log.cleaner.threads", .int, "1", .between(0, 64), "Threads that compact."),
        .init(
            "log.cleaner.delete.retention.ms", .long, "86400000", .atLeast(0),
            Self.topicDefaultOf("delete.retention.ms")
        ),
        .init(
            "log.cleaner.max.compaction.lag.ms", .long, longMax, .atLeast(1),
            Self.topicDefaultOf("max.compaction.lag.ms")
        ),
        .init(
            "log.cleaner.min.cleanable.ratio", .double, "0.5", .fraction,
            Self.topicDefaultOf("min.cleanable.dirty.ratio")
        ),
        .init(
            "log.cleaner.min.compaction.lag.ms", .long, "0", .atLeast(0), Self.topicDefaultOf("min.compaction.lag.ms")
        ),
        .init(
            "log.cleanup.policy", .list, "delete", .listOf(["compact", "delete"]), Self.topicDefaultOf("cleanup.policy")
        ),
        .init(
            "log.flush.interval.messages", .long, "1", .atLeast(1),
            Self.topicDefaultOf("flush.messages") + " 1 is durable before acknowledged. (Kafka's is 2^63 - 1.)"
        ),
        .init("log.flush.interval.ms", .long, nil, .atLeast(0), Self.topicDefaultOf("flush.ms")),
        .init(
            "log.flush.scheduler.interval.ms", .long, longMax, .atLeast(0),
            Self.topicDefaultOf("flush.ms") + " Used when log.flush.interval.ms is not set."
        ),
        .init("log.index.interval.bytes", .int, "4096", .atLeast(0), Self.topicDefaultOf("index.interval.bytes")),
        .init("log.index.size.max.bytes", .int, "10485760", .atLeast(4), Self.topicDefaultOf("segment.index.bytes")),
        .init("log.local.retention.bytes", .long, "-2", .atLeast(-2), Self.topicDefaultOf("local.retention.bytes")),
        .init("log.local.retention.ms", .long, "-2", .atLeast(-2), Self.topicDefaultOf("local.retention.ms")),
        .init(
            "log.message.timestamp.after.max.ms", .long, "3600000", .atLeast(0),
            Self.topicDefaultOf("message.timestamp.after.max.ms")
        ),
        .init(
            "log.message.timestamp.before.max.ms", .long, longMax, .atLeast(0),
            Self.topicDefaultOf("message.timestamp.before.max.ms")
        ),
        .init(
            "log.message.timestamp.type", .string, "CreateTime", .oneOf(["CreateTime", "LogAppendTime"]),
            Self.topicDefaultOf("message.timestamp.type")
        ),
        .init("log.preallocate", .boolean, "false", Self.topicDefaultOf("preallocate")),
        .init("log.retention.bytes", .long, "-1", Self.topicDefaultOf("retention.bytes")),
        .init(
            "log.retention.check.interval.ms", .long, "300000", .atLeast(1),
            "How often retention looks for segments to drop."
        ),
        .init(
            "log.retention.hours", .int, "168", .atLeast(-1),
            Self.topicDefaultOf("retention.ms") + " In hours; used when neither minutes nor milliseconds are set."
        ),
        .init(
            "log.retention.minutes", .int, nil, .atLeast(-1),
            Self.topicDefaultOf("retention.ms") + " In minutes; used when milliseconds are not set."
        ),
        .init("log.retention.ms", .long, nil, .atLeast(-1), Self.topicDefaultOf("retention.ms")),
        .init("log.roll.hours", .int, "168", .atLeast(1), Self.topicDefaultOf("segment.ms") + " In hours."),
        .init(
            "log.roll.jitter.hours", .int, "0", .atLeast(0), Self.topicDefaultOf("segment.jitter.ms") + " In hours."
        ),
        .init("log.roll.jitter.ms", .long, nil, .atLeast(0), Self.topicDefaultOf("segment.jitter.ms")),
        .init("log.roll.ms", .long, nil, .atLeast(1), Self.topicDefaultOf("segment.ms")),
        .init("log.segment.bytes", .int, "1073741824", .atLeast(1_048_576), Self.topicDefaultOf("segment.bytes")),
        .init(
            "log.segment.delete.delay.ms", .long, "60000", .atLeast(0), Self.topicDefaultOf("file.delete.delay.ms")
        ),
        .init("message.max.bytes", .int, "1048588", .atLeast(0), Self.topicDefaultOf("max.message.bytes")),
        .init("min.insync.replicas", .int, "1", .atLeast(1), Self.topicDefaultOf("min.insync.replicas")),
        .init(
            "unclean.leader.election.enable", .boolean, "false",
            Self.topicDefaultOf("unclean.leader.election.enable")
        ),
    ]

    // swift-format-ignore
    static let coordinatorTable: [ConfigDefinition] = [
        .init(
            "group.consumer.assignors", .list, "uniform,range", .listOf(["uniform", "range"]),
            "The assignors of the consumer protocol; the first one is for members that ask for none."
        ),
        .init(
            "group.consumer.heartbeat.interval.ms", .int, "5000", .atLeast(1),
            "How often members of the consumer protocol show life. Unless it is set, small groups do it more often."
        ),
        .init(
            "group.consumer.max.heartbeat.interval.ms", .int, "15000", .atLeast(1),
            "The longest consumer.heartbeat.interval.ms of a group."
        ),
        .init(
            "group.consumer.max.session.timeout.ms", .int, "60000", .atLeast(1),
            "The longest consumer.session.timeout.ms of a group."
        ),
        .init(
            "group.consumer.max.size", .int, intMax, .atLeast(1),
            "The most members of a group of the consumer protocol."
        ),
        .init(
            "group.consumer.migration.policy", .string, "bidirectional",
            .oneOf(["bidirectional", "upgrade", "downgrade", "disabled"]),
            "Whether groups with members change between the classic and the consumer protocol."
        ),
        .init(
            "group.consumer.min.heartbeat.interval.ms", .int, "5000", .atLeast(1),
            "The shortest consumer.heartbeat.interval.ms of a group."
        ),
        .init(
            "group.consumer.min.session.timeout.ms", .int, "45000", .atLeast(1),
            "The shortest consumer.session.timeout.ms of a group."
        ),
        .init(
            "group.consumer.session.timeout.ms", .int, "45000", .atLeast(1),
            "How long a member of the consumer protocol may be silent."
        ),
        .init(
            "group.initial.rebalance.delay.ms", .int, "3000", .atLeast(0),
            "How long the first rebalance of an empty group waits for more members."
        ),
        .init("group.max.session.timeout.ms", .int, "1800000", .atLeast(0), "The longest session a member may ask for."),
        .init("group.max.size", .int, intMax, .atLeast(1), "The most members of a classic group."),
        .init("group.min.session.timeout.ms", .int, "6000", .atLeast(0), "The shortest session a member may ask for."),
        .init("offset.metadata.max.bytes", .int, "4096", .atLeast(0), "The longest metadata text of a commit."),
        .init(
            "offsets.retention.check.interval.ms", .long, "600000", .atLeast(1), "How often expired offsets are removed."
        ),
        .init(
            "offsets.retention.minutes", .int, "10080", .atLeast(1),
            "How long offsets of a group without members are kept."
        ),
        .init(
            "offsets.topic.num.partitions", .int, "50", .between(1, Int64(Topic.partitionsMax)),
            "Partitions of __consumer_offsets; fixed once the topic is there."
        ),
        .init("offsets.topic.segment.bytes", .int, "104857600", .atLeast(1), "Segment size of __consumer_offsets."),
        .init(
            "transaction.state.log.num.partitions", .int, "50", .between(1, Int64(Topic.partitionsMax)),
            "Partitions of __transaction_state; fixed once the topic is there."
        ),
        .init(
            "transaction.state.log.segment.bytes", .int, "104857600", .atLeast(1),
            "Segment size of __transaction_state."
        ),
        .init(
            "transaction.max.timeout.ms", .int, "900000", .atLeast(1),
            "The longest timeout that a transactional producer may ask for."
        ),
        .init(
            "transactional.id.expiration.ms", .int, "604800000", .atLeast(1),
            "How long a transactional ID without a transaction is remembered."
        ),
        .init(
            "transaction.remove.expired.transaction.cleanup.interval.ms", .int, "3600000", .atLeast(1),
            "How often transactional IDs that have expired are looked for."
        ),
        .init(
            "producer.id.expiration.ms", .int, "86400000", .atLeast(1),
            "How long a partition remembers an idempotent producer that is silent."
        ),
    ]

    private static func topicDefaultOf(_ name: String) -> String { "The default of the topic setting \(name)." }
}
