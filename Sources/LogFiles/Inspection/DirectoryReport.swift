package import LogCore

extension Directory {
    /// Whether something has this name; `false` also where the system does not tell.
    package func has(_ name: String) -> Bool { ((try? self.status(of: name)) ?? nil) != nil }
}

/// What an inspection found in a data directory.
package struct DirectoryReport: Sendable {
    /// Of the directory as a whole: its root files, the journal, and partitions without a folder.
    package var findings: [Finding] = []
    /// In the order of their names.
    package var partitions: [PartitionReport] = []
    /// The last server that used it ended by itself, so nothing is under way.
    package var wasClosedCleanly = false
    /// Whose directory it is; `nil` when `meta.properties` is missing or unreadable.
    package var properties: DirectoryProperties?
    /// Entries of the journal that no checkpoint covers.
    package var journalEntryCount = 0

    package init() {}

    /// Everything that was found, the directory's own first.
    package var allFindings: [Finding] { self.findings + self.partitions.flatMap(\.findings) }

    package enum Verdict: String, Sendable {
        case whole
        case damaged
        /// Something could not be read; of the rest nothing is damaged.
        case unreadable
    }

    package var verdict: Verdict {
        let severities = self.allFindings.map(\.severity)
        if severities.contains(.damage) { return .damaged }
        return severities.contains(.unreadable) ? .unreadable : .whole
    }
}
