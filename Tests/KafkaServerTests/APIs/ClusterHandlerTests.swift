import KafkaProtocol
import Model
import Testing

@testable import KafkaServer

/// What a cluster of one broker answers to tools for clusters of many.
@Suite(.timeLimit(.minutes(20))) struct ClusterHandlerTests {
    private static let name = HandlerHarness.topicName

    @Test(arguments: [0, 1, 2] as [Int16])
    func `no partition needs an election, and a request for all lists none`(version: Int16) async throws {
        try await HandlerHarness.run { harness in
            let asked = ElectLeadersRequest(
                topicPartitions: [
                    .init(topic: Self.name, partitions: [0, 7]), .init(topic: "nope", partitions: [0]),
                ]
            )
            let answer = try await harness.ask(asked, version: version)
            #expect(answer.errorCode == .none)
            #expect(
                answer.replicaElectionResults.flatMap { $0.partitionResults.map(\.errorCode) }
                    == [.electionNotNeeded, .unknownTopicOrPartition, .unknownTopicOrPartition]
            )
            let all = try await harness.ask(ElectLeadersRequest(topicPartitions: nil), version: version)
            #expect(all.errorCode == .none && all.replicaElectionResults.isEmpty)
            guard version >= 1 else { return }
            let strange = try await harness.ask(ElectLeadersRequest(electionType: 9), version: version)
            #expect(strange.errorCode == .invalidRequest)
        }
    }

    @Test func `a partition may be moved to where it is, and nowhere else`() async throws {
        try await HandlerHarness.run { harness in
            let cases: [(Int32, [Int32]?, ErrorCode)] = [
                (0, [0], .none), (0, nil, .noReassignmentInProgress), (0, [1], .invalidReplicaAssignment),
                (0, [], .invalidReplicaAssignment), (0, [0, 0], .invalidReplicaAssignment),
                (0, [0, 1], .invalidReplicationFactor), (7, [0], .unknownTopicOrPartition),
            ]
            for (number, replicas, expected) in cases {
                let request = AlterPartitionReassignmentsRequest(
                    allowReplicationFactorChange: false,
                    topics: [
                        .init(name: Self.name, partitions: [.init(partitionIndex: number, replicas: replicas)])
                    ]
                )
                let answer = try await harness.ask(request, version: 1)
                #expect(answer.errorCode == .none && !answer.allowReplicationFactorChange)
                #expect(answer.responses[0].partitions[0].errorCode == expected, "\(String(describing: replicas))")
            }
            let listed = try await harness.ask(ListPartitionReassignmentsRequest(), version: 0)
            #expect(listed.errorCode == .none && listed.topics.isEmpty)
        }
    }

    @Test(arguments: [0, 1, 2] as [Int16])
    func `the quorum is this broker, and only the metadata has one`(version: Int16) async throws {
        try await HandlerHarness.run { harness in
            func request(_ topic: String) -> DescribeQuorumRequest {
                .init(topics: [.init(topicName: topic, partitions: [.init(partitionIndex: 0)])])
            }
            let answer = try await harness.ask(request("__cluster_metadata"), version: version)
            let partition = try #require(answer.topics.first?.partitions.first)
            #expect(answer.errorCode == .none && partition.errorCode == .none)
            #expect(partition.leaderID == BrokerID(0) && partition.highWatermark > 0)
            #expect(partition.currentVoters.map(\.replicaID) == [BrokerID(0)] && partition.observers.isEmpty)
            #expect(partition.currentVoters[0].logEndOffset == partition.highWatermark)
            #expect(partition.currentVoters[0].lastCaughtUpTimestamp == (version >= 1 ? 1_700_000_000_000 : -1))
            #expect(answer.nodes.map(\.nodeID) == (version >= 2 ? [BrokerID(0)] : []))
            let other = try await harness.ask(request(Self.name), version: version)
            #expect(other.topics[0].partitions[0].errorCode == .unknownTopicOrPartition)
        }
    }

    @Test func `neither this broker nor an unknown one can be unregistered`() async throws {
        try await HandlerHarness.run { harness in
            let own = try await harness.ask(UnregisterBrokerRequest(brokerID: BrokerID(0)), version: 0)
            #expect(own.errorCode == .invalidRequest)
            let other = try await harness.ask(UnregisterBrokerRequest(brokerID: BrokerID(5)), version: 0)
            #expect(other.errorCode == .brokerIDNotRegistered)
        }
    }

    @Test func `topics and the broker are listed as what has a configuration`() async throws {
        try await HandlerHarness.run { harness in
            let metrics = try await harness.ask(ListConfigResourcesRequest(), version: 0)
            #expect(metrics.errorCode == .none && metrics.configResources.isEmpty)
            let all = try await harness.ask(ListConfigResourcesRequest(), version: 1)
            #expect(all.configResources.map(\.resourceName) == [Self.name, "0", "0"])
            #expect(all.configResources.map(\.resourceType) == [2, 4, 8])
            let groups = try await harness.ask(ListConfigResourcesRequest(resourceTypes: [32]), version: 1)
            #expect(groups.errorCode == .none && groups.configResources.isEmpty)
            let strange = try await harness.ask(ListConfigResourcesRequest(resourceTypes: [3]), version: 1)
            #expect(strange.errorCode == .unsupportedVersion)
        }
    }

    @Test(arguments: [1, 2, 3, 4] as [Int16])
    func `the one log directory lists what is asked for and is here`(version: Int16) async throws {
        try await HandlerHarness.run { harness in
            let all = try await harness.ask(DescribeLogDirsRequest(topics: nil), version: version)
            #expect(all.errorCode == .none && all.results.map(\.errorCode) == [.none])
            #expect(all.results[0].topics.map(\.name) == [Self.name])
            #expect(all.results[0].topics[0].partitions.map(\.partitionIndex) == [0, 1])
            let some = try await harness.ask(
                DescribeLogDirsRequest(
                    topics: [.init(topic: "nope", partitions: [0]), .init(topic: Self.name, partitions: [1, 9])]
                ),
                version: version
            )
            #expect(some.results[0].topics.map(\.name) == [Self.name])
            #expect(some.results[0].topics[0].partitions.map(\.partitionIndex) == [1])
        }
    }

    @Test func `a replica stays in the one log directory`() async throws {
        try await HandlerHarness.run { harness in
            let answer = try await harness.ask(
                AlterReplicaLogDirsRequest(
                    dirs: [
                        .init(path: "", topics: [.init(name: Self.name, partitions: [0, 9])]),
                        .init(path: "/elsewhere", topics: [.init(name: Self.name, partitions: [0])]),
                    ]
                ),
                version: 2
            )
            #expect(
                answer.results.flatMap { $0.partitions.map(\.errorCode) }
                    == [.none, .unknownTopicOrPartition, .logDirNotFound]
            )
        }
    }
}
