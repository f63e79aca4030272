package import Model

/// A change of one topic, ready to commit.
///
/// When the commit's compares fail, another change came first: take its result from the watch (or read the key) and
/// plan again.
package struct TopicPlan: Sendable, Equatable {
    package var transaction: MetadataTransaction
    /// The topic as it will be stored; its `modRevision` is the outcome's revision once committed.
    package var topic: Topic

    package init(transaction: MetadataTransaction, topic: Topic) {
        self.transaction = transaction
        self.topic = topic
    }

    /// The topic with the revision that the commit gave it.
    package func committed(at revision: MetadataRevision) -> Topic {
        var topic = self.topic
        topic.modRevision = revision
        return topic
    }
}

/// Why a change of a topic is refused. The servers map each code to their protocol's error in one table.
package struct TopicPlanError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: Sendable, Hashable {
        /// Breaks the rules of `TopicName.problem`.
        case nameInvalid
        /// Differs from an existing topic's name in `.` and `_` only.
        case nameCollision
        case alreadyExists
        /// Zero or fewer, or no increase.
        case invalidPartitions
        /// More than `Topic.partitionsMax`, or the topic's value would outgrow what the store takes.
        case limitExceeded
        case invalidConfig
        case shardNotFound
        /// The shard is closed already.
        case shardClosed
        /// Not strictly inside the shard's range, or the range is a single key.
        case invalidHashKey
        /// The two shards' ranges do not touch.
        case shardsNotAdjacent
        /// Kafka producers have written to the topic, and `kinesis.allow.merge` is not set.
        case mergeRefused
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { self.message }
}

/// What a new topic shall be, from either API.
package struct TopicCreation: Sendable, Equatable {
    package var name: String
    package var id: TopicID
    package var partitionCount: Int
    /// Overrides by Kafka's config names.
    package var configs: [String: String]
    package var origin: TopicOrigin
    /// `nil`: ON_DEMAND.
    package var streamMode: StreamMode?
    package var tags: [String: String]
    package var attributes: [String: String]

    package init(
        name: String,
        id: TopicID,
        partitionCount: Int,
        configs: [String: String] = [:],
        origin: TopicOrigin,
        streamMode: StreamMode? = nil,
        tags: [String: String] = [:],
        attributes: [String: String] = [:]
    ) {
        self.name = name
        self.id = id
        self.partitionCount = partitionCount
        self.configs = configs
        self.origin = origin
        self.streamMode = streamMode
        self.tags = tags
        self.attributes = attributes
    }
}
