import KinesisProtocol
import Metadata
import Model
import NIOCore
import NIOEmbedded
import Testing

@testable import KinesisServer

/// What a policy that changes does to a subscription that is under way.
@Suite struct SubscriptionAccessTests {
    private static let account = "arn:aws:kinesis:eu-west-1:123456789012"
    private static let consumer = StreamConsumer(name: "c", created: 1_700_000_000_000)
    private static let consumerARN = Self.account + ":stream/s/consumer/c:1700000000"

    private static func subscribed() async throws -> Harness {
        let harness = try Harness()
        try harness.createStream("s")
        try await harness.backend.update("s") { Self.consumer.add(to: &$0, tags: [:]) }
        let body =
            #"{"ConsumerARN":"\#(Self.consumerARN)","ShardId":"shardId-000000000000","#
            + #""StartingPosition":{"Type":"TRIM_HORIZON"}}"#
        let answer = try harness.exchange(Harness.request("SubscribeToShard", body))
        #expect(answer.hasPrefix("HTTP/1.1 200"), "\(answer)")
        return harness
    }

    private static func denial(on resource: String) -> String {
        #"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"kinesis:SubscribeToShard","#
            + #""Resource":"\#(resource)","Principal":"*"}]}"#
    }

    @Test(arguments: [true, false])
    func `a denial by the policy of the consumer, or of its stream, ends a subscription`(ofConsumer: Bool) async throws
    {
        let harness = try await Self.subscribed()
        let policy = Self.denial(on: ofConsumer ? Self.consumerARN : Self.account + ":stream/s")
        let attribute = ofConsumer ? Self.consumer.policyAttribute : StreamAttributes.policy
        try await harness.backend.update("s") { $0.attributes[attribute] = policy }
        harness.channel.embeddedEventLoop.advanceTime(by: .seconds(2))
        let answer = try harness.received()
        #expect(answer.contains("AccessDeniedException"), "\(answer)")
    }
}
