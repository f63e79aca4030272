/// Rebuilds the metadata from the records of its second copy, in order.
package struct MirrorReplay: Sendable {
    private var revision: MetadataRevision = 0
    private var entries: [MetadataKey: MetadataEntry] = [:]
    private var sessions: [MetadataSessionID: Int64] = [:]
    private var lastSessionID: Int64 = 0
    private var hasSnapshot = false

    package init() {}

    /// What the records so far say; `nil` before the first snapshot.
    package var contents: MetadataContents? {
        guard self.hasSnapshot else { return nil }
        return MetadataContents(
            revision: self.revision,
            entries: self.entries.values.sorted { $0.key < $1.key },
            sessions: self.sessions,
            lastSessionID: self.lastSessionID
        )
    }

    /// - Throws: `.corrupt` when the record does not follow the ones before it; nothing is changed then.
    package mutating func apply(_ record: MirrorRecord) throws(MetadataError) {
        switch record {
        case .snapshot(let contents):
            guard !self.hasSnapshot else {
                throw MetadataError(.corrupt, "The metadata's copy has a second snapshot.")
            }
            self.hasSnapshot = true
            self.revision = contents.revision
            self.sessions = contents.sessions
            self.lastSessionID = contents.lastSessionID
            for entry in contents.entries { self.entries[entry.key] = entry }
        case .change(let revision, let events, let ended):
            // A session that bound no key ends without a new revision.
            guard self.hasSnapshot, revision == self.revision + (events.isEmpty ? 0 : 1) else {
                throw MetadataError(
                    .corrupt,
                    "The metadata's copy has revision \(revision) after revision \(self.revision)."
                )
            }
            self.revision = revision
            for event in events {
                switch event {
                case .put(let entry): self.entries[entry.key] = entry
                case .deleted(let key, _): self.entries[key] = nil
                }
            }
            if let ended { self.sessions[ended] = nil }
        case .sessionOpened(let id, let milliseconds):
            guard self.hasSnapshot else {
                throw MetadataError(.corrupt, "The metadata's copy begins without a snapshot.")
            }
            self.sessions[id] = milliseconds
            self.lastSessionID = max(self.lastSessionID, id.rawValue)
        }
    }
}
