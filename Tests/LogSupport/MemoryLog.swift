package import LogCore
package import Model
package import NIOCore
package import RecordBatch

/// One partition in memory, whose appends become durable, or fail, when the test says so.
// SAFETY: tests use one thread.
package final class MemoryLog: PartitionLog, @unchecked Sendable {
    package let partition = TopicPartition(topicID: .zero, partition: 0)
    package private(set) var batches: [(base: Offset, end: Offset, bytes: ByteBuffer)] = []
    /// Appends that are not durable, oldest first.
    private var waiting: [(end: Offset, waiter: (any DurabilityWaiter)?)] = []
    private var readWaiters: [(offset: Offset, waiter: ReadWaiter)] = []
    private var highWatermark: Offset = 0
    private var logEnd: Offset = 0
    /// The next append throws it.
    package var refusal: LogError?
    package var isDurableAtOnce = true
    package private(set) var leaderEpochs: [LeaderEpoch] = []
    /// Whether it refuses what a producer may not append, as a real log does, and remembers producers.
    package var checksProducers = false
    private var table = ProducerTable()

    package init() {}

    package var offsets: LogOffsets {
        LogOffsets(
            logStart: 0,
            lastStable: self.highWatermark,
            highWatermark: self.highWatermark,
            logEnd: self.logEnd
        )
    }

    /// Appends that are not durable.
    package var undurableCount: Int { self.waiting.count }

    package func append(
        _ batches: ValidatedBatches,
        options: AppendOptions,
        waiter: (any DurabilityWaiter)?
    ) throws(LogError) -> AppendResult {
        if let refusal {
            self.refusal = nil
            throw refusal
        }
        self.leaderEpochs.append(options.leaderEpoch)
        if self.checksProducers {
            let summary = self.summary(batches.buffer)
            if case .duplicate(let base, let last) = self.table.check(summary) {
                return self.repeated(base, last, waiter)
            }
            _ = try self.table.append(
                summary,
                origin: options.origin,
                transactionVersion: options.transactionVersion
            )
        }
        return self.append(batches.buffer, count: batches.recordCount, waiter: waiter)
    }

    /// Puts any batch in, as a stored one.
    @discardableResult
    package func append(_ bytes: ByteBuffer, count: Int, waiter: (any DurabilityWaiter)? = nil) -> AppendResult {
        let base = self.logEnd
        var bytes = bytes
        bytes.setInteger(base, at: bytes.readerIndex)
        self.logEnd += Offset(count)
        self.batches.append((base, self.logEnd, bytes))
        self.waiting.append((self.logEnd, waiter))
        if self.isDurableAtOnce { self.makeDurable() }
        return AppendResult(
            baseOffset: base,
            lastOffset: self.logEnd - 1,
            logAppendTime: -1,
            logStartOffset: 0,
            isDuplicate: false
        )
    }

    /// A batch that is there already; its producer waits for all that was appended before.
    private func repeated(_ base: Offset, _ last: Offset, _ waiter: (any DurabilityWaiter)?) -> AppendResult {
        self.waiting.append((self.logEnd, waiter))
        if self.isDurableAtOnce { self.makeDurable() }
        return AppendResult(
            baseOffset: base,
            lastOffset: last,
            logAppendTime: -1,
            logStartOffset: 0,
            isDuplicate: true
        )
    }

    /// - Parameter count: of the oldest appends that wait.
    package func makeDurable(_ count: Int = .max) {
        let done = self.waiting.prefix(count)
        self.waiting.removeFirst(done.count)
        self.highWatermark = done.last?.end ?? self.highWatermark
        for (_, waiter) in done { waiter?.eventLoop.execute { waiter?.appendCompleted(nil) } }
        self.wakeReaders()
    }

    /// What is assigned and not durable is lost.
    package func lose(_ error: LogError) {
        self.batches.removeAll { $0.end > self.highWatermark }
        self.logEnd = self.highWatermark
        if self.checksProducers {
            self.table = ProducerTable()
            for batch in self.batches { _ = self.table.replay(self.summary(batch.bytes)) }
        }
        let waiting = self.waiting
        self.waiting = []
        for (_, waiter) in waiting { waiter?.eventLoop.execute { waiter?.appendCompleted(error) } }
    }

    /// A crash: what is not durable is gone, and nobody is told.
    package func crash() {
        for index in self.waiting.indices { self.waiting[index].waiter = nil }
        self.readWaiters = []
        self.lose(LogError(.closed, "crashed"))
    }

    package func read(_ request: ReadRequest) throws(LogError) -> ReadStep {
        // One batch at a time, and every second one by way of the engine.
        guard let index = self.index(of: request.offset) else {
            return .records(FetchedRecords(parts: [], bytes: 0, offsets: self.offsets))
        }
        return index % 2 == 0 ? .records(self.fetched(index)) : .deferred(DeferredRead(log: self, request: request))
    }

    func index(of offset: Offset) -> Int? {
        self.batches.firstIndex { $0.end > offset && $0.end <= self.highWatermark }
    }

    func fetched(_ index: Int) -> FetchedRecords {
        let bytes = self.batches[index].bytes
        return FetchedRecords(parts: [bytes], bytes: bytes.readableBytes, offsets: self.offsets)
    }

    package func addReadWaiter(_ waiter: ReadWaiter, after offset: Offset, isolation: IsolationLevel) -> Bool {
        self.readWaiters.append((offset, waiter))
        self.wakeReaders()
        return true
    }

    package func removeReadWaiter(_ waiter: ReadWaiter) { self.readWaiters.removeAll { $0.waiter === waiter } }

    private func wakeReaders() {
        let due = self.readWaiters.filter { $0.offset < self.highWatermark }
        self.readWaiters.removeAll { $0.offset < self.highWatermark }
        for (_, waiter) in due where waiter.claim() { waiter.eventLoop.execute { waiter.run() } }
    }

    package func deleteRecords(before offset: Offset) throws(LogError) -> Offset { 0 }
    package func update(_ settings: LogSettings) {}
    @discardableResult package func setSealed(_ isSealed: Bool) -> Offset { self.offsets.logEnd }

    private func summary(_ batch: ByteBuffer) -> BatchSummary {
        do throws(RecordBatchError) {
            return BatchSummary(try RecordBatchHeader(reading: batch, at: batch.readerIndex), batch: batch)
        } catch {
            preconditionFailure("\(error)")
        }
    }

    package var producers: [ProducerStateSnapshot] {
        self.table.sorted.map { id, entry in
            ProducerStateSnapshot(
                producerID: id,
                producerEpoch: entry.epoch,
                lastSequence: entry.lastSequence,
                lastTimestamp: entry.lastTimestamp,
                coordinatorEpoch: entry.coordinatorEpoch,
                currentTransactionFirstOffset: entry.transactionFirstOffset
            )
        }
    }

    package func endOffset(for epoch: LeaderEpoch) -> (epoch: LeaderEpoch, endOffset: Offset)? { nil }
    package func leaderEpoch(at offset: Offset) -> LeaderEpoch? { nil }
    package var sizeBytes: Int64 { 0 }
}

/// Performs reads of a `MemoryLog`.
// SAFETY: tests use one thread.
package final class MemoryEngine: LogEngine, @unchecked Sendable {
    /// Reads that are answered `.overloaded` before any is served.
    package var busyCount = 0

    package init() {}

    package func acquire(_ wanted: [LogAcquisition]) async -> [Result<any PartitionLog, LogError>] {
        wanted.map { _ in .success(MemoryLog()) }
    }

    package func release(_ partitions: [TopicPartition]) async {}

    package func delete(_ partitions: [LogDeletion], whenCleared: @escaping @Sendable () -> Void) async {
        whenCleared()
    }

    package func perform(
        _ reads: [DeferredRead],
        completion: @escaping @Sendable ([Result<FetchedRecords, LogError>]) -> Void
    ) {
        guard self.busyCount == 0 else {
            self.busyCount -= 1
            return completion(reads.map { _ in .failure(LogError(.overloaded, "test")) })
        }
        completion(
            reads.map { read in
                guard let log = read.log as? MemoryLog, let index = log.index(of: read.request.offset) else {
                    return .failure(LogError(.offsetOutOfRange, "no such batch"))
                }
                return .success(log.fetched(index))
            }
        )
    }

    package func findOffsets(
        _ searches: [OffsetSearch],
        completion: @escaping @Sendable ([Result<TimestampedOffset?, LogError>]) -> Void
    ) {
        completion(searches.map { _ in .success(nil) })
    }

    package func applyRetention(now: Timestamp) {}
    package func close() throws(LogError) {}
}
