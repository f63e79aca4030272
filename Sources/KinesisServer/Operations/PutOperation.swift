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

    private init(count: Int, streamName: String, account: String) {
        self.streamName = streamName
        self.account = account
        self.results = [PutRecordsOutput.Result](repeating: .failed(code: "", message: ""), count: count)
    }

    /// Appends all batches, then waits.
    ///
    /// - Parameter respond: called on `eventLoop` with one result per record of the request, in its order.
    static func start(
        _ batches: PutBatches,
        count: Int,
        topic: HostedTopic,
        caller: Caller,
        now: Timestamp,
        metrics: BrokerMetrics.Face,
        on eventLoop: any EventLoop,
        respond: @escaping Respond<[PutRecordsOutput.Result]>
    ) {
        let operation = PutOperation(count: count, streamName: topic.name, account: caller.account)
        operation.respond = respond
        for part in batches.parts {
            for batch in part.batches {
                operation.append(batch, of: part.shard, to: topic, now: now, metrics: metrics, on: eventLoop)
            }
        }
        operation.hasStarted = true
        operation.finishIfComplete()
    }

    private func append(
        _ batch: PutBatches.Batch,
        of shard: Shard,
        to topic: HostedTopic,
        now: Timestamp,
        metrics: BrokerMetrics.Face,
        on eventLoop: any EventLoop
    ) {
        let partition: HostedPartition
        do throws(BrokerError) {
            partition = try topic.partition(shard.partition)
        } catch {
            self.fail(batch.indices, with: .shardUnavailable(shard.id, stream: self.streamName))
            return
        }
        let waiter = BatchWaiter(
            operation: NIOLoopBound(self, eventLoop: eventLoop),
            indices: batch.indices,
            eventLoop: eventLoop
        )
        self.waiting += 1
        do {
            let appended = try partition.appendBuilt(batch.records, now: now, waiter: waiter)
            metrics.recordsAppended.add(batch.indices.count)
            metrics.recordBytesAppended.add(batch.records.buffer.readableBytes)
            var number = StreamView.sequenceNumber(shard, offset: appended.baseOffset)
            for index in batch.indices {
                self.results[Int(index)] = .stored(ordinal: number.ordinal, number)
                number.offset += 1
            }
        } catch {
            // The waiter is not told of an append that threw.
            self.waiting -= 1
            self.fail(batch.indices, with: KinesisError(error, stream: self.streamName, account: self.account))
        }
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
        // PutRecords knows two codes per record.
        let code: KinesisError.Code =
            error.code == .provisionedThroughputExceeded ? .provisionedThroughputExceeded : .internalFailure
        for index in indices {
            self.results[Int(index)] = .failed(code: code.rawValue, message: error.message ?? "")
        }
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

/// Told of one batch's durability; hands it on to its put.
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
