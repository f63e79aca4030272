/// The store's logical clock. An empty store is at 1; each transaction that changes something adds one, as in etcd.
package typealias MetadataRevision = Int64

/// A lease (etcd) or session: keys bound to it vanish when it is closed or expires.
package struct MetadataSessionID: Hashable, Sendable, CustomStringConvertible {
    package var rawValue: Int64
    package init(_ rawValue: Int64) { self.rawValue = rawValue }
    package var description: String { "\(self.rawValue)" }
}

/// A session as it was granted.
package struct MetadataSession: Hashable, Sendable {
    package var id: MetadataSessionID
    /// What the store granted, which may be more than was asked for (etcd has a minimum).
    package var timeToLive: Duration

    package init(id: MetadataSessionID, timeToLive: Duration) {
        self.id = id
        self.timeToLive = timeToLive
    }
}

/// A key with its value and history marks.
package struct MetadataEntry: Hashable, Sendable {
    package var key: MetadataKey
    package var value: [UInt8]
    /// The revision that created the key (again, after a deletion).
    package var createRevision: MetadataRevision
    /// The revision of the last put.
    package var modRevision: MetadataRevision
    /// 1 on creation, one more with each put; a deletion ends the count.
    package var version: Int64
    package var session: MetadataSessionID?

    package init(
        key: MetadataKey,
        value: [UInt8],
        createRevision: MetadataRevision,
        modRevision: MetadataRevision,
        version: Int64,
        session: MetadataSessionID? = nil
    ) {
        self.key = key
        self.value = value
        self.createRevision = createRevision
        self.modRevision = modRevision
        self.version = version
        self.session = session
    }
}

/// The answer to `get`.
package struct MetadataGetResult: Sendable, Equatable {
    /// `nil`: there is no such key.
    package var entry: MetadataEntry?
    /// The store's revision at which this was true.
    package var revision: MetadataRevision

    package init(entry: MetadataEntry?, revision: MetadataRevision) {
        self.entry = entry
        self.revision = revision
    }
}

/// The answer to `range`, in key order.
package struct MetadataRangeResult: Sendable, Equatable {
    package var entries: [MetadataEntry]
    /// The limit cut the answer; continue at the last key's `successor`.
    package var hasMore: Bool
    /// The store's revision at which this was true.
    package var revision: MetadataRevision

    package init(entries: [MetadataEntry], hasMore: Bool, revision: MetadataRevision) {
        self.entries = entries
        self.hasMore = hasMore
        self.revision = revision
    }
}

/// One change of one key.
package enum MetadataEvent: Hashable, Sendable {
    case put(MetadataEntry)
    case deleted(key: MetadataKey, revision: MetadataRevision)

    package var key: MetadataKey {
        switch self {
        case .put(let entry): entry.key
        case .deleted(let key, _): key
        }
    }

    package var revision: MetadataRevision {
        switch self {
        case .put(let entry): entry.modRevision
        case .deleted(_, let revision): revision
        }
    }
}

/// What a watch delivers: the changes of one or several *whole* revisions, in order.
package struct MetadataWatchBatch: Hashable, Sendable {
    /// In revision order; within a revision in the transaction's order. Empty when the batch only tells how far the
    /// watch is (`MetadataStore.requestProgress`).
    package var events: [MetadataEvent]
    /// Everything up to and including this revision has been delivered.
    package var revision: MetadataRevision

    package init(events: [MetadataEvent], revision: MetadataRevision) {
        self.events = events
        self.revision = revision
    }
}
