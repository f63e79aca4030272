internal import GRDB
internal import Metadata

/// The tables of `metadata.sqlite`.
///
/// | table | columns |
/// | --- | --- |
/// | `entry` | `key` (primary key), `value`, `create_revision`, `mod_revision`, `version`, `session` |
/// | `session` | `id`, `ttl_ms`: granted sessions; their deadlines begin again when the file is opened |
/// | `state` | one row: `revision` |
///
/// `application_id` is `MLRC`, `user_version` the version of this layout.
enum SQLiteSchema {
    static let applicationID: Int64 = 0x4D4C_5243
    static let version: Int64 = 1

    /// The pragmas of every connection, before anything is read.
    static func prepare(_ db: Database) throws {
        // Exclusive first: write-ahead logging then needs no shared-memory file, and a second process is refused.
        try db.execute(
            sql: """
                PRAGMA locking_mode = EXCLUSIVE;
                PRAGMA journal_mode = WAL;
                PRAGMA synchronous = FULL;
                PRAGMA journal_size_limit = 4194304;
                PRAGMA cache_size = -1024;
                """
        )
    }

    /// Makes the tables of an empty file; refuses a file of newer software or of something else.
    static func migrate(_ db: Database, path: String) throws {
        let found = try Int64.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        let applicationID = try Int64.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        if found == 0, applicationID == 0 {
            guard try Int64.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") == 0 else {
                throw MetadataError(.corrupt, "\(path) is a database, but not one of Millrace.")
            }
            try db.inTransaction(.immediate) {
                try db.execute(sql: Self.tables)
                return .commit
            }
            return
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
        guard found == Self.version else {
            throw MetadataError(.corrupt, "\(path) has the unknown layout \(found).")
        }
    }

    private static let tables = """
        CREATE TABLE entry (
            key BLOB PRIMARY KEY NOT NULL,
            value BLOB NOT NULL,
            create_revision INTEGER NOT NULL,
            mod_revision INTEGER NOT NULL,
            version INTEGER NOT NULL,
            session INTEGER
        );
        CREATE INDEX entry_session ON entry (session) WHERE session IS NOT NULL;
        CREATE TABLE session (id INTEGER PRIMARY KEY AUTOINCREMENT, ttl_ms INTEGER NOT NULL);
        CREATE TABLE state (revision INTEGER NOT NULL);
        INSERT INTO state (revision) VALUES (1);
        PRAGMA application_id = \(Self.applicationID);
        PRAGMA user_version = \(Self.version);
        """
}
