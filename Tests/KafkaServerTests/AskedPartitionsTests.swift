import KafkaProtocol
import Model
import TestSupport
import Testing

@testable import KafkaServer

@Suite struct AskedPartitionsTests {
    private static func topic(_ name: String, _ partitions: [Int32]) -> FetchRequest.Topic {
        FetchRequest.Topic(name: name, partitions: partitions.map { Self.partition($0) })
    }

    private static func partition(_ number: Int32) -> FetchRequest.Partition {
        FetchRequest.Partition(
            partitionIndex: number,
            currentLeaderEpoch: LeaderEpoch(3),
            fetchOffset: 100 + Int64(number),
            lastFetchedEpoch: LeaderEpoch(2),
            logStartOffset: -1,
            partitionMaxBytes: 1 << 20
        )
    }

    private static func parked(_ topics: [FetchRequest.Topic]) -> AskedPartitions {
        AskedPartitions(FetchAPI.asked(FetchRequest(topics: topics)))
    }

    @Test func `a request that was turned round is found at once, also with a topic in two pieces`() {
        var parked = Self.parked([Self.topic("a", [4, 1, 7]), Self.topic("b", [1, 0])])
        #expect(parked.order(of: [Self.topic("a", [4, 1, 7]), Self.topic("b", [1, 0])]) == [0, 1, 2, 3, 4])
        #expect(
            parked.order(of: [Self.topic("a", [7]), Self.topic("b", [1, 0]), Self.topic("a", [4, 1])])
                == [2, 3, 4, 0, 1]
        )
    }

    @Test(arguments: 1...40)
    func `any order is found`(count: Int) {
        var random = SeededGenerator(seed: UInt64(count))
        let keys = (0..<count).map { (topic: "t\($0 % 3)", partition: Int32($0)) }.shuffled(using: &random)
        var parked = Self.parked(keys.map { Self.topic($0.topic, [$0.partition]) })
        let order = Array(keys.indices).shuffled(using: &random)
        #expect(parked.order(of: order.map { Self.topic(keys[$0].topic, [keys[$0].partition]) }) == order)
    }

    @Test func `another offset, limit or epoch of one partition is another request`() {
        var parked = Self.parked([Self.topic("a", [0, 1, 2])])
        let changes: [(inout FetchRequest.Partition) -> Void] = [
            { $0.fetchOffset += 1 },
            { $0.partitionMaxBytes -= 1 },
            { $0.currentLeaderEpoch = LeaderEpoch(4) },
            { $0.lastFetchedEpoch = LeaderEpoch(1) },
            { $0.logStartOffset = 0 },
            { $0.partitionIndex = 3 },
        ]
        for change in changes {
            for position in 0..<3 {
                var topic = Self.topic("a", [2, 0, 1])
                change(&topic.partitions[position])
                #expect(parked.order(of: [topic]) == nil)
            }
        }
        #expect(parked.order(of: [Self.topic("a", [2, 0, 1])]) == [2, 0, 1])
    }

    @Test func `more, fewer, other and repeated partitions are another request`() {
        var parked = Self.parked([Self.topic("a", [0, 1]), Self.topic("b", [0])])
        #expect(parked.order(of: [Self.topic("b", [0]), Self.topic("a", [1])]) == nil)
        #expect(parked.order(of: [Self.topic("b", [0, 1]), Self.topic("a", [1, 0])]) == nil)
        #expect(parked.order(of: [Self.topic("c", [0]), Self.topic("a", [1, 0])]) == nil)
        #expect(parked.order(of: [Self.topic("a", [1, 1]), Self.topic("b", [0])]) == nil)
        #expect(parked.order(of: []) == nil)
    }

    @Test func `a parked request that names a partition twice is only known by its bytes`() {
        var parked = Self.parked([Self.topic("a", [0, 1, 0])])
        #expect(parked.order(of: [Self.topic("a", [0, 1, 0])]) == nil)
        #expect(parked.order(of: [Self.topic("a", [0, 0, 1])]) == nil)
    }

    @Test func `topics without a name are distinguished by ID`() {
        let ids = [TopicID(high: 1, low: 2), TopicID(high: 1, low: 3)]
        let topics = ids.map { FetchRequest.Topic(topicID: $0, partitions: [Self.partition(0)]) }
        var parked = Self.parked(topics)
        #expect(parked.order(of: topics.reversed()) == [1, 0])
        #expect(parked.order(of: [topics[0], topics[0]]) == nil)
    }
}
