internal import Broker
internal import KinesisProtocol
internal import LogCore
internal import Metadata
internal import Model
internal import NIOCore
internal import RecordBatch
internal import Serving

/// One put under way: waits for the batches of all its shards and answers when each is durable or has failed.
///
/// Lives on the event loop of its connection. Completes exactly once.
final class PutOperation {
    private let streamName: String
    private let account: String
    private var results: [PutRecordsOutput.Result]
    private var waiting = 0
    private var hasStarted = false
    private var respond: Respond<[PutRecordsOutput.Result]>?
    /// What the first failed record was refused with, for PutRecord.
    private(set) var firstError: KinesisError?
    /// Records that no partition takes yet, and what they wait for.
    private var held: [Int32] = []
    private var obstacle: Obstacle?
    /// Gets the records whose shards other brokers lead.
    private let misplaced: MisplacedRecords?
    private var reroutesLeft = PutOperation.reroutesMax
    private let backend: any KinesisBackend
    private let metrics: BrokerMetrics.Face
    private let eventLoop: any EventLoop

    /// How often a record is routed again, and how long it waits for one change of shards or one log.
    private static let reroutesMax = 8
    private static let rerouteWaitMax = TimeAmount.seconds(10)

    /// Why records cannot be appended yet. It passes by itself, and SDKs do not repeat single records of a put, so the
    /// put waits.
    private enum Obstacle {
        /// Their shard was closed under them; the partition says when the topic has its children.
        case shards(HostedPartition)
        /// The log of their partition is being acquired, as that of a child in a new partition is for a moment.
        case log(Shard)
    }

    /// Routes records of the request once more, by the stream as it is served then.
    typealias Reroute = (_ indices: [Int32]) throws(KinesisError) -> (topic: HostedTopic, batches: PutBatches)

    private init(
        count: Int,
        streamName: String,
        account: String,
        misplaced: MisplacedRecords?,
        backend: any KinesisBackend,
        eventLoop: any EventLoop
    ) {
        self.misplaced = misplaced
        self.backend = backend
        self.metrics = backend.kinesisMetrics
        self.eventLoop = eventLoop
        self.streamName = streamName
        self.account = account
        self.results = [PutRecordsOutput.Result](repeating: .failed(code: "", message: ""), count: count)
    }

    /// Appends all batches, then waits.
    ///
    /// - Parameters:
    ///   - refused: records that are in no batch.
    ///   - misplaced: gets the records whose shards other brokers lead; `nil` where there are none.
    ///   - respond: called on `eventLoop` with one result per record of the request, in its order.
    ///   - reroute: makes what routes records again. Asked for only when that is necessary, because it holds on to the
    ///     request's payload.
    static func start(
        _ batches: PutBatches,
        count: Int,
        topic: HostedTopic,
        caller: Caller,
        now: Timestamp,
        backend: any KinesisBackend,
        on eventLoop: any EventLoop,
        refused: [(index: Int32, error: KinesisError)],
        misplaced: MisplacedRecords?,
        respond: @escaping Respond<[PutRecordsOutput.Result]>,
        reroute: () -> Reroute
    ) {
        let operation = PutOperation(
            count: count,
            streamName: topic.name,
            account: caller.account,
            misplaced: misplaced,
            backend: backend,
            eventLoop: eventLoop
        )
        operation.respond = respond
        for (index, error) in refused { operation.fail([index], with: error) }
        operation.append(batches, to: topic, now: now)
        operation.hasStarted = true
        if operation.obstacle != nil { operation.rerouteHeld(reroute(), now: now) }
        operation.finishIfComplete()
    }

    private func append(_ batches: PutBatches, to topic: HostedTopic, now: Timestamp) {
        for part in batches.parts {
            for batch in part.batches { self.append(batch, of: part.shard, to: topic, now: now) }
        }
    }

    /// Waits until the obstacle has passed and routes what was held again.
    ///
    /// No order is lost that was promised: a record that waits here has not been answered.
    private func rerouteHeld(_ reroute: @escaping Reroute, now: Timestamp) {
        guard let obstacle = self.obstacle else { return }
        let indices = self.held
        self.held = []
        self.obstacle = nil
        guard self.reroutesLeft > 0 else {
            self.fail(indices, with: self.refusal(of: obstacle))
            return
        }
        self.reroutesLeft -= 1
        self.waiting += 1
        let bound = NIOLoopBound((operation: self, obstacle: obstacle, reroute: reroute), eventLoop: self.eventLoop)
        let isOver = NIOLoopBoundBox(false, eventLoop: self.eventLoop)
        let deadline = self.eventLoop.scheduleTask(in: Self.rerouteWaitMax) {
            guard !isOver.value else { return }
            isOver.value = true
            let operation = bound.value.operation
            operation.waiting -= 1
            operation.fail(indices, with: operation.refusal(of: bound.value.obstacle))
            operation.finishIfComplete()
        }
        self.whenPassed(obstacle) {
            guard !isOver.value else { return }
            isOver.value = true
            deadline.cancel()
            let operation = bound.value.operation
            operation.waiting -= 1
            do throws(KinesisError) {
                let (topic, batches) = try bound.value.reroute(indices)
                operation.append(batches, to: topic, now: now)
                operation.rerouteHeld(bound.value.reroute, now: now)
            } catch {
                operation.fail(indices, with: error)
            }
            operation.finishIfComplete()
        }
    }

    private func whenPassed(_ obstacle: Obstacle, _ action: @escaping @Sendable () -> Void) {
        switch obstacle {
        case .shards(let partition): partition.whenShardSettles(on: self.eventLoop, action)
        case .log(let shard):
            self.backend.whenLogSettles(
                shard.partition,
                of: self.streamName,
                within: Self.rerouteWaitMax,
                on: self.eventLoop,
                action
            )
        }
    }

    private func refusal(of obstacle: Obstacle) -> KinesisError {
        switch obstacle {
        case .shards: .internalFailure
        case .log(let shard): .shardUnavailable(shard.id, stream: self.streamName)
        }
    }

    private func append(_ batch: PutBatches.Batch, of shard: Shard, to topic: HostedTopic, now: Timestamp) {
        let partition: HostedPartition
        do throws(BrokerError) {
            partition = try topic.partition(shard.partition)
        } catch {
            if let misplaced = self.misplaced {
                misplaced.indices += batch.indices
            } else if error.code == .partitionNotReady {
                self.hold(batch.indices, for: .log(shard))
            } else {
                self.fail(batch.indices, with: .shardUnavailable(shard.id, stream: self.streamName))
            }
            return
        }
        let waiter = BatchWaiter(
            operation: NIOLoopBound(self, eventLoop: self.eventLoop),
            indices: batch.indices,
            eventLoop: self.eventLoop
        )
        self.waiting += 1
        do {
            let appended = try partition.appendBuilt(
                batch.records,
                shard: shard.ordinal,
                now: now,
                waiter: waiter
            )
            self.metrics.recordsAppended.add(batch.indices.count)
            self.metrics.recordBytesAppended.add(batch.records.buffer.readableBytes)
            var number = StreamView.sequenceNumber(shard, offset: appended.baseOffset)
            for index in batch.indices {
                self.results[Int(index)] = .stored(ordinal: number.ordinal, number)
                number.offset += 1
            }
        } catch {
            // The waiter is not called for an append that threw.
            self.waiting -= 1
            // A put of another broker must not wait for a shard that is closing: answers between brokers keep the order
            // of their requests, and that of the change which closes it would be behind this one.
            if let misplaced = self.misplaced, error.code == .shardClosed || Self.isLost(error) {
                misplaced.indices += batch.indices
                return
            }
            if error.code == .shardClosed {
                self.hold(batch.indices, for: .shards(partition))
                return
            }
            self.fail(batch.indices, with: KinesisError(error, stream: self.streamName, account: self.account))
        }
    }

    /// The log was released while the put was on its way to it.
    private static func isLost(_ error: BrokerError) -> Bool {
        error.code == .log(.partitionGone) || error.code == .log(.fencedLeaderEpoch)
    }

    private func hold(_ indices: [Int32], for obstacle: Obstacle) {
        self.held += indices
        self.obstacle = obstacle
    }

    /// What one batch came to. An append that failed later is taken back: its records have no sequence numbers.
    fileprivate func completed(_ indices: [Int32], _ error: LogError?) {
        self.waiting -= 1
        if let error {
            self.fail(indices, with: KinesisError(error, stream: self.streamName, account: self.account))
        }
        self.finishIfComplete()
    }

    private func fail(_ indices: [Int32], with error: KinesisError) {
        if self.firstError == nil { self.firstError = error }
        for index in indices { self.results[Int(index)] = Self.failure(error) }
    }

    /// PutRecords knows two codes per record.
    static func failure(_ error: KinesisError) -> PutRecordsOutput.Result {
        let code: KinesisError.Code =
            error.code == .provisionedThroughputExceeded ? .provisionedThroughputExceeded : .internalFailure
        return .failed(code: code.rawValue, message: error.message ?? "")
    }

    private func finishIfComplete() {
        guard self.hasStarted, self.waiting == 0, let respond = self.respond else { return }
        self.respond = nil
        if let firstError, self.results.count == 1 {
            respond(.failure(firstError))
        } else {
            respond(.success(self.results))
        }
    }
}

/// Reports one batch's durability to its put.
private final class BatchWaiter: DurabilityWaiter {
    let eventLoop: any EventLoop
    private let operation: NIOLoopBound<PutOperation>
    private let indices: [Int32]

    init(operation: NIOLoopBound<PutOperation>, indices: [Int32], eventLoop: any EventLoop) {
        self.operation = operation
        self.indices = indices
        self.eventLoop = eventLoop
    }

    func appendCompleted(_ error: LogError?) {
        self.operation.value.completed(self.indices, error)
    }
}
