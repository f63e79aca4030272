/// A number that changes are added to, and taken back from when they are rolled back.
package struct JournaledSum: Sendable {
    /// The sum now.
    package private(set) var value = 0
    private var undo = UndoJournal<Int>()

    /// Zero.
    package init() {}

    package mutating func add(_ change: Int) {
        if change == 0 { return }
        self.value += change
        self.undo.record(change)
    }

    /// Begins, forgets or takes back changes.
    package mutating func journal(_ event: JournalEvent) {
        switch event {
        case .begin(let epoch): self.undo.begin(epoch)
        case .forget(let epoch): self.undo.forget(through: epoch)
        case .rollBack(let epoch):
            while let change = self.undo.popNewest(from: epoch) { self.value -= change }
        }
    }
}
