internal import KafkaProtocol
internal import NIOCore
internal import Serving

/// One API that this server answers: what an API file under `APIs/` declares.
protocol KafkaAPI: SendableMetatype {
    associatedtype Request: KafkaRequest
    associatedtype Response: KafkaResponse

    /// The versions that are answered, within those of the schema.
    static var versions: ClosedRange<Int16> { get }

    /// Which requests of a connection may be under way beside one of these.
    static var requestClass: RequestClass { get }

    /// Starts a request on the connection's event loop; `call` is answered now or later, exactly once.
    static func start(_ request: Request, _ call: Call<Response>)

    /// Decodes a request and starts it.
    ///
    /// - Parameter body: the request without its header.
    /// - Throws: `WireError` when it cannot be decoded.
    static func receive(_ body: inout ByteBuffer, _ call: Call<Response>) throws(WireError)

    /// What the client may do of a request. Every API has a rule, as Kafka has it; those of all APIs are in
    /// `Authorization/`. Not asked when the client may do everything.
    ///
    /// - Parameter request: loses what is refused of it.
    static func authorize(_ request: inout Request, _ access: Access) -> Authorization<Response>

    /// Whether the API changes what an auditor asks about: `acts` says what a request did then.
    static var isAdministrative: Bool { get }

    /// What an administrative request did, for the audit log. Never with a secret.
    static func acts(_ request: Request, _ response: Response) -> [AuditedAct]?

    /// The answer to a request that fails as a whole, in the shape that this version's clients look for.
    ///
    /// - Returns: `nil` when the client expects no answer; the connection is closed then.
    static func errorResponse(to request: Request, _ error: ErrorCode, version: Int16) -> Response?
}

extension KafkaAPI {
    static var versions: ClosedRange<Int16> { Request.versions }
    static var requestClass: RequestClass { .control }
    static var isAdministrative: Bool { false }

    static func receive(_ body: inout ByteBuffer, _ call: Call<Response>) throws(WireError) {
        Self.authorizeAndStart(try Request.decode(from: &body, version: call.version), call)
    }
}

extension ProduceAPI {
    static var requestClass: RequestClass { .append }
}

extension FetchAPI {
    static var requestClass: RequestClass { .read }
}

/// The table of what is served: the one source for dispatch and for ApiVersions.
struct ServedAPI: Sendable {
    /// Decodes a request and starts it, or answers it with an error as a whole.
    typealias Start =
        @Sendable (
            inout ByteBuffer, RequestInfo, KafkaConnection, RequestTicket, any EventLoop, Services, ErrorCode?
        ) throws(WireError) -> Void

    let key: APIKey
    /// As the gate and the metrics know it.
    let name: String
    let versions: ClosedRange<Int16>
    let requestClass: RequestClass
    /// Whether what it does goes to the audit log.
    let isAdministrative: Bool
    let start: Start

    private init<API: KafkaAPI>(_ api: API.Type) {
        self.key = API.Request.apiKey
        self.name = API.Request.apiKey.name
        self.versions = API.versions
        self.requestClass = API.requestClass
        self.isAdministrative = API.isAdministrative
        self.start = { (body, info, connection, ticket, eventLoop, services, refusal) throws(WireError) in
            let call = Call<API.Response>(
                info: info,
                services: services,
                eventLoop: eventLoop,
                connection: connection,
                ticket: ticket
            )
            guard let refusal else { return try API.receive(&body, call) }
            let request = try API.Request.decode(from: &body, version: info.version)
            if let response = API.errorResponse(to: request, refusal, version: info.version) {
                call.answer(response)
            } else {
                call.closeConnection(.refusedRequest, because: "\(API.Request.apiKey) was refused with \(refusal)")
            }
        }
    }

    /// Everything served, by key.
    static let all: [ServedAPI] = [
        ServedAPI(ProduceAPI.self),
        ServedAPI(FetchAPI.self),
        ServedAPI(ListOffsetsAPI.self),
        ServedAPI(MetadataAPI.self),
        ServedAPI(OffsetCommitAPI.self),
        ServedAPI(OffsetFetchAPI.self),
        ServedAPI(FindCoordinatorAPI.self),
        ServedAPI(JoinGroupAPI.self),
        ServedAPI(HeartbeatAPI.self),
        ServedAPI(LeaveGroupAPI.self),
        ServedAPI(SyncGroupAPI.self),
        ServedAPI(DescribeGroupsAPI.self),
        ServedAPI(ListGroupsAPI.self),
        ServedAPI(SaslHandshakeAPI.self),
        ServedAPI(ApiVersionsAPI.self),
        ServedAPI(CreateTopicsAPI.self),
        ServedAPI(DeleteTopicsAPI.self),
        ServedAPI(DeleteRecordsAPI.self),
        ServedAPI(InitProducerIDAPI.self),
        ServedAPI(OffsetForLeaderEpochAPI.self),
        ServedAPI(AddPartitionsToTxnAPI.self),
        ServedAPI(AddOffsetsToTxnAPI.self),
        ServedAPI(EndTxnAPI.self),
        ServedAPI(WriteTxnMarkersAPI.self),
        ServedAPI(TxnOffsetCommitAPI.self),
        ServedAPI(DescribeAclsAPI.self),
        ServedAPI(CreateAclsAPI.self),
        ServedAPI(DeleteAclsAPI.self),
        ServedAPI(DescribeConfigsAPI.self),
        ServedAPI(AlterConfigsAPI.self),
        ServedAPI(AlterReplicaLogDirsAPI.self),
        ServedAPI(DescribeLogDirsAPI.self),
        ServedAPI(SaslAuthenticateAPI.self),
        ServedAPI(CreatePartitionsAPI.self),
        ServedAPI(CreateDelegationTokenAPI.self),
        ServedAPI(RenewDelegationTokenAPI.self),
        ServedAPI(ExpireDelegationTokenAPI.self),
        ServedAPI(DescribeDelegationTokenAPI.self),
        ServedAPI(DeleteGroupsAPI.self),
        ServedAPI(ElectLeadersAPI.self),
        ServedAPI(IncrementalAlterConfigsAPI.self),
        ServedAPI(AlterPartitionReassignmentsAPI.self),
        ServedAPI(ListPartitionReassignmentsAPI.self),
        ServedAPI(OffsetDeleteAPI.self),
        ServedAPI(DescribeClientQuotasAPI.self),
        ServedAPI(AlterClientQuotasAPI.self),
        ServedAPI(DescribeUserScramCredentialsAPI.self),
        ServedAPI(AlterUserScramCredentialsAPI.self),
        ServedAPI(DescribeQuorumAPI.self),
        ServedAPI(UpdateFeaturesAPI.self),
        ServedAPI(DescribeClusterAPI.self),
        ServedAPI(DescribeProducersAPI.self),
        ServedAPI(UnregisterBrokerAPI.self),
        ServedAPI(DescribeTransactionsAPI.self),
        ServedAPI(ListTransactionsAPI.self),
        ServedAPI(ConsumerGroupHeartbeatAPI.self),
        ServedAPI(ConsumerGroupDescribeAPI.self),
        ServedAPI(GetTelemetrySubscriptionsAPI.self),
        ServedAPI(PushTelemetryAPI.self),
        ServedAPI(ListConfigResourcesAPI.self),
        ServedAPI(DescribeTopicPartitionsAPI.self),
    ]

    /// Served to other brokers of the cluster, and to nobody else.
    static let envelope = ServedAPI(EnvelopeAPI.self)

    private static let byKey: [ServedAPI?] = {
        var table = [ServedAPI?](repeating: nil, count: 128)
        for api in Self.all + [Self.envelope] { table[Int(api.key.rawValue)] = api }
        return table
    }()

    static func api(_ key: APIKey) -> ServedAPI? {
        let index = Int(key.rawValue)
        return Self.byKey.indices.contains(index) ? Self.byKey[index] : nil
    }
}
