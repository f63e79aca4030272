internal import FoundationEssentials
internal import GRDB
internal import Metadata

/// The database and its mirror as a start finds and, where one of them is damaged, mends them.
struct OpenedDatabase: ~Copyable {
    let database: DatabaseQueue
    let mirror: MetadataMirror
    let contents: MetadataContents
    let digest: StoreDigest
    /// What was mended, in one line; `nil` when both copies were whole.
    let notice: String?

    /// - Throws: `.newerFormat`, `.corrupt`, `.locked`, `.diskFull`, `.unavailable`.
    static func open(_ path: String) throws -> OpenedDatabase {
        let mirrorPath = Self.mirrorPath(path)
        var (found, database) = try Self.read(path)
        let plan = OpeningPlan(
            database: database,
            mirror: try MetadataMirror.read(mirrorPath),
            hadMirror: found?.hadMirror ?? true
        )
        var notice: String?
        switch plan {
        case .refuse(let reason):
            throw MetadataError(
                .corrupt,
                "\(path): \(reason). Nothing was changed. Restore both files from one backup, or "
                    + "make them again with `millrace repair --metadata-from-folders`."
            )
        case .create:
            try Self.setAside(path)
            found = try Found(path: path)
        case .restore(let contents, let reason):
            found = nil
            let aside = try Self.setAside(path)
            found = try Found(path: path, restoring: contents)
            notice =
                "the metadata was restored from its copy (revision \(contents.revision)): \(reason)"
                + (aside.map { "; the database that was found is kept as \($0)" } ?? "")
        case .rewriteMirror(let warning):
            notice = warning.map { "the copy of the metadata was written again: \($0)" }
        case .open: break
        }
        guard let found else { preconditionFailure("every plan but a refusal leaves a database") }
        return OpenedDatabase(
            database: found.database,
            // Written again at every start: it is then one snapshot, and what was wrong with it is gone.
            mirror: try MetadataMirror(path: mirrorPath, contents: found.contents),
            contents: found.contents,
            digest: found.digest,
            notice: notice
        )
    }

    /// What the two copies are and what a start makes of them. SQLite brings the database up to date as it reads it, so
    /// an inspection gives a copy of the files.
    static func inspect(
        _ path: String
    ) throws -> (database: MetadataCopy, mirror: MetadataCopy, plan: OpeningPlan) {
        let (found, database) = try Self.read(path)
        let mirror = try MetadataMirror.read(Self.mirrorPath(path))
        let plan = OpeningPlan(database: database, mirror: mirror, hadMirror: found?.hadMirror ?? true)
        return (database, mirror, plan)
    }

    private static func read(_ path: String) throws -> (found: Found?, copy: MetadataCopy) {
        guard Self.exists(path) else { return (nil, .missing) }
        do {
            let found = try Found(path: path)
            return (found, .whole(found.contents))
        } catch {
            guard Self.isDamage(error) else { throw error }
            return (nil, .damaged(reason: SQLiteMetadataStore.mapped(error, path: path).message))
        }
    }

    static func mirrorPath(_ path: String) -> String {
        let suffix = ".sqlite"
        return (path.hasSuffix(suffix) ? String(path.dropLast(suffix.count)) : path) + ".mirror"
    }

    /// Whether an error of opening means that the bytes are wrong, and not that they cannot be had. A changed letter in
    /// the schema makes the statements of this program wrong: SQLite then reports a plain error.
    private static func isDamage(_ error: any Error) -> Bool {
        if let error = error as? MetadataError { return error.code == .corrupt }
        switch (error as? DatabaseError)?.resultCode {
        case .SQLITE_CORRUPT?, .SQLITE_NOTADB?, .SQLITE_ERROR?, .SQLITE_CONSTRAINT?, .SQLITE_MISMATCH?: return true
        default: return false
        }
    }

    private static func exists(_ path: String) -> Bool {
        let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? UInt64
        return (size ?? 0) > 0
    }

    /// Renames the database, if there is one, and what SQLite keeps beside it: nothing is deleted.
    @discardableResult
    private static func setAside(_ path: String) throws(MetadataError) -> String? {
        let files = FileManager.default
        let present = ["", "-wal", "-journal", "-shm"].filter { files.fileExists(atPath: path + $0) }
        guard !present.isEmpty else { return nil }
        var number = 1
        while ["", "-wal"].contains(where: { files.fileExists(atPath: "\(path).damaged-\(number)\($0)") }) {
            number += 1
        }
        let aside = "\(path).damaged-\(number)"
        do {
            for suffix in present { try files.moveItem(atPath: path + suffix, toPath: aside + suffix) }
        } catch {
            throw MetadataError(.unavailable, "\(path) cannot be set aside as \(aside): \(error)")
        }
        try MetadataMirror.synchronizeFolder(of: path)
        return aside
    }
}

/// A database of which every row was checked.
private struct Found {
    let database: DatabaseQueue
    let contents: MetadataContents
    let digest: StoreDigest
    let hadMirror: Bool

    /// Opens the file, or makes it.
    init(path: String) throws {
        let database = try Self.queue(path)
        self = try database.inDatabase { db in
            let hadMirror = try SQLiteSchema.migrate(db, path: path)
            let found = try Found(database, db, hadMirror: hadMirror)
            // What lies in the write-ahead log goes into the file: less can be lost with a damaged log.
            try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
            return found
        }
    }

    /// Makes the file with what the mirror has.
    init(path: String, restoring contents: MetadataContents) throws {
        let database = try Self.queue(path)
        self = try database.inDatabase { db in
            _ = try SQLiteSchema.migrate(db, path: path)
            try db.inTransaction(.immediate) {
                try Self.fill(db, with: contents)
                return .commit
            }
            try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
            return try Found(database, db, hadMirror: true)
        }
    }

    private init(_ database: DatabaseQueue, _ db: Database, hadMirror: Bool) throws {
        let problem = try String.fetchOne(db, sql: "PRAGMA integrity_check(1)")
        guard problem == "ok" else {
            throw MetadataError(.corrupt, "the database is damaged: \(problem ?? "the check gave no answer")")
        }
        let (digest, revision) = try StoreDigest.stored(in: db)
        let rows = try Row.fetchAll(db, sql: "\(SQLiteMetadataStore.select) ORDER BY key")
        var entries: [MetadataEntry] = []
        entries.reserveCapacity(rows.count)
        var counted = StoreDigest()
        for row in rows {
            let (entry, checksum) = try SQLiteMetadataStore.verified(row)
            entries.append(entry)
            counted.add(checksum)
        }
        guard counted == digest else {
            throw MetadataError(
                .corrupt,
                "the database has \(counted.entryCount) entries where revision \(revision) has \(digest.entryCount), or "
                    + "others than it had"
            )
        }
        var sessions: [MetadataSessionID: Int64] = [:]
        for row in try Row.fetchAll(db, sql: "SELECT id, ttl_ms FROM session") {
            guard let id = Int64.fromDatabaseValue(row[0]), let milliseconds = Int64.fromDatabaseValue(row[1]) else {
                throw MetadataError(.corrupt, "a session of the metadata has columns of other types")
            }
            sessions[MetadataSessionID(id)] = milliseconds
        }
        self.database = database
        self.digest = digest
        self.hadMirror = hadMirror
        self.contents = MetadataContents(
            revision: revision,
            entries: entries,
            sessions: sessions,
            lastSessionID: try SQLiteMetadataStore.lastSessionID(db)
        )
    }

    private static func queue(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.label = "metadata"
        configuration.prepareDatabase { try SQLiteSchema.prepare($0) }
        return try DatabaseQueue(path: path, configuration: configuration)
    }

    private static func fill(_ db: Database, with contents: MetadataContents) throws {
        var digest = StoreDigest()
        for entry in contents.entries { digest.add(try TransactionRun.insert(entry, into: db)) }
        for (id, milliseconds) in contents.sessions {
            try db.execute(
                sql: "INSERT INTO session (id, ttl_ms) VALUES (?, ?)",
                arguments: [id.rawValue, milliseconds]
            )
        }
        // The next session gets an ID that was never granted.
        try db.execute(sql: "DELETE FROM sqlite_sequence WHERE name = 'session'")
        try db.execute(
            sql: "INSERT INTO sqlite_sequence (name, seq) VALUES ('session', ?)",
            arguments: [contents.lastSessionID]
        )
        try digest.store(at: contents.revision, in: db)
    }
}
