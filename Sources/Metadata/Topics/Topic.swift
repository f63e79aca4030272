package import Model

/// How a record without an explicit place finds its partition (`shard.routing`).
package enum ShardRouting: UInt8, Sendable, Hashable, CaseIterable {
    /// Murmur2 of the key modulo the writable partitions, as Kafka's default partitioner.
    case kafka = 0
    /// MD5 of the partition key into the shards' hash ranges, as Kinesis.
    case md5 = 1

    /// The value of the config `shard.routing`.
    package var configValue: String {
        switch self {
        case .kafka: "kafka"
        case .md5: "md5"
        }
    }
}

/// Kinesis's capacity mode of a stream.
package enum StreamMode: UInt8, Sendable, Hashable, CaseIterable {
    case onDemand = 0
    case provisioned = 1

    /// As the Kinesis API spells it.
    package var name: String {
        switch self {
        case .onDemand: "ON_DEMAND"
        case .provisioned: "PROVISIONED"
        }
    }
}

/// Which API made a topic. Decides defaults on creation only.
package enum TopicOrigin: UInt8, Sendable, Hashable, CaseIterable {
    case kafka = 0
    case kinesis = 1
}

/// What the metadata knows of one partition.
package struct Partition: Hashable, Sendable {
    package var leaderEpoch: LeaderEpoch
    /// Merged into another one: listed and readable, closed for produce, without an open shard.
    package var isSealed: Bool

    package init(leaderEpoch: LeaderEpoch = LeaderEpoch(0), isSealed: Bool = false) {
        self.leaderEpoch = leaderEpoch
        self.isSealed = isSealed
    }
}

/// A topic, which is also a stream: its whole metadata, one value in the store.
///
/// Invariants (`invariantViolation`): partitions are numbered from 0 without gaps; each partition that is not sealed
/// has exactly one open shard and a sealed one none; open shards tile 0 … 2^128 − 1; shards are in order of their
/// ordinals, which are below `nextShardOrdinal`.
package struct Topic: Hashable, Sendable {
    package var name: String
    package var id: TopicID
    /// Milliseconds since the Unix epoch.
    package var createdAt: Timestamp
    package var origin: TopicOrigin
    /// A Kafka producer has written to it: merges need `kinesis.allow.merge=true`.
    package var isWrittenByKafka: Bool
    /// By partition number.
    package var partitions: [Partition]
    /// Overrides only, by Kafka's config names. `retention.ms`, `max.message.bytes` … are here for both protocols.
    package var configs: [String: String]
    package var routing: ShardRouting
    package var streamMode: StreamMode
    /// Kinesis resource tags.
    package var tags: [String: String]
    /// What the Kinesis API stores and reports without an effect of its own (encryption type and key, shard-level
    /// metrics, warm throughput …); names are chosen by the Kinesis server. Invisible to Kafka.
    package var attributes: [String: String]
    /// Open and closed shards by ordinal, ascending.
    package var shards: [Shard]
    /// The ordinal of the next shard to be made.
    package var nextShardOrdinal: Int32
    /// The store's revision of this value: what a change of it compares with. 0 until it is stored.
    package var modRevision: Int64
    /// Fields written by newer software, kept so that a change made here does not lose them.
    package var unknownFields: [UInt8]

    package init(
        name: String,
        id: TopicID,
        createdAt: Timestamp,
        origin: TopicOrigin,
        isWrittenByKafka: Bool = false,
        partitions: [Partition],
        configs: [String: String] = [:],
        routing: ShardRouting,
        streamMode: StreamMode,
        tags: [String: String] = [:],
        attributes: [String: String] = [:],
        shards: [Shard],
        nextShardOrdinal: Int32? = nil,
        modRevision: Int64 = 0,
        unknownFields: [UInt8] = []
    ) {
        self.name = name
        self.id = id
        self.createdAt = createdAt
        self.origin = origin
        self.isWrittenByKafka = isWrittenByKafka
        self.partitions = partitions
        self.configs = configs
        self.routing = routing
        self.streamMode = streamMode
        self.tags = tags
        self.attributes = attributes
        self.shards = shards
        self.nextShardOrdinal = nextShardOrdinal ?? (shards.last.map { $0.ordinal + 1 } ?? 0)
        self.modRevision = modRevision
        self.unknownFields = unknownFields
    }

    /// Written by the broker only: see `TopicName.isKafkaInternal`.
    package var isInternal: Bool { TopicName.isKafkaInternal(self.name) }

    /// Names that begin with `__` or have over 128 characters are not streams.
    package var isVisibleToKinesis: Bool { TopicName.isVisibleToKinesis(self.name) }

    /// Shards that take records, by ordinal.
    package var openShards: [Shard] { self.shards.filter(\.isOpen) }

    /// The shard with this ordinal, open or closed.
    package func shard(ordinal: Int32) -> Shard? {
        self.shardIndex(ordinal: ordinal).map { self.shards[$0] }
    }

    /// The shard with this ID (`shardId-000000000000`), open or closed.
    package func shard(id: String) -> Shard? {
        Shard.ordinal(id: id).flatMap { self.shard(ordinal: $0) }
    }

    /// The open shard of a partition; `nil` when it is sealed or does not exist.
    package func openShard(partition: Int32) -> Shard? {
        self.shards.last { $0.isOpen && $0.partition == partition }
    }

    /// The open shard whose range holds this hash key.
    package func openShard(hash: UInt128) -> Shard? {
        self.shards.first { $0.isOpen && $0.hashRange.contains(hash) }
    }

    /// The shard that an offset of a partition belongs to.
    package func shard(partition: Int32, offset: Offset) -> Shard? {
        self.shards.first { $0.partition == partition && $0.contains(offset: offset) }
    }

    /// The shards that came out of this one, by ordinal.
    package func children(of ordinal: Int32) -> [Shard] {
        self.shards.filter { $0.parent == ordinal || $0.adjacentParent == ordinal }
    }

    /// Index into `shards`, by binary search.
    package func shardIndex(ordinal: Int32) -> Int? {
        var low = 0
        var high = self.shards.count
        while low < high {
            let middle = (low + high) / 2
            if self.shards[middle].ordinal < ordinal { low = middle + 1 } else { high = middle }
        }
        guard low < self.shards.count, self.shards[low].ordinal == ordinal else { return nil }
        return low
    }
}
