internal import KafkaProtocol
internal import NIOCore

/// One API that this server answers: what an API file under `APIs/` declares.
protocol KafkaAPI: SendableMetatype {
    associatedtype Request: KafkaRequest
    associatedtype Response: KafkaResponse

    /// The versions that are answered, within those of the schema.
    static var versions: ClosedRange<Int16> { get }

    /// Starts a request on the connection's event loop; `call` is answered now or later, exactly once.
    static func start(_ request: Request, _ call: Call<Response>)
}

extension KafkaAPI {
    static var versions: ClosedRange<Int16> { Request.versions }
}

/// The table of what is served: the one source for dispatch and for ApiVersions.
struct ServedAPI: Sendable {
    typealias Start =
        @Sendable (
            inout ByteBuffer, RequestInfo, KafkaConnection, ResponseQueue.Ticket, any EventLoop, Services
        ) throws(WireError) -> Void

    let key: APIKey
    let versions: ClosedRange<Int16>
    let start: Start

    private init<API: KafkaAPI>(_ api: API.Type) {
        self.key = API.Request.apiKey
        self.versions = API.versions
        self.start = { (body, info, connection, ticket, eventLoop, services) throws(WireError) in
            let request = try API.Request.decode(from: &body, version: info.version)
            let call = Call<API.Response>(
                info: info,
                services: services,
                eventLoop: eventLoop,
                connection: connection,
                ticket: ticket
            )
            API.start(request, call)
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
        ServedAPI(ApiVersionsAPI.self),
        ServedAPI(CreateTopicsAPI.self),
        ServedAPI(DeleteTopicsAPI.self),
        ServedAPI(DeleteRecordsAPI.self),
        ServedAPI(InitProducerIDAPI.self),
        ServedAPI(OffsetForLeaderEpochAPI.self),
        ServedAPI(DescribeConfigsAPI.self),
        ServedAPI(AlterConfigsAPI.self),
        ServedAPI(CreatePartitionsAPI.self),
        ServedAPI(DeleteGroupsAPI.self),
        ServedAPI(IncrementalAlterConfigsAPI.self),
        ServedAPI(OffsetDeleteAPI.self),
        ServedAPI(DescribeClusterAPI.self),
        ServedAPI(DescribeProducersAPI.self),
        ServedAPI(DescribeTopicPartitionsAPI.self),
    ]

    private static let byKey: [ServedAPI?] = {
        var table = [ServedAPI?](repeating: nil, count: 128)
        for api in Self.all { table[Int(api.key.rawValue)] = api }
        return table
    }()

    static func api(_ key: APIKey) -> ServedAPI? {
        let index = Int(key.rawValue)
        return Self.byKey.indices.contains(index) ? Self.byKey[index] : nil
    }
}
