import Metadata
import Synchronization

/// etcd in memory: transactions in one order, revisions, and answers that get lost. No watches.
final class MemoryMetadata: MetadataStore {
    struct State {
        var revision: MetadataRevision = 1
        var entries: [MetadataKey: MetadataEntry] = [:]
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
        self.state.withLock { state in state.range(.prefix(prefix)) }
    }

    @discardableResult
    func put(_ key: MetadataKey, _ value: [UInt8]) -> MetadataRevision {
        self.state.withLock { $0.run(MetadataTransaction(success: [.put(key: key, value: value)])).revision }
    }

    func get(_ key: MetadataKey) async throws(MetadataError) -> MetadataGetResult {
        self.state.withLock { MetadataGetResult(entry: $0.entries[key], revision: $0.revision) }
    }

    func range(_ range: MetadataKeyRange, limit: Int) async throws(MetadataError) -> MetadataRangeResult {
        self.state.withLock {
            MetadataRangeResult(entries: $0.range(range), hasMore: false, revision: $0.revision)
        }
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
            guard !state.losses.isEmpty else { return .success(state.run(transaction)) }
            if state.losses.removeFirst() { _ = state.run(transaction) }
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

extension MemoryMetadata.State {
    func range(_ range: MetadataKeyRange) -> [MetadataEntry] {
        self.entries.values.filter { range.contains($0.key) }.sorted { $0.key < $1.key }
    }

    mutating func run(_ transaction: MetadataTransaction) -> MetadataOutcome {
        let succeeded = transaction.compares.allSatisfy { $0.holds(for: self.entries[$0.key]) }
        let operations = succeeded ? transaction.success : transaction.failure
        let writes = operations.contains { operation in
            if case .range = operation { false } else { true }
        }
        if writes { self.revision += 1 }
        let responses = operations.map { self.run($0) }
        return MetadataOutcome(succeeded: succeeded, revision: self.revision, responses: responses)
    }

    private mutating func run(_ operation: MetadataOperation) -> MetadataOutcome.Response {
        switch operation {
        case .put(let key, let value, let session):
            let before = self.entries[key]
            self.entries[key] = MetadataEntry(
                key: key,
                value: value,
                createRevision: before?.createRevision ?? self.revision,
                modRevision: self.revision,
                version: (before?.version ?? 0) + 1,
                session: session
            )
            return .put
        case .delete(let range):
            let keys = self.entries.keys.filter { range.contains($0) }
            for key in keys { self.entries[key] = nil }
            return .deleted(count: keys.count)
        case .range(let range, _):
            return .range(
                MetadataRangeResult(entries: self.range(range), hasMore: false, revision: self.revision)
            )
        }
    }
}
