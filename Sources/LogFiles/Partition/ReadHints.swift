internal import Model

/// Where recent file reads ended, so that a sequential reader needs no index search.
struct ReadHints {
    struct Hint {
        var offset: Offset = -1
        var segmentBase: Offset = -1
        var position: Int64 = 0
    }

    private var slots = InlineArray<4, Hint>(repeating: Hint())
    private var next = 0

    /// The position of the batch that begins at `offset`, if known.
    func position(of offset: Offset, in segmentBase: Offset) -> Int64? {
        for index in self.slots.indices {
            let hint = self.slots[index]
            if hint.offset == offset && hint.segmentBase == segmentBase { return hint.position }
        }
        return nil
    }

    mutating func add(_ hint: Hint) {
        self.slots[self.next] = hint
        self.next = (self.next + 1) & 3
    }
}
