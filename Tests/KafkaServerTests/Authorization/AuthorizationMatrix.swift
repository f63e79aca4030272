import AccessControl
import KafkaProtocol
import Model
import NIOCore

@testable import KafkaServer

/// What every API needs, as Kafka's KafkaApis and ControllerApis ask for it: the table that the matrix test is made of.
struct AuthorizationRow: Sendable, CustomStringConvertible {
    struct Grant: Sendable, Hashable, CustomStringConvertible {
        var operation: ACLOperation
        var type: ResourceType
        var name: String
        var description: String { "\(self.operation.name) \(self.type.name):\(self.name)" }
    }

    /// What the client is told: the codes in the answer as a whole, or in what was refused of it.
    typealias Errors = @Sendable (Access, Int16) -> [ErrorCode]

    let key: APIKey
    let versions: ClosedRange<Int16>
    /// One of these is enough; all of it is needed.
    let needs: [[Grant]]
    let errors: Errors
    var description: String { self.key.name }

    /// - Parameters:
    ///   - empty: an answer in which nothing was done; `nil` for an API that is carried out as a whole or not at all.
    ///   - errors: of an answer.
    init<API: KafkaAPI>(
        _ api: API.Type,
        _ needs: [[Grant]],
        versions: ClosedRange<Int16>? = nil,
        _ request: @escaping @Sendable (Int16) -> API.Request,
        empty: (@Sendable () -> API.Response)? = nil,
        _ errors: @escaping @Sendable (API.Response) -> [ErrorCode] = { _ in [] }
    ) {
        self.key = API.Request.apiKey
        self.versions = versions ?? API.versions
        self.needs = needs
        self.errors = { access, version in
            var asked = request(version)
            switch API.authorize(&asked, access) {
            case .granted: return []
            case .refused(let code): return [code]
            case .answered(let response): return errors(response)
            case .partly(let amend):
                guard var response = empty?() else { return [] }
                amend(&response)
                return errors(response)
            }
        }
    }

    static func topic(_ operation: ACLOperation) -> Grant { Grant(operation: operation, type: .topic, name: "t") }
    static func group(_ operation: ACLOperation) -> Grant { Grant(operation: operation, type: .group, name: "g") }
    static func transaction(_ operation: ACLOperation) -> Grant {
        Grant(operation: operation, type: .transactionalID, name: "x")
    }
    static func cluster(_ operation: ACLOperation) -> Grant {
        Grant(operation: operation, type: .cluster, name: ResourceType.clusterName)
    }

    /// Every client may, or the answer has only what it may see.
    static let everybody: [[Grant]] = [[]]

    static let all = Self.records + Self.transactions + Self.groups + Self.topics + Self.settings + Self.administration

    private static let records: [AuthorizationRow] = [
        AuthorizationRow(
            ProduceAPI.self,
            [[topic(.write)]],
            versions: 3...12,
            { _ in ProduceRequest(acks: -1, topics: [.init(name: "t", partitions: [.init(partitionIndex: 0)])]) },
            empty: { ProduceResponse() },
            { $0.topics.flatMap { $0.partitions.map(\.errorCode) } }
        ),
        // Asked about where its session is known: `FetchAuthorizationTests`.
        AuthorizationRow(FetchAPI.self, everybody, { _ in FetchRequest() }),
        AuthorizationRow(
            ListOffsetsAPI.self,
            [[topic(.describe)]],
            { _ in ListOffsetsRequest(topics: [.init(name: "t", partitions: [.init(partitionIndex: 0)])]) },
            empty: { ListOffsetsResponse() },
            { $0.topics.flatMap { $0.partitions.map(\.errorCode) } }
        ),
        AuthorizationRow(
            OffsetForLeaderEpochAPI.self,
            [[topic(.describe)], [cluster(.clusterAction)]],
            { _ in OffsetForLeaderEpochRequest(topics: [.init(name: "t", partitions: [.init(partitionIndex: 0)])]) },
            empty: { OffsetForLeaderEpochResponse() },
            { $0.topics.flatMap { $0.partitions.map(\.errorCode) } }
        ),
        AuthorizationRow(
            DeleteRecordsAPI.self,
            [[topic(.delete)]],
            { _ in DeleteRecordsRequest(topics: [.init(name: "t", partitions: [.init(partitionIndex: 0)])]) },
            empty: { DeleteRecordsResponse() },
            { $0.topics.flatMap { $0.partitions.map(\.errorCode) } }
        ),
        AuthorizationRow(
            DescribeProducersAPI.self,
            [[topic(.read)]],
            { _ in DescribeProducersRequest(topics: [.init(name: "t", partitionIndexes: [0])]) },
            empty: { DescribeProducersResponse() },
            { $0.topics.flatMap { $0.partitions.map(\.errorCode) } }
        ),
        AuthorizationRow(
            InitProducerIDAPI.self,
            [[cluster(.idempotentWrite)], [topic(.write)]],
            { _ in InitProducerIdRequest() }
        ),
    ]

    private static let transactions: [AuthorizationRow] = [
        AuthorizationRow(
            AddPartitionsToTxnAPI.self,
            [[transaction(.write), topic(.write)]],
            versions: 0...3,
            { _ in AddPartitionsToTxnRequest(transactionalID: "x", topics: [.init(name: "t", partitions: [0])]) },
            { $0.topics.flatMap { $0.partitions.map(\.errorCode) } }
        ),
        AuthorizationRow(
            AddPartitionsToTxnAPI.self,
            [[cluster(.clusterAction)]],
            versions: 4...5,
            { _ in AddPartitionsToTxnRequest() }
        ),
        AuthorizationRow(
            AddOffsetsToTxnAPI.self,
            [[transaction(.write), group(.read)]],
            { _ in
                AddOffsetsToTxnRequest(
                    transactionalID: "x",
                    producerID: ProducerID(1),
                    producerEpoch: ProducerEpoch(0),
                    groupID: GroupID("g")
                )
            }
        ),
        AuthorizationRow(
            EndTxnAPI.self,
            [[transaction(.write)]],
            { _ in
                EndTxnRequest(
                    transactionalID: "x",
                    producerID: ProducerID(1),
                    producerEpoch: ProducerEpoch(0),
                    committed: true
                )
            }
        ),
        AuthorizationRow(
            WriteTxnMarkersAPI.self,
            [[cluster(.alter)], [cluster(.clusterAction)]],
            { _ in WriteTxnMarkersRequest(markers: []) }
        ),
        AuthorizationRow(
            TxnOffsetCommitAPI.self,
            [[transaction(.write), group(.read), topic(.read)]],
            { _ in
                TxnOffsetCommitRequest(
                    transactionalID: "x",
                    groupID: GroupID("g"),
                    producerID: ProducerID(1),
                    producerEpoch: ProducerEpoch(0),
                    topics: [.init(name: "t", partitions: [.init(partitionIndex: 0, committedOffset: 1)])]
                )
            },
            { $0.topics.flatMap { $0.partitions.map(\.errorCode) } }
        ),
        AuthorizationRow(
            DescribeTransactionsAPI.self,
            [[transaction(.describe)]],
            { _ in DescribeTransactionsRequest(transactionalIDs: ["x"]) },
            empty: { DescribeTransactionsResponse(transactionStates: []) },
            { $0.transactionStates.map(\.errorCode) }
        ),
        AuthorizationRow(ListTransactionsAPI.self, everybody, { _ in ListTransactionsRequest() }),
    ]

    private static let groups: [AuthorizationRow] = [
        AuthorizationRow(
            OffsetCommitAPI.self,
            [[group(.read), topic(.read)]],
            versions: 2...9,
            { _ in
                OffsetCommitRequest(
                    groupID: GroupID("g"),
                    topics: [.init(name: "t", partitions: [.init(partitionIndex: 0, committedOffset: 1)])]
                )
            },
            { $0.topics.flatMap { $0.partitions.map(\.errorCode) } }
        ),
        AuthorizationRow(
            OffsetFetchAPI.self,
            [[group(.describe), topic(.describe)]],
            versions: 1...7,
            { _ in OffsetFetchRequest(groupID: GroupID("g"), topics: [.init(name: "t", partitionIndexes: [0])]) },
            empty: { OffsetFetchResponse() },
            { $0.topics.flatMap { $0.partitions.map(\.errorCode) } }
        ),
        AuthorizationRow(
            OffsetFetchAPI.self,
            [[group(.describe), topic(.describe)]],
            versions: 8...9,
            { _ in
                OffsetFetchRequest(
                    groups: [.init(groupID: GroupID("g"), topics: [.init(name: "t", partitionIndexes: [0])])]
                )
            },
            empty: { OffsetFetchResponse(groups: [.init(groupID: GroupID("g"))]) },
            { $0.groups.flatMap { [$0.errorCode] + $0.topics.flatMap { $0.partitions.map(\.errorCode) } } }
        ),
        AuthorizationRow(
            FindCoordinatorAPI.self,
            [[group(.describe)]],
            { $0 >= 4 ? FindCoordinatorRequest(coordinatorKeys: ["g"]) : FindCoordinatorRequest(key: "g") },
            empty: { FindCoordinatorResponse(coordinators: []) },
            { $0.coordinators.map(\.errorCode) }
        ),
        AuthorizationRow(
            FindCoordinatorAPI.self,
            [[transaction(.describe)]],
            versions: 1...6,
            {
                $0 >= 4
                    ? FindCoordinatorRequest(keyType: 1, coordinatorKeys: ["x"])
                    : FindCoordinatorRequest(key: "x", keyType: 1)
            },
            empty: { FindCoordinatorResponse(coordinators: []) },
            { $0.coordinators.map(\.errorCode) }
        ),
        AuthorizationRow(JoinGroupAPI.self, [[group(.read)]], { _ in JoinGroupRequest(groupID: GroupID("g")) }),
        AuthorizationRow(HeartbeatAPI.self, [[group(.read)]], { _ in HeartbeatRequest(groupID: GroupID("g")) }),
        AuthorizationRow(LeaveGroupAPI.self, [[group(.read)]], { _ in LeaveGroupRequest(groupID: GroupID("g")) }),
        AuthorizationRow(SyncGroupAPI.self, [[group(.read)]], { _ in SyncGroupRequest(groupID: GroupID("g")) }),
        AuthorizationRow(
            DescribeGroupsAPI.self,
            [[group(.describe)]],
            { _ in DescribeGroupsRequest(groupIDs: [GroupID("g")]) },
            empty: { DescribeGroupsResponse() },
            { $0.groups.map(\.errorCode) }
        ),
        AuthorizationRow(ListGroupsAPI.self, everybody, { _ in ListGroupsRequest() }),
        AuthorizationRow(
            DeleteGroupsAPI.self,
            [[group(.delete)]],
            { _ in DeleteGroupsRequest(groupIDs: [GroupID("g")]) },
            empty: { DeleteGroupsResponse() },
            { $0.groups.map(\.errorCode) }
        ),
        AuthorizationRow(
            OffsetDeleteAPI.self,
            [[group(.delete), topic(.read)]],
            { _ in
                OffsetDeleteRequest(
                    groupID: GroupID("g"),
                    topics: [.init(name: "t", partitions: [.init(partitionIndex: 0)])]
                )
            },
            empty: { OffsetDeleteResponse(errorCode: .none) },
            { $0.topics.flatMap { $0.partitions.map(\.errorCode) } }
        ),
        AuthorizationRow(
            ConsumerGroupHeartbeatAPI.self,
            [[group(.read), topic(.describe)]],
            { _ in ConsumerGroupHeartbeatRequest(groupID: GroupID("g"), subscribedTopicNames: ["t"]) }
        ),
        AuthorizationRow(
            ConsumerGroupDescribeAPI.self,
            [[group(.describe)]],
            { _ in ConsumerGroupDescribeRequest(groupIDs: [GroupID("g")]) },
            empty: { ConsumerGroupDescribeResponse() },
            { $0.groups.map(\.errorCode) }
        ),
    ]

    private static let topics: [AuthorizationRow] = [
        AuthorizationRow(
            MetadataAPI.self,
            [[topic(.describe)]],
            { _ in MetadataRequest(topics: [.init(name: "t")], allowAutoTopicCreation: false) },
            empty: { MetadataResponse() },
            { $0.topics.map(\.errorCode) }
        ),
        AuthorizationRow(
            DescribeTopicPartitionsAPI.self,
            [[topic(.describe)]],
            { _ in DescribeTopicPartitionsRequest(topics: [.init(name: "t")]) },
            empty: { DescribeTopicPartitionsResponse() },
            { $0.topics.map(\.errorCode) }
        ),
        AuthorizationRow(
            CreateTopicsAPI.self,
            [[topic(.create)], [cluster(.create)]],
            { _ in CreateTopicsRequest(topics: [.init(name: "t")]) },
            empty: { CreateTopicsResponse() },
            { $0.topics.map(\.errorCode) }
        ),
        AuthorizationRow(
            DeleteTopicsAPI.self,
            [[topic(.delete)], [cluster(.delete)]],
            { $0 >= 6 ? DeleteTopicsRequest(topics: [.init(name: "t")]) : DeleteTopicsRequest(topicNames: ["t"]) },
            empty: { DeleteTopicsResponse() },
            { $0.topics.map(\.errorCode) }
        ),
        AuthorizationRow(
            CreatePartitionsAPI.self,
            [[topic(.alter)]],
            { _ in CreatePartitionsRequest(topics: [.init(name: "t", count: 2)]) },
            empty: { CreatePartitionsResponse() },
            { $0.topics.map(\.errorCode) }
        ),
    ]

    /// Of DescribeConfigs and of both APIs that alter: by the code of the kind of resource.
    private static func settingRows(_ type: Int8, _ name: String, _ grant: (ACLOperation) -> Grant) -> [Self] {
        [
            AuthorizationRow(
                DescribeConfigsAPI.self,
                [[grant(.describeConfigs)]],
                { _ in DescribeConfigsRequest(resources: [.init(resourceType: type, resourceName: name)]) },
                empty: { DescribeConfigsResponse(resources: []) },
                { $0.resources.map(\.errorCode) }
            ),
            AuthorizationRow(
                AlterConfigsAPI.self,
                [[grant(.alterConfigs)]],
                { _ in AlterConfigsRequest(resources: [.init(resourceType: type, resourceName: name)]) },
                empty: { AlterConfigsResponse(resources: []) },
                { $0.resources.map(\.errorCode) }
            ),
            AuthorizationRow(
                IncrementalAlterConfigsAPI.self,
                [[grant(.alterConfigs)]],
                { _ in IncrementalAlterConfigsRequest(resources: [.init(resourceType: type, resourceName: name)]) },
                empty: { IncrementalAlterConfigsResponse(resources: []) },
                { $0.resources.map(\.errorCode) }
            ),
        ]
    }

    private static let settings =
        Self.settingRows(2, "t", Self.topic) + Self.settingRows(4, "1", Self.cluster)
        + Self.settingRows(8, "1", Self.cluster) + Self.settingRows(16, "m", Self.cluster)
        + Self.settingRows(32, "g", Self.group)

    private static let administration: [AuthorizationRow] = [
        AuthorizationRow(ApiVersionsAPI.self, everybody, { _ in ApiVersionsRequest() }),
        AuthorizationRow(SaslHandshakeAPI.self, everybody, { _ in SaslHandshakeRequest(mechanism: "PLAIN") }),
        AuthorizationRow(
            SaslAuthenticateAPI.self,
            everybody,
            { _ in SaslAuthenticateRequest(authBytes: ByteBuffer()) }
        ),
        AuthorizationRow(
            CreateDelegationTokenAPI.self,
            everybody,
            { _ in CreateDelegationTokenRequest(renewers: [], maxLifetimeMs: -1) }
        ),
        AuthorizationRow(
            CreateDelegationTokenAPI.self,
            [[Grant(operation: .createTokens, type: .user, name: "User:u")]],
            versions: 3...3,
            { _ in
                CreateDelegationTokenRequest(
                    ownerPrincipalType: "User",
                    ownerPrincipalName: "u",
                    renewers: [],
                    maxLifetimeMs: -1
                )
            },
            { [$0.errorCode] }
        ),
        AuthorizationRow(
            RenewDelegationTokenAPI.self,
            everybody,
            { _ in RenewDelegationTokenRequest(hmac: ByteBuffer(), renewPeriodMs: 0) }
        ),
        AuthorizationRow(
            ExpireDelegationTokenAPI.self,
            everybody,
            { _ in ExpireDelegationTokenRequest(hmac: ByteBuffer(), expiryTimePeriodMs: 0) }
        ),
        AuthorizationRow(
            DescribeDelegationTokenAPI.self,
            everybody,
            { _ in DescribeDelegationTokenRequest(owners: nil) }
        ),
        AuthorizationRow(
            DescribeUserScramCredentialsAPI.self,
            [[cluster(.describe)]],
            { _ in DescribeUserScramCredentialsRequest(users: nil) }
        ),
        AuthorizationRow(
            AlterUserScramCredentialsAPI.self,
            [[cluster(.alter)]],
            { _ in AlterUserScramCredentialsRequest(deletions: [], upsertions: []) }
        ),
        AuthorizationRow(DescribeClusterAPI.self, everybody, { _ in DescribeClusterRequest() }),
        AuthorizationRow(GetTelemetrySubscriptionsAPI.self, everybody, { _ in GetTelemetrySubscriptionsRequest() }),
        AuthorizationRow(PushTelemetryAPI.self, everybody, { _ in PushTelemetryRequest() }),
        AuthorizationRow(
            DescribeClientQuotasAPI.self,
            [[cluster(.describeConfigs)]],
            { _ in DescribeClientQuotasRequest(components: []) }
        ),
        AuthorizationRow(
            AlterClientQuotasAPI.self,
            [[cluster(.alterConfigs)]],
            { _ in AlterClientQuotasRequest(entries: [.init(entity: [.init(entityType: "user", entityName: "u")])]) }
        ),
        AuthorizationRow(DescribeAclsAPI.self, [[cluster(.describe)]], { _ in DescribeAclsRequest() }),
        AuthorizationRow(CreateAclsAPI.self, [[cluster(.alter)]], { _ in CreateAclsRequest() }),
        AuthorizationRow(DeleteAclsAPI.self, [[cluster(.alter)]], { _ in DeleteAclsRequest() }),
        AuthorizationRow(DescribeQuorumAPI.self, [[cluster(.describe)]], { _ in DescribeQuorumRequest(topics: []) }),
        AuthorizationRow(
            UpdateFeaturesAPI.self,
            [[cluster(.alter)]],
            { _ in UpdateFeaturesRequest(featureUpdates: []) }
        ),
        AuthorizationRow(UnregisterBrokerAPI.self, [[cluster(.alter)]], { _ in UnregisterBrokerRequest() }),
        AuthorizationRow(ElectLeadersAPI.self, [[cluster(.alter)]], { _ in ElectLeadersRequest(topicPartitions: []) }),
        AuthorizationRow(
            AlterPartitionReassignmentsAPI.self,
            [[cluster(.alter)]],
            { _ in AlterPartitionReassignmentsRequest(topics: []) }
        ),
        AuthorizationRow(
            ListPartitionReassignmentsAPI.self,
            [[cluster(.describe)]],
            { _ in ListPartitionReassignmentsRequest() }
        ),
        AuthorizationRow(DescribeLogDirsAPI.self, [[cluster(.describe)]], { _ in DescribeLogDirsRequest() }),
        AuthorizationRow(AlterReplicaLogDirsAPI.self, [[cluster(.alter)]], { _ in .init(dirs: []) }),
        AuthorizationRow(
            ListConfigResourcesAPI.self,
            [[cluster(.describeConfigs)]],
            { _ in ListConfigResourcesRequest() }
        ),
    ]
}
