internal import FoundationEssentials
internal import GRDB
internal import Metadata

/// The operations of one transaction on the database, and what they changed.
struct TransactionRun {
    private let db: Database
    private let before: MetadataRevision
    private(set) var responses: [MetadataOutcome.Response] = []
    private(set) var events: [MetadataEvent] = []

    init(db: Database, before: MetadataRevision) {
        self.db = db
        self.before = before
    }

    /// What the transaction's changes carry; the revision before it when it changed nothing.
    var revision: MetadataRevision { self.events.isEmpty ? self.before : self.before + 1 }

    mutating func perform(_ operation: MetadataOperation) throws {
        switch operation {
        case .put(let key, let value, let session):
            try self.put(key, value, session)
            self.responses.append(.put)
        case .delete(let range):
            let deleted = try self.delete(range)
            self.responses.append(.deleted(count: deleted))
        case .range(let range, let limit):
            let result = try SQLiteMetadataStore.entries(self.db, range, limit: limit, revision: self.revision)
            self.responses.append(.range(result))
        }
    }

    mutating func deleteKeys(of session: MetadataSessionID) throws {
        let statement = try self.db.cachedStatement(sql: "DELETE FROM entry WHERE session = ? RETURNING key")
        try self.record(deleted: Data.fetchAll(statement, arguments: [session.rawValue]))
    }

    /// Call once, last.
    func storeRevision() throws {
        guard !self.events.isEmpty else { return }
        try self.db.cachedStatement(sql: "UPDATE state SET revision = ?").execute(arguments: [self.revision])
    }

    private mutating func put(_ key: MetadataKey, _ value: [UInt8], _ session: MetadataSessionID?) throws {
        let revision = self.before + 1
        let statement = try self.db.cachedStatement(
            sql: """
                INSERT INTO entry (key, value, create_revision, mod_revision, version, session)
                VALUES (?1, ?2, ?3, ?3, 1, ?4)
                ON CONFLICT (key) DO UPDATE SET
                    value = ?2, mod_revision = ?3, version = version + 1, session = ?4
                RETURNING create_revision, version
                """
        )
        guard
            let row = try Row.fetchOne(
                statement,
                arguments: [Data(key.bytes), Data(value), revision, session?.rawValue]
            )
        else {
            throw MetadataError(.corrupt, "A put returned no row.")
        }
        self.events.append(
            .put(
                MetadataEntry(
                    key: key,
                    value: value,
                    createRevision: row[0],
                    modRevision: revision,
                    version: row[1],
                    session: session
                )
            )
        )
    }

    private mutating func delete(_ range: MetadataKeyRange) throws -> Int {
        let keys: [Data]
        if let upper = range.upper {
            keys = try Data.fetchAll(
                self.db.cachedStatement(sql: "DELETE FROM entry WHERE key >= ? AND key < ? RETURNING key"),
                arguments: [Data(range.lower.bytes), Data(upper.bytes)]
            )
        } else {
            keys = try Data.fetchAll(
                self.db.cachedStatement(sql: "DELETE FROM entry WHERE key >= ? RETURNING key"),
                arguments: [Data(range.lower.bytes)]
            )
        }
        try self.record(deleted: keys)
        return keys.count
    }

    /// In key order: the database returns them in any.
    private mutating func record(deleted keys: [Data]) throws {
        for key in keys.map({ MetadataKey(bytes: Array($0)) }).sorted() {
            self.events.append(.deleted(key: key, revision: self.before + 1))
        }
    }
}

extension MetadataOperation {
    var isWrite: Bool {
        switch self {
        case .put, .delete: true
        case .range: false
        }
    }
}

extension SQLiteMetadataStore {
    static func storedRevision(_ db: Database) throws -> MetadataRevision {
        guard let revision = try Int64.fetchOne(db, sql: "SELECT revision FROM state") else {
            throw MetadataError(.corrupt, "The metadata file has no revision.")
        }
        return revision
    }

    static func entry(_ db: Database, _ key: MetadataKey) throws -> MetadataEntry? {
        let statement = try db.cachedStatement(sql: "\(Self.select) WHERE key = ?")
        return try Row.fetchOne(statement, arguments: [Data(key.bytes)]).map(Self.entry)
    }

    static func entries(
        _ db: Database,
        _ range: MetadataKeyRange,
        limit: Int,
        revision: MetadataRevision
    ) throws -> MetadataRangeResult {
        // One more than asked for tells whether there is more; -1 is no limit.
        let rowLimit = limit > 0 ? Int64(limit).addingReportingOverflow(1).partialValue : -1
        let rows: [MetadataEntry]
        if let upper = range.upper {
            rows = try Row.fetchAll(
                db.cachedStatement(sql: "\(Self.select) WHERE key >= ? AND key < ? ORDER BY key LIMIT ?"),
                arguments: [Data(range.lower.bytes), Data(upper.bytes), rowLimit]
            ).map(Self.entry)
        } else {
            rows = try Row.fetchAll(
                db.cachedStatement(sql: "\(Self.select) WHERE key >= ? ORDER BY key LIMIT ?"),
                arguments: [Data(range.lower.bytes), rowLimit]
            ).map(Self.entry)
        }
        let hasMore = limit > 0 && rows.count > limit
        return MetadataRangeResult(
            entries: hasMore ? Array(rows.prefix(limit)) : rows,
            hasMore: hasMore,
            revision: revision
        )
    }

    private static let select = "SELECT key, value, create_revision, mod_revision, version, session FROM entry"

    private static func entry(_ row: Row) -> MetadataEntry {
        let key: Data = row[0]
        let value: Data = row[1]
        let session: Int64? = row[5]
        return MetadataEntry(
            key: MetadataKey(bytes: Array(key)),
            value: Array(value),
            createRevision: row[2],
            modRevision: row[3],
            version: row[4],
            session: session.map { MetadataSessionID($0) }
        )
    }
}
