internal import Metadata
internal import Model

/// When streams in ON_DEMAND mode split by themselves (decision 0045).
///
/// AWS lets such a stream take twice the most that it took in the last 30 days. Here a shard is split in half when it
/// took more than half of its write budget, on average over one window: its halves can then take twice as much again.
/// Nothing is merged. Sans-IO.
struct OnDemandScaling {
    /// A stream has no more open shards than this by itself; AWS's limit for a new account, 200 MiB/s.
    static let openShardsMax = 200

    /// A shard to be split, and the first hash key of its right half.
    struct Split: Equatable, Sendable {
        var ordinal: Int32
        var newStartingHash: UInt128
    }

    /// - Parameters:
    ///   - loads: what each shard took in the window, by ordinal.
    ///   - milliseconds: the length of the window.
    /// - Returns: at most one split of each open shard, the busiest first.
    static func splits(
        of topic: Topic,
        loads: [Int32: ThroughputLimits.Load],
        inMilliseconds milliseconds: Int64
    ) -> [Split] {
        guard milliseconds > 0 else { return [] }
        // Where Kafka's partitioner places records, a new partition would move keys.
        guard topic.streamMode == .onDemand, topic.routing == .md5 else { return [] }
        let open = topic.openShards
        let busy = open.compactMap { shard -> (shard: Shard, share: Double)? in
            guard shard.hashRange.lower < shard.hashRange.upper, let load = loads[shard.ordinal] else { return nil }
            let seconds = Double(milliseconds) / 1000
            let share = max(
                Double(load.bytes) / seconds / Double(ThroughputLimits.putBytes.perSecond),
                Double(load.records) / seconds / Double(ThroughputLimits.putRecords.perSecond)
            )
            return share > 0.5 ? (shard, share) : nil
        }
        let room = max(0, Self.openShardsMax - open.count)
        return busy.sorted { ($0.share, $1.shard.ordinal) > ($1.share, $0.shard.ordinal) }.prefix(room).map { busy in
            let range = busy.shard.hashRange
            return Split(
                ordinal: busy.shard.ordinal,
                newStartingHash: range.lower + (range.upper - range.lower) / 2 + 1
            )
        }
    }
}
