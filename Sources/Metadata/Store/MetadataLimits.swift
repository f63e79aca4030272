/// The bounds of every metadata store: etcd's defaults or a little less, kept by the embedded store too, so that what
/// works on one works on the other.
package enum MetadataLimits {
    /// Compares, success operations and failure operations, each: etcd's 128 (`--max-txn-ops`) less three, with which
    /// the store in etcd decides what became of a transaction whose answer was lost.
    package static let operationsMax = 125
    /// Keys and values of a transaction together (`--max-request-bytes`).
    package static let transactionBytesMax = 1_572_864
    /// Entries of one answer when a caller sets no limit: no limit.
    package static let rangeEntriesUnlimited = 0
}

extension MetadataTransaction {
    /// Refuses what etcd would refuse: too many operations, too many bytes, empty keys, a key written twice.
    package func validate() throws(MetadataError) {
        for (name, count) in [
            ("compares", self.compares.count), ("operations", self.success.count),
            ("alternative operations", self.failure.count),
        ] where count > MetadataLimits.operationsMax {
            throw MetadataError(
                .invalidTransaction,
                "A transaction has \(count) \(name); the limit is \(MetadataLimits.operationsMax)."
            )
        }
        var bytes = 0
        for compare in self.compares {
            try Self.check(compare.key)
            bytes += compare.key.bytes.count
            if case .value(let value) = compare.target { bytes += value.count }
        }
        for operation in self.success { bytes += try Self.byteCount(of: operation) }
        for operation in self.failure { bytes += try Self.byteCount(of: operation) }
        guard bytes <= MetadataLimits.transactionBytesMax else {
            throw MetadataError(
                .invalidTransaction,
                "A transaction has \(bytes) bytes; the limit is \(MetadataLimits.transactionBytesMax)."
            )
        }
        try Self.checkWrites(self.success)
        try Self.checkWrites(self.failure)
    }

    private static func check(_ key: MetadataKey) throws(MetadataError) {
        guard !key.bytes.isEmpty else { throw MetadataError(.invalidTransaction, "A key is empty.") }
    }

    private static func byteCount(of operation: MetadataOperation) throws(MetadataError) -> Int {
        switch operation {
        case .put(let key, let value, _):
            try Self.check(key)
            return key.bytes.count + value.count
        case .delete(let range), .range(let range, _):
            return range.lower.bytes.count + (range.upper?.bytes.count ?? 0)
        }
    }

    private static func checkWrites(_ operations: [MetadataOperation]) throws(MetadataError) {
        var keys: Set<MetadataKey> = []
        for case .put(let key, _, _) in operations where !keys.insert(key).inserted {
            throw MetadataError(.invalidTransaction, "The key \(key) is written twice in one transaction.")
        }
        for case .delete(let range) in operations {
            // A single-key deletion is the common one and needs no scan.
            let isWritten =
                range.upper == range.lower.successor
                ? keys.contains(range.lower) : keys.contains(where: { range.contains($0) })
            if isWritten {
                throw MetadataError(.invalidTransaction, "A key is both written and deleted in one transaction.")
            }
        }
    }
}
