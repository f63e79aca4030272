internal import Broker
internal import KinesisProtocol
internal import LogCore
internal import Metadata
internal import Model

/// A topic as Kinesis describes it: `mapping.md`, read from one version of the metadata.
struct StreamView {
    let topic: Topic
    let settings: TopicSettings

    /// In milliseconds; negative means no limit.
    var retentionMilliseconds: Int64 { self.settings.int64("retention.ms") }

    /// Clamped to what the Kinesis API knows; the exact value stays in `retention.ms`.
    var retentionPeriodHours: Int64 {
        let milliseconds = self.retentionMilliseconds
        return milliseconds < 0 ? 8760 : min(max(milliseconds / 3_600_000, 24), 8760)
    }

    /// `max.message.bytes` without the few bytes by which Kafka's default is more than 1 MiB.
    static func maxRecordSizeInKiB(messageBytesMax: Int64) -> Int64 {
        min(max(messageBytesMax / 1024, 1024), 10_240)
    }

    var maxRecordSizeInKiB: Int64 {
        Self.maxRecordSizeInKiB(messageBytesMax: self.settings.int64("max.message.bytes"))
    }

    var mode: CapacityMode {
        // Hash ranges are no promise where Kafka's partitioner places the records.
        if self.topic.routing == .kafka { return .onDemand }
        return self.topic.streamMode == .provisioned ? .provisioned : .onDemand
    }

    var distribution: RecordDistributionStrategy {
        self.topic.routing == .kafka ? .auto : .userPartitionKey
    }

    /// Keeps the last record of each key, so that each needs one.
    var isCompacted: Bool { self.settings.list("cleanup.policy").contains("compact") }

    static func sequenceNumber(_ shard: Shard, offset: Offset) -> SequenceNumber {
        SequenceNumber(
            shardCreated: UInt64(clamping: min(shard.createdSecond, (1 << 36) - 1)),
            ordinal: UInt32(bitPattern: shard.ordinal),
            offset: max(0, offset)
        )
    }

    /// Where a subscriber resumes that has everything before this offset.
    static func continuation(of shard: Shard, at next: Offset) -> String {
        if next > shard.startOffset { return "\(Self.sequenceNumber(shard, offset: next - 1))" }
        return Self.sequenceNumber(shard, offset: shard.startOffset).placeBefore
    }

    static func describe(_ shard: Shard) -> ShardDescription {
        ShardDescription(
            ordinal: UInt32(bitPattern: shard.ordinal),
            parent: shard.parent.map(UInt32.init(bitPattern:)),
            adjacentParent: shard.adjacentParent.map(UInt32.init(bitPattern:)),
            hashKeyRange: Self.range(shard),
            startingSequenceNumber: Self.sequenceNumber(shard, offset: shard.startOffset),
            endingSequenceNumber: shard.endOffset.map { Self.sequenceNumber(shard, offset: $0) }
        )
    }

    static func range(_ shard: Shard) -> HashKeyRange {
        HashKeyRange(start: HashKey(shard.hashRange.lower), end: HashKey(shard.hashRange.upper))
    }

    static func childShards(of ordinal: Int32, in topic: Topic) -> [ChildShard] {
        topic.children(of: ordinal).map { child in
            ChildShard(
                ordinal: UInt32(bitPattern: child.ordinal),
                parents: [child.parent, child.adjacentParent].compactMap { $0.map(UInt32.init(bitPattern:)) },
                hashKeyRange: Self.range(child)
            )
        }
    }

    // MARK: Shards at a time

    /// The oldest moment of which something may still be there.
    func trimHorizon(now: Timestamp) -> Timestamp {
        let retention = self.retentionMilliseconds
        guard retention >= 0 else { return self.topic.createdAt }
        let (horizon, overflow) = now.subtractingReportingOverflow(retention)
        return overflow ? self.topic.createdAt : max(horizon, self.topic.createdAt)
    }

    /// When a shard began to take records: when its parents stopped.
    ///
    /// Not the second in its sequence numbers, which may run ahead of the clock to stay above its parents'.
    func openedAt(_ shard: Shard) -> Timestamp {
        let parents = [shard.parent, shard.adjacentParent].compactMap { $0 }
        guard !parents.isEmpty else { return self.topic.createdAt }
        return parents.compactMap { self.topic.shard(ordinal: $0)?.closedAt }.max() ?? shard.createdSecond * 1000
    }

    func isOpen(_ shard: Shard, at moment: Timestamp) -> Bool {
        guard self.openedAt(shard) <= moment else { return false }
        return shard.isOpen || (shard.closedAt ?? 0) > moment
    }

    /// Whether a shard comes after the one that a request names: `AFTER_SHARD_ID` and `ExclusiveStartShardId` alike.
    /// It need not exist, and its number may be written shorter than AWS does.
    static func follows(_ shard: Shard, _ named: String) -> Bool {
        guard let id = ShardID(text: named) else { return shard.id > named }
        return UInt32(bitPattern: shard.ordinal) > id.ordinal
    }

    /// Shards that are still listed: closed ones go once every record in them has expired.
    func listedShards(of hosted: HostedTopic, now: Timestamp) -> [Shard] {
        let horizon = self.trimHorizon(now: now)
        return self.topic.shards.filter { shard in
            guard let endOffset = shard.endOffset, (shard.closedAt ?? 0) < horizon else { return true }
            guard let partition = hosted.placements[Int(shard.partition)].hosted else { return true }
            return partition.log.offsets.logStart < endOffset
        }
    }

    func matches(_ shard: Shard, _ filter: ShardFilter, now: Timestamp) -> Bool {
        let horizon = self.trimHorizon(now: now)
        switch filter.type {
        case .fromTrimHorizon: return true
        case .atTrimHorizon: return self.isOpen(shard, at: horizon)
        case .atLatest: return shard.isOpen
        case .atTimestamp:
            // AWS counts both ends: at the moment of a split the parent and its children are named.
            let moment = max(filter.timestamp ?? horizon, horizon)
            guard moment < now else { return shard.isOpen }
            return self.openedAt(shard) <= moment && (shard.isOpen || (shard.closedAt ?? 0) >= moment)
        case .fromTimestamp:
            let moment = max(filter.timestamp ?? horizon, horizon)
            return shard.isOpen || (shard.closedAt ?? 0) >= moment
        case .afterShardID:
            return filter.shardID.map { Self.follows(shard, $0) } ?? false
        }
    }
}
