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
        case .acquiring, .offline:
            home = ownID
            self.leader = nil
        }
        self.all = [home]
        if case .offline = placement {
            self.inSync = []
            self.offline = [home]
        } else {
            self.inSync = [home]
            self.offline = []
        }
    }
}
