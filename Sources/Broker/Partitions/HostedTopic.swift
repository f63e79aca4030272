internal import LogCore
package import Metadata
package import Model

/// A topic's metadata together with where its partitions are served. Immutable: a change of the topic makes a new one
/// that shares the partitions.
package final class HostedTopic: Sendable {
    package let topic: Topic
    /// By partition number.
    package let placements: [PartitionPlacement]
    /// Whether this broker serves every partition.
    package let isServedWhole: Bool

    package init(topic: Topic, placements: [PartitionPlacement]) {
        self.topic = topic
        self.placements = placements
        self.isServedWhole = placements.allSatisfy { $0.hosted != nil }
    }

    package var name: String { self.topic.name }
    package var id: TopicID { self.topic.id }
    package var partitionCount: Int { self.placements.count }

    /// Whether the topic has a partition of this number, wherever it is served.
    package func has(_ number: Int32) -> Bool { number >= 0 && Int(number) < self.placements.count }

    /// The partition with this number, for a request that must be served here.
    ///
    /// Throws what the request is to be refused with: `.notLeader` (with the leader) when another broker has it, the
    /// log's error when it is offline, `.partitionNotReady` while its log is acquired, `.unknownTopicOrPartition` when
    /// there is no such partition.
    package func partition(_ number: Int32) throws(BrokerError) -> HostedPartition {
        guard self.has(number) else { throw .unknownPartition }
        switch self.placements[Int(number)] {
        case .here(let partition): return partition
        case .acquiring: throw BrokerError(notReady: number, of: self.name)
        case .elsewhere(let leader): throw BrokerError(notLedHere: number, of: self.name, leader)
        case .offline(let error): throw BrokerError(error)
        case .unassigned: throw BrokerError(unassigned: number, of: self.name)
        }
    }

    /// The epoch of a partition's leader, wherever it is. The partition must exist.
    package func leaderEpoch(of number: Int32) -> LeaderEpoch {
        switch self.placements[Int(number)] {
        case .here(let partition): partition.leaderEpoch
        case .acquiring(let epoch): epoch
        case .elsewhere(let leader): leader.epoch
        case .offline, .unassigned: self.topic.partitions[Int(number)].leaderEpoch
        }
    }

    /// Where a partition is served; `nil` when the topic has none of this number.
    package func placement(_ number: Int32) -> PartitionPlacement? {
        self.has(number) ? self.placements[Int(number)] : nil
    }

    /// The partitions that this broker serves.
    package var served: some Sequence<HostedPartition> { self.placements.lazy.compactMap(\.hosted) }
}

extension HostedTopic? {
    /// As `HostedTopic.partition`; without a topic `.unknownTopicOrPartition`, or `.unknownTopicID` when it was asked
    /// for by its ID.
    package func partition(_ number: Int32, isAskedByID: Bool = false) throws(BrokerError) -> HostedPartition {
        guard let topic = self else { throw isAskedByID ? .unknownID : .unknownPartition }
        return try topic.partition(number)
    }
}

extension BrokerError {
    fileprivate static let unknownPartition = BrokerError(
        .unknownTopicOrPartition,
        "This server does not host this topic-partition."
    )
    fileprivate static let unknownID = BrokerError(.unknownTopicID, "This server does not host this topic ID.")

    fileprivate init(notReady number: Int32, of topicName: String) {
        self.init(.partitionNotReady, "The log of partition \(number) of \(topicName) is being opened; try again.")
    }

    fileprivate init(unassigned number: Int32, of topicName: String) {
        self.init(.partitionNotReady, "Partition \(number) of \(topicName) has no leader at the moment; try again.")
    }

    fileprivate init(notLedHere number: Int32, of topicName: String, _ leader: PartitionLeader) {
        self.init(.notLeader, "Broker \(leader.broker) leads partition \(number) of \(topicName).")
        self.leader = leader
    }
}
