import LogCore
import Model
import NIOCore
import RecordBatch
import Synchronization

/// An engine in memory that tells what it was asked for, and fails when the test says so.
final class RecordingEngine: LogEngine {
    enum Call: Equatable {
        case acquire([TopicPartition])
        case release([TopicPartition])
        case delete([TopicPartition])
    }

    private struct State {
        var calls: [Call] = []
        var epochs: [TopicPartition: LeaderEpoch] = [:]
        var failing: Set<Int32> = []
        var cleared: [@Sendable () -> Void] = []
        /// Topics whose logs take until `letGo`.
        var held: Set<String> = []
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    var calls: [Call] { self.state.withLock { $0.calls } }
    /// Under which epoch a partition was acquired last.
    func epoch(_ partition: TopicPartition) -> LeaderEpoch? { self.state.withLock { $0.epochs[partition] } }
    /// Fails to acquire partitions of these numbers.
    func fail(_ numbers: Set<Int32>) { self.state.withLock { $0.failing = numbers } }
    func forgetCalls() { self.state.withLock { $0.calls = [] } }

    /// Logs of these topics are on their way until `letGo`.
    func hold(_ names: Set<String>) { self.state.withLock { $0.held = names } }

    func letGo() {
        let waiting = self.state.withLock { state in
            state.held = []
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func acquire(_ wanted: [LogAcquisition]) async -> [Result<any PartitionLog, LogError>] {
        let isHeld = self.state.withLock { state in
            state.calls.append(.acquire(wanted.map(\.partition)))
            return wanted.contains { state.held.contains($0.topicName) }
        }
        if isHeld {
            await withCheckedContinuation { continuation in
                let isOver = self.state.withLock { state in
                    if !state.held.isEmpty { state.waiting.append(continuation) }
                    return state.held.isEmpty
                }
                if isOver { continuation.resume() }
            }
        }
        return self.state.withLock { state in
            return wanted.map { wanted in
                if state.failing.contains(wanted.partition.partition) {
                    return .failure(LogError(.storage, "the disk is broken"))
                }
                state.epochs[wanted.partition] = wanted.epoch
                return .success(OffsetsLog(wanted.partition))
            }
        }
    }

    func release(_ partitions: [TopicPartition]) async {
        self.state.withLock { $0.calls.append(.release(partitions)) }
    }

    func delete(_ partitions: [LogDeletion], whenCleared: @escaping @Sendable () -> Void) async {
        self.state.withLock { state in
            state.calls.append(.delete(partitions.map(\.partition)))
            state.cleared.append(whenCleared)
        }
    }

    /// What was deleted so far is off the disk.
    func clearDeletions() {
        let cleared = self.state.withLock { state in
            defer { state.cleared = [] }
            return state.cleared
        }
        for action in cleared { action() }
    }

    func perform(_ reads: [DeferredRead], completion: @escaping @Sendable ([Result<FetchedRecords, LogError>]) -> Void)
    {
        completion(reads.map { _ in .failure(LogError(.closed, "nothing is read here")) })
    }

    func findOffsets(
        _ searches: [OffsetSearch],
        completion: @escaping @Sendable ([Result<TimestampedOffset?, LogError>]) -> Void
    ) {
        completion(searches.map { _ in .success(nil) })
    }

    func applyRetention(now: Timestamp) {}
    func close() throws(LogError) {}
}

/// A log that only counts: its offsets move as the test says.
final class OffsetsLog: PartitionLog {
    private struct State {
        var offsets = LogOffsets(logStart: 0, lastStable: 0, highWatermark: 0, logEnd: 0)
        var isDurableAtOnce = true
        var isSealed = false
        var waiters: [(waiter: ReadWaiter, offset: Offset)] = []
    }

    let partition: TopicPartition
    private let state = Mutex(State())

    init(_ partition: TopicPartition) { self.partition = partition }

    var offsets: LogOffsets { self.state.withLock { $0.offsets } }

    /// Appends become durable when `makeDurable` is called.
    func holdDurability() { self.state.withLock { $0.isDurableAtOnce = false } }

    func makeDurable() {
        let fired = self.state.withLock { state -> [ReadWaiter] in
            state.offsets.highWatermark = state.offsets.logEnd
            state.offsets.lastStable = state.offsets.logEnd
            let fired = state.waiters.filter { $0.offset < state.offsets.highWatermark }.map(\.waiter)
            state.waiters.removeAll { $0.offset < state.offsets.highWatermark }
            return fired
        }
        for waiter in fired where waiter.claim() { waiter.eventLoop.execute { waiter.run() } }
    }

    func moveStart(to offset: Offset) { self.state.withLock { $0.offsets.logStart = offset } }

    func append(
        _ batches: ValidatedBatches,
        options: AppendOptions,
        waiter: (any DurabilityWaiter)?
    ) throws(LogError) -> AppendResult {
        if self.state.withLock({ $0.isSealed }) { throw LogError(.sealed, "sealed") }
        return self.append(count: batches.recordCount)
    }

    @discardableResult
    func append(count: Int) -> AppendResult {
        let (base, isDurable) = self.state.withLock { state -> (Offset, Bool) in
            defer { state.offsets.logEnd += Offset(count) }
            return (state.offsets.logEnd, state.isDurableAtOnce)
        }
        if isDurable { self.makeDurable() }
        return AppendResult(
            baseOffset: base,
            lastOffset: base + Offset(count) - 1,
            logAppendTime: -1,
            logStartOffset: 0,
            isDuplicate: false
        )
    }

    func read(_ request: ReadRequest) throws(LogError) -> ReadStep {
        .records(FetchedRecords(parts: [], bytes: 0, offsets: self.offsets))
    }

    func addReadWaiter(_ waiter: ReadWaiter, after offset: Offset, isolation: IsolationLevel) -> Bool {
        let isDue = self.state.withLock { state -> Bool in
            if state.offsets.highWatermark > offset { return true }
            state.waiters.append((waiter, offset))
            return false
        }
        if isDue, waiter.claim() { waiter.eventLoop.execute { waiter.run() } }
        return true
    }

    func removeReadWaiter(_ waiter: ReadWaiter) {}
    func deleteRecords(before offset: Offset) throws(LogError) -> Offset { offset }
    func update(_ settings: LogSettings) {}

    @discardableResult
    func setSealed(_ isSealed: Bool) -> Offset {
        self.state.withLock { state in
            state.isSealed = isSealed
            return state.offsets.logEnd
        }
    }

    var isSealed: Bool { self.state.withLock { $0.isSealed } }
    var producers: [ProducerStateSnapshot] { [] }
    func endOffset(for epoch: LeaderEpoch) -> (epoch: LeaderEpoch, endOffset: Offset)? { nil }
    func leaderEpoch(at offset: Offset) -> LeaderEpoch? { nil }
    var sizeBytes: Int64 { 0 }
}
