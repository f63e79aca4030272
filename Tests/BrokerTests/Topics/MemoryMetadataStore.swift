import Metadata
import MetadataTestSupport
import Synchronization

/// A metadata store in memory with the semantics of the real ones, and with the bad weather of a real network.
final class MemoryMetadataStore: MetadataStore {
    fileprivate typealias WatchContinuation =
        CheckedContinuation<Result<MetadataWatchBatch?, MetadataError>, Never>

    fileprivate struct Waiter {
        var range: MetadataKeyRange
        var from: MetadataRevision
        var continuation: WatchContinuation
    }

    fileprivate struct State {
        var etcd = SimulatedEtcd()
        var history: [(revision: MetadataRevision, events: [MetadataEvent])] = []
        var compactedThrough: MetadataRevision = 0
        var progress: MetadataRevision = 0
        var waiters: [UInt64: Waiter] = [:]
        var nextID: UInt64 = 1
        var beforeCommits: [@Sendable () -> Void] = []
        var failures: [(error: MetadataError, isCommitted: Bool)] = []
        var commits = 0
        var isSilent = false
    }

    private let state = Mutex(State())

    // MARK: What a test does to it

    var revision: MetadataRevision { self.state.withLock { $0.etcd.revision } }
    /// Transactions that were asked for, also those that failed.
    var commitCount: Int { self.state.withLock { $0.commits } }

    /// Runs before one of the next commits is looked at: another writer comes first.
    func beforeNextCommit(_ action: @escaping @Sendable () -> Void) {
        self.state.withLock { $0.beforeCommits.append(action) }
    }

    /// Fails one of the next commits.
    ///
    /// - Parameter isCommitted: it takes place, but its answer is lost.
    func failNextCommit(_ error: MetadataError, isCommitted: Bool = false) {
        self.state.withLock { $0.failures.append((error, isCommitted)) }
    }

    /// Forgets the history: watches that are behind get `.compacted`.
    func compact() {
        self.state.withLock { state in
            state.compactedThrough = state.etcd.revision
            state.history = []
        }
    }

    /// Holds back what watches would deliver.
    func silenceWatches() { self.state.withLock { $0.isSilent = true } }

    func resumeWatches() {
        self.state.withLock { $0.isSilent = false }
        self.wake()
    }

    /// Writes as another process would.
    func write(_ transaction: MetadataTransaction) {
        let outcome = self.state.withLock { $0.run(transaction) }
        precondition(outcome.succeeded, "the other writer did not lose")
        self.wake()
    }

    func entry(_ key: MetadataKey) -> MetadataEntry? { self.state.withLock { $0.etcd.entries[key] } }

    // MARK: MetadataStore

    func get(_ key: MetadataKey) async throws(MetadataError) -> MetadataGetResult {
        self.state.withLock { MetadataGetResult(entry: $0.etcd.entries[key], revision: $0.etcd.revision) }
    }

    func range(_ range: MetadataKeyRange, limit: Int) async throws(MetadataError) -> MetadataRangeResult {
        self.state.withLock { $0.etcd.range(range, limit: limit) }
    }

    func commit(_ transaction: MetadataTransaction) async throws(MetadataError) -> MetadataOutcome {
        try transaction.validate()
        let (action, failure) = self.state.withLock { state in
            state.commits += 1
            return (
                state.beforeCommits.isEmpty ? nil : state.beforeCommits.removeFirst(),
                state.failures.isEmpty ? nil : state.failures.removeFirst()
            )
        }
        action?()
        if let failure, !failure.isCommitted { throw failure.error }
        let outcome = self.state.withLock { $0.run(transaction) }
        self.wake()
        if let failure { throw failure.error }
        return outcome
    }

    func watch(_ range: MetadataKeyRange, from: MetadataRevision) -> MetadataWatch {
        MetadataWatch(from: from) { [self] (from) async throws(MetadataError) -> MetadataWatchBatch? in
            let id = self.state.withLock { state in
                state.nextID += 1
                return state.nextID
            }
            let result = await withTaskCancellationHandler {
                await withCheckedContinuation { (continuation: WatchContinuation) in
                    if Task.isCancelled { return continuation.resume(returning: .success(nil)) }
                    self.state.withLock {
                        $0.waiters[id] = Waiter(range: range, from: from, continuation: continuation)
                    }
                    self.wake()
                }
            } onCancel: {
                let waiter = self.state.withLock { $0.waiters.removeValue(forKey: id) }
                waiter?.continuation.resume(returning: .success(nil))
            }
            return try result.get()
        }
    }

    func requestProgress() async throws(MetadataError) {
        self.state.withLock { $0.progress = $0.etcd.revision }
        self.wake()
    }

    func openSession(timeToLive: Duration) async throws(MetadataError) -> MetadataSession {
        MetadataSession(id: MetadataSessionID(1), timeToLive: timeToLive)
    }

    func keepAlive(_ session: MetadataSessionID) async throws(MetadataError) {}
    func closeSession(_ session: MetadataSessionID) async throws(MetadataError) {}

    private func wake() {
        let ready = self.state.withLock { state -> [(Waiter, Result<MetadataWatchBatch?, MetadataError>)] in
            if state.isSilent { return [] }
            var ready: [(Waiter, Result<MetadataWatchBatch?, MetadataError>)] = []
            for (id, waiter) in state.waiters {
                guard let result = state.result(for: waiter.range, from: waiter.from) else { continue }
                state.waiters[id] = nil
                ready.append((waiter, result))
            }
            return ready
        }
        for (waiter, result) in ready { waiter.continuation.resume(returning: result) }
    }
}

extension MemoryMetadataStore.State {
    fileprivate mutating func run(_ transaction: MetadataTransaction) -> MetadataOutcome {
        let (outcome, events) = self.etcd.apply(transaction)
        if !events.isEmpty { self.history.append((outcome.revision, events)) }
        return outcome
    }

    fileprivate func result(
        for range: MetadataKeyRange,
        from: MetadataRevision
    ) -> Result<MetadataWatchBatch?, MetadataError>? {
        if from <= self.compactedThrough {
            return .failure(MetadataError(.compacted, "changes up to \(self.compactedThrough) are gone"))
        }
        let events = self.history.filter { $0.revision >= from }.flatMap(\.events).filter { range.contains($0.key) }
        if events.isEmpty, from > self.progress { return nil }
        return .success(MetadataWatchBatch(events: events, revision: self.etcd.revision))
    }
}
