internal import FoundationEssentials
internal import GRDB
internal import Metadata

/// The operations of one transaction on the database, and what they changed.
struct TransactionRun {
    private let db: Database
    private let before: MetadataRevision
    private(set) var responses: [MetadataOutcome.Response] = []
    private(set) var events: [MetadataEvent] = []
    /// Of the store after the operations so far.
    private(set) var digest: StoreDigest

    init(db: Database, before: MetadataRevision, digest: StoreDigest) {
        self.db = db
        self.before = before
        self.digest = digest
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
        let statement = try self.db.cachedStatement(sql: "DELETE FROM entry WHERE session = ? RETURNING key, checksum")
        try self.record(deleted: Row.fetchAll(statement, arguments: [session.rawValue]))
    }

    /// Call once, last.
    func storeRevision() throws {
        guard !self.events.isEmpty else { return }
        try self.digest.store(at: self.revision, in: self.db)
    }

    private mutating func put(_ key: MetadataKey, _ value: [UInt8], _ session: MetadataSessionID?) throws {
        let revision = self.before + 1
        let previous = try SQLiteMetadataStore.verifiedRow(self.db, key)
        let entry = MetadataEntry(
            key: key,
            value: value,
            createRevision: previous?.entry.createRevision ?? revision,
            modRevision: revision,
            version: (previous?.entry.version ?? 0) + 1,
            session: session
        )
        let checksum = try Self.insert(entry, into: self.db)
        if let previous { self.digest.remove(previous.checksum) }
        self.digest.add(checksum)
        self.events.append(.put(entry))
    }

    /// Stores an entry in place of the one with its key.
    ///
    /// - Returns: its checksum.
    static func insert(_ entry: MetadataEntry, into db: Database) throws -> Int64 {
        let checksum = EntryChecksum.checksum(of: entry)
        let statement = try db.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO entry
                    (key, value, create_revision, mod_revision, version, session, checksum)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """
        )
        try statement.execute(arguments: [
            Data(entry.key.bytes), Data(entry.value), entry.createRevision, entry.modRevision, entry.version,
            entry.session?.rawValue, checksum,
        ])
        return checksum
    }

    private mutating func delete(_ range: MetadataKeyRange) throws -> Int {
        let rows: [Row]
        if let upper = range.upper {
            rows = try Row.fetchAll(
                self.db.cachedStatement(sql: "DELETE FROM entry WHERE key >= ? AND key < ? RETURNING key, checksum"),
                arguments: [Data(range.lower.bytes), Data(upper.bytes)]
            )
        } else {
            rows = try Row.fetchAll(
                self.db.cachedStatement(sql: "DELETE FROM entry WHERE key >= ? RETURNING key, checksum"),
                arguments: [Data(range.lower.bytes)]
            )
        }
        try self.record(deleted: rows)
        return rows.count
    }

    /// In key order: the database returns them in any.
    ///
    /// - Parameter rows: keys and checksums.
    private mutating func record(deleted rows: [Row]) throws {
        var keys: [MetadataKey] = []
        for row in rows {
            guard let key = Data.fromDatabaseValue(row[0]), let checksum = Int64.fromDatabaseValue(row[1]) else {
                throw MetadataError(.corrupt, "A row of the metadata has columns of other types.")
            }
            keys.append(MetadataKey(bytes: Array(key)))
            self.digest.remove(checksum)
        }
        for key in keys.sorted() { self.events.append(.deleted(key: key, revision: self.before + 1)) }
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
    static func entry(_ db: Database, _ key: MetadataKey) throws -> MetadataEntry? {
        try Self.verifiedRow(db, key)?.entry
    }

    /// The entry of a key with its checksum, so that a change need not compute it again to take it off the digest.
    fileprivate static func verifiedRow(
        _ db: Database,
        _ key: MetadataKey
    ) throws -> (entry: MetadataEntry, checksum: Int64)? {
        let statement = try db.cachedStatement(sql: "\(Self.select) WHERE key = ?")
        return try Row.fetchOne(statement, arguments: [Data(key.bytes)]).map(Self.verified)
    }

    static func entries(
        _ db: Database,
        _ range: MetadataKeyRange,
        limit: Int,
        revision: MetadataRevision
    ) throws -> MetadataRangeResult {
        // One row more than asked for shows whether more follow; SQLite takes -1 as "no limit".
        let rowLimit = limit > 0 ? Int64(limit).addingReportingOverflow(1).partialValue : -1
        let rows: [MetadataEntry]
        if let upper = range.upper {
            rows = try Row.fetchAll(
                db.cachedStatement(sql: "\(Self.select) WHERE key >= ? AND key < ? ORDER BY key LIMIT ?"),
                arguments: [Data(range.lower.bytes), Data(upper.bytes), rowLimit]
            ).map(Self.verifiedEntry)
        } else {
            rows = try Row.fetchAll(
                db.cachedStatement(sql: "\(Self.select) WHERE key >= ? ORDER BY key LIMIT ?"),
                arguments: [Data(range.lower.bytes), rowLimit]
            ).map(Self.verifiedEntry)
        }
        let hasMore = limit > 0 && rows.count > limit
        return MetadataRangeResult(
            entries: hasMore ? Array(rows.prefix(limit)) : rows,
            hasMore: hasMore,
            revision: revision
        )
    }

    static let select = "SELECT key, value, create_revision, mod_revision, version, session, checksum FROM entry"

    /// - Throws: `.corrupt` when the row is not what was stored.
    static func verifiedEntry(_ row: Row) throws -> MetadataEntry { try Self.verified(row).entry }

    /// The same with the checksum, so that a digest of many rows need not compute it again.
    static func verified(_ row: Row) throws -> (entry: MetadataEntry, checksum: Int64) {
        let entry = try Self.unverifiedEntry(row)
        let checksum = EntryChecksum.checksum(of: entry)
        guard Int64.fromDatabaseValue(row[6]) == checksum else {
            throw MetadataError(.corrupt, "The metadata entry \(entry.key) fails its checksum.")
        }
        return (entry, checksum)
    }

    /// - Throws: `.corrupt` when a column has another type: GRDB's own conversions would trap.
    static func unverifiedEntry(_ row: Row) throws -> MetadataEntry {
        guard let key = Data.fromDatabaseValue(row[0]), let value = Data.fromDatabaseValue(row[1]),
            let createRevision = Int64.fromDatabaseValue(row[2]), let modRevision = Int64.fromDatabaseValue(row[3]),
            let version = Int64.fromDatabaseValue(row[4])
        else {
            throw MetadataError(.corrupt, "A row of the metadata has columns of other types.")
        }
        return MetadataEntry(
            key: MetadataKey(bytes: Array(key)),
            value: Array(value),
            createRevision: createRevision,
            modRevision: modRevision,
            version: version,
            session: Int64.fromDatabaseValue(row[5]).map { MetadataSessionID($0) }
        )
    }
}
