import Broker
import LogCore
import Model
import NIOCore
import RecordBatch

/// One partition in memory, whose appends become durable, or fail, when the test says so.
// SAFETY: tests use one thread.
final class MemoryLog: PartitionLog, @unchecked Sendable {
    let partition = TopicPartition(topicID: .zero, partition: 0)
    private(set) var batches: [(base: Offset, end: Offset, bytes: ByteBuffer)] = []
    private var waiting: [(end: Offset, waiter: any DurabilityWaiter)] = []
    private var highWatermark: Offset = 0
    private var logEnd: Offset = 0
    /// The next append throws it.
    var refusal: LogError?
    var isDurableAtOnce = true

    var offsets: LogOffsets {
        LogOffsets(
            logStart: 0,
            lastStable: self.highWatermark,
            highWatermark: self.highWatermark,
            logEnd: self.logEnd
        )
    }

    func append(
        _ batches: ValidatedBatches,
        options: AppendOptions,
        waiter: (any DurabilityWaiter)?
    ) throws(LogError) -> AppendResult {
        if let refusal {
            self.refusal = nil
            throw refusal
        }
        let base = self.logEnd
        var bytes = batches.buffer
        bytes.setInteger(base, at: bytes.readerIndex)
        self.logEnd += Offset(batches.recordCount)
        self.batches.append((base, self.logEnd, bytes))
        if let waiter { self.waiting.append((self.logEnd, waiter)) }
        if self.isDurableAtOnce { self.makeDurable() }
        return AppendResult(
            baseOffset: base,
            lastOffset: self.logEnd - 1,
            logAppendTime: -1,
            logStartOffset: 0,
            isDuplicate: false
        )
    }

    func makeDurable() {
        self.highWatermark = self.logEnd
        self.tell(nil)
    }

    /// What is assigned and not durable is lost.
    func lose(_ error: LogError) {
        self.batches.removeAll { $0.end > self.highWatermark }
        self.logEnd = self.highWatermark
        self.tell(error)
    }

    private func tell(_ error: LogError?) {
        let waiting = self.waiting
        self.waiting = []
        for (_, waiter) in waiting { waiter.eventLoop.execute { waiter.appendCompleted(error) } }
    }

    func read(_ request: ReadRequest) throws(LogError) -> ReadStep {
        // One batch at a time, and every second one by way of the engine.
        guard let index = self.batches.firstIndex(where: { $0.end > request.offset }) else {
            return .records(FetchedRecords(parts: [], bytes: 0, offsets: self.offsets))
        }
        return index % 2 == 0 ? .records(self.fetched(index)) : .deferred(DeferredRead(log: self, request: request))
    }

    func fetched(_ index: Int) -> FetchedRecords {
        let bytes = self.batches[index].bytes
        return FetchedRecords(parts: [bytes], bytes: bytes.readableBytes, offsets: self.offsets)
    }

    func addReadWaiter(_ waiter: ReadWaiter, after offset: Offset, isolation: IsolationLevel) {}
    func removeReadWaiter(_ waiter: ReadWaiter) {}
    func deleteRecords(before offset: Offset) throws(LogError) -> Offset { 0 }
    func update(_ settings: LogSettings) {}
    var producers: [ProducerStateSnapshot] { [] }
    func endOffset(for epoch: LeaderEpoch) -> (epoch: LeaderEpoch, endOffset: Offset)? { nil }
    func leaderEpoch(at offset: Offset) -> LeaderEpoch? { nil }
    var sizeBytes: Int64 { 0 }
}

/// Performs reads of a `MemoryLog`.
final class MemoryEngine: LogEngine {
    func acquire(_ wanted: [LogAcquisition]) async -> [Result<any PartitionLog, LogError>] {
        wanted.map { _ in .success(MemoryLog()) }
    }

    func release(_ partitions: [TopicPartition]) async {}

    func delete(_ partitions: [TopicPartition]) async {}

    func perform(
        _ reads: [DeferredRead],
        completion: @escaping @Sendable ([Result<FetchedRecords, LogError>]) -> Void
    ) {
        completion(
            reads.map { read in
                guard let log = read.log as? MemoryLog,
                    let index = log.batches.firstIndex(where: { $0.end > read.request.offset })
                else { return .failure(LogError(.offsetOutOfRange, "no such batch")) }
                return .success(log.fetched(index))
            }
        )
    }

    func findOffset(
        in log: any PartitionLog,
        for query: TimestampQuery,
        completion: @escaping @Sendable (Result<TimestampedOffset?, LogError>) -> Void
    ) {
        completion(.success(nil))
    }

    func applyRetention(now: Timestamp) {}
    func close() throws(LogError) {}
}

/// An offsets topic of logs in memory that outlives the services which use it.
// SAFETY: tests use one thread.
final class MemoryOffsetsTopic: OffsetsTopic, @unchecked Sendable {
    let logs: [MemoryLog]
    var exists = true
    var failure: LogError?
    var messageBytesMax = 1 << 20

    init(partitionCount: Int = 1) { self.logs = (0..<partitionCount).map { _ in MemoryLog() } }

    var partitionCount: Int32 { Int32(self.logs.count) }

    func open(
        _ partition: Int32,
        completion: @escaping @Sendable (Result<OffsetsPartition, LogError>) -> Void
    ) {
        if let failure { return completion(.failure(failure)) }
        completion(
            .success(
                OffsetsPartition(
                    log: self.logs[Int(partition)],
                    leaderEpoch: LeaderEpoch(0),
                    messageBytesMax: self.messageBytesMax
                )
            )
        )
    }
}
