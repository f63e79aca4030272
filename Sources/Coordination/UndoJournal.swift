/// What the runtime does with a machine's journaled collections.
public enum JournalEvent: Sendable, Equatable {
    /// Changes from now on belong to this epoch, larger than all before. Epoch 0, where a value begins, journals
    /// nothing: what a load replays is durable.
    case begin(epoch: UInt64)
    /// Changes of this epoch and earlier ones are durable: their undo is forgotten.
    case forget(through: UInt64)
    /// Changes of this epoch and later ones are taken back, the newest first.
    case rollBack(from: UInt64)
}

/// The inverse changes of a collection that are not durable yet, oldest first.
///
/// As long as the changes of the epochs in flight: an append per change, nothing per element.
@usableFromInline
struct UndoJournal<Change: Sendable>: Sendable {
    @usableFromInline
    struct Entry: Sendable {
        @usableFromInline var epoch: UInt64
        @usableFromInline var change: Change

        @inlinable
        init(epoch: UInt64, change: Change) {
            self.epoch = epoch
            self.change = change
        }
    }

    @usableFromInline var epoch: UInt64 = 0
    @usableFromInline var entries: [Entry] = []
    /// The first entry that is not forgotten.
    @usableFromInline var head = 0

    @inlinable
    init() {}

    @usableFromInline var count: Int { self.entries.count - self.head }

    @inlinable
    mutating func record(_ change: @autoclosure () -> Change) {
        guard self.epoch != 0 else { return }
        self.entries.append(Entry(epoch: self.epoch, change: change()))
    }

    @inlinable
    mutating func begin(_ epoch: UInt64) {
        precondition(epoch > self.epoch, "epochs grow")
        self.epoch = epoch
    }

    @inlinable
    mutating func forget(through epoch: UInt64) {
        while self.head < self.entries.count, self.entries[self.head].epoch <= epoch { self.head += 1 }
        if self.head == self.entries.count {
            self.entries.removeAll(keepingCapacity: self.entries.count <= 1_024)
            self.head = 0
        } else if self.head > self.entries.count / 2 {
            self.entries.removeFirst(self.head)
            self.head = 0
        }
    }

    /// Takes the newest change out if it belongs to `epoch` or a later one.
    @inlinable
    mutating func popNewest(from epoch: UInt64) -> Change? {
        guard self.count > 0, let last = self.entries.last, last.epoch >= epoch else { return nil }
        return self.entries.removeLast().change
    }
}
