/// Rows of columns of recorded state, which can take changes back that never became durable.
///
/// As `JournaledDictionary`, for values with two keys whose rows are looked at as a whole. A change touches one cell
/// and journals one cell, however long its row is.
public struct JournaledTable<Row: Hashable & Sendable, Column: Hashable & Sendable, Value: Sendable>: Sendable {
    @usableFromInline var storage: [Row: [Column: Value]] = [:]
    @usableFromInline var undo = UndoJournal<(row: Row, column: Column, previous: Value?)>()
    /// Cells of all rows.
    package private(set) var count = 0

    package init() {}

    /// All of it, to read. No row is empty.
    @inlinable public var rows: [Row: [Column: Value]] { self.storage }
    /// Changes that could be taken back now.
    package var undoCount: Int { self.undo.count }

    /// `nil` when the row has no cell.
    @inlinable
    public subscript(row: Row) -> [Column: Value]? { self.storage[row] }

    /// Assigning `nil` removes the cell.
    package subscript(row: Row, column: Column) -> Value? {
        get { self.storage[row]?[column] }
        set {
            let previous = self.put(row, column, newValue)
            if previous == nil, newValue == nil { return }
            self.undo.record((row, column, previous))
        }
    }

    package mutating func journal(_ event: JournalEvent) {
        switch event {
        case .begin(let epoch): self.undo.begin(epoch)
        case .forget(let epoch): self.undo.forget(through: epoch)
        case .rollBack(let epoch):
            while let (row, column, previous) = self.undo.popNewest(from: epoch) {
                _ = self.put(row, column, previous)
            }
        }
    }

    private mutating func put(_ row: Row, _ column: Column, _ value: Value?) -> Value? {
        guard let value else {
            guard let previous = self.storage[row]?.removeValue(forKey: column) else { return nil }
            self.count -= 1
            if self.storage[row]?.isEmpty == true { self.storage[row] = nil }
            return previous
        }
        let previous = self.storage[row, default: [:]].updateValue(value, forKey: column)
        if previous == nil { self.count += 1 }
        return previous
    }
}
