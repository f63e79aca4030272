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

    private static let tickets = (0..<8).map { Subscriptions.Ticket(number: $0) }

    @Test func `a call within five seconds of a successful one is refused, a later one takes over`() {
        let subscriptions = Subscriptions()
        let taken = Mutex<[String]>([])
        let (first, second, third) = (Self.tickets[0], Self.tickets[1], Self.tickets[2])
        let hasBegun = subscriptions.begin(Self.key, first, now: Self.at(0)) { taken.withLock { $0.append("first") } }
        #expect(hasBegun)
        #expect(!subscriptions.begin(Self.key, second, now: Self.at(4_999)) {})
        #expect(taken.withLock { $0.isEmpty })
        let takesOver = subscriptions.begin(Self.key, second, now: Self.at(5_000)) {
            taken.withLock { $0.append("second") }
        }
        #expect(takesOver)
        #expect(taken.withLock { $0 } == ["first"])
        // The end of the one that was taken over is not that of its successor.
        subscriptions.end(Self.key, first)
        #expect(!subscriptions.begin(Self.key, third, now: Self.at(9_999)) {})
        subscriptions.end(Self.key, second)
        #expect(!subscriptions.begin(Self.key, third, now: Self.at(9_999)) {}, "also after its end")
        #expect(subscriptions.begin(Self.key, third, now: Self.at(10_000)) {})
        #expect(taken.withLock { $0 } == ["first"], "who has ended is not told")
    }

    @Test func `other consumers and shards are subscriptions of their own`() {
        let subscriptions = Subscriptions()
        var other = Self.key
        other.shard = 1
        var third = Self.key
        third.consumer = "d"
        for (key, ticket) in zip([Self.key, other, third], Self.tickets) {
            #expect(subscriptions.begin(key, ticket, now: Self.at(0)) {})
        }
    }

    @Test func `a subscription continues at a broker that knows nothing of it, unless another one took its place`() {
        let subscriptions = Subscriptions()
        func resume(_ ticket: Int, at milliseconds: Int64, isElsewhere: Bool = true) -> Bool {
            let (key, now) = (Self.key, Self.at(milliseconds))
            return subscriptions.resume(key, Self.tickets[ticket], isElsewhere: isElsewhere, now: now) {}
        }
        #expect(resume(0, at: 10_000))
        #expect(resume(0, at: 11_000))
        #expect(!resume(1, at: 11_000))
        // It came with its shard: when it began nobody knows, so a call takes over at once.
        #expect(subscriptions.begin(Self.key, Self.tickets[1], isElsewhere: true, now: Self.at(11_001)) {})
        #expect(!resume(0, at: 11_002))
        #expect(resume(1, at: 11_002))
        // A client at another broker that is not heard of is gone.
        #expect(resume(0, at: 41_003))
        #expect(!resume(1, at: 41_004))
        // Its shard comes to the broker of its client.
        #expect(resume(0, at: 42_000, isElsewhere: false))
        #expect(!resume(1, at: 142_000))
    }

    @Test func `a call whose answer was lost may come again`() {
        let subscriptions = Subscriptions()
        let taken = Mutex(0)
        for _ in 0..<2 {
            let hasBegun = subscriptions.begin(Self.key, Self.tickets[0], now: Self.at(0)) {
                taken.withLock { $0 += 1 }
            }
            #expect(hasBegun)
        }
        #expect(taken.withLock { $0 } == 0)
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
