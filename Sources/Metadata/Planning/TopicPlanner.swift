package import Model

/// Decides every change of topics and streams, for both APIs. Pure: it reads values and returns transactions.
///
/// Each plan compares the modification revision of what it was made from, so of two concurrent changes one wins and
/// the other is planned again.
package enum TopicPlanner {
    /// A new topic or stream: `CreateTopics` and `CreateStream` are the same act (`mapping.md`, Shards 2).
    ///
    /// Streams of Kinesis route by MD5 and stamp records themselves (LogAppendTime) unless the configs say otherwise.
    /// Replication factors and assignments are the caller's to check: a server has one broker.
    package static func createTopic(
        _ creation: TopicCreation,
        in image: TopicsImage,
        now: Timestamp
    ) throws(TopicPlanError) -> TopicPlan {
        if let problem = TopicName.problem(with: creation.name) {
            throw TopicPlanError(.nameInvalid, "Topic name is invalid: \(problem)")
        }
        if image[name: creation.name] != nil {
            throw TopicPlanError(.alreadyExists, "Topic '\(creation.name)' already exists.")
        }
        if let other = image.collision(with: creation.name) {
            throw TopicPlanError(
                .nameCollision,
                "Topic '\(creation.name)' collides with existing topic: \(other)"
            )
        }
        guard creation.partitionCount > 0 else {
            throw TopicPlanError(
                .invalidPartitions,
                "Number of partitions was set to an invalid non-positive value."
            )
        }
        try Self.checkPartitionCount(creation.partitionCount)
        var configs = creation.configs
        if creation.origin == .kinesis, configs["message.timestamp.type"] == nil {
            configs["message.timestamp.type"] = "LogAppendTime"
        }
        try Self.check(configs)
        let topic = Topic(
            name: creation.name,
            id: creation.id,
            createdAt: now,
            origin: creation.origin,
            partitions: [Partition](repeating: Partition(), count: creation.partitionCount),
            configs: configs,
            routing: Self.routing(configs: configs, origin: creation.origin),
            streamMode: creation.streamMode ?? .onDemand,
            tags: creation.tags,
            attributes: creation.attributes,
            shards: Self.firstShards(
                count: creation.partitionCount,
                createdSecond: image.retired.firstSecond(for: creation.name, now: now)
            )
        )
        topic.preconditionValid()
        let key = MetadataKeys.topic(name: topic.name)
        let idKey = MetadataKeys.topicID(topic.id)
        let transaction = MetadataTransaction(
            compares: [
                .isMissing(key), .isMissing(idKey),
                .isUnchanged(MetadataKeys.retiredStreams, since: image.retired.modRevision),
            ],
            success: [
                .put(key: key, value: try Self.checkedEncoding(topic)),
                .put(key: idKey, value: Array(topic.name.utf8)),
            ]
        )
        return TopicPlan(transaction: transaction, topic: topic)
    }

    /// More partitions: the widest open ranges are split, the right half of each on a new partition (Shards 3).
    ///
    /// - Parameter newCount: in total, sealed partitions included, as Kafka counts them.
    /// - Parameter currentEnds: each partition's log end offset, by number. No record may be assigned to the
    ///   partition by its old shard from that offset on.
    package static func createPartitions(
        _ topic: Topic,
        newCount: Int,
        currentEnds: [Offset],
        now: Timestamp
    ) throws(TopicPlanError) -> TopicPlan {
        let count = topic.partitions.count
        if newCount == count {
            throw TopicPlanError(.invalidPartitions, "Topic already has \(count) partition(s).")
        }
        guard newCount > count else {
            throw TopicPlanError(
                .invalidPartitions,
                "The topic \(topic.name) currently has \(count) partition(s); \(newCount) would not be an increase."
            )
        }
        try Self.checkPartitionCount(newCount)
        var reshaping = ShardReshaping(topic, currentEnds: currentEnds, now: now, opensSealedPartitions: false)
        try reshaping.splitWidest(count: newCount - count)
        return try Self.plan(reshaping.finish())
    }

    /// Replaces all overrides. `configs` is the whole new set; an incremental change is merged by the caller.
    package static func alterConfigs(
        _ topic: Topic,
        configs: [String: String]
    ) throws(TopicPlanError) -> TopicPlan {
        try Self.check(configs)
        var changed = topic
        changed.configs = configs
        if configs["shard.routing"] != topic.configs["shard.routing"] {
            changed.routing = Self.routing(configs: configs, origin: topic.origin)
        }
        return try Self.plan(changed)
    }

    /// Any other change of a topic's own facts (tags, mode, attributes, `isWrittenByKafka`, leader epochs). The value
    /// must keep the topic's invariants, name and ID, and the `modRevision` it was read with.
    package static func replace(_ topic: Topic) throws(TopicPlanError) -> TopicPlan {
        try Self.plan(topic)
    }

    static func plan(_ topic: Topic) throws(TopicPlanError) -> TopicPlan {
        topic.preconditionValid()
        precondition(topic.modRevision > 0, "a topic that was never stored cannot be changed")
        let key = MetadataKeys.topic(name: topic.name)
        return TopicPlan(
            transaction: MetadataTransaction(
                compares: [.isUnchanged(key, since: topic.modRevision)],
                success: [.put(key: key, value: try Self.checkedEncoding(topic))]
            ),
            topic: topic
        )
    }

    static func checkPartitionCount(_ count: Int) throws(TopicPlanError) {
        guard count <= Topic.partitionsMax else {
            throw TopicPlanError(
                .limitExceeded,
                "A topic has at most \(Topic.partitionsMax) partitions; \(count) were asked for."
            )
        }
    }

    private static func check(_ configs: [String: String]) throws(TopicPlanError) {
        do {
            try TopicConfigs.validate(configs)
        } catch {
            throw TopicPlanError(.invalidConfig, error.message)
        }
    }

    private static func checkedEncoding(_ topic: Topic) throws(TopicPlanError) -> [UInt8] {
        let value = topic.encoded()
        // Room for the two keys, each twice.
        guard value.count <= MetadataLimits.transactionBytesMax - 2048 else {
            throw TopicPlanError(
                .limitExceeded,
                "The metadata of topic \(topic.name) has \(value.count) bytes, more than the store takes."
            )
        }
        return value
    }

    private static func routing(configs: [String: String], origin: TopicOrigin) -> ShardRouting {
        if let text = configs["shard.routing"],
            let routing = ShardRouting.allCases.first(where: { $0.configValue == text })
        {
            return routing
        }
        return ShardRouting.standard(for: origin)
    }

    private static func firstShards(count: Int, createdSecond: Int64) -> [Shard] {
        HashRange.uniform(count: count).enumerated().map { index, range in
            Shard(
                ordinal: Int32(index),
                partition: Int32(index),
                startOffset: 0,
                createdSecond: createdSecond,
                hashRange: range
            )
        }
    }
}

extension ShardRouting {
    /// Of a topic that does not set `shard.routing`.
    package static func standard(for origin: TopicOrigin) -> ShardRouting {
        switch origin {
        case .kafka: .kafka
        case .kinesis: .md5
        }
    }
}
