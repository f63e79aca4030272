import LeaseTables
import Metadata
import Model
import Testing

@testable import Broker

/// What the leases of an application say of its stream.
@Suite struct KinesisApplicationTests {
    /// Shard 0 of partition 0 was split at offset 10: into shard 1, which continues there, and shard 2 on partition 1.
    static func topic(_ name: String, second: Int64) throws -> Topic {
        let creation = TopicCreation(
            name: name,
            id: TopicID(high: 1, low: UInt64(second)),
            partitionCount: 1,
            configs: [:],
            origin: .kinesis
        )
        var topic = try TopicPlanner.createTopic(creation, in: TopicsImage(), now: second * 1000).committed(at: 1)
        let whole = topic.shards[0]
        let middle = whole.hashRange.upper / 2
        topic.shards[0].endOffset = 10
        topic.shards[0].closedAt = second * 1000 + 5000
        topic.shards.append(
            Shard(
                ordinal: 1,
                partition: 0,
                startOffset: 10,
                createdSecond: second + 5,
                hashRange: HashRange(lower: 0, upper: middle),
                parent: 0
            )
        )
        topic.shards.append(
            Shard(
                ordinal: 2,
                partition: 1,
                startOffset: 0,
                createdSecond: second + 5,
                hashRange: HashRange(lower: middle + 1, upper: whole.hashRange.upper),
                parent: 0
            )
        )
        return topic
    }

    static func lease(
        _ topic: Topic,
        _ ordinal: Int32,
        _ checkpoint: String,
        owner: String? = nil,
        prefix: String = ""
    ) -> Lease {
        let range = topic.shards[Int(ordinal)].hashRange
        return Lease(
            key: prefix + "shardId-00000000000\(ordinal)",
            owner: owner,
            checkpoint: checkpoint,
            startingHashKey: "\(range.lower)",
            endingHashKey: "\(range.upper)"
        )
    }

    @Test func `follows the shards of a partition`() throws {
        let topic = try Self.topic("s", second: 1000)
        func offsets(_ checkpoints: [String]) -> [Offset?] {
            let leases = checkpoints.enumerated().map { Self.lease(topic, Int32($0), $1, owner: "w\($0)") }
            return KinesisApplication(name: "a", leases: leases, topics: [topic]).progress.map(\.offset)
        }
        #expect(offsets(["TRIM_HORIZON"]) == [0])
        #expect(offsets(["LATEST"]) == [nil])
        #expect(offsets(["SHARD_END"]) == [10])
        #expect(offsets(["SHARD_END", "TRIM_HORIZON", "TRIM_HORIZON"]) == [10, 0])
        #expect(offsets(["TRIM_HORIZON", "TRIM_HORIZON", "SHARD_END"]).first == 0)
    }

    @Test func `names no stream where two fit, and that of the key where there is one`() throws {
        let one = try Self.topic("one", second: 1000)
        let two = try Self.topic("two", second: 1000)
        let leases = [Self.lease(one, 0, "TRIM_HORIZON", owner: "w")]
        let unknown = KinesisApplication(name: "a", leases: leases, topics: [one, two])
        #expect(unknown.progress.isEmpty)
        #expect(unknown.workers == ["w"])
        let named = [Self.lease(one, 0, "TRIM_HORIZON", owner: "w", prefix: "123:two:1:")]
        #expect(KinesisApplication(name: "a", leases: named, topics: [one, two]).progress.map(\.topic) == ["two"])
    }

    @Test func `passes over rows that say nothing of a shard`() throws {
        let topic = try Self.topic("s", second: 1000)
        let rows = [Lease(key: "Leader", checkpoint: "x"), Lease(key: "a:b", checkpoint: "SHARD_END")]
        let application = KinesisApplication(name: "a", leases: rows, topics: [topic])
        #expect(application.progress.isEmpty && application.workers.isEmpty)
    }
}
