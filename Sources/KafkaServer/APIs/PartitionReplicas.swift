internal import Broker
internal import Model

/// A partition's place in the words of the Kafka protocol: its replicas. There is one, at the leader; a partition that
/// has no leader at the moment has none.
struct PartitionReplicas {
    /// `nil` when the partition has no leader at the moment.
    let leader: BrokerID?
    let all: [BrokerID]
    let inSync: [BrokerID]
    let offline: [BrokerID]

    init(_ placement: PartitionPlacement, ownID: BrokerID) {
        switch placement {
        case .here: self.init(leader: ownID, all: [ownID])
        case .elsewhere(let other): self.init(leader: other.broker, all: [other.broker])
        case .acquiring: self.init(leader: nil, all: [ownID])
        case .offline: self.init(leader: nil, all: [ownID], isOffline: true)
        case .unassigned: self.init(leader: nil, all: [])
        }
    }

    private init(leader: BrokerID?, all: [BrokerID], isOffline: Bool = false) {
        self.leader = leader
        self.all = all
        self.inSync = isOffline ? [] : all
        self.offline = isOffline ? all : []
    }
}

extension Broker {
    /// Refuses a client's choice of brokers for new partitions, unless it is what would come of it anyway.
    func checkAssignments(_ assignments: [[BrokerID]]) throws(BrokerError) {
        guard !self.isClustered else {
            throw BrokerError(
                .invalidReplicaAssignment,
                "The cluster places partitions; name a number of them instead."
            )
        }
        guard assignments.allSatisfy({ $0 == [self.settings.nodeID] }) else {
            throw BrokerError(
                .invalidReplicaAssignment,
                "The only broker that a partition can be assigned to is \(self.settings.nodeID)."
            )
        }
    }
}
