internal import Metadata
internal import Model
internal import NIOCore

/// The shards of a partition that another broker leads, for a change that this broker makes.
struct RemoteShards {
    /// How long an answer may take; it waits for durability at most.
    private static let answerWaitMax = TimeAmount.seconds(8)

    struct Closed {
        var end: Offset
        var epoch: LeaderEpoch
        /// A Kafka producer has written to the partition.
        var isWrittenByKafka: Bool
    }

    private let partition: TopicPartition
    private let leader: PartitionLeader
    private let change: UInt64
    private let calls: any PeerCalls
    private let eventLoop: any EventLoop

    init(
        _ partition: TopicPartition,
        leader: PartitionLeader,
        change: UInt64,
        calls: any PeerCalls,
        eventLoop: any EventLoop
    ) {
        self.partition = partition
        self.leader = leader
        self.change = change
        self.calls = calls
        self.eventLoop = eventLoop
    }

    /// - Returns: `nil` when the shard takes no puts (any more).
    /// - Throws: also when it may be closed and nobody knows.
    func close(_ ordinal: Int32, seals: Bool) async throws(BrokerError) -> Closed? {
        switch try await self.ask(.close(ordinal: ordinal, seals: seals)) {
        case .done(let end, let epoch, let flag): return Closed(end: end, epoch: epoch, isWrittenByKafka: flag)
        case .notOpen: return nil
        case .notLed, .notDurable: throw self.moved
        }
    }

    /// The change does not take place. A broker that does not hear of it opens the shard by itself after a while.
    func reopen(_ ordinal: Int32) async { _ = try? await self.ask(.reopen(ordinal: ordinal)) }

    func end() async throws(BrokerError) -> (Offset, LeaderEpoch) {
        guard case .done(let end, let epoch, _) = try await self.ask(.end) else { throw self.moved }
        return (end, epoch)
    }

    func awaitDurability(until end: Offset) async throws(BrokerError) {
        switch try await self.ask(.awaitDurability(until: end)) {
        case .done: return
        case .notOpen, .notLed: throw self.moved
        case .notDurable:
            throw BrokerError(
                .timedOut,
                "The last records of partition \(self.partition.partition) are not durable; try again."
            )
        }
    }

    private var moved: BrokerError {
        BrokerError(.conflict, "Partition \(self.partition.partition) is moving to another broker; try again.")
    }

    private func ask(_ action: ShardClosingRequest.Action) async throws(BrokerError) -> ShardClosingAnswer {
        let request = ShardClosingRequest(partition: self.partition, change: self.change, action: action)
        let (calls, leader, eventLoop) = (self.calls, self.leader, self.eventLoop)
        let result: Result<ByteBuffer, PeerCallError> = await withCheckedContinuation { continuation in
            calls.call(leader.broker, request.encoded, within: Self.answerWaitMax, on: eventLoop) {
                continuation.resume(returning: $0)
            }
        }
        switch result {
        case .success(let bytes):
            if let answer = ShardClosingAnswer(bytes) { return answer }
            throw BrokerError(.timedOut, "Broker \(leader.broker) gave an answer that is not known.")
        case .failure(let error):
            throw BrokerError(.timedOut, "Broker \(leader.broker) could not be asked: \(error.message)")
        }
    }
}
