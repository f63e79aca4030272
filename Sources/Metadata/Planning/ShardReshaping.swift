internal import Model

/// Splits and merges the open shards of one topic, several times if need be, into one new value.
///
/// A shard that is made and closed again in the same act keeps no offset (its start is its end) and stays in the
/// lineage, so that consumers find their way from parents to children; AWS's `UpdateShardCount` leaves the same kind
/// behind. A child's create second is greater than its parents': each step of a lineage adds at least one, so steps
/// are arranged in balanced trees to keep those seconds near the clock.
struct ShardReshaping {
    private var topic: Topic
    private var ends: [Offset]
    private let now: Timestamp
    private let second: Int64
    private let opensSealedPartitions: Bool

    init(_ topic: Topic, currentEnds: [Offset], now: Timestamp, opensSealedPartitions: Bool) {
        precondition(currentEnds.count == topic.partitions.count, "one end offset for each partition")
        self.topic = topic
        self.ends = currentEnds
        // A partition that lost its files may end before its shard begins; the shard's place stands.
        for shard in topic.shards where shard.isOpen {
            self.ends[Int(shard.partition)] = max(self.ends[Int(shard.partition)], shard.startOffset)
        }
        self.now = now
        self.second = max(0, now / 1000)
        self.opensSealedPartitions = opensSealedPartitions
    }

    consuming func finish() -> Topic {
        self.topic.preconditionValid()
        return self.topic
    }

    /// The ordinals of the two children.
    mutating func split(_ ordinal: Int32, at hash: UInt128) throws(TopicPlanError) -> (left: Int32, right: Int32) {
        let parent = self.openShard(ordinal)
        guard let (left, right) = parent.hashRange.split(at: hash) else {
            preconditionFailure("a split begins strictly inside its shard")
        }
        let partition = try self.partitionForRightChild()
        try self.checkOrdinals()
        self.close(ordinal)
        let createdSecond = max(self.second, parent.createdSecond + 1)
        let leftOrdinal = self.open(parent.partition, left, createdSecond: createdSecond, parents: (ordinal, nil))
        let rightOrdinal = self.open(partition, right, createdSecond: createdSecond, parents: (ordinal, nil))
        return (leftOrdinal, rightOrdinal)
    }

    /// The ordinal of the child.
    mutating func merge(_ ordinal: Int32, with adjacent: Int32) -> Int32 {
        let first = self.openShard(ordinal)
        let second = self.openShard(adjacent)
        self.close(ordinal)
        self.close(adjacent)
        self.topic.partitions[Int(second.partition)].isSealed = true
        return self.open(
            first.partition,
            HashRange(
                lower: min(first.hashRange.lower, second.hashRange.lower),
                upper: max(first.hashRange.upper, second.hashRange.upper)
            ),
            createdSecond: max(self.second, max(first.createdSecond, second.createdSecond) + 1),
            parents: (ordinal, adjacent)
        )
    }

    /// Splits the widest open range in the middle, `count` times; of equally wide ones the lowest.
    mutating func splitWidest(count: Int) throws(TopicPlanError) {
        // Halves are made in the order of the ranges they come from, so they are in order of width by themselves: two
        // queues do what a heap would.
        let originals = self.topic.openShards.sorted {
            ($0.hashRange.span, $1.hashRange.lower) > ($1.hashRange.span, $0.hashRange.lower)
        }
        var halves: [Shard] = []
        var nextOriginal = 0
        var nextHalf = 0
        for _ in 0..<count {
            let original = nextOriginal < originals.count ? originals[nextOriginal] : nil
            let half = nextHalf < halves.count ? halves[nextHalf] : nil
            let widest: Shard
            if let original, half.map({ Self.isFirst(original.hashRange, before: $0.hashRange) }) ?? true {
                widest = original
                nextOriginal += 1
            } else if let half {
                widest = half
                nextHalf += 1
            } else {
                preconditionFailure("a topic has an open shard")
            }
            guard let middle = widest.hashRange.middle else {
                throw TopicPlanError(.limitExceeded, "Every shard of \(self.topic.name) has a single hash key.")
            }
            let (left, right) = try self.split(widest.ordinal, at: middle)
            halves.append(self.openShard(left))
            halves.append(self.openShard(right))
        }
    }

    private static func isFirst(_ left: HashRange, before right: HashRange) -> Bool {
        left.span == right.span ? left.lower < right.lower : left.span > right.span
    }

    /// Splits and merges until the open ranges are `HashRange.uniform(count:)`; returns the number of merges.
    ///
    /// Goes through the hash key space once, from the left, so that partitions sealed by a merge are opened again by
    /// the next splits.
    mutating func makeUniform(count: Int) throws(TopicPlanError) -> Int {
        var open = self.topic.openShards.sorted { $0.hashRange.lower < $1.hashRange.lower }.map(\.ordinal)
        open.reverse()
        var merges = 0
        let targets = HashRange.uniform(count: count)
        let starts = targets.map(\.lower)
        for target in targets {
            var inside: [Int32] = []
            while let ordinal = open.popLast() {
                let range = self.openShard(ordinal).hashRange
                if range.upper > target.upper {
                    let first = Self.firstIndex(in: starts, above: range.lower)
                    let last = Self.firstIndex(in: starts, above: range.upper)
                    open += try self.splitBalanced(ordinal, at: starts[first..<last]).reversed()
                    continue
                }
                inside.append(ordinal)
                if range.upper == target.upper { break }
            }
            while inside.count > 1 {
                merges += inside.count / 2
                inside = stride(from: 0, to: inside.count, by: 2).map { index in
                    index + 1 < inside.count ? self.merge(inside[index], with: inside[index + 1]) : inside[index]
                }
            }
        }
        return merges
    }

    /// Splits one shard at each of the keys; the pieces from left to right.
    private mutating func splitBalanced(
        _ ordinal: Int32,
        at keys: ArraySlice<UInt128>
    ) throws(TopicPlanError) -> [Int32] {
        guard !keys.isEmpty else { return [ordinal] }
        let middle = keys.startIndex + keys.count / 2
        let (left, right) = try self.split(ordinal, at: keys[middle])
        return try self.splitBalanced(left, at: keys[..<middle])
            + self.splitBalanced(right, at: keys[(middle + 1)...])
    }

    /// The index of the first element of an ascending array that is greater than `value`.
    private static func firstIndex(in array: [UInt128], above value: UInt128) -> Int {
        var low = 0
        var high = array.count
        while low < high {
            let middle = (low + high) / 2
            if array[middle] <= value { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func openShard(_ ordinal: Int32) -> Shard {
        guard let shard = self.topic.shard(ordinal: ordinal), shard.isOpen else {
            preconditionFailure("only open shards are split and merged")
        }
        return shard
    }

    private mutating func close(_ ordinal: Int32) {
        guard let index = self.topic.shardIndex(ordinal: ordinal) else { return }
        self.topic.shards[index].endOffset = self.ends[Int(self.topic.shards[index].partition)]
        self.topic.shards[index].closedAt = self.now
    }

    private mutating func open(
        _ partition: Int32,
        _ range: HashRange,
        createdSecond: Int64,
        parents: (Int32, Int32?)
    ) -> Int32 {
        let ordinal = self.topic.nextShardOrdinal
        self.topic.nextShardOrdinal += 1
        self.topic.shards.append(
            Shard(
                ordinal: ordinal,
                partition: partition,
                startOffset: self.ends[Int(partition)],
                createdSecond: createdSecond,
                hashRange: range,
                parent: parents.0,
                adjacentParent: parents.1
            )
        )
        return ordinal
    }

    private mutating func partitionForRightChild() throws(TopicPlanError) -> Int32 {
        if self.opensSealedPartitions, let index = self.topic.partitions.firstIndex(where: \.isSealed) {
            self.topic.partitions[index].isSealed = false
            return Int32(index)
        }
        try TopicPlanner.checkPartitionCount(self.topic.partitions.count + 1)
        self.topic.partitions.append(Partition())
        self.ends.append(0)
        return Int32(self.topic.partitions.count - 1)
    }

    private func checkOrdinals() throws(TopicPlanError) {
        guard self.topic.nextShardOrdinal < Int32.max - 2 else {
            throw TopicPlanError(.limitExceeded, "Stream \(self.topic.name) has used up its shard numbers.")
        }
    }
}
