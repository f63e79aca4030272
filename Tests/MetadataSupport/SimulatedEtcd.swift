package import Metadata

/// etcd as a value: transactions in one order, revisions, what each changed. No sessions and no watches.
package struct SimulatedEtcd: Sendable {
    package private(set) var revision: MetadataRevision = 1
    package var entries: [MetadataKey: MetadataEntry] = [:]

    package init() {}

    @discardableResult
    package mutating func commit(_ transaction: MetadataTransaction) -> MetadataOutcome {
        self.apply(transaction).outcome
    }

    /// - Returns: also what was changed, at the outcome's revision. A transaction that changes nothing has none of its
    ///   own.
    package mutating func apply(
        _ transaction: MetadataTransaction
    ) -> (outcome: MetadataOutcome, events: [MetadataEvent]) {
        let succeeded = transaction.compares.allSatisfy { $0.holds(for: self.entries[$0.key]) }
        let next = self.revision + 1
        var events: [MetadataEvent] = []
        var responses: [MetadataOutcome.Response] = []
        for operation in succeeded ? transaction.success : transaction.failure {
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
            case .range(let range, let limit): responses.append(.range(self.range(range, limit: limit)))
            }
        }
        if !events.isEmpty { self.revision = next }
        let outcome = MetadataOutcome(succeeded: succeeded, revision: self.revision, responses: responses)
        return (outcome, events)
    }

    package func entries(in range: MetadataKeyRange) -> [MetadataEntry] {
        self.entries.values.filter { range.contains($0.key) }.sorted { $0.key < $1.key }
    }

    /// - Parameter limit: 0: none.
    package func range(_ range: MetadataKeyRange, limit: Int = 0) -> MetadataRangeResult {
        let all = self.entries(in: range)
        let hasMore = limit > 0 && all.count > limit
        return MetadataRangeResult(
            entries: hasMore ? Array(all.prefix(limit)) : all,
            hasMore: hasMore,
            revision: self.revision
        )
    }
}
