/// What the coordinator of lease tables writes: whole tables and whole items, the last of which counts.
///
/// An item may come before the record of its table, as in a compacted log: those of tables that do not exist are
/// dropped at the end of a load.
package enum TableRecord: Sendable, Equatable {
    case table(Table)
    case tableDeleted(String)
    case item(TableID, PrimaryKey, Item)
    case itemDeleted(TableID, PrimaryKey)
}
