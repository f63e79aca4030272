import KafkaClient
import KafkaProtocol
import Model
import NIOCore
import NIOPosix
import Testing

/// A broker of several is gone: what is known of it is forgotten, and another one is asked.
@Suite(.timeLimit(.minutes(20))) struct LostBrokerTests {
    /// A port that nothing listens on.
    private static func closedPort() async throws -> Int {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = channel.localAddress?.port ?? 0
        try await channel.close().get()
        return port
    }

    private static func cluster(
        _ addresses: [BrokerAddress],
        retryTimeout: Duration = .seconds(600)
    ) -> KafkaCluster {
        var settings = ClientSettings()
        settings.connectTimeout = .seconds(600)
        settings.requestTimeout = .seconds(600)
        settings.retryTimeout = retryTimeout
        return KafkaCluster(bootstrap: addresses, settings: settings)
    }

    /// Broker 1 answers; broker 2, the leader and the controller, is at a port where nothing listens. From the second
    /// question on broker 1 leads.
    private static func answer(_ arrival: ScriptedBroker.Arrival, _ port: Int, lost: Int) -> ScriptedBroker.Answer {
        switch arrival.header.apiKey {
        case .apiVersions:
            return BrokerConnectionTests.versions(
                arrival,
                [.metadata: 0...9, .listOffsets: 1...5, .createTopics: 2...5, .findCoordinator: 0...3]
            )
        case .metadata:
            let leader = BrokerID(arrival.index == 0 ? 2 : 1)
            return arrival.answer(
                MetadataResponse(
                    brokers: [
                        .init(nodeID: BrokerID(1), host: "127.0.0.1", port: Int32(port)),
                        .init(nodeID: BrokerID(2), host: "127.0.0.1", port: Int32(lost)),
                    ],
                    controllerID: BrokerID(2),
                    topics: [.init(name: "t", partitions: [.init(partitionIndex: 0, leaderID: leader)])]
                )
            )
        case .listOffsets:
            return arrival.answer(
                ListOffsetsResponse(
                    topics: [.init(name: "t", partitions: [.init(partitionIndex: 0, offset: 42)])]
                )
            )
        case .createTopics:
            return arrival.answer(CreateTopicsResponse(topics: [.init(name: "t", configs: [])]))
        default: return .close
        }
    }

    @Test func `the leader is asked for again when it cannot be reached`() async throws {
        let lost = try await Self.closedPort()
        try await ScriptedBroker.run {
            Self.answer($0, $1, lost: lost)
        } _: { broker in
            let cluster = Self.cluster([BrokerAddress(host: "127.0.0.1", port: broker.port)])
            let partition = NamedPartition(topic: "t", partition: 0)
            let offsets = try await cluster.listOffsets([partition: -1])
            #expect(offsets == [partition: 42])
            #expect(broker.arrivals(of: .metadata).count == 2)
            await cluster.close()
        }
    }

    @Test func `any broker is asked when the controller cannot be reached`() async throws {
        let lost = try await Self.closedPort()
        try await ScriptedBroker.run {
            Self.answer($0, $1, lost: lost)
        } _: { broker in
            let cluster = Self.cluster([BrokerAddress(host: "127.0.0.1", port: broker.port)])
            try await Admin(cluster: cluster).createTopic("t")
            #expect(broker.arrivals(of: .createTopics).count == 1)
            await cluster.close()
        }
    }

    @Test func `without any broker it is said`() async throws {
        let lost = try await Self.closedPort()
        let cluster = Self.cluster([BrokerAddress(host: "127.0.0.1", port: lost)], retryTimeout: .zero)
        do {
            _ = try await cluster.listOffsets([NamedPartition(topic: "t", partition: 0): -1])
            Issue.record("there is nobody to answer")
        } catch let error as ClientError {
            #expect(error.code == .unreachable)
        }
        await cluster.close()
    }
}
