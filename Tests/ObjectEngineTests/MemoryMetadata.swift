import Metadata
import MetadataTestSupport
import Synchronization

/// etcd in memory: transactions in one order, revisions, and answers that get lost. No watches.
final class MemoryMetadata: MetadataStore {
    struct State {
        var etcd = SimulatedEtcd()
        /// What becomes of the next commits: `true` carries one out and loses the answer, `false` loses the request.
        var losses: [Bool] = []
        var commits = 0
        /// Commits wait until it is let go.
        var isStopped = false
        var waiting: [CheckedContinuation<Void, Never>] = []
        /// Sees every transaction.
        var observer: (@Sendable (MetadataTransaction) -> Void)?
    }

    let state = Mutex(State())

    func loseNext(_ isCommitted: [Bool]) { self.state.withLock { $0.losses += isCommitted } }

    func stop() { self.state.withLock { $0.isStopped = true } }

    func resume() {
        let waiting = self.state.withLock { state in
            state.isStopped = false
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func entries(below prefix: MetadataKey) -> [MetadataEntry] {
        self.state.withLock { $0.etcd.entries(in: .prefix(prefix)) }
    }

    @discardableResult
    func put(_ key: MetadataKey, _ value: [UInt8]) -> MetadataRevision {
        self.state.withLock { $0.etcd.commit(MetadataTransaction(success: [.put(key: key, value: value)])).revision }
    }

    func get(_ key: MetadataKey) async throws(MetadataError) -> MetadataGetResult {
        self.state.withLock { MetadataGetResult(entry: $0.etcd.entries[key], revision: $0.etcd.revision) }
    }

    func range(_ range: MetadataKeyRange, limit: Int) async throws(MetadataError) -> MetadataRangeResult {
        self.state.withLock { $0.etcd.range(range) }
    }

    func commit(_ transaction: MetadataTransaction) async throws(MetadataError) -> MetadataOutcome {
        try transaction.validate()
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isStopped = self.state.withLock { state in
                if state.isStopped { state.waiting.append(continuation) }
                return state.isStopped
            }
            if !isStopped { continuation.resume() }
        }
        let result = self.state.withLock { state -> Result<MetadataOutcome, MetadataError> in
            state.commits += 1
            state.observer?(transaction)
            let lost = MetadataError(.unavailable, "the answer was lost")
            guard !state.losses.isEmpty else { return .success(state.etcd.commit(transaction)) }
            if state.losses.removeFirst() { _ = state.etcd.commit(transaction) }
            return .failure(lost)
        }
        return try result.get()
    }

    func watch(_ range: MetadataKeyRange, from: MetadataRevision) -> MetadataWatch {
        MetadataWatch(from: from) { _ async throws(MetadataError) -> MetadataWatchBatch? in nil }
    }

    func requestProgress() async throws(MetadataError) {}

    func openSession(timeToLive: Duration) async throws(MetadataError) -> MetadataSession {
        MetadataSession(id: MetadataSessionID(1), timeToLive: timeToLive)
    }

    func keepAlive(_ session: MetadataSessionID) async throws(MetadataError) {}
    func closeSession(_ session: MetadataSessionID) async throws(MetadataError) {}
}
