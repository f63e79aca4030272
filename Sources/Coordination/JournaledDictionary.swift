/// A dictionary of recorded state that can take changes back which never became durable.
///
/// A change costs one entry in the undo journal besides the change itself; copies share storage as a `Dictionary` does.
public struct JournaledDictionary<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    @usableFromInline var storage: [Key: Value] = [:]
    @usableFromInline var undo = UndoJournal<(key: Key, previous: Value?)>()

    /// Empty.
    @inlinable
    public init() {}

    /// Keys that have a value.
    @inlinable public var count: Int { self.storage.count }
    /// Whether no key has a value.
    @inlinable public var isEmpty: Bool { self.storage.isEmpty }
    /// In no particular order.
    @inlinable public var keys: Dictionary<Key, Value>.Keys { self.storage.keys }
    /// All of it, to read.
    @inlinable public var elements: [Key: Value] { self.storage }
    /// Changes that could be taken back now.
    package var undoCount: Int { self.undo.count }

    /// Assigning `nil` removes the key.
    @inlinable
    public subscript(key: Key) -> Value? {
        get { self.storage[key] }
        set {
            let previous: Value?
            if let newValue {
                previous = self.storage.updateValue(newValue, forKey: key)
            } else {
                previous = self.storage.removeValue(forKey: key)
                if previous == nil { return }
            }
            self.undo.record((key, previous))
        }
    }

    /// Begins, forgets or takes back changes.
    @inlinable
    public mutating func journal(_ event: JournalEvent) {
        switch event {
        case .begin(let epoch): self.undo.begin(epoch)
        case .forget(let epoch): self.undo.forget(through: epoch)
        case .rollBack(let epoch):
            while let (key, previous) = self.undo.popNewest(from: epoch) { self.storage[key] = previous }
        }
    }
}
