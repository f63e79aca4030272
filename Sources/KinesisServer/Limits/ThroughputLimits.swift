internal import KinesisProtocol
internal import Model

/// The budgets of `kinesis.limits=aws`: what may pass in a second, of each shard, each consumer and each operation.
///
/// | what | budget |
/// | --- | --- |
/// | puts to a shard | 1 MiB and 1,000 records a second, partition keys included |
/// | GetRecords on a shard | 5 calls and 2 MiB a second: after 10 MiB none for 5 seconds |
/// | GetShardIterator on a shard | 5 calls a second |
/// | SubscribeToShard of a consumer on a shard | 2 MiB a second; it is slowed down, not refused |
/// | an operation that describes or changes | `Operation.rate` |
///
/// Sans-IO: the time is wall-clock time passed in, in milliseconds. A budget that is full is as good as none, so those
/// are dropped when there are many: the table is bounded by what was used within a few seconds.
struct ThroughputLimits {
    struct ShardKey: Hashable, Sendable {
        var stream: TopicID
        var ordinal: Int32
    }

    struct ConsumerKey: Hashable, Sendable {
        var shard: ShardKey
        var consumer: String
        /// Another one may have had its name.
        var created: Timestamp
    }

    /// Who calls an operation: an account, and a stream where the budget is the stream's.
    struct OperationKey: Hashable, Sendable {
        var operation: Operation
        var account: String
        var stream: TopicID?
    }

    /// What was put to a shard, and taken, since the window began.
    struct Load: Equatable, Sendable {
        var bytes: Int64 = 0
        var records: Int64 = 0
    }

    static let putBytes = TokenRate.perSecond(1 << 20)
    static let putRecords = TokenRate.perSecond(1000)
    static let readBytes = TokenRate.perSecond(2 << 20)
    static let readCalls = TokenRate.perSecond(5)
    static let iteratorCalls = TokenRate.perSecond(5)
    static let fanOutBytes = TokenRate.perSecond(2 << 20)
    /// Budgets of operations are kept for so many accounts and streams; further ones share one budget.
    static let operationBudgetsMax = 16_384
    private static let sweptFrom = 1024

    private struct ShardBudget {
        var putBytes: TokenBucket
        var putRecords: TokenBucket
        var readBytes: TokenBucket
        var readCalls: TokenBucket
        var iteratorCalls: TokenBucket
        var load = Load()

        init(now: Timestamp) {
            self.putBytes = TokenBucket(ThroughputLimits.putBytes, now: now)
            self.putRecords = TokenBucket(ThroughputLimits.putRecords, now: now)
            self.readBytes = TokenBucket(ThroughputLimits.readBytes, now: now)
            self.readCalls = TokenBucket(ThroughputLimits.readCalls, now: now)
            self.iteratorCalls = TokenBucket(ThroughputLimits.iteratorCalls, now: now)
        }

        mutating func isIdle(now: Timestamp) -> Bool {
            self.putBytes.refill(ThroughputLimits.putBytes, now: now)
            self.putRecords.refill(ThroughputLimits.putRecords, now: now)
            self.readBytes.refill(ThroughputLimits.readBytes, now: now)
            self.readCalls.refill(ThroughputLimits.readCalls, now: now)
            self.iteratorCalls.refill(ThroughputLimits.iteratorCalls, now: now)
            return self.load == Load() && self.putBytes.isFull(ThroughputLimits.putBytes)
                && self.putRecords.isFull(ThroughputLimits.putRecords)
                && self.readBytes.isFull(ThroughputLimits.readBytes)
                && self.readCalls.isFull(ThroughputLimits.readCalls)
                && self.iteratorCalls.isFull(ThroughputLimits.iteratorCalls)
        }
    }

    private var shards: [ShardKey: ShardBudget] = [:]
    private var consumers: [ConsumerKey: TokenBucket] = [:]
    private var operations: [OperationKey: TokenBucket] = [:]
    private var sweepAt = Self.sweptFrom

    init() {}

    /// How many budgets are kept.
    var count: Int { self.shards.count + self.consumers.count + self.operations.count }

    // MARK: Shards

    /// A record is put.
    ///
    /// - Parameter bytes: of its data and its partition key.
    /// - Returns: whether the shard takes it.
    mutating func recordPut(to key: ShardKey, bytes: Int, now: Timestamp) -> Bool {
        self.withBudget(key, now) { budget in
            budget.putBytes.refill(Self.putBytes, now: now)
            budget.putRecords.refill(Self.putRecords, now: now)
            guard budget.putRecords.holds(1, Self.putRecords), budget.putBytes.holds(Int64(bytes), Self.putBytes) else {
                return false
            }
            budget.putRecords.take(1)
            budget.putBytes.take(Int64(bytes))
            budget.load.records += 1
            budget.load.bytes += Int64(bytes)
            return true
        }
    }

    /// - Returns: whether the shard answers a GetRecords.
    mutating func readRequested(of key: ShardKey, now: Timestamp) -> Bool {
        self.withBudget(key, now) { budget in
            budget.readBytes.refill(Self.readBytes, now: now)
            budget.readCalls.refill(Self.readCalls, now: now)
            guard budget.readCalls.holds(1, Self.readCalls), budget.readBytes.holds(0, Self.readBytes) else {
                return false
            }
            budget.readCalls.take(1)
            return true
        }
    }

    /// A GetRecords was answered with so many bytes of data and partition keys.
    mutating func readAnswered(of key: ShardKey, bytes: Int, now: Timestamp) {
        guard bytes > 0 else { return }
        self.withBudget(key, now) { budget in
            budget.readBytes.refill(Self.readBytes, now: now)
            budget.readBytes.charge(Int64(bytes))
        }
    }

    /// - Returns: whether the shard answers a GetShardIterator.
    mutating func iteratorRequested(of key: ShardKey, now: Timestamp) -> Bool {
        self.withBudget(key, now) { budget in
            budget.iteratorCalls.refill(Self.iteratorCalls, now: now)
            guard budget.iteratorCalls.holds(1, Self.iteratorCalls) else { return false }
            budget.iteratorCalls.take(1)
            return true
        }
    }

    private mutating func withBudget<Result>(
        _ key: ShardKey,
        _ now: Timestamp,
        _ body: (inout ShardBudget) -> Result
    ) -> Result {
        if self.shards[key] == nil { self.sweepIfMany(now: now) }
        return body(&self.shards[key, default: ShardBudget(now: now)])
    }

    // MARK: Consumers

    /// An event was sent to a registered consumer.
    ///
    /// - Parameter bytes: of data and partition keys.
    /// - Returns: milliseconds until the next event with records may be sent.
    mutating func eventSent(to key: ConsumerKey, bytes: Int, now: Timestamp) -> Int64 {
        if self.consumers[key] == nil { self.sweepIfMany(now: now) }
        var bucket = self.consumers[key] ?? TokenBucket(Self.fanOutBytes, now: now)
        bucket.refill(Self.fanOutBytes, now: now)
        bucket.charge(Int64(bytes))
        self.consumers[key] = bucket
        return bucket.millisecondsUntilSettled(Self.fanOutBytes)
    }

    // MARK: Operations

    /// - Returns: whether the operation may be carried out.
    mutating func operationRequested(_ key: OperationKey, perSecond: Int64, now: Timestamp) -> Bool {
        var key = key
        if self.operations[key] == nil {
            self.sweepIfMany(now: now)
            // Accounts are what clients say: these must not fill the memory.
            if self.operations.count >= Self.operationBudgetsMax {
                key = OperationKey(operation: key.operation, account: "")
            }
        }
        let rate = TokenRate.perSecond(perSecond)
        var bucket = self.operations[key] ?? TokenBucket(rate, now: now)
        bucket.refill(rate, now: now)
        let isAllowed = bucket.holds(1, rate)
        if isAllowed { bucket.take(1) }
        self.operations[key] = bucket
        return isAllowed
    }

    // MARK: Bookkeeping

    /// What was put to each shard since this was last called.
    mutating func takeLoads() -> [ShardKey: Load] {
        var loads: [ShardKey: Load] = [:]
        for (key, budget) in self.shards where budget.load != Load() { loads[key] = budget.load }
        for key in loads.keys { self.shards[key]?.load = Load() }
        return loads
    }

    private mutating func sweepIfMany(now: Timestamp) {
        guard self.count >= self.sweepAt else { return }
        for (key, budget) in self.shards {
            var budget = budget
            if budget.isIdle(now: now) { self.shards[key] = nil }
        }
        self.consumers = self.consumers.filter { _, bucket in
            var bucket = bucket
            bucket.refill(Self.fanOutBytes, now: now)
            return !bucket.isFull(Self.fanOutBytes)
        }
        self.operations = self.operations.filter { key, bucket in
            guard let rate = key.operation.rate.map({ TokenRate.perSecond($0.perSecond) }) else { return false }
            var bucket = bucket
            bucket.refill(rate, now: now)
            return !bucket.isFull(rate)
        }
        // So that it is worth its cost.
        self.sweepAt = max(Self.sweptFrom, self.count * 2)
    }
}
