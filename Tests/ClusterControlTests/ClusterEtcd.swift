import Metadata
import MetadataTestSupport

/// etcd as a value: transactions in one order, revisions, sessions, and what watches deliver.
struct ClusterEtcd {
    private var etcd = SimulatedEtcd()
    private(set) var history: [MetadataWatchBatch] = []
    private var sessions: Set<MetadataSessionID> = []
    private var lastSession: Int64 = 0

    var revision: MetadataRevision { self.etcd.revision }
    var entries: [MetadataKey: MetadataEntry] { self.etcd.entries }

    mutating func openSession() -> MetadataSessionID {
        self.lastSession += 1
        self.sessions.insert(MetadataSessionID(self.lastSession))
        return MetadataSessionID(self.lastSession)
    }

    func isOpen(_ session: MetadataSessionID) -> Bool { self.sessions.contains(session) }

    /// Its keys vanish in one revision.
    mutating func closeSession(_ session: MetadataSessionID) {
        guard self.sessions.remove(session) != nil else { return }
        let keys = self.entries.values.filter { $0.session == session }.map(\.key)
        if !keys.isEmpty { self.commit(MetadataTransaction(success: keys.map { .delete(.key($0)) })) }
    }

    /// - Returns: `nil` when a put names a session that is gone.
    @discardableResult
    mutating func commit(_ transaction: MetadataTransaction) -> MetadataOutcome? {
        let succeeded = transaction.compares.allSatisfy { $0.holds(for: self.entries[$0.key]) }
        for case .put(_, _, let session?) in succeeded ? transaction.success : transaction.failure
        where !self.sessions.contains(session) { return nil }
        let (outcome, events) = self.etcd.apply(transaction)
        if !events.isEmpty { self.history.append(MetadataWatchBatch(events: events, revision: outcome.revision)) }
        return outcome
    }

    func range(_ range: MetadataKeyRange) -> MetadataRangeResult { self.etcd.range(range) }

    /// The batch after a revision; `nil` when there is none yet.
    func batch(after revision: MetadataRevision) -> MetadataWatchBatch? {
        // Every revision after the first one is one batch.
        let position = Int(revision) - 1
        return position < self.history.count ? self.history[max(0, position)] : nil
    }
}
