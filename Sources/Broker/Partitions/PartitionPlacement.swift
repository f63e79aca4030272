package import LogCore
package import Metadata
package import Model

/// Where a partition is served at the moment, as this broker sees it.
package enum PartitionPlacement: Sendable {
    /// This broker leads it and has its log.
    case here(HostedPartition)
    /// This broker leads it and waits for the engine to acquire its log. Requests are refused with an error that
    /// clients retry, or wait for the log: `TopicChanges.acquired`, `TopicControl.settled` and
    /// `Broker.whenLogSettles` say when it is there.
    case acquiring(LeaderEpoch)
    /// Another broker leads it.
    case elsewhere(PartitionLeader)
    /// This broker should lead it, but its log could not be acquired.
    case offline(LogError)
    /// No broker leads it at the moment: it is new, or its leader is gone. Requests are refused as while its log is
    /// acquired.
    case unassigned

    /// The partition when this broker serves it.
    package var hosted: HostedPartition? {
        guard case .here(let partition) = self else { return nil }
        return partition
    }
}

/// The broker that leads a partition, and since which epoch.
package struct PartitionLeader: Sendable, Hashable {
    package var broker: BrokerID
    package var epoch: LeaderEpoch

    package init(broker: BrokerID, epoch: LeaderEpoch) {
        self.broker = broker
        self.epoch = epoch
    }
}

/// Who leads which partition, as the metadata says. On one machine that is always this broker.
package protocol PartitionOwnership: Sendable {
    /// Whether other brokers may lead partitions.
    var isShared: Bool { get }

    /// The broker that leads a partition, and its present epoch; `nil` when none does at the moment.
    ///
    /// - Parameter recordedEpoch: of the topic's metadata, which a cluster has elsewhere.
    func leader(of partition: TopicPartition, recordedEpoch: LeaderEpoch) -> PartitionLeader?

    /// The revision of the metadata at which the partition was given to its owner; 0 when that does not matter.
    func assignedAt(_ partition: TopicPartition) -> MetadataRevision

    /// What a transaction compares so that it is refused once another than this leader owns the partition.
    ///
    /// - Returns: `nil` when the leader does not own it, or is about to give it away.
    func compares(thatLeader epoch: LeaderEpoch, owns partition: TopicPartition) -> [MetadataCompare]?
}

extension PartitionOwnership {
    package func assignedAt(_ partition: TopicPartition) -> MetadataRevision { 0 }
    package func compares(thatLeader epoch: LeaderEpoch, owns partition: TopicPartition) -> [MetadataCompare]? { [] }
}

/// The ownership of a broker that has the metadata to itself.
package struct SoleOwner: PartitionOwnership {
    private let id: BrokerID

    package init(_ id: BrokerID) { self.id = id }

    package var isShared: Bool { false }

    package func leader(of partition: TopicPartition, recordedEpoch: LeaderEpoch) -> PartitionLeader? {
        PartitionLeader(broker: self.id, epoch: recordedEpoch)
    }
}
