package import Metadata

/// One promise of `MetadataStore`, checked on a store that is empty and used by nobody else. Revisions are compared
/// with those of the store at the beginning: of an etcd they are not the store's alone.
package struct MetadataContract: Sendable, CustomStringConvertible {
    package let name: String
    package let check: @Sendable (_ store: any MetadataStore) async throws -> Void

    package var description: String { self.name }

    package static let all: [MetadataContract] = Self.transactions + Self.ranges + Self.watches + Self.sessions
}

/// A put of two texts.
package func put(_ key: String, _ value: String, session: MetadataSessionID? = nil) -> MetadataOperation {
    .put(key: MetadataKey(key), value: Array(value.utf8), session: session)
}

/// The value as text.
package func text(_ entry: MetadataEntry?) -> String? { entry.map { String(decoding: $0.value, as: UTF8.self) } }

extension MetadataStore {
    package func write(_ operations: MetadataOperation...) async throws -> MetadataOutcome {
        try await self.commit(MetadataTransaction(success: operations))
    }

    /// The store's revision now.
    package var revision: MetadataRevision {
        get async throws { try await self.get(MetadataKey("none")).revision }
    }
}

/// The events of a batch in short.
package func summary(_ batch: MetadataWatchBatch?) -> [String]? {
    batch?.events.map { event in
        switch event {
        case .put(let entry): "\(entry.key)=\(String(decoding: entry.value, as: UTF8.self))"
        case .deleted(let key, _): "\(key) deleted"
        }
    }
}
