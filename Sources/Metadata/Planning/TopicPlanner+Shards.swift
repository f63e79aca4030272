package import Model

extension TopicPlanner {
    /// Kinesis `SplitShard`: closes the shard at its partition's end; the left child stays in the partition, the
    /// right one opens on a sealed partition or a new one.
    ///
    /// - Parameter newStartingHash: where the right child begins; strictly inside the shard's range.
    /// - Parameter currentEnds: as in `createPartitions`, of every partition, sealed ones too.
    package static func splitShard(
        _ topic: Topic,
        ordinal: Int32,
        newStartingHash: UInt128,
        currentEnds: [Offset],
        now: Timestamp
    ) throws(TopicPlanError) -> TopicPlan {
        let shard = try Self.openShard(ordinal, of: topic)
        guard shard.hashRange.split(at: newStartingHash) != nil else {
            throw TopicPlanError(
                .invalidHashKey,
                "NewStartingHashKey \(newStartingHash) is not both greater than the starting hash key "
                    + "\(shard.hashRange.lower) and at most the ending hash key \(shard.hashRange.upper) of \(shard.id)."
            )
        }
        var reshaping = ShardReshaping(topic, currentEnds: currentEnds, now: now, opensSealedPartitions: true)
        _ = try reshaping.split(ordinal, at: newStartingHash)
        return try Self.plan(reshaping.finish())
    }

    /// Kinesis `MergeShards`: closes both; the child stays in the first one's partition, the other's is sealed.
    ///
    /// Whether the caller may is checked: topics that Kafka writes to need `kinesis.allow.merge=true`.
    package static func mergeShards(
        _ topic: Topic,
        ordinal: Int32,
        adjacent: Int32,
        currentEnds: [Offset],
        now: Timestamp
    ) throws(TopicPlanError) -> TopicPlan {
        let first = try Self.openShard(ordinal, of: topic)
        let second = try Self.openShard(adjacent, of: topic)
        let (left, right) =
            first.hashRange.lower < second.hashRange.lower
            ? (first.hashRange, second.hashRange) : (second.hashRange, first.hashRange)
        guard first.ordinal != second.ordinal, left.upper < right.lower, right.lower - left.upper == 1 else {
            throw TopicPlanError(.shardsNotAdjacent, "Shards \(first.id) and \(second.id) are not adjacent.")
        }
        try Self.checkMayMerge(topic)
        var reshaping = ShardReshaping(topic, currentEnds: currentEnds, now: now, opensSealedPartitions: true)
        _ = reshaping.merge(ordinal, with: adjacent)
        return try Self.plan(reshaping.finish())
    }

    /// Kinesis `UpdateShardCount` with `UNIFORM_SCALING`: splits and merges until the open shards are the uniform
    /// ranges of `target`. The limits of AWS on `target` (double, half, quota) are the server's to check.
    package static func updateShardCount(
        _ topic: Topic,
        target: Int,
        currentEnds: [Offset],
        now: Timestamp
    ) throws(TopicPlanError) -> TopicPlan {
        guard target > 0 else {
            throw TopicPlanError(.invalidPartitions, "The target shard count must be at least 1.")
        }
        try Self.checkPartitionCount(target)
        var reshaping = ShardReshaping(topic, currentEnds: currentEnds, now: now, opensSealedPartitions: true)
        let merges = try reshaping.makeUniform(count: target)
        if merges > 0 { try Self.checkMayMerge(topic) }
        return try Self.plan(reshaping.finish())
    }

    /// Forgets closed shards of which every record is gone; `nil` when there is nothing to forget.
    ///
    /// A shard stays until `closedBefore` is past its closing, empty or not: a consumer that walks from its parent
    /// to its children must find it for as long as records of that age are kept.
    ///
    /// - Parameter logStarts: each partition's log start offset, by number.
    /// - Parameter closedBefore: now − `retention.ms`.
    package static func trimShards(
        _ topic: Topic,
        logStarts: [Offset],
        closedBefore: Timestamp
    ) throws(TopicPlanError) -> TopicPlan? {
        precondition(logStarts.count == topic.partitions.count, "one log start offset for each partition")
        var trimmed = topic
        trimmed.shards.removeAll { shard in
            guard let end = shard.endOffset, let closedAt = shard.closedAt else { return false }
            return end <= logStarts[Int(shard.partition)] && closedAt < closedBefore
        }
        return trimmed.shards.count == topic.shards.count ? nil : try Self.plan(trimmed)
    }

    private static func openShard(_ ordinal: Int32, of topic: Topic) throws(TopicPlanError) -> Shard {
        guard let shard = topic.shard(ordinal: ordinal) else {
            throw TopicPlanError(
                .shardNotFound,
                "Shard \(Shard.id(ordinal: ordinal)) in stream \(topic.name) does not exist."
            )
        }
        guard shard.isOpen else {
            throw TopicPlanError(.shardClosed, "Shard \(shard.id) in stream \(topic.name) is closed.")
        }
        return shard
    }

    private static func checkMayMerge(_ topic: Topic) throws(TopicPlanError) {
        if topic.isWrittenByKafka, topic.configs["kinesis.allow.merge"] != "true" {
            throw TopicPlanError(
                .mergeRefused,
                "Kafka producers write to \(topic.name), and a merge closes a partition to them; "
                    + "set kinesis.allow.merge=true on the topic to allow it."
            )
        }
    }
}
