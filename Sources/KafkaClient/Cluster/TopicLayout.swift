internal import KafkaProtocol
package import Model

/// What a client must know of a topic: its identity and who leads its partitions.
package struct TopicLayout: Sendable, Equatable {
    package struct Partition: Sendable, Equatable {
        package var index: Int32
        /// `nil` while the partition has no leader.
        package var leader: BrokerID?
        package var leaderEpoch: LeaderEpoch
        package var replicas: [BrokerID]
        package var inSyncReplicas: [BrokerID]
    }

    package var name: String
    /// `.zero` from a broker that does not tell.
    package var topicID: TopicID
    package var isInternal: Bool
    /// In the order of their numbers, which begin at 0.
    package var partitions: [Partition]

    init(_ topic: MetadataResponse.Topic) {
        self.name = topic.name ?? ""
        self.topicID = topic.topicID
        self.isInternal = topic.isInternal
        self.partitions = topic.partitions
            .map { partition in
                Partition(
                    index: partition.partitionIndex,
                    leader: partition.leaderID.rawValue < 0 ? nil : partition.leaderID,
                    leaderEpoch: partition.leaderEpoch,
                    replicas: partition.replicaNodes,
                    inSyncReplicas: partition.isrNodes
                )
            }
            .sorted { $0.index < $1.index }
    }

    package func leader(of partition: Int32) -> BrokerID? {
        self.partitions.first { $0.index == partition }?.leader
    }
}

/// A partition named as people name it.
package struct NamedPartition: Hashable, Sendable, Comparable, CustomStringConvertible {
    package var topic: String
    package var partition: Int32

    package init(topic: String, partition: Int32) {
        self.topic = topic
        self.partition = partition
    }

    package static func < (left: Self, right: Self) -> Bool {
        left.topic == right.topic ? left.partition < right.partition : left.topic < right.topic
    }

    package var description: String { "\(self.topic)-\(self.partition)" }
}
