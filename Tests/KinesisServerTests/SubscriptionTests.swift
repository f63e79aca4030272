import KinesisProtocol
import Metadata
import Model
import NIOCore
import Synchronization
import Testing

@testable import KinesisServer

/// Who may subscribe when, and what a topic keeps of consumers.
@Suite struct SubscriptionTests {
    private static let key = Subscriptions.Key(
        stream: TopicID(high: 1, low: 2),
        consumer: "c",
        consumerCreated: 5,
        shard: 0
    )

    private static func at(_ milliseconds: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .milliseconds(milliseconds) }

    @Test func `a call within five seconds of a successful one is refused, a later one takes over`() throws {
        let subscriptions = Subscriptions()
        let taken = Mutex<[String]>([])
        let first = try #require(
            subscriptions.begin(Self.key, now: Self.at(0)) { taken.withLock { $0.append("first") } }
        )
        #expect(subscriptions.begin(Self.key, now: Self.at(4_999)) {} == nil)
        #expect(taken.withLock { $0.isEmpty })
        let second = try #require(
            subscriptions.begin(Self.key, now: Self.at(5_000)) { taken.withLock { $0.append("second") } }
        )
        #expect(taken.withLock { $0 } == ["first"])
        // The end of the one that was taken over is not that of its successor.
        subscriptions.end(Self.key, first)
        #expect(subscriptions.begin(Self.key, now: Self.at(9_999)) {} == nil)
        subscriptions.end(Self.key, second)
        #expect(subscriptions.begin(Self.key, now: Self.at(9_999)) {} == nil, "also after its end")
        #expect(subscriptions.begin(Self.key, now: Self.at(10_000)) {} != nil)
        #expect(taken.withLock { $0 } == ["first"], "who has ended is not told")
    }

    @Test func `other consumers and shards are subscriptions of their own`() {
        let subscriptions = Subscriptions()
        var other = Self.key
        other.shard = 1
        var third = Self.key
        third.consumer = "d"
        for key in [Self.key, other, third] { #expect(subscriptions.begin(key, now: Self.at(0)) {} != nil) }
    }

    private func topic() -> Topic {
        let shard = Shard(
            ordinal: 0,
            partition: 0,
            startOffset: 0,
            createdSecond: 1,
            hashRange: HashRange.uniform(count: 1)[0]
        )
        return Topic(
            name: "s",
            id: TopicID(high: 1, low: 2),
            createdAt: 1,
            origin: .kinesis,
            partitions: [Partition()],
            routing: .md5,
            streamMode: .provisioned,
            shards: [shard]
        )
    }

    @Test func `a topic keeps its consumers, at most twenty, with their tags`() {
        var topic = self.topic()
        for index in 0..<22 { StreamConsumer(name: "c\(index)", created: 1000).add(to: &topic, tags: ["k": "v"]) }
        #expect(StreamConsumer.all(of: topic).count == StreamConsumer.countMax)
        StreamConsumer(name: "c0", created: 2000).add(to: &topic, tags: [:])
        #expect(StreamConsumer.named("c0", of: topic)?.created == 1000, "a name is taken once")
        StreamConsumer(name: "c0", created: 2000).remove(from: &topic)
        #expect(StreamConsumer.named("c0", of: topic) != nil, "another one of that name stays")
        for index in 0..<20 { StreamConsumer(name: "c\(index)", created: 1000).remove(from: &topic) }
        #expect(topic.attributes.isEmpty)
    }
}
