package import Broker
package import LogCore
package import Metadata
package import Model

/// A topic, which is a stream as well, in a list.
package struct TopicRow: Sendable, Equatable {
    package var name: String
    package var id: TopicID
    /// Written by the broker only.
    package var isInternal: Bool
    /// Kinesis clients see it.
    package var isStream: Bool
    package var partitions: Int
    /// Partitions that this broker should serve and cannot.
    package var offlinePartitions: Int
    package var openShards: Int
    /// `ON_DEMAND` or `PROVISIONED`.
    package var mode: String
    /// Of the partitions served here.
    package var sizeBytes: Int64
    /// Offsets from the start of the logs to their high watermarks: with gaps of compaction and markers.
    package var records: Int64
    /// -1 for no limit.
    package var retentionMilliseconds: Int64
    /// -1 for no limit.
    package var retentionBytes: Int64
    /// For example `delete`.
    package var cleanupPolicy: String
    /// Milliseconds since the epoch.
    package var createdAt: Timestamp
    /// The worst of the groups that read it; `nil` when none does.
    package var lag: TopicLag?
}

/// How far the worst group is behind in a topic.
package struct TopicLag: Sendable, Equatable {
    package var groupID: String
    /// Of all its partitions.
    package var records: Int64
    /// Of the partition where it is furthest behind; `nil` while it is not known.
    package var seconds: Double?
    package var status: LagStatus
}

/// One topic.
package struct TopicView: Sendable {
    package var row: TopicRow
    /// Every setting in force.
    package var settings: [SettingRow]
    /// Kinesis resource tags.
    package var tags: [String: String]
    /// Every group that reads the topic, worst first.
    package var groups: [TopicLag]
    /// How records without an explicit place find their partition: `kafka` or `md5`.
    package var routing: String
    /// A Kafka producer has written to it.
    package var isWrittenByKafka: Bool
}

/// A partition of a topic.
package struct PartitionRow: Sendable, Equatable {
    package var partition: Int32
    /// `here`, `opening`, `elsewhere`, `unassigned` or `offline`.
    package var state: String
    /// Why it is not served here.
    package var problem: String?
    package var leaderEpoch: Int32
    /// Merged into another one: readable, closed for produce.
    package var isSealed: Bool
    /// The ID of the shard that takes its records.
    package var openShard: String?
    /// `nil` when it is not served here, as the next ones.
    package var offsets: LogOffsets?
    package var sizeBytes: Int64?
    /// Ranges that readers are refused.
    package var damagedRanges: Int
}

/// A shard of a stream, open or closed.
package struct ShardRow: Sendable, Equatable {
    /// `shardId-000000000000`
    package var id: String
    package var ordinal: Int32
    package var partition: Int32
    package var hashRange: HashRange
    package var isOpen: Bool
    package var startOffset: Offset
    /// The first offset that does not belong to it any more; `nil` while it is open.
    package var endOffset: Offset?
    /// Seconds since the epoch.
    package var createdSecond: Int64
    /// Milliseconds since the epoch.
    package var closedAt: Timestamp?
    /// IDs of the shards that it came out of: one of a split, two of a merge.
    package var parents: [String]
    /// IDs of those that came out of it.
    package var children: [String]
}

/// The lag of all groups, by topic: made once for a list.
struct LagByTopic {
    private(set) var worst: [String: TopicLag] = [:]

    init(_ snapshot: LagSnapshot) {
        for group in snapshot.groups {
            for lag in Self.lags(of: group) where Self.isWorse(lag.lag, self.worst[lag.topic]) {
                self.worst[lag.topic] = lag.lag
            }
        }
    }

    /// Every group that reads a topic, worst first.
    static func groups(of topic: String, in snapshot: LagSnapshot) -> [TopicLag] {
        snapshot.groups.flatMap { group in Self.lags(of: group).filter { $0.topic == topic }.map(\.lag) }
            .sorted { Self.isWorse($0, $1) }
    }

    private static func isWorse(_ lag: TopicLag, _ other: TopicLag?) -> Bool {
        guard let other else { return true }
        return (lag.seconds ?? 0, lag.records) > (other.seconds ?? 0, other.records)
    }

    /// Its partitions are sorted by topic.
    private static func lags(of group: GroupLag) -> [(topic: String, lag: TopicLag)] {
        var lags: [(topic: String, lag: TopicLag)] = []
        for partition in group.partitions {
            if lags.last?.topic != partition.topic {
                lags.append((partition.topic, TopicLag(groupID: group.groupID, records: 0, status: .ok)))
            }
            let last = lags.count - 1
            lags[last].lag.records += partition.records
            if let seconds = partition.seconds { lags[last].lag.seconds = max(lags[last].lag.seconds ?? 0, seconds) }
            lags[last].lag.status = max(lags[last].lag.status, partition.status)
        }
        return lags
    }
}

extension TopicRow {
    init(_ hosted: HostedTopic, _ configs: BrokerConfigs, _ lag: LagByTopic) {
        let topic = hosted.topic
        let settings = configs.settings(for: topic)
        let facts = TopicFacts(hosted)
        self.init(
            name: topic.name,
            id: topic.id,
            isInternal: topic.isInternal,
            isStream: topic.isVisibleToKinesis,
            partitions: hosted.partitionCount,
            offlinePartitions: facts.offline,
            openShards: topic.shards.count(where: \.isOpen),
            mode: topic.streamMode.name,
            sizeBytes: facts.sizeBytes,
            records: facts.records,
            retentionMilliseconds: settings.int64("retention.ms"),
            retentionBytes: settings.int64("retention.bytes"),
            cleanupPolicy: settings.string("cleanup.policy"),
            createdAt: topic.createdAt,
            lag: lag.worst[topic.name]
        )
    }
}

/// What a topic's logs say: two short locks for each partition.
struct TopicFacts {
    var sizeBytes: Int64 = 0
    var records: Int64 = 0
    var offline = 0

    init(_ hosted: HostedTopic) {
        for placement in hosted.placements {
            switch placement {
            case .here(let partition):
                let offsets = partition.log.offsets
                self.records += max(0, offsets.highWatermark - offsets.logStart)
                self.sizeBytes += partition.log.sizeBytes
            case .offline: self.offline += 1
            case .acquiring, .elsewhere, .unassigned: break
            }
        }
    }
}

extension PartitionRow {
    init(_ number: Int32, of hosted: HostedTopic) {
        let known = hosted.topic.partitions[Int(number)]
        self.init(
            partition: number,
            state: "here",
            leaderEpoch: hosted.leaderEpoch(of: number).rawValue,
            isSealed: known.isSealed,
            openShard: hosted.topic.openShard(partition: number)?.id,
            damagedRanges: 0
        )
        switch hosted.placements[Int(number)] {
        case .here(let partition):
            self.offsets = partition.log.offsets
            self.sizeBytes = partition.log.sizeBytes
            self.damagedRanges = partition.log.damagedRanges.count
        case .acquiring: self.state = "opening"
        case .unassigned: self.state = "unassigned"
        case .elsewhere(let leader):
            self.state = "elsewhere"
            self.problem = "Broker \(leader.broker) leads it."
        case .offline(let error):
            self.state = "offline"
            self.problem = error.message
        }
    }
}

extension ShardRow {
    init(_ shard: Shard, of topic: Topic) {
        self.init(
            id: shard.id,
            ordinal: shard.ordinal,
            partition: shard.partition,
            hashRange: shard.hashRange,
            isOpen: shard.isOpen,
            startOffset: shard.startOffset,
            endOffset: shard.endOffset,
            createdSecond: shard.createdSecond,
            closedAt: shard.closedAt,
            parents: [shard.parent, shard.adjacentParent].compactMap { $0.map { Shard.id(ordinal: $0) } },
            children: topic.children(of: shard.ordinal).map(\.id)
        )
    }
}
