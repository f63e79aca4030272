import KinesisProtocol
import Metadata
import Model
import Testing

@testable import KinesisServer

/// The budgets of `kinesis.limits=aws`, by a clock of the tests.
@Suite struct ThroughputLimitsTests {
    /// `ThroughputLimits` for `#expect`, which takes no mutating calls.
    private final class Budgets {
        private var limits = ThroughputLimits()

        var count: Int { self.limits.count }

        func recordPut(to key: ThroughputLimits.ShardKey, bytes: Int, now: Timestamp) -> Bool {
            self.limits.recordPut(to: key, bytes: bytes, now: now)
        }
        func readRequested(of key: ThroughputLimits.ShardKey, now: Timestamp) -> Bool {
            self.limits.readRequested(of: key, now: now)
        }
        func readAnswered(of key: ThroughputLimits.ShardKey, bytes: Int, now: Timestamp) {
            self.limits.readAnswered(of: key, bytes: bytes, now: now)
        }
        func iteratorRequested(of key: ThroughputLimits.ShardKey, now: Timestamp) -> Bool {
            self.limits.iteratorRequested(of: key, now: now)
        }
        func eventSent(to key: ThroughputLimits.ConsumerKey, bytes: Int, now: Timestamp) -> Int64 {
            self.limits.eventSent(to: key, bytes: bytes, now: now)
        }
        func operationRequested(_ key: ThroughputLimits.OperationKey, perSecond: Int64, now: Timestamp) -> Bool {
            self.limits.operationRequested(key, perSecond: perSecond, now: now)
        }
        func takeLoads() -> [ThroughputLimits.ShardKey: ThroughputLimits.Load] { self.limits.takeLoads() }
    }

    private static let shard = ThroughputLimits.ShardKey(stream: TopicID(high: 1, low: 2), ordinal: 0)
    private static let start: Timestamp = 1_700_000_000_000

    private func records(_ count: Int, of bytes: Int, _ limits: Budgets, at time: Timestamp) -> Int {
        (0..<count).count { _ in limits.recordPut(to: Self.shard, bytes: bytes, now: Self.start + time) }
    }

    @Test func `a shard takes a thousand records a second`() {
        let limits = Budgets()
        #expect(self.records(1200, of: 10, limits, at: 0) == 1000)
        #expect(self.records(10, of: 10, limits, at: 1) == 1, "one a millisecond")
        #expect(self.records(600, of: 10, limits, at: 501) == 500)
        #expect(self.records(3000, of: 10, limits, at: 60_000) == 1000, "no more than a second's worth is saved up")
    }

    @Test func `a shard takes a mebibyte a second, and a smaller record after one that was refused`() {
        let limits = Budgets()
        #expect(self.records(2, of: 600 << 10, limits, at: 0) == 1)
        #expect(self.records(1, of: 424 << 10, limits, at: 0) == 1)
        #expect(self.records(1, of: 1, limits, at: 0) == 0)
        #expect(self.records(1, of: 100 << 10, limits, at: 97) == 0)
        #expect(self.records(1, of: 100 << 10, limits, at: 98) == 1)
    }

    @Test func `a record of ten mebibytes passes alone and is paid for afterwards`() {
        let limits = Budgets()
        #expect(self.records(2, of: 10 << 20, limits, at: 0) == 1)
        #expect(self.records(1, of: 1, limits, at: 9000) == 0)
        #expect(self.records(1, of: 1, limits, at: 9001) == 1)
    }

    @Test func `a refused record costs nothing`() {
        let limits = Budgets()
        #expect(self.records(1, of: 1 << 20, limits, at: 0) == 1)
        for _ in 0..<2000 { #expect(self.records(1, of: 1 << 20, limits, at: 10) == 0) }
        #expect(self.records(1, of: 1 << 20, limits, at: 1000) == 1)
    }

    @Test func `a shard answers five reads a second`() {
        let limits = Budgets()
        func reads(_ count: Int, at time: Timestamp) -> Int {
            (0..<count).count { _ in limits.readRequested(of: Self.shard, now: Self.start + time) }
        }
        #expect(reads(7, at: 0) == 5)
        #expect(reads(1, at: 199) == 0)
        #expect(reads(2, at: 200) == 1)
        #expect(reads(9, at: 5000) == 5)
    }

    @Test(arguments: [(10 << 20, 5000), (4 << 20, 2000), (3 << 20, 1500), (2 << 20, 0), (0, 0)])
    func `a large answer is followed by none until it is paid for`(_ bytes: Int, _ pause: Timestamp) {
        let limits = Budgets()
        #expect(limits.readRequested(of: Self.shard, now: Self.start))
        limits.readAnswered(of: Self.shard, bytes: bytes, now: Self.start)
        if pause > 0 { #expect(!limits.readRequested(of: Self.shard, now: Self.start + pause - 1)) }
        #expect(limits.readRequested(of: Self.shard, now: Self.start + pause))
    }

    @Test func `reads of two mebibytes a second are never limited`() {
        let limits = Budgets()
        for turn in 0..<100 {
            let now = Self.start + Timestamp(turn) * 1000
            #expect(limits.readRequested(of: Self.shard, now: now))
            limits.readAnswered(of: Self.shard, bytes: 2 << 20, now: now)
        }
    }

    @Test func `a shard gives five iterators a second, independent of its reads`() {
        let limits = Budgets()
        let asked = (0..<6).count { _ in limits.iteratorRequested(of: Self.shard, now: Self.start) }
        #expect(asked == 5)
        #expect(limits.readRequested(of: Self.shard, now: Self.start))
    }

    @Test func `each consumer has two mebibytes a second of each shard`() {
        let limits = Budgets()
        func key(_ name: String) -> ThroughputLimits.ConsumerKey {
            .init(shard: Self.shard, consumer: name, created: 1)
        }
        #expect(limits.eventSent(to: key("a"), bytes: 1 << 20, now: Self.start) == 0)
        #expect(limits.eventSent(to: key("a"), bytes: 1 << 20, now: Self.start) == 0)
        #expect(limits.eventSent(to: key("a"), bytes: 1 << 20, now: Self.start) == 500)
        #expect(limits.eventSent(to: key("b"), bytes: 1 << 20, now: Self.start) == 0)
        #expect(limits.eventSent(to: key("a"), bytes: 1 << 20, now: Self.start + 500) == 500)
    }

    @Test func `an operation has the rate of its account or of its stream`() {
        let limits = Budgets()
        func calls(_ count: Int, _ operation: Operation, _ account: String, at time: Timestamp = 0) -> Int {
            let key = ThroughputLimits.OperationKey(operation: operation, account: account)
            let rate = operation.rate?.perSecond ?? 0
            return (0..<count).count { _ in
                limits.operationRequested(key, perSecond: rate, now: Self.start + time)
            }
        }
        #expect(calls(12, .describeStream, "1") == 10)
        #expect(calls(12, .describeStream, "2") == 10)
        #expect(calls(12, .createStream, "1") == 5)
        #expect(calls(3, .describeLimits, "1") == 1)
        #expect(calls(3, .describeStream, "1", at: 100) == 1)
    }

    @Test func `every operation has a rate, but those on records`() {
        let without = Operation.allCases.filter { $0.rate == nil }
        #expect(Set(without) == [.putRecord, .putRecords, .getRecords, .getShardIterator, .subscribeToShard])
    }

    @Test func `budgets are kept while they are used up, and accounts that clients make up are bounded`() {
        let limits = Budgets()
        for number in 0..<40_000 {
            let key = ThroughputLimits.OperationKey(operation: .describeStream, account: "\(number)")
            _ = limits.operationRequested(key, perSecond: 10, now: Self.start)
        }
        #expect(limits.count <= ThroughputLimits.operationBudgetsMax + 1)
        for ordinal in 0..<40_000 {
            let key = ThroughputLimits.ShardKey(stream: TopicID(high: 1, low: 2), ordinal: Int32(ordinal))
            _ = limits.readRequested(of: key, now: Self.start + Timestamp(ordinal) * 10)
        }
        #expect(limits.count <= 2048, "those of some seconds ago are full again")
    }

    @Test func `a clock that goes back gives nothing, and takes nothing`() {
        let limits = Budgets()
        #expect(self.records(1000, of: 1, limits, at: 10_000) == 1000)
        #expect(self.records(1, of: 1, limits, at: 0) == 0)
        #expect(self.records(2000, of: 1, limits, at: 500) == 500)
        var bucket = TokenBucket(.perSecond(1 << 20), now: .min / 2)
        bucket.take(1 << 20)
        bucket.refill(.perSecond(1 << 20), now: .max / 2)
        let isFull = bucket.isFull(.perSecond(1 << 20))
        #expect(isFull, "no time is too long")
    }

    // MARK: Streams that split by themselves

    private func topic(shards: Int, mode: StreamMode = .onDemand, routing: ShardRouting = .md5) -> Topic {
        Topic(
            name: "s",
            id: TopicID(high: 1, low: 2),
            createdAt: 1,
            origin: .kinesis,
            partitions: (0..<shards).map { _ in Partition() },
            routing: routing,
            streamMode: mode,
            shards: HashRange.uniform(count: shards).enumerated().map { index, range in
                Shard(
                    ordinal: Int32(index),
                    partition: Int32(index),
                    startOffset: 0,
                    createdSecond: 1,
                    hashRange: range
                )
            }
        )
    }

    private func splits(_ topic: Topic, _ loads: [Int32: ThroughputLimits.Load]) -> [Int32] {
        OnDemandScaling.splits(of: topic, loads: loads, inMilliseconds: 10_000).map(\.ordinal)
    }

    @Test func `shards that took more than half of their budget split, the busiest first`() {
        let loads: [Int32: ThroughputLimits.Load] = [
            0: .init(bytes: 5 << 20, records: 5000), 1: .init(bytes: (5 << 20) + 1, records: 1),
            2: .init(bytes: 1, records: 9000), 7: .init(bytes: 9 << 20, records: 9000),
        ]
        #expect(self.splits(self.topic(shards: 4), loads) == [2, 1])
        #expect(self.splits(self.topic(shards: 4, mode: .provisioned), loads).isEmpty)
        #expect(self.splits(self.topic(shards: 4, routing: .kafka), loads).isEmpty, "a new partition would move keys")
    }

    @Test func `a split is in the middle`() throws {
        let topic = self.topic(shards: 1)
        let split = try #require(
            OnDemandScaling.splits(of: topic, loads: [0: .init(bytes: 1 << 30, records: 1)], inMilliseconds: 1000).first
        )
        #expect(split == .init(ordinal: 0, newStartingHash: 1 << 127))
    }

    @Test func `a stream grows to its bound and no further`() {
        let loads = Dictionary(
            uniqueKeysWithValues: (0..<200).map { (Int32($0), ThroughputLimits.Load(bytes: 10 << 20, records: 1)) }
        )
        #expect(self.splits(self.topic(shards: 190), loads).count == 10)
        #expect(self.splits(self.topic(shards: 200), loads).isEmpty)
    }

    @Test func `what was put is counted once`() {
        let limits = Budgets()
        _ = self.records(3, of: 7, limits, at: 0)
        #expect(limits.takeLoads() == [Self.shard: .init(bytes: 21, records: 3)])
        #expect(limits.takeLoads().isEmpty)
    }
}
