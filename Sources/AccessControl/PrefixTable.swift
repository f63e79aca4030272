/// Values of prefixes; a name has the values of all prefixes that it begins with. Immutable; one binary search.
struct PrefixTable<Value: Sendable>: Sendable {
    private struct Entry: Sendable {
        var prefix: String
        /// Of this prefix and of all prefixes that it begins with.
        var value: Value
        /// The longest other prefix that this one begins with.
        var parent: Int?
    }

    /// Sorted by the bytes of their prefixes, each once.
    private let entries: [Entry]
    /// The first eight bytes of each, as numbers in the same order: most comparisons need no more.
    private let heads: [UInt64]

    /// - Parameter merge: adds the second value to the first.
    init(_ values: [ExactText: Value], merge: (inout Value, Value) -> Void) {
        var entries: [Entry] = []
        entries.reserveCapacity(values.count)
        for (prefix, value) in values.sorted(by: { ExactText.order($0.key.text, $1.key.text) < 0 }) {
            // Sorted: the longest prefix of this one is the one before it, or what that begins with.
            var parent = entries.indices.last
            while let index = parent, !ExactText.begins(prefix.text, with: entries[index].prefix) {
                parent = entries[index].parent
            }
            var value = value
            if let parent { merge(&value, entries[parent].value) }
            entries.append(Entry(prefix: prefix.text, value: value, parent: parent))
        }
        self.entries = entries
        self.heads = entries.map { ExactText.head(of: $0.prefix) }
    }

    var isEmpty: Bool { self.entries.isEmpty }

    /// What all prefixes of the name have together; `nil` when it begins with none of them.
    func value(of name: String) -> Value? {
        let head = ExactText.head(of: name)
        var low = 0
        var high = self.heads.count
        while low < high {
            let middle = (low + high) / 2
            let other = self.heads[middle]
            let isAtMost = other == head ? ExactText.order(self.entries[middle].prefix, name) <= 0 : other < head
            if isAtMost { low = middle + 1 } else { high = middle }
        }
        // Between a prefix of the name and the name there are only prefixes that begin with it.
        var candidate: Int? = low - 1 >= 0 ? low - 1 : nil
        while let index = candidate {
            if ExactText.begins(name, with: self.entries[index].prefix) { return self.entries[index].value }
            candidate = self.entries[index].parent
        }
        return nil
    }
}
