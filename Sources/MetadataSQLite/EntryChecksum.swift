internal import GRDB
internal import Metadata
internal import RecordBatch

/// The checksum that is stored with each entry, and what they add up to.
///
/// Two CRC-32C of the same fields in two orders, so that a sum of many has 64 bits to differ in. The digest of the
/// whole store is the wrapping sum of the checksums: it shows that no entry is missing and costs one addition a change.
enum EntryChecksum {
    static func checksum(of entry: MetadataEntry) -> Int64 {
        let numbers = [entry.createRevision, entry.modRevision, entry.version, entry.session?.rawValue ?? 0]
        let forward = self.crc(
            self.crc(self.crc(self.crc(0, [Int64(entry.key.bytes.count)]), entry.key.bytes), entry.value),
            numbers
        )
        let backward = self.crc(self.crc(self.crc(~forward, numbers), entry.value), entry.key.bytes)
        return Int64(bitPattern: UInt64(forward) << 32 | UInt64(backward))
    }

    private static func crc(_ initial: UInt32, _ bytes: [UInt8]) -> UInt32 {
        bytes.withUnsafeBytes { CRC32C.checksum($0, initial: initial) }
    }

    private static func crc(_ initial: UInt32, _ numbers: [Int64]) -> UInt32 {
        numbers.withUnsafeBytes { CRC32C.checksum($0, initial: initial) }
    }
}

/// How many entries a store has and what their checksums add up to; stored with the revision in every commit.
struct StoreDigest: Equatable {
    var entryCount: Int64 = 0
    var sum: Int64 = 0

    mutating func add(_ checksum: Int64) {
        self.entryCount += 1
        self.sum &+= checksum
    }

    mutating func remove(_ checksum: Int64) {
        self.entryCount -= 1
        self.sum &-= checksum
    }

    /// The checksum of the row that holds the digest itself.
    func checksum(at revision: MetadataRevision) -> Int64 {
        let numbers = [revision, self.entryCount, self.sum]
        let forward = numbers.withUnsafeBytes { CRC32C.checksum($0) }
        return Int64(forward)
    }
}

extension StoreDigest {
    /// Reads the stored digest and its revision.
    ///
    /// - Throws: `.corrupt` when the row is missing or was changed.
    static func stored(in db: Database) throws -> (digest: StoreDigest, revision: MetadataRevision) {
        guard let row = try Row.fetchOne(db, sql: "SELECT revision, entry_count, checksum_sum, checksum FROM state")
        else {
            throw MetadataError(.corrupt, "The metadata file has no revision.")
        }
        if let revision = Int64.fromDatabaseValue(row[0]), let entryCount = Int64.fromDatabaseValue(row[1]),
            let sum = Int64.fromDatabaseValue(row[2])
        {
            let digest = StoreDigest(entryCount: entryCount, sum: sum)
            if Int64.fromDatabaseValue(row[3]) == digest.checksum(at: revision) { return (digest, revision) }
        }
        throw MetadataError(.corrupt, "The revision of the metadata file fails its checksum.")
    }

    /// Replaces the stored digest and revision.
    func store(at revision: MetadataRevision, in db: Database) throws {
        try db.cachedStatement(sql: "DELETE FROM state").execute()
        try db.cachedStatement(sql: "INSERT INTO state VALUES (?, ?, ?, ?)")
            .execute(arguments: [revision, self.entryCount, self.sum, self.checksum(at: revision)])
    }
}
