import LogCore
import Model
import NIOCore
import RecordBatch
import Synchronization

/// A partition whose contents and moments a test chooses: what there is, what is deferred, what fails.
final class MemoryPartitionLog: PartitionLog {
    struct State {
        /// One batch of so many bytes at each offset.
        var batches: [Int] = []
        var logStart: Offset = 0
        /// Below the end while a transaction is open.
        var lastStable: Offset?
        /// Reads are not served from memory.
        var isDeferred = false
        var error: LogError?
        var waiters: [(waiter: ReadWaiter, offset: Offset, isolation: IsolationLevel)] = []
        /// How often it was asked for records.
        var reads = 0
    }

    let partition: TopicPartition
    let state: Mutex<State>

    init(_ number: Int32 = 0, batches: [Int] = [], isDeferred: Bool = false) {
        self.partition = TopicPartition(topicID: TopicID(high: 1, low: 2), partition: number)
        self.state = Mutex(State(batches: batches, isDeferred: isDeferred))
    }

    var offsets: LogOffsets { self.state.withLock { Self.offsets($0) } }
    var reads: Int { self.state.withLock { $0.reads } }
    var waiterCount: Int { self.state.withLock { $0.waiters.count } }

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
    func add(_ bytes: Int) { self.change { $0.batches.append(bytes) } }

    /// The partition fails from now on.
    func fail(_ code: LogError.Code) { self.change { $0.error = LogError(code, "test") } }

    /// Changes the state, and wakes who waits for that.
    func change(_ change: (inout State) -> Void) {
        for waiter in self.claim(change) { waiter.eventLoop.execute { waiter.run() } }
    }

    /// As `change`, but the event loops learn of it only when the waiters are run.
    func claim(_ change: (inout State) -> Void) -> [ReadWaiter] {
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
    func records(_ request: ReadRequest) throws(LogError) -> FetchedRecords {
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

    func read(_ request: ReadRequest) throws(LogError) -> ReadStep {
        let (isDeferred, error) = self.state.withLock { state in
            state.reads += 1
            return (state.isDeferred && request.offset < Self.limit(state, request.isolation), state.error)
        }
        if let error { throw error }
        return isDeferred ? .deferred(DeferredRead(log: self, request: request)) : .records(try self.records(request))
    }

    func addReadWaiter(_ waiter: ReadWaiter, after offset: Offset, isolation: IsolationLevel) {
        self.change { $0.waiters.append((waiter, offset, isolation)) }
    }

    func removeReadWaiter(_ waiter: ReadWaiter) {
        self.state.withLock { $0.waiters.removeAll { $0.waiter === waiter } }
    }

    func deleteRecords(before offset: Offset) throws(LogError) -> Offset {
        self.change { $0.logStart = offset }
        return offset
    }

    func append(
        _ batches: ValidatedBatches,
        options: AppendOptions,
        waiter: (any DurabilityWaiter)?
    ) throws(LogError) -> AppendResult { throw LogError(.closed, "nothing is appended to this one") }

    func update(_ settings: LogSettings) {}
    var producers: [ProducerStateSnapshot] { [] }
    func endOffset(for epoch: LeaderEpoch) -> (epoch: LeaderEpoch, endOffset: Offset)? { nil }
    func leaderEpoch(at offset: Offset) -> LeaderEpoch? { nil }
    var sizeBytes: Int64 { 0 }
}

/// Holds the reads of `MemoryPartitionLog`s until a test lets them go.
final class MemoryLogEngine: LogEngine {
    typealias Completion = @Sendable ([Result<FetchedRecords, LogError>]) -> Void

    struct State {
        var held: [(reads: [DeferredRead], completion: Completion)] = []
        /// Refuses reads.
        var isBusy = false
        var awaiting: [@Sendable () -> Void] = []
    }

    let state = Mutex(State())

    var heldReads: Int { self.state.withLock { $0.held.count } }

    func perform(_ reads: [DeferredRead], completion: @escaping Completion) {
        let isBusy = self.state.withLock { state in
            if !state.isBusy { state.held.append((reads, completion)) }
            return state.isBusy
        }
        if isBusy { completion(reads.map { _ in .failure(LogError(.readersBusy, "test")) }) }
    }

    /// Carries out what is held.
    func release() {
        let held = self.state.withLock { state in
            defer { state.held = [] }
            return state.held
        }
        for (reads, completion) in held {
            completion(
                reads.map { read in
                    Result { () throws(LogError) in
                        guard let log = read.log as? MemoryPartitionLog else { throw LogError(.storage, "another log") }
                        return try log.records(read.request)
                    }
                }
            )
        }
    }

    func onReadRelief(on eventLoop: any EventLoop, _ action: @escaping @Sendable () -> Void) {
        self.state.withLock { state in state.awaiting.append { eventLoop.execute(action) } }
    }

    /// There is room for reads.
    func relieve() {
        let awaiting = self.state.withLock { state in
            state.isBusy = false
            defer { state.awaiting = [] }
            return state.awaiting
        }
        for action in awaiting { action() }
    }

    func findOffsets(
        _ searches: [OffsetSearch],
        completion: @escaping @Sendable ([Result<TimestampedOffset?, LogError>]) -> Void
    ) { completion(searches.map { _ in .success(nil) }) }

    func open(_ partition: TopicPartition, topicName: String, settings: LogSettings) throws(LogError)
        -> any PartitionLog
    { throw LogError(.closed, "a test makes the logs") }
    func delete(_ partition: TopicPartition) throws(LogError) {}
    func applyRetention(now: Timestamp) {}
    func close() throws(LogError) {}
}
