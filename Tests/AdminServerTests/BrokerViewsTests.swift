import GroupCoordinator
import LogCore
import LogTestSupport
import Metadata
import Model
import Testing

@testable import AdminServer
@testable import Broker

/// Lists of a large cluster, and what a row says.
@Suite struct BrokerViewsTests {
    private static func topic(_ name: String, partitions: Int, batches: Int = 0, high: UInt64 = 1) -> HostedTopic {
        let ranges = HashRange.uniform(count: partitions)
        let topic = Topic(
            name: name,
            id: TopicID(high: high, low: UInt64(name.utf8.reduce(7) { $0 &* 31 &+ Int($1) })),
            createdAt: 5,
            origin: .kafka,
            partitions: Array(repeating: Partition(), count: partitions),
            configs: ["retention.ms": "1000"],
            routing: .kafka,
            streamMode: .onDemand,
            shards: ranges.indices.map { index in
                Shard(
                    ordinal: Int32(index),
                    partition: Int32(index),
                    startOffset: 0,
                    createdSecond: 1,
                    hashRange: ranges[index]
                )
            }
        )
        let placements = (0..<Int32(partitions)).map { number -> PartitionPlacement in
            let log = MemoryPartitionLog(number, batches: Array(repeating: 100, count: batches))
            return .here(
                HostedPartition(
                    topicName: name,
                    log: log,
                    isInternal: false,
                    rules: .init(
                        leaderEpoch: LeaderEpoch(0),
                        isSealed: false,
                        messageBytesMax: 1 << 20,
                        needsKeys: false,
                        timestampBeforeMillisecondsMax: .max,
                        timestampAfterMillisecondsMax: .max,
                        isLogAppendTime: false
                    ),
                    shard: .open(ordinal: number, start: 0)
                )
            )
        }
        return HostedTopic(topic: topic, placements: placements)
    }

    private static func lag(_ group: String, _ topic: String, records: Int64, seconds: Double?) -> GroupLag {
        GroupLag(
            groupID: group,
            hasMembers: true,
            partitions: (0..<2).map { partition in
                PartitionLag(
                    topic: topic,
                    partition: partition,
                    committed: 0,
                    records: records,
                    seconds: seconds,
                    status: .behind
                )
            }
        )
    }

    @Test func `a row has the sums of the partitions and the worst group`() throws {
        let table = TopicTable(
            revision: 1,
            topics: [Self.topic("orders", partitions: 3, batches: 4), Self.topic("__consumer_offsets", partitions: 1)]
        )
        let lag = LagSnapshot(groups: [
            Self.lag("a", "orders", records: 5, seconds: 1.5), Self.lag("b", "orders", records: 1, seconds: 9),
            Self.lag("c", "orders", records: 100, seconds: nil),
        ])
        let page = try BrokerViews.topics(table, BrokerConfigs(), lag, PageRequest(), internal: false)
        #expect(page.total == 1)
        let row = try #require(page.rows.first)
        #expect(row.name == "orders" && row.partitions == 3 && row.openShards == 3 && row.records == 12)
        #expect(row.retentionMilliseconds == 1000 && row.retentionBytes == -1 && row.cleanupPolicy == "delete")
        #expect(row.lag == TopicLag(groupID: "b", records: 2, seconds: 9, status: .behind))
        let groups = LagByTopic.groups(of: "orders", in: lag)
        #expect(groups.map(\.groupID) == ["b", "a", "c"])
        #expect(LagByTopic.groups(of: "other", in: lag).isEmpty)
    }

    @Test func `a group's row has the sums of its partitions`() {
        let listing = GroupListing(
            groupID: GroupID("g"),
            protocolType: "consumer",
            state: .stable,
            type: .consumer,
            memberCount: 3
        )
        let row = GroupRow(listing, Self.lag("g", "orders", records: 5, seconds: 1.5))
        #expect(row.kind == .consumer && row.state == "Stable" && row.members == 3)
        #expect(row.topics == 1 && row.partitions == 2 && row.lagRecords == 10 && row.lagRecordsMax == 5)
        #expect(row.lagSeconds == 1.5 && row.status == .behind)
        #expect(GroupRow(listing, nil).status == nil)
    }

    /// No assertion on the time: the machine may be busy. What it prints is read by people.
    @Test func `nine thousand topics and two thousand groups are listed`() throws {
        let clock = ContinuousClock()
        let topics = (0..<9_000).map { number in
            Self.topic("topic-\(number)", partitions: number % 3 == 0 ? 5 : 4, high: UInt64(number))
        }
        let table = TopicTable(revision: 1, topics: topics)
        let lag = LagSnapshot(
            groups: (0..<2_200).map { number in
                Self.lag("group-\(10_000 + number)", "topic-\(number)", records: Int64(number), seconds: Double(number))
            }
        )
        var times: [String] = []
        for sort in [nil, "size", "lag", "retention"] {
            let time = try clock.measure {
                let request = PageRequest(search: "9", sort: sort, isDescending: true)
                let page = try BrokerViews.topics(table, BrokerConfigs(), lag, request, internal: true)
                #expect(page.total == 9_000 && page.rows.count == 100)
            }
            times.append("topics by \(sort ?? "name") \(time)")
        }
        let rows = lag.groups.map { GroupRow(groupID: $0.groupID, kind: .classic, state: "Stable", members: 1, $0) }
        let time = try clock.measure {
            let page = try BrokerViews.groups(rows, PageRequest(sort: "seconds", isDescending: true))
            #expect(page.rows.first?.groupID == "group-12199")
        }
        print("views of a large cluster: " + (times + ["groups by seconds \(time)"]).joined(separator: ", "))
    }
}
