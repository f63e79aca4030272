import KafkaProtocol
import LogCore
import LogTestSupport
import Model
import NIOCore
import Testing

@testable import KafkaServer

/// Configuration resources, features and telemetry, as clients ask for them.
@Suite(.timeLimit(.minutes(20))) struct ConfigHandlerTests {
    private enum Kind {
        static let topic: Int8 = 2
        static let broker: Int8 = 4
        static let brokerLogger: Int8 = 8
        static let clientMetrics: Int8 = 16
        static let group: Int8 = 32
    }

    private static func describe(
        _ type: Int8,
        _ name: String,
        _ harness: HandlerHarness
    ) async throws -> DescribeConfigsResponse.Resource {
        let request = DescribeConfigsRequest(
            resources: [.init(resourceType: type, resourceName: name, configurationKeys: nil)],
            includeSynonyms: true
        )
        return try await harness.ask(request, version: 4).resources[0]
    }

    /// - Parameter operation: 0 sets, 1 deletes, 2 appends, 3 subtracts.
    private static func alter(
        _ type: Int8,
        _ name: String,
        _ configs: [(name: String, operation: Int8, value: String?)],
        validateOnly: Bool = false,
        _ harness: HandlerHarness
    ) async throws -> ErrorCode {
        let request = IncrementalAlterConfigsRequest(
            resources: [
                .init(
                    resourceType: type,
                    resourceName: name,
                    configs: configs.map { .init(name: $0.name, configOperation: $0.operation, value: $0.value) }
                )
            ],
            validateOnly: validateOnly
        )
        return try await harness.ask(request, version: 1).resources[0].errorCode
    }

    @Test func `properties of the broker change while it runs, for it or for all`() async throws {
        try await HandlerHarness.run { harness in
            let before = try await Self.describe(Kind.broker, "0", harness)
            #expect(before.configs.count > 340)
            // Clusters of Kafka 4.1 and later set this one for all brokers (KIP-966).
            let standing = try await Self.describe(Kind.broker, "", harness).configs
            #expect(standing.map(\.name) == ["min.insync.replicas"])
            #expect(try await Self.alter(Kind.broker, "", [("log.retention.ms", 0, "5000")], harness) == .none)
            #expect(try await Self.alter(Kind.broker, "0", [("num.partitions", 0, "3")], harness) == .none)
            let cluster = try await Self.describe(Kind.broker, "", harness).configs.filter {
                $0.name != "min.insync.replicas"
            }
            #expect(cluster.map { "\($0.name) \($0.value ?? "") \($0.configSource)" } == ["log.retention.ms 5000 3"])
            let after = try await Self.describe(Kind.broker, "0", harness).configs
            let partitions = try #require(after.first { $0.name == "num.partitions" })
            #expect(partitions.value == "3" && partitions.configSource == 2 && !partitions.readOnly)
            let topic = try await Self.describe(Kind.topic, HandlerHarness.topicName, harness).configs
            let retention = try #require(topic.first { $0.name == "retention.ms" })
            #expect(retention.value == "5000" && retention.configSource == 3)
            #expect(try harness.log(0).updatedSettings?.retentionMilliseconds == 5000)
            #expect(try await Self.alter(Kind.broker, "", [("log.retention.ms", 1, nil)], harness) == .none)
            #expect(try harness.log(0).updatedSettings?.retentionMilliseconds == 604_800_000)
        }
    }

    @Test func `what cannot be changed is refused`() async throws {
        try await HandlerHarness.run { harness in
            let cases: [(Int8, String, String, Int8, String?, ErrorCode)] = [
                (Kind.broker, "1", "num.partitions", 0, "2", .invalidRequest),
                (Kind.broker, "x", "num.partitions", 0, "2", .invalidRequest),
                (Kind.broker, "0", "num.partitions", 0, "0", .invalidRequest),
                (Kind.broker, "0", "num.partitions", 2, "1", .invalidConfig),
                (Kind.broker, "0", "num.partitions", 9, "1", .invalidRequest),
                (Kind.broker, "0", "num.partitions", 0, nil, .invalidRequest),
                (Kind.broker, "0", "node.id", 0, "2", .invalidRequest),
                (Kind.broker, "0", "num.io.threads", 0, "2", .invalidConfig),
                (Kind.brokerLogger, "0", "nobody", 0, "INFO", .invalidConfig),
                (Kind.brokerLogger, "0", "ROOT", 0, "LOUD", .invalidConfig),
                (Kind.brokerLogger, "0", "ROOT", 1, nil, .invalidRequest),
                (Kind.brokerLogger, "0", "ROOT", 2, "INFO", .invalidRequest),
                (Kind.brokerLogger, "7", "ROOT", 0, "INFO", .invalidRequest),
                (Kind.clientMetrics, "", "metrics", 0, "*", .invalidRequest),
                (Kind.clientMetrics, "m", "nonsense", 0, "*", .invalidConfig),
                (Kind.clientMetrics, "m", "interval.ms", 0, "1", .invalidConfig),
                (Kind.clientMetrics, "m", "match", 0, "client_id=(", .invalidConfig),
                (Kind.clientMetrics, "m", "match", 0, "color=red", .invalidConfig),
                (Kind.group, "", "consumer.session.timeout.ms", 0, "50000", .invalidRequest),
                (77, "x", "y", 0, "z", .invalidRequest),
            ]
            for (type, name, config, operation, value, expected) in cases {
                let error = try await Self.alter(type, name, [(config, operation, value)], harness)
                #expect(error == expected, "\(type) \(name) \(config) \(value ?? "null")")
            }
        }
    }

    @Test func `levels of loggers are described and changed`() async throws {
        try await HandlerHarness.run { harness in
            #expect(
                try await Self.alter(Kind.brokerLogger, "0", [("ROOT", 0, "WARN")], validateOnly: true, harness)
                    == .none
            )
            #expect(try await Self.describe(Kind.brokerLogger, "0", harness).configs.map(\.value) == ["INFO"])
            #expect(try await Self.alter(Kind.brokerLogger, "0", [("ROOT", 0, "WARN")], harness) == .none)
            let described = try await Self.describe(Kind.brokerLogger, "0", harness).configs
            #expect(described.map { "\($0.name) \($0.value ?? "") \($0.configSource)" } == ["ROOT WARN 6"])
            #expect(try await Self.describe(Kind.brokerLogger, "", harness).errorCode == .invalidRequest)
        }
    }

    @Test func `subscriptions to metrics of clients are kept, listed and answered`() async throws {
        try await HandlerHarness.run { harness in
            let configs: [(name: String, operation: Int8, value: String?)] = [
                ("metrics", 0, "org.apache.kafka.producer."), ("interval.ms", 0, "100"), ("metrics2", 1, nil),
            ]
            #expect(try await Self.alter(Kind.clientMetrics, "m", configs, harness) == .none)
            #expect(try await Self.alter(Kind.clientMetrics, "m", [("metrics", 2, "x.")], harness) == .none)
            let described = try await Self.describe(Kind.clientMetrics, "m", harness).configs
            #expect(
                described.map { "\($0.name)=\($0.value ?? "") \($0.configSource)" } == [
                    "interval.ms=100 7", "match= 5", "metrics=org.apache.kafka.producer.,x. 7",
                ]
            )
            for version in [0, 1] as [Int16] {
                let request = ListConfigResourcesRequest(resourceTypes: version == 0 ? [] : [Kind.clientMetrics])
                let listed = try await harness.ask(request, version: version)
                #expect(listed.configResources.map(\.resourceName) == ["m"])
            }
            let answer = try await harness.ask(GetTelemetrySubscriptionsRequest(), version: 0)
            #expect(answer.errorCode == .none && answer.clientInstanceID != .zero && answer.pushIntervalMs == 100)
            #expect(answer.requestedMetrics == ["org.apache.kafka.producer.", "x."])
            var push = PushTelemetryRequest(
                clientInstanceID: answer.clientInstanceID,
                subscriptionID: answer.subscriptionID
            )
            #expect(try await harness.ask(push, version: 0).errorCode == .none)
            #expect(try await harness.ask(push, version: 0).errorCode == .throttlingQuotaExceeded)
            push.clientInstanceID = .zero
            #expect(try await harness.ask(push, version: 0).errorCode == .invalidRequest)
        }
    }

    @Test(arguments: [0, 1, 2] as [Int16])
    func `features stay at the level that they have`(version: Int16) async throws {
        try await HandlerHarness.run { harness in
            let cases: [(String, Int16, ErrorCode)] = [
                ("transaction.version", 2, .none), ("transaction.version", 1, .invalidUpdateVersion),
                ("transaction.version", 3, .invalidUpdateVersion), ("no.such.version", 1, .invalidUpdateVersion),
            ]
            for (feature, level, expected) in cases {
                let request = UpdateFeaturesRequest(featureUpdates: [.init(feature: feature, maxVersionLevel: level)])
                let answer = try await harness.ask(request, version: version)
                let error = version >= 2 ? answer.errorCode : answer.results[0].errorCode
                #expect(error == expected, "\(feature) \(level)")
            }
        }
    }

    @Test func `a resource or a setting may be named once in a request`() async throws {
        try await HandlerHarness.run { harness in
            let twice = AlterConfigsRequest.Resource(
                resourceType: Kind.topic,
                resourceName: HandlerHarness.topicName,
                configs: [.init(name: "retention.ms", value: "1")]
            )
            let answer = try await harness.ask(AlterConfigsRequest(resources: [twice, twice]), version: 2)
            #expect(answer.resources.map(\.errorCode) == [.invalidRequest, .invalidRequest])
            let doubled: [(name: String, operation: Int8, value: String?)] = [
                ("retention.ms", 0, "1"), ("retention.ms", 0, "2"),
            ]
            #expect(try await Self.alter(Kind.topic, HandlerHarness.topicName, doubled, harness) == .invalidRequest)
        }
    }
}
