import KinesisProtocol
import Metadata
import Model
import ResourcePolicies
import Serving
import Testing

@testable import Broker
@testable import KinesisServer

/// Policies of streams and consumers, put and asked about.
@Suite struct ResourcePolicyTests {
    private static let caller = Caller(accessKeyID: "123456789012", region: "eu-west-1")
    private static let stream = "arn:aws:kinesis:eu-west-1:123456789012:stream/s"

    private static func session(_ name: String?) -> Session {
        Session(
            listener: "KINESIS",
            local: Endpoint(host: "127.0.0.1", port: 4567),
            remote: Endpoint(host: "10.0.0.1", port: 1),
            principal: name.map { Principal(name: $0) } ?? .anonymous
        )
    }

    private static func policy(_ effect: String, _ action: String, user: String, on resource: String) -> String {
        #"{"Version":"2012-10-17","Statement":[{"Effect":"\#(effect)","Action":"\#(action)","Resource":"\#(resource)","#
            + #""Principal":{"AWS":"arn:aws:iam::123456789012:user/\#(user)"}}]}"#
    }

    @Test func `the policies of a stream and of its consumer decide together, and a denial wins`() async throws {
        let backend = FakeBackend()
        try backend.createNow(
            TopicCreation(
                name: "s",
                id: backend.makeTopicID(),
                partitionCount: 1,
                origin: .kinesis,
                streamMode: .provisioned
            )
        )
        let consumer = StreamConsumer(name: "c", created: 1_700_000_000_000)
        let consumerARN = Self.stream + "/consumer/c:1700000000"
        let ofStream = Self.policy("Allow", "kinesis:*", user: "alice", on: Self.stream)
        let ofConsumer = Self.policy("Deny", "kinesis:Subscribe*", user: "alice", on: consumerARN)
        try await backend.update("s") { topic in
            consumer.add(to: &topic, tags: [:])
            topic.attributes[StreamAttributes.policy] = ofStream
            topic.attributes[consumer.policyAttribute] = ofConsumer
        }
        let service = KinesisService(backend: backend, sealer: TokenSealer(key: [UInt8](0..<32)))
        func decide(
            _ name: String?,
            _ operation: KinesisProtocol.Operation,
            _ consumer: String? = nil,
            on stream: String = "s"
        ) -> Policy.Decision {
            service.policyDecision(of: Self.session(name), Self.caller, operation, on: stream, consumerARN: consumer)
        }
        for _ in 0..<2 {
            #expect(decide("alice", .putRecord) == .allow)
            #expect(decide("bob", .putRecord) == .silent)
            #expect(decide(nil, .putRecord) == .silent)
            #expect(decide("alice", .subscribeToShard, consumerARN) == .deny)
            #expect(decide("alice", .describeStreamConsumer, consumerARN) == .allow)
        }
        // A new policy holds at once; one that cannot be read says nothing.
        try await backend.update("s") { $0.attributes[StreamAttributes.policy] = "{}" }
        #expect(decide("alice", .putRecord) == .silent)
        #expect(decide("alice", .putRecord, on: "x") == .silent)
    }
}
