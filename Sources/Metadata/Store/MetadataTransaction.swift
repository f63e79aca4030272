/// An atomic *if … then … else …* over keys, as etcd's `Txn`.
///
/// All compares must hold for `success` to run; else `failure` runs. Operations run in order and see the effects of
/// those before them. All that a transaction writes carries one revision; one that writes nothing does not move it.
package struct MetadataTransaction: Sendable, Equatable {
    package var compares: [MetadataCompare]
    package var success: [MetadataOperation]
    package var failure: [MetadataOperation]
    /// The caller can tell from the outcome whether the same transaction was carried out before: it creates a key that
    /// nobody else does, and reads it otherwise. A store behind a network then repeats it as it is when an answer was
    /// lost, and the outcome may be that of a repetition.
    package var isRepeatable = false

    package init(
        compares: [MetadataCompare] = [],
        success: [MetadataOperation],
        failure: [MetadataOperation] = []
    ) {
        self.compares = compares
        self.success = success
        self.failure = failure
    }

    /// Adds what another transaction compares and does, so that both happen or neither.
    package mutating func merge(_ other: MetadataTransaction) {
        self.compares += other.compares
        self.success += other.success
        self.failure += other.failure
    }
}

/// One condition of a transaction.
package struct MetadataCompare: Sendable, Hashable {
    package enum Relation: Sendable, Hashable {
        case equal
        case notEqual
        case less
        case greater
    }

    /// What is compared. A missing key has revisions and version 0; a `value` compare with one never holds.
    package enum Target: Sendable, Hashable {
        case createRevision(MetadataRevision)
        case modRevision(MetadataRevision)
        case version(Int64)
        case value([UInt8])
    }

    package var key: MetadataKey
    package var relation: Relation
    package var target: Target

    package init(_ key: MetadataKey, _ relation: Relation, _ target: Target) {
        self.key = key
        self.relation = relation
        self.target = target
    }

    /// The key does not exist.
    package static func isMissing(_ key: MetadataKey) -> MetadataCompare {
        MetadataCompare(key, .equal, .createRevision(0))
    }

    /// The key was last written by this revision (0: it does not exist).
    package static func isUnchanged(_ key: MetadataKey, since revision: MetadataRevision) -> MetadataCompare {
        MetadataCompare(key, .equal, .modRevision(revision))
    }

    /// Whether the condition holds for the key's entry, `nil` when there is none.
    package func holds(for entry: MetadataEntry?) -> Bool {
        switch self.target {
        case .createRevision(let number): return self.relate(entry?.createRevision ?? 0, number)
        case .modRevision(let number): return self.relate(entry?.modRevision ?? 0, number)
        case .version(let number): return self.relate(entry?.version ?? 0, number)
        case .value(let bytes):
            guard let entry else { return false }
            switch self.relation {
            case .equal: return entry.value == bytes
            case .notEqual: return entry.value != bytes
            case .less: return entry.value.lexicographicallyPrecedes(bytes)
            case .greater: return bytes.lexicographicallyPrecedes(entry.value)
            }
        }
    }

    private func relate(_ left: Int64, _ right: Int64) -> Bool {
        switch self.relation {
        case .equal: left == right
        case .notEqual: left != right
        case .less: left < right
        case .greater: left > right
        }
    }
}

/// One step of a transaction.
package enum MetadataOperation: Sendable, Hashable {
    /// Writes a key. `session` binds it to one; `nil` unbinds it.
    case put(key: MetadataKey, value: [UInt8], session: MetadataSessionID? = nil)
    case delete(MetadataKeyRange)
    /// Reads, at most `limit` entries when it is above 0.
    case range(MetadataKeyRange, limit: Int = 0)
}

/// What became of a transaction.
package struct MetadataOutcome: Sendable, Equatable {
    package enum Response: Sendable, Equatable {
        case put
        case deleted(count: Int)
        case range(MetadataRangeResult)
    }

    /// The compares held and `success` ran.
    package var succeeded: Bool
    /// The revision of what was written, or the current one when nothing was.
    package var revision: MetadataRevision
    /// One for each operation that ran, in order.
    package var responses: [Response]

    package init(succeeded: Bool, revision: MetadataRevision, responses: [Response]) {
        self.succeeded = succeeded
        self.revision = revision
        self.responses = responses
    }
}
