internal import Model

extension Topic {
    /// Partitions a topic may have. One value holds a topic, and a store's value has a limit
    /// (`MetadataLimits.transactionBytesMax`): 10,000 partitions need about a third of it and leave room for shards
    /// that are closed but not yet trimmed.
    package static let partitionsMax = 10_000

    /// What is wrong with this value, in a few words; `nil` when the invariants of `Topic` hold.
    package var invariantViolation: String? {
        if let problem = TopicName.problem(with: self.name) { return problem }
        if self.partitions.isEmpty { return "a topic without partitions" }
        var hasOpenShard = [Bool](repeating: false, count: self.partitions.count)
        var previous: Int32 = -1
        var ranges: [HashRange] = []
        for shard in self.shards {
            if shard.ordinal <= previous { return "shard ordinals do not ascend" }
            previous = shard.ordinal
            guard shard.partition >= 0, Int(shard.partition) < self.partitions.count else {
                return "shard \(shard.ordinal) of a partition that does not exist"
            }
            if let problem = Self.problem(of: shard) { return problem }
            guard shard.isOpen else { continue }
            if hasOpenShard[Int(shard.partition)] { return "partition \(shard.partition) with two open shards" }
            hasOpenShard[Int(shard.partition)] = true
            ranges.append(shard.hashRange)
        }
        if previous >= self.nextShardOrdinal { return "the next shard ordinal is in use" }
        for (partition, hasShard) in zip(self.partitions, hasOpenShard) where partition.isSealed == hasShard {
            return partition.isSealed ? "a sealed partition with an open shard" : "a partition without an open shard"
        }
        return HashRange.tile(ranges) ? nil : "open shards do not tile the hash key space"
    }

    private static func problem(of shard: Shard) -> String? {
        if shard.startOffset < 0 { return "shard \(shard.ordinal) with a negative offset" }
        if let end = shard.endOffset, end < shard.startOffset { return "shard \(shard.ordinal) ends before it begins" }
        if (shard.endOffset == nil) != (shard.closedAt == nil) { return "shard \(shard.ordinal) is half closed" }
        if let parent = shard.parent, parent < 0 || parent >= shard.ordinal { return "a shard older than its parent" }
        if let parent = shard.adjacentParent, parent < 0 || parent >= shard.ordinal || shard.parent == nil {
            return "a shard older than its parent"
        }
        return nil
    }

    /// Stops the process when the invariants do not hold: the planner must never write such a value.
    func preconditionValid() {
        if let violation = self.invariantViolation {
            preconditionFailure("topic \(self.name): \(violation)")
        }
    }
}
