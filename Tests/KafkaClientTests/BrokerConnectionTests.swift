import Glibc
import KafkaClient
import KafkaProtocol
import Model
import NIOCore
import NIOPosix
import Testing

@Suite(.timeLimit(.minutes(20)))
struct BrokerConnectionTests {
    /// The versions that a broker serves, as the answer to ApiVersions.
    static func versions(_ arrival: ScriptedBroker.Arrival, _ ranges: [APIKey: ClosedRange<Int16>])
        -> ScriptedBroker.Answer
    {
        arrival.answer(
            ApiVersionsResponse(
                apiKeys: ranges.map { key, range in
                    .init(apiKey: key.rawValue, minVersion: range.lowerBound, maxVersion: range.upperBound)
                }
            )
        )
    }

    /// All tests begin at once: an answer may take its time.
    private static var patient: ClientSettings {
        var settings = ClientSettings()
        settings.connectTimeout = .seconds(600)
        settings.requestTimeout = .seconds(600)
        return settings
    }

    private static func connect(
        to broker: ScriptedBroker,
        settings: ClientSettings = Self.patient
    ) async throws -> BrokerConnection {
        try await BrokerConnection.connect(
            to: BrokerAddress(host: "127.0.0.1", port: broker.port),
            settings: settings,
            on: MultiThreadedEventLoopGroup.singleton
        )
    }

    @Test func `responses that overtake each other reach the calls that they answer`() async throws {
        try await ScriptedBroker.run { arrival, _ in
            guard arrival.header.apiKey == .heartbeat else {
                return Self.versions(arrival, [.heartbeat: 0...4])
            }
            let group = (try? arrival.request(HeartbeatRequest.self))?.groupID.rawValue ?? ""
            let code: ErrorCode = group == "first" ? .illegalGeneration : .unknownMemberID
            let bytes = arrival.bytes(HeartbeatResponse(errorCode: code))
            return group == "first" ? .held(bytes) : .body(bytes)
        } _: { broker in
            let connection = try await Self.connect(to: broker)
            func request(_ group: String) -> HeartbeatRequest {
                HeartbeatRequest(groupID: GroupID(group), generationID: GenerationID(1), memberID: MemberID("m"))
            }
            let first = try connection.begin(request("first"))
            let second = try connection.begin(request("second"))
            #expect(try await second.value().errorCode == .unknownMemberID)
            #expect(try await first.value().errorCode == .illegalGeneration)
            await connection.close()
        }
    }

    @Test(arguments: [
        (served: Int16(0)...Int16(2), cap: Int16?.none, expected: Int16(2)),
        (served: 0...99, cap: nil, expected: 4),
        (served: 0...99, cap: 3, expected: 3),
    ])
    func `the highest version that both sides speak is sent`(
        served: ClosedRange<Int16>,
        cap: Int16?,
        expected: Int16
    ) async throws {
        try await ScriptedBroker.run { arrival, _ in
            arrival.header.apiKey == .heartbeat
                ? arrival.answer(HeartbeatResponse()) : Self.versions(arrival, [.heartbeat: served])
        } _: { broker in
            let connection = try await Self.connect(to: broker)
            _ = try await connection.send(HeartbeatRequest(), versionMax: cap)
            #expect(broker.arrivals(of: .heartbeat).map(\.apiVersion) == [expected])
            await connection.close()
        }
    }

    @Test func `an API that the broker lacks is refused without being sent`() async throws {
        try await ScriptedBroker.run { arrival, _ in
            Self.versions(arrival, [.fetch: 4...12])
        } _: { broker in
            let connection = try await Self.connect(to: broker)
            let error = await #expect(throws: ClientError.self) {
                _ = try await connection.send(HeartbeatRequest())
            }
            #expect(error?.code == .unsupportedVersion)
            #expect(broker.arrivals(of: .heartbeat).isEmpty)
            await connection.close()
        }
    }

    @Test func `an old broker that refuses our ApiVersions is asked again in its version`() async throws {
        try await ScriptedBroker.run { arrival, _ in
            if arrival.header.apiKey == .heartbeat { return arrival.answer(HeartbeatResponse()) }
            var response = ApiVersionsResponse(
                apiKeys: [
                    .init(apiKey: APIKey.apiVersions.rawValue, minVersion: 0, maxVersion: 1),
                    .init(apiKey: APIKey.heartbeat.rawValue, minVersion: 0, maxVersion: 1),
                ]
            )
            guard arrival.header.apiVersion > 1 else { return arrival.answer(response) }
            response.errorCode = .unsupportedVersion
            return .body(arrival.bytes(response, version: 0))
        } _: { broker in
            let connection = try await Self.connect(to: broker)
            _ = try await connection.send(HeartbeatRequest())
            #expect(broker.arrivals.map(\.apiVersion) == [4, 1, 1])
            await connection.close()
        }
    }

    @Test func `calls in flight fail when the connection ends`() async throws {
        try await ScriptedBroker.run { arrival, _ in
            arrival.header.apiKey == .heartbeat ? .close : Self.versions(arrival, [.heartbeat: 0...4])
        } _: { broker in
            let connection = try await Self.connect(to: broker)
            let first = try connection.begin(HeartbeatRequest())
            let second = try connection.begin(HeartbeatRequest())
            for pending in [first, second] {
                let error = await #expect(throws: ClientError.self) { _ = try await pending.value() }
                #expect(error?.code == .connectionLost)
            }
        }
    }

    @Test func `a call that is not answered in time fails`() async throws {
        try await ScriptedBroker.run { arrival, _ in
            arrival.header.apiKey == .heartbeat ? .silence : Self.versions(arrival, [.heartbeat: 0...4])
        } _: { broker in
            var settings = ClientSettings()
            settings.requestTimeout = .milliseconds(300)
            let connection = try await Self.connect(to: broker, settings: settings)
            let error = await #expect(throws: ClientError.self) { _ = try await connection.send(HeartbeatRequest()) }
            #expect(error?.code == .timedOut)
        }
    }

    @Test func `a cancelled call ends and the connection stays usable`() async throws {
        try await ScriptedBroker.run { arrival, _ in
            guard arrival.header.apiKey == .heartbeat else {
                return Self.versions(arrival, [.heartbeat: 0...4])
            }
            let bytes = arrival.bytes(HeartbeatResponse())
            return arrival.index == 0 ? .held(bytes) : .body(bytes)
        } _: { broker in
            let connection = try await Self.connect(to: broker)
            let pending = try connection.begin(HeartbeatRequest())
            let waiting = Task { try await pending.value() }
            waiting.cancel()
            await #expect(throws: CancellationError.self) { _ = try await waiting.value }
            // The late answer to the first comes after this one, and is dropped.
            #expect(try await connection.send(HeartbeatRequest()).errorCode == .none)
            #expect(try await connection.send(HeartbeatRequest()).errorCode == .none)
            await connection.close()
        }
    }

    @Test(arguments: ["HTTP/1.1 400 Bad Request\r\n\r\n", "\u{0}\u{0}\u{0}\u{1}x", "\u{0}\u{0}\u{0}\u{4}abcd"])
    func `a peer that does not speak Kafka's protocol is named`(answer: String) async throws {
        try await ScriptedBroker.run { _, _ in
            .raw(ByteBuffer(string: answer))
        } _: { broker in
            let error = await #expect(throws: ClientError.self) { _ = try await Self.connect(to: broker) }
            #expect(error?.code == .malformedResponse)
            #expect(error?.message.contains("127.0.0.1:\(broker.port)") == true)
        }
    }

    @Test func `a refused connection names the address and the cause`() async throws {
        // Bound and not listened on: nobody else can get this port meanwhile.
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        let port = try Self.bindLoopback(socket)
        let address = BrokerAddress(host: "127.0.0.1", port: port)
        let error = await #expect(throws: ClientError.self) {
            _ = try await BrokerConnection.connect(
                to: address,
                settings: ClientSettings(),
                on: MultiThreadedEventLoopGroup.singleton
            )
        }
        #expect(error?.code == .unreachable)
        #expect(error?.message.contains("\(address): connection refused") == true)
    }
    /// - Returns: the port that the kernel chose.
    private static func bindLoopback(_ socket: Int32) throws -> Int {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let outcome = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(socket, address, length) + getsockname(socket, address, &length)
            }
        }
        try #require(outcome == 0)
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
