internal import FoundationEssentials
internal import GRDB
internal import Metadata

/// The tables of `metadata.sqlite`.
///
/// | table | columns |
/// | --- | --- |
/// | `entry` | `key` (primary key), `value`, `create_revision`, `mod_revision`, `version`, `session`, `checksum` |
/// | `session` | `id`, `ttl_ms`: granted sessions; their deadlines begin again when the file is opened |
/// | `state` | one row: `revision`, `entry_count` and `checksum_sum` (`StoreDigest`), `checksum` of the row |
///
/// `application_id` is `MLRC`, `user_version` the version of this layout. Layout 1 had no checksums and no mirror; it
/// is brought up to date when it is opened.
enum SQLiteSchema {
    static let applicationID: Int64 = 0x4D4C_5243
    static let version: Int64 = 2

    /// The pragmas of every connection, before anything is read.
    static func prepare(_ db: Database) throws {
        // Exclusive first: write-ahead logging then needs no shared-memory file, and a second process is refused.
        try db.execute(
            sql: """
                PRAGMA locking_mode = EXCLUSIVE;
                PRAGMA journal_mode = WAL;
                PRAGMA synchronous = FULL;
                PRAGMA journal_size_limit = 4194304;
                PRAGMA wal_autocheckpoint = 64;
                PRAGMA cache_size = -1024;
                """
        )
    }

    /// Makes the tables of an empty file; refuses a file of newer software or of something else.
    ///
    /// - Returns: whether the file had the present layout already, and so a mirror beside it.
    static func migrate(_ db: Database, path: String) throws -> Bool {
        let found = try Int64.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        let applicationID = try Int64.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        if found == 0, applicationID == 0 {
            guard try Int64.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") == 0 else {
                throw MetadataError(.corrupt, "\(path) is a database, but not one of Millrace.")
            }
            try db.inTransaction(.immediate) {
                try db.execute(sql: Self.tables)
                try StoreDigest().store(at: 1, in: db)
                return .commit
            }
            return false
        }
        guard applicationID == Self.applicationID else {
            throw MetadataError(.corrupt, "\(path) is a database, but not one of Millrace.")
        }
        guard found <= Self.version else {
            throw MetadataError(
                .newerFormat,
                "\(path) was written by a newer version of Millrace (layout \(found); this version reads up to "
                    + "\(Self.version))."
            )
        }
        switch found {
        case Self.version: return true
        case 1:
            try db.inTransaction(.immediate) {
                try Self.addChecksums(db)
                return .commit
            }
            return false
        default: throw MetadataError(.corrupt, "\(path) has the unknown layout \(found).")
        }
    }

    /// From layout 1 to 2.
    private static func addChecksums(_ db: Database) throws {
        guard let revision = try Int64.fetchOne(db, sql: "SELECT revision FROM state") else {
            throw MetadataError(.corrupt, "The metadata file has no revision.")
        }
        try db.execute(
            sql: """
                ALTER TABLE entry ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
                DROP TABLE state;
                \(Self.stateTable)
                """
        )
        var digest = StoreDigest()
        for row in try Row.fetchAll(db, sql: "\(SQLiteMetadataStore.select)") {
            let entry = try SQLiteMetadataStore.unverifiedEntry(row)
            let checksum = EntryChecksum.checksum(of: entry)
            digest.add(checksum)
            try db.execute(
                sql: "UPDATE entry SET checksum = ? WHERE key = ?",
                arguments: [checksum, Data(entry.key.bytes)]
            )
        }
        try digest.store(at: revision, in: db)
        try db.execute(sql: "PRAGMA user_version = \(Self.version)")
    }

    private static let stateTable = """
        CREATE TABLE state (
            revision INTEGER NOT NULL,
            entry_count INTEGER NOT NULL,
            checksum_sum INTEGER NOT NULL,
            checksum INTEGER NOT NULL
        );
        """

    private static let tables = """
        CREATE TABLE entry (
            key BLOB PRIMARY KEY NOT NULL,
            value BLOB NOT NULL,
            create_revision INTEGER NOT NULL,
            mod_revision INTEGER NOT NULL,
            version INTEGER NOT NULL,
            session INTEGER,
            checksum INTEGER NOT NULL
        );
        CREATE INDEX entry_session ON entry (session) WHERE session IS NOT NULL;
        CREATE TABLE session (id INTEGER PRIMARY KEY AUTOINCREMENT, ttl_ms INTEGER NOT NULL);
        \(Self.stateTable)
        PRAGMA application_id = \(Self.applicationID);
        PRAGMA user_version = \(Self.version);
        """
}
