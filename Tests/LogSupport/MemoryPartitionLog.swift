package import LogCore
package import Model
internal import NIOCore
package import RecordBatch
package import Synchronization

/// A partition whose contents and moments a test chooses: what there is, what is deferred, what fails.
package final class MemoryPartitionLog: PartitionLog {
    package struct State {
        /// One batch of so many bytes at each offset.
        package var batches: [Int] = []
        package var logStart: Offset = 0
        /// Below the end while a transaction is open.
        package var lastStable: Offset?
        /// Reads are not served from memory.
        package var isDeferred = false
        package var error: LogError?
        package var waiters: [(waiter: ReadWaiter, offset: Offset, isolation: IsolationLevel)] = []
        /// How often it was asked for records.
        package var reads = 0
        package var appendError: LogError?
    }

    package let partition: TopicPartition
    package let state: Mutex<State>
    private let updated = Mutex<LogSettings?>(nil)

    package init(_ number: Int32 = 0, batches: [Int] = [], isDeferred: Bool = false) {
        self.partition = TopicPartition(topicID: TopicID(high: 1, low: 2), partition: number)
        self.state = Mutex(State(batches: batches, isDeferred: isDeferred))
    }

    package init(_ partition: TopicPartition) {
        self.partition = partition
        self.state = Mutex(State())
    }

    package var offsets: LogOffsets { self.state.withLock { Self.offsets($0) } }
    package var reads: Int { self.state.withLock { $0.reads } }
    package var waiterCount: Int { self.state.withLock { $0.waiters.count } }

    private static func offsets(_ state: State) -> LogOffsets {
        let end = Offset(state.batches.count)
        return LogOffsets(
            logStart: state.logStart,
            lastStable: state.lastStable ?? end,
            highWatermark: end,
            logEnd: end
        )
    }

    private static func limit(_ state: State, _ isolation: IsolationLevel) -> Offset {
        let offsets = Self.offsets(state)
        return isolation == .readCommitted ? offsets.lastStable : offsets.highWatermark
    }

    /// Adds a durable batch, and wakes who waits for it.
    package func add(_ bytes: Int) { self.change { $0.batches.append(bytes) } }

    /// The partition fails from now on.
    package func fail(_ code: LogError.Code) { self.change { $0.error = LogError(code, "test") } }

    /// Changes the state, and wakes who waits for that.
    package func change(_ change: (inout State) -> Void) {
        for waiter in self.claim(change) { waiter.eventLoop.execute { waiter.run() } }
    }

    /// As `change`, but the event loops learn of it only when the waiters are run.
    package func claim(_ change: (inout State) -> Void) -> [ReadWaiter] {
        self.state.withLock { state in
            change(&state)
            let isOver = state.error != nil
            let (woken, asleep) = (
                state.waiters.filter { isOver || Self.limit(state, $0.isolation) > $0.offset },
                state.waiters.filter { !isOver && Self.limit(state, $0.isolation) <= $0.offset }
            )
            state.waiters = asleep
            return woken.map(\.waiter).filter { $0.claim() }
        }
    }

    /// What a read finds when it is carried out.
    package func records(_ request: ReadRequest) throws(LogError) -> FetchedRecords {
        let result = self.state.withLock { state -> Result<FetchedRecords, LogError> in
            if let error = state.error { return .failure(error) }
            let offsets = Self.offsets(state)
            guard request.offset >= offsets.logStart, request.offset <= offsets.logEnd else {
                return .failure(LogError(.offsetOutOfRange, "\(request.offset)"))
            }
            var found = FetchedRecords(parts: [], bytes: 0, offsets: offsets)
            for bytes in state.batches[
                Int(request.offset)..<Int(max(request.offset, Self.limit(state, request.isolation)))
            ] {
                let isFirst = found.parts.isEmpty && request.atLeastOneBatch
                guard isFirst || found.bytes + bytes <= request.bytesMax else { break }
                found.parts.append(ByteBuffer(repeating: 7, count: bytes))
                found.bytes += bytes
            }
            return .success(found)
        }
        return try result.get()
    }

    package func read(_ request: ReadRequest) throws(LogError) -> ReadStep {
        let (isDeferred, error) = self.state.withLock { state in
            state.reads += 1
            return (state.isDeferred && request.offset < Self.limit(state, request.isolation), state.error)
        }
        if let error { throw error }
        return isDeferred ? .deferred(DeferredRead(log: self, request: request)) : .records(try self.records(request))
    }

    package func addReadWaiter(_ waiter: ReadWaiter, after offset: Offset, isolation: IsolationLevel) -> Bool {
        self.change { $0.waiters.append((waiter, offset, isolation)) }
        return true
    }

    package func removeReadWaiter(_ waiter: ReadWaiter) {
        self.state.withLock { $0.waiters.removeAll { $0.waiter === waiter } }
    }

    package func deleteRecords(before offset: Offset) throws(LogError) -> Offset {
        if let error = self.state.withLock({ $0.error }) { throw error }
        guard offset <= self.offsets.highWatermark else { throw LogError(.offsetOutOfRange, "test") }
        let start = offset < 0 ? self.offsets.highWatermark : offset
        self.change { $0.logStart = start }
        return start
    }

    package func append(
        _ batches: ValidatedBatches,
        options: AppendOptions,
        waiter: (any DurabilityWaiter)?
    ) throws(LogError) -> AppendResult {
        if let error = self.state.withLock({ $0.appendError }) { throw error }
        let base = self.offsets.logEnd
        // A batch takes one offset, independent of its records.
        for header in batches.headers { self.add(header.sizeInBytes) }
        if let waiter { waiter.eventLoop.execute { waiter.appendCompleted(nil) } }
        return AppendResult(
            baseOffset: base,
            lastOffset: self.offsets.logEnd - 1,
            logAppendTime: -1,
            logStartOffset: self.offsets.logStart,
            isDuplicate: false
        )
    }

    package func update(_ settings: LogSettings) { self.updated.withLock { $0 = settings } }

    /// What it was last updated to.
    package var updatedSettings: LogSettings? { self.updated.withLock { $0 } }
    @discardableResult package func setSealed(_ isSealed: Bool) -> Offset { self.offsets.logEnd }
    package var producers: [ProducerStateSnapshot] { [] }
    package func endOffset(for epoch: LeaderEpoch) -> (epoch: LeaderEpoch, endOffset: Offset)? {
        (LeaderEpoch(0), self.offsets.logEnd)
    }
    package func leaderEpoch(at offset: Offset) -> LeaderEpoch? { LeaderEpoch(0) }
    package var sizeBytes: Int64 { 0 }
}
