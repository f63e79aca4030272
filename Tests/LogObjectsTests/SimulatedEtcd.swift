import Metadata

/// etcd as a value: transactions in one order, revisions, nothing else.
struct SimulatedEtcd {
    private(set) var revision: MetadataRevision = 1
    private(set) var entries: [MetadataKey: MetadataEntry] = [:]

    mutating func commit(_ transaction: MetadataTransaction) -> MetadataOutcome {
        let succeeded = transaction.compares.allSatisfy { $0.holds(for: self.entries[$0.key]) }
        let operations = succeeded ? transaction.success : transaction.failure
        let writes = operations.contains { operation in
            if case .range = operation { false } else { true }
        }
        if writes { self.revision += 1 }
        let responses = operations.map { operation -> MetadataOutcome.Response in
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
                let keys = self.entries.keys.filter(range.contains)
                for key in keys { self.entries[key] = nil }
                return .deleted(count: keys.count)
            case .range(let range, _):
                return .range(
                    MetadataRangeResult(entries: self.range(range), hasMore: false, revision: self.revision)
                )
            }
        }
        return MetadataOutcome(succeeded: succeeded, revision: self.revision, responses: responses)
    }

    func range(_ range: MetadataKeyRange) -> [MetadataEntry] {
        self.entries.values.filter { range.contains($0.key) }.sorted { $0.key < $1.key }
    }
}
