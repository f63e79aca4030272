import Broker
import KafkaProtocol
import LogCore
import Model
import Testing

@testable import KafkaServer

@Suite struct PartitionReplicasTests {
    private static let ownID = BrokerID(1)

    @Test func `a partition that another broker leads is at that broker`() {
        let leader = PartitionLeader(broker: BrokerID(7), epoch: LeaderEpoch(2))
        let replicas = PartitionReplicas(.elsewhere(leader), ownID: Self.ownID)
        #expect(replicas.leader == BrokerID(7))
        #expect(replicas.all == [BrokerID(7)] && replicas.inSync == [BrokerID(7)] && replicas.offline.isEmpty)
    }

    @Test func `a partition whose log is on its way has no leader yet, and its replica is not offline`() {
        let replicas = PartitionReplicas(.acquiring(LeaderEpoch(2)), ownID: Self.ownID)
        #expect(replicas.leader == nil)
        #expect(replicas.all == [Self.ownID] && replicas.inSync == [Self.ownID] && replicas.offline.isEmpty)
    }

    @Test func `a partition whose log failed has an offline replica and no leader`() {
        let replicas = PartitionReplicas(.offline(LogError(.storage, "test")), ownID: Self.ownID)
        #expect(replicas.leader == nil)
        #expect(replicas.all == [Self.ownID] && replicas.inSync.isEmpty && replicas.offline == [Self.ownID])
    }

    @Test func `clients retry a partition whose log is on its way`() {
        let error = BrokerError(.partitionNotReady, "test")
        #expect(ErrorCode(error) == .notLeaderOrFollower)
        #expect(ErrorCode(reading: error) == .notLeaderOrFollower)
        #expect(ErrorCode(error).isRetriable)
    }
}
