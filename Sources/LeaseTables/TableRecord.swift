package import Model

/// What the coordinator of lease tables writes: whole tables and whole items, the last of which counts.
///
/// An item may come before the record of its table, as in a compacted log: those of tables that do not exist are
/// dropped at the end of a load.
package enum TableRecord: Sendable, Equatable {
    case table(Table)
    case tableDeleted(String)
    case item(TableID, PrimaryKey, Item)
    case itemDeleted(TableID, PrimaryKey)
    /// A transaction with a `ClientRequestToken` was carried out.
    case request(String, CompletedRequest)
    /// The token is free for another transaction.
    case requestForgotten(String)
}

/// A transaction that a repetition with the same token does not carry out again.
package struct CompletedRequest: Sendable, Equatable {
    package var completedAt: Timestamp
    /// Of everything that was asked for: another one is another request.
    package var digest: String

    package init(completedAt: Timestamp, digest: String) {
        self.completedAt = completedAt
        self.digest = digest
    }
}
