package import Metadata
internal import NIOCore

/// The transaction that makes flushes part of the log, and what its outcome says.
///
///     if   own/INCARNATION is as it was when it began, and c/INCARNATION/FIRST does not exist
///     then put every commit record
///     else read own/INCARNATION and the records' keys
///
/// The fence is that one compare: it holds without a clock and without leases. The same transaction can be
/// sent any number of times: what the second reads tells whether the first was carried out.
package struct CommitTransaction: Sendable, Equatable {
    package let writer: Incarnation
    package let firstSequence: Int64
    package let records: [[UInt8]]
    package let transaction: MetadataTransaction

    /// - Parameters:
    ///   - ownershipRevision: the revision of the last write to the ownership key, by its owner.
    ///   - records: of sequences one after the other.
    package init(
        writer: Incarnation,
        ownershipRevision: MetadataRevision,
        firstSequence: Int64,
        records: [CommitRecord]
    ) {
        precondition(!records.isEmpty && records.count <= 64, "a commit has records, and room for its reads")
        self.writer = writer
        self.firstSequence = firstSequence
        self.records = records.map { Array($0.encoded().readableBytesView) }
        let ownership = EngineKeys.ownership(writer)
        let keys = records.indices.map { EngineKeys.commit(writer, firstSequence + Int64($0)) }
        var transaction = MetadataTransaction(
            compares: [.isUnchanged(ownership, since: ownershipRevision), .isMissing(keys[0])],
            success: zip(keys, self.records).map { .put(key: $0, value: $1) },
            failure: [.range(.key(ownership))] + keys.map { .range(.key($0)) }
        )
        transaction.isRepeatable = true
        self.transaction = transaction
    }

    /// What an outcome of the transaction, or of a repetition, says.
    package func decision(_ outcome: MetadataOutcome) -> CommitDecision {
        if outcome.succeeded { return .committed }
        let entries = outcome.responses.map { response -> MetadataEntry? in
            guard case .range(let range) = response else { return nil }
            return range.entries.first
        }
        // All of them are of one transaction: the first tells of all.
        if let first = entries.dropFirst().first ?? nil {
            // Someone else's record under our name would mean two writers with one incarnation.
            return first.value == self.records[0] ? .committed : .fenced
        }
        // The compare of the record held, so that the other one did not.
        return .fenced
    }
}
