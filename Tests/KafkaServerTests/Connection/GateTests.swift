import KafkaProtocol
import Model
import NIOCore
import NIOEmbedded
import Serving
import Synchronization
import Testing

@testable import KafkaServer

/// The one place before dispatch: every API can be refused there, in the shape that its clients read.
@Suite struct GateTests {
    /// Decides the same about everything, and notes what it was asked.
    private final class FixedGate: Gate {
        let decision: GateDecision
        let asked = Mutex<[String]>([])

        init(_ decision: GateDecision) { self.decision = decision }

        func decide(_ request: GateRequest) -> GateDecision {
            self.asked.withLock {
                $0.append("\(request.operation) \(request.session.principal) \(request.session.listener)")
            }
            return self.decision
        }
    }

    /// A request of one API, and where its answer says that it failed.
    struct Probe: Sendable, CustomTestStringConvertible {
        let key: APIKey
        let versions: ClosedRange<Int16>
        let errors: @Sendable (ConnectionHarness, Int16) throws -> [ErrorCode]
        /// The time to pause in an answer, and whether this version says it; `nil` without an answer.
        let pause: @Sendable (ConnectionHarness, Int16) throws -> (milliseconds: Int32, isSaid: Bool)?
        var testDescription: String { self.key.name }

        init<API: KafkaAPI>(
            _ api: API.Type,
            _ request: @escaping @Sendable (Int16) -> API.Request,
            _ errors: @escaping @Sendable (API.Response, Int16) -> [ErrorCode]
        ) {
            self.key = API.Request.apiKey
            self.versions = API.versions
            self.errors = { harness, version in
                try harness.send(request(version), version: version)
                guard let answer = try harness.receive(API.Response.self, version: version) else { return [] }
                #expect(answer.correlationID == 7)
                return errors(answer.response, version)
            }
            self.pause = { harness, version in
                try harness.send(request(version), version: version)
                guard var answer = try harness.receive(API.Response.self, version: version)?.response else {
                    return nil
                }
                let pause = answer.throttleTimeMs
                answer.throttleTimeMs = 7
                var buffer = ByteBuffer()
                answer.encode(into: &buffer, version: version)
                let again = try API.Response.decode(from: &buffer, version: version)
                return (pause, again.throttleTimeMs == 7)
            }
        }
    }

    private static let topic = TopicID(high: 1, low: 2)

    static let probes: [Probe] = [
        Probe(
            ProduceAPI.self,
            { version in
                let partition = ProduceRequest.Partition(partitionIndex: 3)
                return ProduceRequest(acks: -1, topics: [.init(name: "t", partitions: [partition, partition])])
            },
            { answer, _ in answer.topics.flatMap { $0.partitions.map(\.errorCode) } }
        ),
        Probe(
            FetchAPI.self,
            { _ in FetchRequest(topics: [.init(name: "t", partitions: [.init(partitionIndex: 3)])]) },
            { answer, version in
                (version >= 7 ? [answer.errorCode] : [])
                    + (version < 13 ? answer.topics.flatMap { $0.partitions.map(\.errorCode) } : [])
            }
        ),
        Probe(
            ListOffsetsAPI.self,
            { _ in ListOffsetsRequest(topics: [.init(name: "t", partitions: [.init(partitionIndex: 3)])]) },
            { answer, _ in answer.topics.flatMap { $0.partitions.map(\.errorCode) } }
        ),
        Probe(
            MetadataAPI.self,
            { _ in MetadataRequest(topics: [.init(name: "t")]) },
            { answer, version in answer.topics.map(\.errorCode) + (version >= 13 ? [answer.errorCode] : []) }
        ),
        Probe(
            OffsetCommitAPI.self,
            { _ in
                OffsetCommitRequest(
                    groupID: GroupID("g"),
                    topics: [.init(name: "t", partitions: [.init(partitionIndex: 3, committedOffset: 1)])]
                )
            },
            { answer, _ in answer.topics.flatMap { $0.partitions.map(\.errorCode) } }
        ),
        Probe(
            OffsetFetchAPI.self,
            { version in
                version >= 8
                    ? OffsetFetchRequest(groups: [.init(groupID: GroupID("g")), .init(groupID: GroupID("h"))])
                    : OffsetFetchRequest(groupID: GroupID("g"), topics: [.init(name: "t", partitionIndexes: [1, 2])])
            },
            { answer, version in
                switch version {
                case 8...: answer.groups.map(\.errorCode)
                case 2...7: [answer.errorCode]
                default: answer.topics.flatMap { $0.partitions.map(\.errorCode) }
                }
            }
        ),
        Probe(
            FindCoordinatorAPI.self,
            { $0 >= 4 ? FindCoordinatorRequest(coordinatorKeys: ["g"]) : FindCoordinatorRequest(key: "g") },
            { answer, version in version >= 4 ? answer.coordinators.map(\.errorCode) : [answer.errorCode] }
        ),
        Probe(JoinGroupAPI.self, { _ in JoinGroupRequest(groupID: GroupID("g")) }, { answer, _ in [answer.errorCode] }),
        Probe(HeartbeatAPI.self, { _ in HeartbeatRequest(groupID: GroupID("g")) }, { answer, _ in [answer.errorCode] }),
        Probe(
            LeaveGroupAPI.self,
            { _ in LeaveGroupRequest(groupID: GroupID("g")) },
            { answer, _ in [answer.errorCode] }
        ),
        Probe(SyncGroupAPI.self, { _ in SyncGroupRequest(groupID: GroupID("g")) }, { answer, _ in [answer.errorCode] }),
        Probe(
            DescribeGroupsAPI.self,
            { _ in DescribeGroupsRequest(groupIDs: [GroupID("g"), GroupID("h")]) },
            { answer, _ in answer.groups.map(\.errorCode) }
        ),
        Probe(ListGroupsAPI.self, { _ in ListGroupsRequest() }, { answer, _ in [answer.errorCode] }),
        Probe(ApiVersionsAPI.self, { _ in ApiVersionsRequest() }, { answer, _ in [answer.errorCode] }),
        Probe(
            CreateTopicsAPI.self,
            { _ in CreateTopicsRequest(topics: [.init(name: "t")]) },
            { answer, _ in answer.topics.map(\.errorCode) }
        ),
        Probe(
            DeleteTopicsAPI.self,
            {
                $0 >= 6
                    ? DeleteTopicsRequest(topics: [.init(name: "t"), .init(topicID: Self.topic)])
                    : DeleteTopicsRequest(topicNames: ["t"])
            },
            { answer, _ in answer.topics.map(\.errorCode) }
        ),
        Probe(
            DeleteRecordsAPI.self,
            { _ in DeleteRecordsRequest(topics: [.init(name: "t", partitions: [.init(partitionIndex: 3)])]) },
            { answer, _ in answer.topics.flatMap { $0.partitions.map(\.errorCode) } }
        ),
        Probe(InitProducerIDAPI.self, { _ in InitProducerIdRequest() }, { answer, _ in [answer.errorCode] }),
        Probe(
            OffsetForLeaderEpochAPI.self,
            { _ in OffsetForLeaderEpochRequest(topics: [.init(name: "t", partitions: [.init(partitionIndex: 3)])]) },
            { answer, _ in answer.topics.flatMap { $0.partitions.map(\.errorCode) } }
        ),
        Probe(
            DescribeConfigsAPI.self,
            { _ in DescribeConfigsRequest(resources: [.init(resourceType: 2, resourceName: "t")]) },
            { answer, _ in answer.resources.map(\.errorCode) }
        ),
        Probe(
            AlterConfigsAPI.self,
            { _ in AlterConfigsRequest(resources: [.init(resourceType: 2, resourceName: "t")]) },
            { answer, _ in answer.resources.map(\.errorCode) }
        ),
        Probe(
            CreatePartitionsAPI.self,
            { _ in CreatePartitionsRequest(topics: [.init(name: "t", count: 2)]) },
            { answer, _ in answer.topics.map(\.errorCode) }
        ),
        Probe(
            DeleteGroupsAPI.self,
            { _ in DeleteGroupsRequest(groupIDs: [GroupID("g"), GroupID("h")]) },
            { answer, _ in answer.groups.map(\.errorCode) }
        ),
        Probe(
            IncrementalAlterConfigsAPI.self,
            { _ in IncrementalAlterConfigsRequest(resources: [.init(resourceType: 2, resourceName: "t")]) },
            { answer, _ in answer.resources.map(\.errorCode) }
        ),
        Probe(
            OffsetDeleteAPI.self,
            { _ in OffsetDeleteRequest(groupID: GroupID("g")) },
            { answer, _ in [answer.errorCode] }
        ),
        Probe(
            AlterReplicaLogDirsAPI.self,
            { _ in .init(dirs: [.init(path: "/d", topics: [.init(name: "t", partitions: [3])])]) },
            { answer, _ in answer.results.flatMap { $0.partitions.map(\.errorCode) } }
        ),
        Probe(
            DescribeLogDirsAPI.self,
            { _ in DescribeLogDirsRequest() },
            { answer, version in version >= 3 ? [answer.errorCode] : answer.results.map(\.errorCode) }
        ),
        Probe(
            ElectLeadersAPI.self,
            { _ in ElectLeadersRequest(topicPartitions: [.init(topic: "t", partitions: [3])]) },
            { answer, version in
                (version >= 1 ? [answer.errorCode] : [])
                    + answer.replicaElectionResults.flatMap { $0.partitionResults.map(\.errorCode) }
            }
        ),
        Probe(
            AlterPartitionReassignmentsAPI.self,
            { _ in AlterPartitionReassignmentsRequest(topics: []) },
            { answer, _ in [answer.errorCode] }
        ),
        Probe(
            ListPartitionReassignmentsAPI.self,
            { _ in ListPartitionReassignmentsRequest() },
            { answer, _ in [answer.errorCode] }
        ),
        Probe(DescribeQuorumAPI.self, { _ in DescribeQuorumRequest(topics: []) }, { answer, _ in [answer.errorCode] }),
        Probe(
            UpdateFeaturesAPI.self,
            { _ in UpdateFeaturesRequest(featureUpdates: []) },
            { answer, _ in [answer.errorCode] }
        ),
        Probe(
            GetTelemetrySubscriptionsAPI.self,
            { _ in GetTelemetrySubscriptionsRequest() },
            { answer, _ in [answer.errorCode] }
        ),
        Probe(PushTelemetryAPI.self, { _ in PushTelemetryRequest() }, { answer, _ in [answer.errorCode] }),
        Probe(UnregisterBrokerAPI.self, { _ in UnregisterBrokerRequest() }, { answer, _ in [answer.errorCode] }),
        Probe(ListConfigResourcesAPI.self, { _ in ListConfigResourcesRequest() }, { answer, _ in [answer.errorCode] }),
        Probe(DescribeClusterAPI.self, { _ in DescribeClusterRequest() }, { answer, _ in [answer.errorCode] }),
        Probe(
            AddPartitionsToTxnAPI.self,
            { version in
                guard version < 4 else {
                    return AddPartitionsToTxnRequest(
                        transactions: [
                            .init(
                                transactionalID: "x",
                                producerID: ProducerID(1),
                                producerEpoch: ProducerEpoch(0),
                                topics: [.init(name: "t", partitions: [1])]
                            )
                        ]
                    )
                }
                return AddPartitionsToTxnRequest(
                    transactionalID: "x",
                    producerID: ProducerID(1),
                    topics: [.init(name: "t", partitions: [1, 2])]
                )
            },
            { answer, version in
                version < 4 ? answer.topics.flatMap { $0.partitions.map(\.errorCode) } : [answer.errorCode]
            }
        ),
        Probe(
            AddOffsetsToTxnAPI.self,
            { _ in
                AddOffsetsToTxnRequest(
                    transactionalID: "x",
                    producerID: ProducerID(1),
                    producerEpoch: ProducerEpoch(0),
                    groupID: GroupID("g")
                )
            },
            { answer, _ in [answer.errorCode] }
        ),
        Probe(
            EndTxnAPI.self,
            { _ in
                EndTxnRequest(
                    transactionalID: "x",
                    producerID: ProducerID(1),
                    producerEpoch: ProducerEpoch(0),
                    committed: true
                )
            },
            { answer, _ in [answer.errorCode] }
        ),
        Probe(
            WriteTxnMarkersAPI.self,
            { _ in
                WriteTxnMarkersRequest(
                    markers: [
                        .init(
                            producerID: ProducerID(1),
                            producerEpoch: ProducerEpoch(0),
                            transactionResult: true,
                            topics: [.init(name: "t", partitionIndexes: [1, 2])],
                            coordinatorEpoch: 0
                        )
                    ]
                )
            },
            { answer, _ in answer.markers.flatMap { $0.topics.flatMap { $0.partitions.map(\.errorCode) } } }
        ),
        Probe(
            TxnOffsetCommitAPI.self,
            { _ in
                TxnOffsetCommitRequest(
                    transactionalID: "x",
                    groupID: GroupID("g"),
                    producerID: ProducerID(1),
                    producerEpoch: ProducerEpoch(0),
                    topics: [.init(name: "t", partitions: [.init(partitionIndex: 1, committedOffset: 2)])]
                )
            },
            { answer, _ in answer.topics.flatMap { $0.partitions.map(\.errorCode) } }
        ),
        Probe(
            DescribeTransactionsAPI.self,
            { _ in DescribeTransactionsRequest(transactionalIDs: ["x", "y"]) },
            { answer, _ in answer.transactionStates.map(\.errorCode) }
        ),
        Probe(
            ListTransactionsAPI.self,
            { _ in ListTransactionsRequest() },
            { answer, _ in [answer.errorCode] }
        ),
        Probe(
            DescribeProducersAPI.self,
            { _ in DescribeProducersRequest(topics: [.init(name: "t", partitionIndexes: [1, 2])]) },
            { answer, _ in answer.topics.flatMap { $0.partitions.map(\.errorCode) } }
        ),
        Probe(
            ConsumerGroupHeartbeatAPI.self,
            { _ in ConsumerGroupHeartbeatRequest(groupID: GroupID("g")) },
            { answer, _ in [answer.errorCode] }
        ),
        Probe(
            ConsumerGroupDescribeAPI.self,
            { _ in ConsumerGroupDescribeRequest(groupIDs: [GroupID("g")]) },
            { answer, _ in answer.groups.map(\.errorCode) }
        ),
        Probe(DescribeAclsAPI.self, { _ in DescribeAclsRequest() }, { answer, _ in [answer.errorCode] }),
        Probe(
            CreateAclsAPI.self,
            { _ in CreateAclsRequest(creations: [.init(), .init()]) },
            { answer, _ in answer.results.map(\.errorCode) }
        ),
        Probe(
            DeleteAclsAPI.self,
            { _ in DeleteAclsRequest(filters: [.init()]) },
            { answer, _ in answer.filterResults.map(\.errorCode) }
        ),
        Probe(
            DescribeClientQuotasAPI.self,
            { _ in DescribeClientQuotasRequest(components: []) },
            { answer, _ in [answer.errorCode] }
        ),
        Probe(
            AlterClientQuotasAPI.self,
            { _ in AlterClientQuotasRequest(entries: [.init(entity: [.init(entityType: "user", entityName: "u")])]) },
            { answer, _ in answer.entries.map(\.errorCode) }
        ),
        Probe(
            SaslHandshakeAPI.self,
            { _ in SaslHandshakeRequest(mechanism: "PLAIN") },
            { answer, _ in [answer.errorCode] }
        ),
        Probe(
            SaslAuthenticateAPI.self,
            { _ in SaslAuthenticateRequest(authBytes: ByteBuffer()) },
            { answer, _ in [answer.errorCode] }
        ),
        Probe(
            CreateDelegationTokenAPI.self,
            { _ in CreateDelegationTokenRequest(renewers: [], maxLifetimeMs: 0) },
            { answer, _ in [answer.errorCode] }
        ),
        Probe(
            RenewDelegationTokenAPI.self,
            { _ in RenewDelegationTokenRequest(hmac: ByteBuffer(), renewPeriodMs: 0) },
            { answer, _ in [answer.errorCode] }
        ),
        Probe(
            ExpireDelegationTokenAPI.self,
            { _ in ExpireDelegationTokenRequest(hmac: ByteBuffer(), expiryTimePeriodMs: 0) },
            { answer, _ in [answer.errorCode] }
        ),
        Probe(
            DescribeDelegationTokenAPI.self,
            { _ in DescribeDelegationTokenRequest(owners: nil) },
            { answer, _ in [answer.errorCode] }
        ),
        Probe(
            DescribeUserScramCredentialsAPI.self,
            { _ in DescribeUserScramCredentialsRequest(users: nil) },
            { answer, _ in [answer.errorCode] }
        ),
        Probe(
            AlterUserScramCredentialsAPI.self,
            { _ in
                AlterUserScramCredentialsRequest(deletions: [.init(name: "u", mechanism: 1)], upsertions: [])
            },
            { answer, _ in answer.results.map(\.errorCode) }
        ),
        Probe(
            DescribeTopicPartitionsAPI.self,
            { _ in DescribeTopicPartitionsRequest(topics: [.init(name: "t")]) },
            { answer, _ in answer.topics.map(\.errorCode) }
        ),
    ]

    @Test func `there is a probe for every API that is served`() {
        #expect(Self.probes.map(\.key).sorted() == ServedAPI.all.map(\.key).sorted())
    }

    @Test(arguments: GateRefusal.allCases)
    func `a refusal reaches the client of every API and version as an error of that API`(
        refusal: GateRefusal
    ) async throws {
        let gate = FixedGate(.refuse(refusal))
        try await ConnectionHarness.withConnection(gate: gate) { harness in
            var asked: [String] = []
            for probe in Self.probes {
                let expected = ErrorCode(refusal, of: probe.key)
                for version in probe.versions {
                    let errors = try probe.errors(harness, version)
                    #expect(!errors.isEmpty, "\(probe.key) v\(version) was not answered")
                    #expect(errors.allSatisfy { $0 == expected }, "\(probe.key) v\(version): \(errors)")
                    asked.append("\(probe.key) User:ANONYMOUS Kafka")
                }
            }
            #expect(gate.asked.withLock { $0 } == asked, "every request passes the gate once")
            #expect(harness.channel.isActive)
        }
    }

    @Test func `a refused produce without acknowledgement closes the connection`() async throws {
        try await ConnectionHarness.withConnection(gate: FixedGate(.refuse(.notAuthorized))) { harness in
            try harness.send(ProduceRequest(acks: 0), version: 9)
            #expect(!harness.channel.isActive)
        }
    }
}
