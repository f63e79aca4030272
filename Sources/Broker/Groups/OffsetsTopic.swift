internal import GroupCoordinator
package import LogCore
package import Model

/// Where groups are kept: the internal topic `__consumer_offsets`.
package protocol OffsetsTopic: Sendable {
    /// Whether the topic is there already. Listing groups must not create it.
    var exists: Bool { get }

    /// `offsets.topic.num.partitions`, or what the existing topic has. Never changes while the broker runs.
    var partitionCount: Int32 { get }

    /// Opens a partition, creating the topic when it is missing. Calls back once, on any thread.
    func open(
        _ partition: Int32,
        completion: @escaping @Sendable (Result<OffsetsPartition, LogError>) -> Void
    )
}

/// An open partition of the offsets topic.
package struct OffsetsPartition: Sendable {
    package var log: any PartitionLog
    package var leaderEpoch: LeaderEpoch
    /// The topic's `max.message.bytes`: what one group's record may take.
    package var messageBytesMax: Int

    package init(log: any PartitionLog, leaderEpoch: LeaderEpoch, messageBytesMax: Int) {
        self.log = log
        self.leaderEpoch = leaderEpoch
        self.messageBytesMax = messageBytesMax
    }
}

extension LogError {
    /// Kafka's mapping of append errors to what group members are told.
    var groupError: GroupError {
        switch self.code {
        case .diskFull, .overloaded: .coordinatorNotAvailable
        case .storage, .fencedLeaderEpoch, .partitionGone, .closed: .notCoordinator
        default: .unknownServerError
        }
    }
}
