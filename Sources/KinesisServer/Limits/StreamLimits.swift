internal import Broker
internal import KinesisProtocol
internal import Metadata
internal import Model
internal import Serving
internal import Synchronization

/// `kinesis.limits` of the server and of single streams: asks `ThroughputLimits` where they hold.
///
/// Shared by all connections; without limits it costs a look at the topic's configuration.
final class StreamLimits: Sendable {
    static let configName = "kinesis.limits"

    /// Of the server: of streams that say nothing themselves, and of operations on no stream.
    private let holdByDefault: Bool
    private let state = Mutex(ThroughputLimits())

    /// What is refused is counted here.
    private let throttles: StreamThrottles

    init(holdByDefault: Bool, throttles: StreamThrottles) {
        self.holdByDefault = holdByDefault
        self.throttles = throttles
    }

    func hold(on topic: Topic) -> Bool {
        guard let value = topic.configs[Self.configName] else { return self.holdByDefault }
        return value == "aws"
    }

    // MARK: Records

    /// Which records of a put their shards take, in the order of the request.
    ///
    /// - Parameter records: the shard of each, and the bytes of its data and partition key.
    func admit(
        _ records: some Sequence<(ordinal: Int32, bytes: Int)>,
        to stream: TopicID,
        now: Timestamp
    ) -> [Bool] {
        let admitted = self.state.withLock { limits in
            records.map { limits.recordPut(to: .init(stream: stream, ordinal: $0.ordinal), bytes: $0.bytes, now: now) }
        }
        self.throttles.refusedWrites(admitted.count { !$0 }, of: stream)
        return admitted
    }

    /// - Throws: `ProvisionedThroughputExceededException`.
    func checkRead(_ shard: Shard, of hosted: HostedTopic, _ account: String, now: Timestamp) throws(KinesisError) {
        guard self.hold(on: hosted.topic) else { return }
        let key = ThroughputLimits.ShardKey(stream: hosted.id, ordinal: shard.ordinal)
        guard self.state.withLock({ $0.readRequested(of: key, now: now) }) else {
            self.throttles.refusedRead(of: hosted.id)
            throw .rateExceeded(shard: shard.id, stream: hosted.name, account: account)
        }
    }

    func answered(_ shard: Shard, of hosted: HostedTopic, bytes: Int, now: Timestamp) {
        guard self.hold(on: hosted.topic) else { return }
        let key = ThroughputLimits.ShardKey(stream: hosted.id, ordinal: shard.ordinal)
        self.state.withLock { $0.readAnswered(of: key, bytes: bytes, now: now) }
    }

    /// - Throws: `ProvisionedThroughputExceededException`.
    func checkIterator(_ shard: Shard, of hosted: HostedTopic, _ account: String, now: Timestamp) throws(KinesisError) {
        guard self.hold(on: hosted.topic) else { return }
        let key = ThroughputLimits.ShardKey(stream: hosted.id, ordinal: shard.ordinal)
        guard self.state.withLock({ $0.iteratorRequested(of: key, now: now) }) else {
            throw .rateExceeded(shard: shard.id, stream: hosted.name, account: account)
        }
    }

    /// - Returns: milliseconds until the next event with records may be sent.
    func sent(
        bytes: Int,
        of shard: Shard,
        in hosted: HostedTopic,
        to consumer: StreamConsumer,
        now: Timestamp
    ) -> Int64 {
        guard self.hold(on: hosted.topic) else { return 0 }
        let key = ThroughputLimits.ConsumerKey(
            shard: .init(stream: hosted.id, ordinal: shard.ordinal),
            consumer: consumer.name,
            created: consumer.created
        )
        return self.state.withLock { $0.eventSent(to: key, bytes: bytes, now: now) }
    }

    // MARK: Operations

    /// For an operation whose budget is its account's.
    ///
    /// - Throws: `LimitExceededException`.
    func check(_ operation: Operation, by caller: Caller, now: Timestamp) throws(KinesisError) {
        guard self.holdByDefault, let rate = operation.rate, rate.scope == .account else { return }
        let key = ThroughputLimits.OperationKey(operation: operation, account: caller.account)
        guard self.state.withLock({ $0.operationRequested(key, perSecond: rate.perSecond, now: now) }) else {
            throw KinesisError(.limitExceeded, "Rate exceeded for account \(caller.account).")
        }
    }

    /// For an operation whose budget is its stream's.
    ///
    /// - Throws: `LimitExceededException`.
    func check(
        _ operation: Operation,
        on hosted: HostedTopic,
        by caller: Caller,
        now: Timestamp
    ) throws(KinesisError) {
        guard let rate = operation.rate, rate.scope == .stream, self.hold(on: hosted.topic) else { return }
        let key = ThroughputLimits.OperationKey(operation: operation, account: caller.account, stream: hosted.id)
        guard self.state.withLock({ $0.operationRequested(key, perSecond: rate.perSecond, now: now) }) else {
            throw KinesisError(
                .limitExceeded,
                "Rate exceeded for stream \(hosted.name) under account \(caller.account)."
            )
        }
    }

    /// What was put to each shard since this was last called, by stream and ordinal.
    func takeLoads() -> [TopicID: [Int32: ThroughputLimits.Load]] {
        let loads = self.state.withLock { $0.takeLoads() }
        var byStream: [TopicID: [Int32: ThroughputLimits.Load]] = [:]
        for (key, load) in loads { byStream[key.stream, default: [:]][key.ordinal] = load }
        return byStream
    }
}

extension KinesisError {
    /// As AWS words it, of one record in PutRecords too.
    static func rateExceeded(shard: String, stream: String, account: String) -> KinesisError {
        KinesisError(
            .provisionedThroughputExceeded,
            "Rate exceeded for shard \(shard) in stream \(stream) under account \(account)."
        )
    }
}
