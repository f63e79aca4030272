/// What one of the two copies of the metadata is found to be when a store is opened.
package enum MetadataCopy: Sendable, Equatable {
    /// There is no file, or an empty one.
    case missing
    case whole(MetadataContents)
    /// What could be read is whole, but more bytes follow that are not: a record that was cut off or changed.
    case wholeUpTo(MetadataContents, reason: String)
    case damaged(reason: String)
}

/// Decides from the two copies which one is believed. Pure.
///
/// The database commits first, the mirror is appended to second, and the commit is acknowledged third. So an intact
/// mirror never lacks an acknowledged change; an intact database is ahead of it by one commit at most, when the process
/// died in between. A database that is *behind* has lost what it acknowledged, for SQLite ends its write-ahead log at
/// the first frame that does not fit, without an error.
package enum OpeningPlan: Sendable, Equatable {
    /// Both are missing: an empty store.
    case create
    /// The database is believed; the mirror is right.
    case open
    /// The database is believed; the mirror is written again from it. `warning`: what was wrong with the mirror.
    case rewriteMirror(warning: String?)
    /// The mirror is believed: the database is set aside and made again from it.
    case restore(MetadataContents, reason: String)
    /// Neither can be believed.
    case refuse(reason: String)

    /// - Parameters:
    ///   - hadMirror: whether this database has ever had a mirror. Older software wrote none.
    package init(database: MetadataCopy, mirror: MetadataCopy, hadMirror: Bool) {
        switch (database, mirror) {
        case (.missing, .missing): self = .create
        case (.missing, .whole(let contents)):
            self = .restore(contents, reason: "the database is missing or empty")
        case (.damaged(let reason), .whole(let contents)): self = .restore(contents, reason: reason)
        case (.missing, .wholeUpTo(_, let reason)), (.missing, .damaged(let reason)):
            self = .refuse(reason: "the database is missing or empty, and its copy is damaged: \(reason)")
        case (.damaged(let reason), .missing):
            self = .refuse(reason: hadMirror ? "\(reason), and its copy is missing" : reason)
        case (.damaged(let reason), .wholeUpTo(_, let other)), (.damaged(let reason), .damaged(let other)):
            self = .refuse(reason: "\(reason), and its copy is damaged too: \(other)")
        case (.whole, .missing):
            self = .rewriteMirror(warning: hadMirror ? "the copy was missing" : nil)
        case (.whole, .damaged(let reason)): self = .rewriteMirror(warning: "the copy was damaged: \(reason)")
        case (.whole(let stored), .whole(let mirrored)):
            if stored.revision > mirrored.revision {
                self = .rewriteMirror(warning: nil)
            } else if stored.revision < mirrored.revision {
                self = .restore(
                    mirrored,
                    reason: "the database lost the changes after revision \(stored.revision); the copy has them up to "
                        + "\(mirrored.revision)"
                )
            } else if stored.entries == mirrored.entries {
                // Sessions may differ by one that was granted or ended and not acknowledged.
                self = stored == mirrored ? .open : .rewriteMirror(warning: nil)
            } else {
                self = .refuse(
                    reason: "the database and its copy differ at revision \(stored.revision), and each seems whole"
                )
            }
        case (.whole(let stored), .wholeUpTo(let mirrored, let reason)):
            if stored.revision >= mirrored.revision {
                // A record that was being appended when the power went.
                self = .rewriteMirror(warning: "the end of the copy was damaged: \(reason)")
            } else {
                self = .refuse(
                    reason: "the database lost the changes after revision \(stored.revision), and the end of its copy "
                        + "is damaged as well, after revision \(mirrored.revision): \(reason)"
                )
            }
        case (.wholeUpTo, _):
            preconditionFailure("a database is whole or it is not")
        }
    }
}
