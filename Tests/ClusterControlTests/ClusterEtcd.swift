import Metadata

/// etcd as a value: transactions in one order, revisions, sessions, and what watches deliver.
struct ClusterEtcd {
    private(set) var revision: MetadataRevision = 1
    private(set) var entries: [MetadataKey: MetadataEntry] = [:]
    private(set) var history: [MetadataWatchBatch] = []
    private var sessions: Set<MetadataSessionID> = []
    private var lastSession: Int64 = 0

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
        let operations = succeeded ? transaction.success : transaction.failure
        for case .put(_, _, let session?) in operations where !self.sessions.contains(session) { return nil }
        let next = self.revision + 1
        var events: [MetadataEvent] = []
        var responses: [MetadataOutcome.Response] = []
        for operation in operations {
            switch operation {
            case .put(let key, let value, let session):
                let before = self.entries[key]
                let entry = MetadataEntry(
                    key: key,
                    value: value,
                    createRevision: before?.createRevision ?? next,
                    modRevision: next,
                    version: (before?.version ?? 0) + 1,
                    session: session
                )
                self.entries[key] = entry
                events.append(.put(entry))
                responses.append(.put)
            case .delete(let range):
                let keys = self.entries.keys.filter(range.contains).sorted()
                for key in keys {
                    self.entries[key] = nil
                    events.append(.deleted(key: key, revision: next))
                }
                responses.append(.deleted(count: keys.count))
            case .range(let range, _):
                responses.append(.range(self.range(range)))
            }
        }
        if !events.isEmpty {
            self.revision = next
            self.history.append(MetadataWatchBatch(events: events, revision: next))
        }
        return MetadataOutcome(succeeded: succeeded, revision: self.revision, responses: responses)
    }

    func range(_ range: MetadataKeyRange) -> MetadataRangeResult {
        MetadataRangeResult(
            entries: self.entries.values.filter { range.contains($0.key) }.sorted { $0.key < $1.key },
            hasMore: false,
            revision: self.revision
        )
    }

    /// The batch after a revision; `nil` when there is none yet.
    func batch(after revision: MetadataRevision) -> MetadataWatchBatch? {
        // Every revision after the first one is one batch.
        let position = Int(revision) - 1
        return position < self.history.count ? self.history[max(0, position)] : nil
    }
}
