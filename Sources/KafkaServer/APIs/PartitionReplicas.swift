internal import Broker
internal import Model

/// A partition's place in the words of the Kafka protocol: its replicas. There is one, at the leader.
struct PartitionReplicas {
    /// `nil` when the partition has no leader at the moment.
    let leader: BrokerID?
    let all: [BrokerID]
    let inSync: [BrokerID]
    let offline: [BrokerID]

    init(_ placement: PartitionPlacement, ownID: BrokerID) {
        let home: BrokerID
        switch placement {
        case .here:
            home = ownID
            self.leader = ownID
        case .elsewhere(let other):
            home = other.broker
            self.leader = other.broker
        case .offline:
            home = ownID
            self.leader = nil
        }
        self.all = [home]
        self.inSync = self.leader == nil ? [] : [home]
        self.offline = self.leader == nil ? [home] : []
    }
}
