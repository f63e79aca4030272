package import AccessControl
internal import GroupCoordinator
package import LogCore
package import Metadata
package import Model
internal import RecordBatch
internal import TransactionCoordinator

/// The broker's properties, resolved at the start. Those that change while it runs are in `Broker.configs`.
package struct BrokerSettings: Sendable {
    package private(set) var configs: BrokerConfigs
    package let nodeID: BrokerID
    /// `broker.rack`
    package let rack: String?
    /// What Kafka clients are told to connect to, by the listener through which they came; a listener that is missing
    /// is reached at the address through which they came.
    package let advertised: [String: Endpoint]
    /// `auto.create.topics.enable`
    package let createsTopicsAutomatically: Bool
    /// `delete.topic.enable`
    package let deletesTopics: Bool
    /// `super.users` and `allow.everyone.if.no.acl.found`; `nil` without an authorizer.
    package let access: ACLSnapshot.Settings?
    /// `fetch.max.bytes`
    package let fetchBytesMax: Int
    /// `log.retention.check.interval.ms`
    package let retentionCheckMilliseconds: Int64

    package struct Endpoint: Sendable, Equatable {
        package var host: String
        package var port: Int

        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    /// Throws when the properties about listeners or super users cannot be read or contradict each other.
    package init(configs: BrokerConfigs) throws(BrokerError) {
        self.configs = configs
        self.nodeID = BrokerID(Int32(configs.int("node.id")))
        self.rack = configs.string("broker.rack")
        do throws(ConfigError) {
            self.access = try configs.access()
            self.advertised = try KafkaListeners(configs).advertised.filter { !$0.value.host.isEmpty }
                .mapValues { Endpoint(host: $0.host, port: $0.port) }
        } catch {
            throw BrokerError(.invalidConfig, error.message)
        }
        self.createsTopicsAutomatically = configs.bool("auto.create.topics.enable")
        self.deletesTopics = configs.bool("delete.topic.enable")
        self.fetchBytesMax = configs.int("fetch.max.bytes")
        self.retentionCheckMilliseconds = configs.int64("log.retention.check.interval.ms")
    }

    /// The same broker with properties that were changed while it runs.
    func with(_ configs: BrokerConfigs) -> BrokerSettings {
        var settings = self
        settings.configs = configs
        return settings
    }

    /// The log settings of a topic's partitions.
    package func logSettings(for topic: Topic) -> LogSettings {
        let topicSettings = self.configs.settings(for: topic)
        let policies = topicSettings.list("cleanup.policy")
        var log = LogSettings()
        log.segmentBytes = topicSettings.int64("segment.bytes")
        log.segmentMilliseconds = topicSettings.int64("segment.ms")
        log.segmentIndexBytes = topicSettings.int64("segment.index.bytes")
        log.indexIntervalBytes = topicSettings.int64("index.interval.bytes")
        log.retentionBytes = topicSettings.int64("retention.bytes")
        log.retentionMilliseconds = topicSettings.int64("retention.ms")
        log.fileDeleteDelayMilliseconds = topicSettings.int64("file.delete.delay.ms")
        log.messageBytesMax = Int(topicSettings.int64("max.message.bytes"))
        log.timestampType =
            topicSettings.string("message.timestamp.type") == "LogAppendTime" ? .logAppendTime : .createTime
        log.cleanupDelete = policies.contains("delete")
        log.cleanupCompact = policies.contains("compact")
        log.deleteRetentionMilliseconds = topicSettings.int64("delete.retention.ms")
        log.minCleanableDirtyRatio = topicSettings.double("min.cleanable.dirty.ratio")
        log.minCompactionLagMilliseconds = topicSettings.int64("min.compaction.lag.ms")
        log.maxCompactionLagMilliseconds = topicSettings.int64("max.compaction.lag.ms")
        // What is not closed is not compacted, so a segment of a compacted topic is not open for longer than that.
        if log.cleanupCompact {
            log.segmentMilliseconds = min(log.segmentMilliseconds, log.maxCompactionLagMilliseconds)
        }
        log.segmentJitterMilliseconds = topicSettings.int64("segment.jitter.ms")
        log.preallocates = topicSettings.bool("preallocate")
        log.flushMessages = topicSettings.int64("flush.messages")
        log.flushMilliseconds = topicSettings.int64("flush.ms")
        // What coordinators keep there is never trusted.
        log.verifiesFetches = topic.isInternal || topicSettings.bool("fetch.verify.checksums")
        log.producerIDExpirationMilliseconds = self.configs.int64("producer.id.expiration.ms")
        return log
    }

    /// The group coordinator's settings.
    var groupSettings: GroupSettings {
        var groups = GroupSettings()
        groups.sessionTimeoutMillisecondsMin = Int32(self.configs.int("group.min.session.timeout.ms"))
        groups.sessionTimeoutMillisecondsMax = Int32(self.configs.int("group.max.session.timeout.ms"))
        groups.initialRebalanceDelayMilliseconds = Int32(self.configs.int("group.initial.rebalance.delay.ms"))
        groups.groupSizeMax = self.configs.int("group.max.size")
        groups.offsetMetadataLengthMax = self.configs.int("offset.metadata.max.bytes")
        groups.offsetsRetentionMinutes = self.configs.int64("offsets.retention.minutes")
        groups.offsetsRetentionCheckIntervalMilliseconds = self.configs.int64("offsets.retention.check.interval.ms")
        groups.consumerSessionTimeoutMilliseconds = Int32(self.configs.int("group.consumer.session.timeout.ms"))
        let interval = "group.consumer.heartbeat.interval.ms"
        groups.consumerHeartbeatIntervalMilliseconds = Int32(self.configs.int(interval))
        groups.adaptsHeartbeatInterval = self.configs.properties[interval] == nil
        groups.consumerGroupSizeMax = self.configs.int("group.consumer.max.size")
        let assignors = self.configs.list("group.consumer.assignors").compactMap { GroupAssignor(rawValue: $0) }
        if !assignors.isEmpty { groups.consumerAssignors = assignors }
        let policy = self.configs.string("group.consumer.migration.policy")?.lowercased()
        groups.consumerMigrationPolicy = policy.flatMap { .init(rawValue: $0) } ?? .bidirectional
        return groups
    }

    /// The transaction coordinator's settings.
    var transactionSettings: TransactionSettings {
        var transactions = TransactionSettings()
        transactions.timeoutMillisecondsMax = Int32(self.configs.int("transaction.max.timeout.ms"))
        transactions.idExpirationMilliseconds = self.configs.int64("transactional.id.expiration.ms")
        transactions.expiryIntervalMilliseconds = self.configs.int64(
            "transaction.remove.expired.transaction.cleanup.interval.ms"
        )
        return transactions
    }

    /// What decides whether a client's batch is accepted.
    ///
    /// - Parameter epoch: under which this broker leads the partition.
    func rules(
        for topic: Topic,
        partition: Partition,
        epoch: LeaderEpoch,
        log: LogSettings
    ) -> HostedPartition.Rules {
        let topicSettings = self.configs.settings(for: topic)
        return HostedPartition.Rules(
            leaderEpoch: epoch,
            isSealed: partition.isSealed,
            messageBytesMax: log.messageBytesMax,
            needsKeys: log.cleanupCompact,
            timestampBeforeMillisecondsMax: topicSettings.int64("message.timestamp.before.max.ms"),
            timestampAfterMillisecondsMax: topicSettings.int64("message.timestamp.after.max.ms"),
            isLogAppendTime: log.timestampType == .logAppendTime,
            readsCompressedRecords: topicSettings.string("record.validation") == "full",
            recompression: Self.recompression(topicSettings)
        )
    }

    /// `compression.type` and the level of its codec; `nil` for what producers choose.
    private static func recompression(_ settings: TopicSettings) -> BatchRecompression? {
        switch settings.string("compression.type") {
        case "uncompressed": BatchRecompression(codec: .none)
        case "snappy": BatchRecompression(codec: .snappy)
        case "gzip": BatchRecompression(codec: .gzip, level: Self.level("gzip", default: -1, settings))
        case "lz4": BatchRecompression(codec: .lz4, level: Self.level("lz4", default: 9, settings))
        case "zstd": BatchRecompression(codec: .zstd, level: Self.level("zstd", default: 3, settings))
        default: nil
        }
    }

    private static func level(_ codec: String, default usual: Int64, _ settings: TopicSettings) -> Int? {
        let level = settings.int64("compression.\(codec).level")
        return level == usual ? nil : Int(level)
    }

    /// How compaction works on this broker, with the properties of this moment.
    ///
    /// - Parameter memoryBytesMax: what the process may spend on the keys of partitions that are compacted: Kafka's
    ///   default is made for heaps of gigabytes.
    package func cleanerSettings(memoryBytesMax: Int) -> CleanerSettings {
        var cleaner = CleanerSettings()
        let isEnabled = self.configs.bool("log.cleaner.enable")
        cleaner.threadCount = isEnabled ? self.configs.int("log.cleaner.threads") : 0
        cleaner.dedupeBufferBytes = min(
            Int(self.configs.int64("log.cleaner.dedupe.buffer.size")),
            memoryBytesMax
        )
        cleaner.ioBufferBytes = self.configs.int("log.cleaner.io.buffer.size")
        cleaner.loadFactor = Double(self.configs.string("log.cleaner.io.buffer.load.factor") ?? "") ?? 0.9
        let rate = Double(self.configs.string("log.cleaner.io.max.bytes.per.second") ?? "") ?? .infinity
        cleaner.ioBytesPerSecondMax = rate >= 1e300 ? .infinity : rate
        cleaner.backoffMilliseconds = self.configs.int64("log.cleaner.backoff.ms")
        return cleaner
    }
}
