import Model
import TestSupport
import Testing

@testable import Metadata

@Suite struct TopicPlannerTests {
    @Test(
        arguments: [
            ("", TopicPlanError.Code.nameInvalid), (".", .nameInvalid), ("..", .nameInvalid),
            (String(repeating: "a", count: 250), .nameInvalid), ("a b", .nameInvalid), ("a/b", .nameInvalid),
            ("é", .nameInvalid), ("a\u{0}", .nameInvalid), ("a.b", .alreadyExists), ("a_b", .nameCollision),
        ]
    )
    func `names are refused as Kafka refuses them`(name: String, expected: TopicPlanError.Code) throws {
        var image = TopicsImage()
        try image.apply(.put(entry(of: makeTopic("a.b", partitions: 1))))
        let creation = TopicCreation(name: name, id: TopicID(high: 1, low: 1), partitionCount: 1, origin: .kafka)
        #expect(code { _ = try TopicPlanner.createTopic(creation, in: image, now: now) } == expected)
    }

    @Test(arguments: ["...", "a-b", "a", "A.9_-", "__own", String(repeating: "z", count: 249)])
    func `names are accepted as Kafka accepts them`(name: String) throws {
        #expect(try makeTopic(name, partitions: 1).name == name)
    }

    @Test func `both APIs make the same topic, except for routing and timestamps`() throws {
        let stream = try makeTopic(partitions: 3)
        let topic = try makeTopic(partitions: 3, origin: .kafka)
        #expect(stream.shards == topic.shards)
        #expect(stream.partitions == topic.partitions)
        #expect(stream.routing == .md5)
        #expect(topic.routing == .kafka)
        #expect(stream.configs == ["message.timestamp.type": "LogAppendTime"])
        #expect(topic.configs.isEmpty)
        #expect(try makeTopic(partitions: 1, configs: ["shard.routing": "md5"], origin: .kafka).routing == .md5)
        #expect(stream.shards.map(\.id).first == "shardId-000000000000")
        #expect(stream.shards.map(\.createdSecond) == [1_795_471_200, 1_795_471_200, 1_795_471_200])
    }

    @Test func `creation writes the topic and its ID only if both are free`() throws {
        let plan = try TopicPlanner.createTopic(
            TopicCreation(name: "orders", id: topicID, partitionCount: 1, origin: .kafka),
            in: TopicsImage(),
            now: now
        )
        let keys = [MetadataKeys.topic(name: "orders"), MetadataKeys.topicID(topicID)]
        #expect(
            plan.transaction.compares
                == keys.map { .isMissing($0) } + [.isUnchanged(MetadataKeys.retiredStreams, since: 0)]
        )
        #expect(plan.transaction.success.count == 2)
        #expect(keys[1].bytes.count == 20)
        try plan.transaction.validate()
        #expect(MetadataKeys.topicName(of: keys[0]) == "orders")
        #expect(MetadataKeys.topicName(of: keys[1]) == nil)
    }

    @Test func `bad counts and configs are refused`() throws {
        for count in [0, -1] {
            #expect(code { _ = try makeTopic(partitions: count) } == .invalidPartitions)
        }
        #expect(code { _ = try makeTopic(partitions: 10_001) } == .limitExceeded)
        #expect(code { _ = try makeTopic(partitions: 1, configs: ["nonsense": "1"]) } == .invalidConfig)
        #expect(code { _ = try makeTopic(partitions: 1, configs: ["retention.ms": "-2"]) } == .invalidConfig)
        let topic = try makeTopic(partitions: 2)
        for count in [2, 1, 0, -5] {
            #expect(
                code {
                    _ = try TopicPlanner.createPartitions(topic, newCount: count, currentEnds: [0, 0], now: now)
                } == .invalidPartitions
            )
        }
    }

    @Test func `more partitions split the widest ranges at the partitions' ends`() throws {
        let topic = try makeTopic(partitions: 2, revision: 7)
        let plan = try TopicPlanner.createPartitions(topic, newCount: 3, currentEnds: [100, 200], now: now + 5_000)
        #expect(plan.transaction.compares == [.isUnchanged(MetadataKeys.topic(name: "orders"), since: 7)])
        let shards = plan.topic.shards
        #expect(shards.count == 4)
        #expect(shards[0].endOffset == 100)
        #expect(shards[0].closedAt == now + 5_000)
        #expect(shards[1].isOpen)
        #expect(shards[2].partition == 0)
        #expect(shards[2].startOffset == 100)
        #expect(shards[3].partition == 2)
        #expect(shards[3].startOffset == 0)
        #expect(shards[2].parent == 0 && shards[3].parent == 0)
        #expect(shards[2].createdSecond == 1_795_471_205)
        #expect(plan.topic.children(of: 0).map(\.ordinal) == [2, 3])
        #expect(plan.topic.shard(partition: 0, offset: 99)?.ordinal == 0)
        #expect(plan.topic.shard(partition: 0, offset: 100)?.ordinal == 2)
        #expect(plan.topic.openShard(hash: 0)?.ordinal == 2)
        #expect(plan.topic.openShard(partition: 2)?.ordinal == 3)
    }

    @Test func `growing to a power of two gives uniform ranges with seconds near the clock`() throws {
        let topic = try makeTopic(partitions: 1)
        let grown = try TopicPlanner.createPartitions(topic, newCount: 64, currentEnds: [10], now: now).topic
        let ranges = grown.openShards.map(\.hashRange).sorted { $0.lower < $1.lower }
        #expect(ranges == HashRange.uniform(count: 64))
        #expect(try #require(grown.openShards.map(\.createdSecond).max()) == now / 1000 + 6)
    }

    @Test func `a split opens a sealed partition again before it makes a new one`() throws {
        let topic = try makeTopic(partitions: 2)
        var merged = try TopicPlanner.mergeShards(
            topic,
            ordinal: 1,
            adjacent: 0,
            currentEnds: [5, 7],
            now: now
        ).topic
        merged.modRevision = 3
        #expect(merged.partitions.map(\.isSealed) == [true, false])
        let child = merged.shards[2]
        #expect(child.partition == 1)
        #expect(child.startOffset == 7)
        #expect(child.hashRange == .full)
        #expect(child.parent == 1)
        #expect(child.adjacentParent == 0)
        #expect(child.createdSecond > topic.shards[0].createdSecond)
        let split = try TopicPlanner.splitShard(
            merged,
            ordinal: 2,
            newStartingHash: 1000,
            currentEnds: [5, 9],
            now: now
        ).topic
        #expect(split.partitions.map(\.isSealed) == [false, false])
        #expect(split.shards[4].partition == 0)
        #expect(split.shards[4].startOffset == 5)
        #expect(split.shards[4].hashRange == HashRange(lower: 1000, upper: .max))
    }

    @Test func `splits and merges in the wrong place are refused`() throws {
        let topic = try makeTopic(partitions: 3)
        let ends: [Offset] = [0, 0, 0]
        func split(_ ordinal: Int32, _ hash: UInt128) -> TopicPlanError.Code? {
            code {
                _ = try TopicPlanner.splitShard(
                    topic,
                    ordinal: ordinal,
                    newStartingHash: hash,
                    currentEnds: ends,
                    now: now
                )
            }
        }
        func merge(_ ordinal: Int32, _ adjacent: Int32, _ topic: Topic) -> TopicPlanError.Code? {
            code {
                _ = try TopicPlanner.mergeShards(
                    topic,
                    ordinal: ordinal,
                    adjacent: adjacent,
                    currentEnds: ends,
                    now: now
                )
            }
        }
        #expect(split(9, 1) == .shardNotFound)
        #expect(split(0, 0) == .invalidHashKey)
        #expect(split(0, .max) == .invalidHashKey)
        #expect(split(0, 1) == nil)
        #expect(merge(0, 2, topic) == .shardsNotAdjacent)
        #expect(merge(1, 1, topic) == .shardsNotAdjacent)
        #expect(merge(2, 1, topic) == nil)
        var written = topic
        written.isWrittenByKafka = true
        #expect(merge(0, 1, written) == .mergeRefused)
        written.configs["kinesis.allow.merge"] = "true"
        #expect(merge(0, 1, written) == nil)
        let merged = try TopicPlanner.mergeShards(topic, ordinal: 0, adjacent: 1, currentEnds: ends, now: now).topic
        #expect(merge(0, 2, merged) == .shardClosed)
    }

    @Test(arguments: [(1, 2), (2, 1), (4, 3), (3, 4), (4, 8), (8, 4), (1, 100), (100, 1), (10, 7), (7, 13), (5, 5)])
    func `updating the shard count ends in uniform ranges`(from: Int, to: Int) throws {
        let topic = try makeTopic(partitions: from)
        let changed = try TopicPlanner.updateShardCount(
            topic,
            target: to,
            currentEnds: [Offset](repeating: 3, count: from),
            now: now
        ).topic
        #expect(changed.openShards.map(\.hashRange).sorted { $0.lower < $1.lower } == HashRange.uniform(count: to))
        let depth = try #require(changed.shards.map(\.createdSecond).max()) - now / 1000
        #expect(depth <= 16, "seconds ahead of the clock: \(depth)")
        #expect(changed.partitions.count <= from + to)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `any sequence of reshardings keeps the tiling and the lineage`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var topic = try makeTopic(partitions: Int.random(in: 1...6, using: &random))
        var ends = topic.partitions.map { _ in Offset(0) }
        var clock = now
        for step in 0..<60 {
            ends = ends.map { $0 + Offset.random(in: 0...5, using: &random) }
            clock += Int64.random(in: 0...900, using: &random)
            let open = topic.openShards
            let shard = try #require(open.randomElement(using: &random))
            let changed: Topic
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<4:
                guard shard.hashRange.span > 0 else { continue }
                let hash = UInt128.random(in: (shard.hashRange.lower + 1)...shard.hashRange.upper, using: &random)
                changed = try TopicPlanner.splitShard(
                    topic,
                    ordinal: shard.ordinal,
                    newStartingHash: hash,
                    currentEnds: ends,
                    now: clock
                ).topic
            case 4..<7:
                guard
                    let next = open.first(where: {
                        shard.hashRange.upper < .max && $0.hashRange.lower == shard.hashRange.upper + 1
                    })
                else { continue }
                changed = try TopicPlanner.mergeShards(
                    topic,
                    ordinal: shard.ordinal,
                    adjacent: next.ordinal,
                    currentEnds: ends,
                    now: clock
                ).topic
            case 7:
                changed = try TopicPlanner.createPartitions(
                    topic,
                    newCount: topic.partitions.count + Int.random(in: 1...3, using: &random),
                    currentEnds: ends,
                    now: clock
                ).topic
            case 8:
                changed = try TopicPlanner.updateShardCount(
                    topic,
                    target: Int.random(in: 1...12, using: &random),
                    currentEnds: ends,
                    now: clock
                ).topic
            default:
                let starts = ends.map { max(0, $0 - Offset.random(in: 0...50, using: &random)) }
                guard
                    let plan = try TopicPlanner.trimShards(topic, logStarts: starts, closedBefore: clock - 5_000)
                else { continue }
                changed = plan.topic
                #expect(Set(changed.openShards) == Set(topic.openShards))
            }
            #expect(changed.invariantViolation == nil, "seed \(seed) step \(step)")
            #expect(changed.nextShardOrdinal >= topic.nextShardOrdinal)
            for child in changed.shards where child.ordinal >= topic.nextShardOrdinal {
                for parent in [child.parent, child.adjacentParent].compactMap({ $0 }) {
                    let parent = try #require(changed.shard(ordinal: parent))
                    #expect(child.createdSecond > parent.createdSecond)
                    #expect(!parent.isOpen)
                }
            }
            // Shards of a partition follow each other without a gap, unless it was sealed in between.
            for number in changed.partitions.indices {
                let line = changed.shards.filter { $0.partition == number }
                for (old, new) in zip(line, line.dropFirst()) { #expect((old.endOffset ?? .max) <= new.startOffset) }
            }
            ends += [Offset](repeating: 0, count: changed.partitions.count - ends.count)
            let stored = changed
            topic = try Topic.decode(stored.encoded(), name: stored.name, modRevision: Int64(step) + 3)
            #expect(topic.shards == stored.shards)
        }
    }

    @Test func `closed shards go when their records are gone`() throws {
        let topic = try makeTopic(partitions: 1)
        let grown = try TopicPlanner.createPartitions(topic, newCount: 3, currentEnds: [100], now: now).topic
        // Shard 0 holds records up to 100; shard 1 or 2 was closed at once and never held any.
        var stored = grown
        stored.modRevision = 3
        #expect(try TopicPlanner.trimShards(stored, logStarts: [100, 0, 0], closedBefore: now) == nil)
        #expect(try TopicPlanner.trimShards(stored, logStarts: [99, 0, 0], closedBefore: now + 1) == nil)
        let later = try #require(
            try TopicPlanner.trimShards(stored, logStarts: [100, 0, 0], closedBefore: now + 1)
        ).topic
        #expect(later.openShards == later.shards)
        #expect(later.nextShardOrdinal == grown.nextShardOrdinal)
    }

    @Test func `a partition that lost its files can still be split`() throws {
        var topic = try makeTopic(partitions: 1)
        topic.shards[0].startOffset = 50
        let split = try TopicPlanner.createPartitions(topic, newCount: 2, currentEnds: [0], now: now).topic
        #expect(split.shards[0].endOffset == 50)
        #expect(split.shards[1].startOffset == 50)
    }

    @Test func `altering configs replaces them and follows the routing`() throws {
        let topic = try makeTopic(partitions: 1)
        let changed = try TopicPlanner.alterConfigs(
            topic,
            configs: ["shard.routing": "kafka", "retention.ms": "1000"]
        ).topic
        #expect(changed.routing == .kafka)
        #expect(changed.configs["message.timestamp.type"] == nil)
        var stored = changed
        stored.modRevision = 3
        #expect(try TopicPlanner.alterConfigs(stored, configs: [:]).topic.routing == .md5)
        #expect(code { _ = try TopicPlanner.alterConfigs(topic, configs: ["retention.ms": "x"]) } == .invalidConfig)
    }

    @Test func `producer ID blocks follow each other`() throws {
        let (first, transaction) = try ProducerIDBlock.plan(current: nil)
        #expect(first.first == ProducerID(0))
        #expect(transaction.compares == [.isUnchanged(MetadataKeys.nextProducerID, since: 0)])
        guard case .put(let key, let value, _) = transaction.success[0] else { return }
        let stored = MetadataEntry(key: key, value: value, createRevision: 2, modRevision: 9, version: 1)
        let (second, next) = try ProducerIDBlock.plan(current: stored)
        #expect(second.first == ProducerID(1000))
        #expect(next.compares == [.isUnchanged(MetadataKeys.nextProducerID, since: 9)])
        for bytes in [[], [1, 2], [UInt8](repeating: 0xFF, count: 8), [0x7F] + [UInt8](repeating: 0xFF, count: 7)] {
            var damaged = stored
            damaged.value = bytes
            let error = #expect(throws: MetadataError.self) { try ProducerIDBlock.plan(current: damaged) }
            #expect(error?.code == .corrupt)
        }
    }
}
