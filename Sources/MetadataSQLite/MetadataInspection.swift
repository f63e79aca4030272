internal import FoundationEssentials
package import Metadata

/// What the metadata's two copies in a data directory are, found without changing a byte there.
///
/// SQLite writes to a database that it opens (it recovers the write-ahead log), so the files are copied to a private
/// temporary folder and opened there, by the same code as a start.
package struct MetadataInspection: Sendable {
    package var database: MetadataCopy
    package var mirror: MetadataCopy
    /// What a start makes of them.
    package var plan: OpeningPlan

    /// - Parameter path: the database's, in the data directory.
    /// - Throws: `.unavailable` when the files cannot be read or copied, `.newerFormat`.
    package static func run(path: String) throws(MetadataError) -> MetadataInspection {
        let files = FileManager.default
        let folder = files.temporaryDirectory.appendingPathComponent("millrace-check-\(UUID().uuidString)").path
        do {
            // They hold secrets, such as the key of shard iterators.
            try files.createDirectory(
                atPath: folder,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
            defer { try? files.removeItem(atPath: folder) }
            let copy = folder + "/metadata.sqlite"
            for (source, target) in [
                (path, copy), (path + "-wal", copy + "-wal"), (path + "-journal", copy + "-journal"),
                (OpenedDatabase.mirrorPath(path), OpenedDatabase.mirrorPath(copy)),
            ] where files.fileExists(atPath: source) {
                try files.copyItem(atPath: source, toPath: target)
            }
            let found = try OpenedDatabase.inspect(copy)
            func renamed(_ reason: String) -> String { reason.replacing(copy, with: path) }
            return MetadataInspection(
                database: found.database.mapReason(renamed),
                mirror: found.mirror.mapReason(renamed),
                plan: found.plan.mapReason(renamed)
            )
        } catch {
            throw SQLiteMetadataStore.mapped(error, path: path)
        }
    }

    /// What a start would serve; `nil` when it would refuse.
    package var contents: MetadataContents? {
        switch self.plan {
        case .create, .refuse: return nil
        case .restore(let contents, _): return contents
        case .open, .rewriteMirror:
            guard case .whole(let contents) = self.database else { return nil }
            return contents
        }
    }
}

extension MetadataCopy {
    fileprivate func mapReason(_ change: (String) -> String) -> MetadataCopy {
        switch self {
        case .missing, .whole: self
        case .wholeUpTo(let contents, let reason): .wholeUpTo(contents, reason: change(reason))
        case .damaged(let reason): .damaged(reason: change(reason))
        }
    }
}

extension OpeningPlan {
    fileprivate func mapReason(_ change: (String) -> String) -> OpeningPlan {
        switch self {
        case .create, .open: self
        case .rewriteMirror(let warning): .rewriteMirror(warning: warning.map(change))
        case .restore(let contents, let reason): .restore(contents, reason: change(reason))
        case .refuse(let reason): .refuse(reason: change(reason))
        }
    }
}
