/// A first-in, first-out queue with indexed access; elements leave memory when they leave the queue.
///
/// Inlinable, or each use in another module would look its types up at run time.
package struct FIFO<Element> {
    @usableFromInline var slots: [Element?] = []
    @usableFromInline var head = 0
    @usableFromInline var used = 0

    @inlinable
    package var count: Int { self.used }

    @inlinable
    package init() {}

    @inlinable
    package var isEmpty: Bool { self.count == 0 }

    /// The element at `index`, counted from the oldest.
    @inlinable
    package subscript(index: Int) -> Element {
        get {
            precondition(index >= 0 && index < self.count, "index out of range")
            guard let element = self.slots[self.slot(index)] else {
                preconditionFailure("an empty slot within the count")
            }
            return element
        }
        set {
            precondition(index >= 0 && index < self.count, "index out of range")
            self.slots[self.slot(index)] = newValue
        }
    }

    @inlinable
    package var first: Element? { self.isEmpty ? nil : self[0] }
    @inlinable
    package var last: Element? { self.isEmpty ? nil : self[self.count - 1] }

    @inlinable
    package mutating func append(_ element: Element) {
        if self.count == self.slots.count { self.grow() }
        self.slots[self.slot(self.count)] = element
        self.used += 1
    }

    @discardableResult @inlinable
    package mutating func removeFirst() -> Element {
        precondition(!self.isEmpty, "the queue is empty")
        guard let element = self.slots[self.head].take() else {
            preconditionFailure("an empty slot within the count")
        }
        self.head = self.head + 1 == self.slots.count ? 0 : self.head + 1
        self.used -= 1
        if self.isEmpty { self.shrink() }
        return element
    }

    @discardableResult @inlinable
    package mutating func removeLast() -> Element {
        precondition(!self.isEmpty, "the queue is empty")
        guard let element = self.slots[self.slot(self.count - 1)].take() else {
            preconditionFailure("an empty slot within the count")
        }
        self.used -= 1
        return element
    }

    @inlinable
    package mutating func removeAll() {
        self.slots = []
        self.head = 0
        self.used = 0
    }

    @inlinable
    func slot(_ index: Int) -> Int {
        let slot = self.head + index
        return slot < self.slots.count ? slot : slot - self.slots.count
    }

    @inlinable
    mutating func grow() {
        var larger: [Element?] = []
        larger.reserveCapacity(max(4, self.slots.count * 2))
        for index in 0..<self.count { larger.append(self.slots[self.slot(index)].take()) }
        larger.append(contentsOf: repeatElement(nil, count: max(4, self.count * 2) - self.count))
        self.slots = larger
        self.head = 0
    }

    /// Idle partitions are many; an empty queue keeps no large array.
    @inlinable
    mutating func shrink() {
        self.head = 0
        if self.slots.count > 64 { self.slots = [] }
    }
}

extension FIFO: Sendable where Element: Sendable {}

extension FIFO {
    /// The index of the first element for which `isAtOrAfter` holds, or `count`; elements are ordered by it.
    @inlinable
    package func partitioningIndex(where isAtOrAfter: (borrowing Element) -> Bool) -> Int {
        var low = 0
        var high = self.count
        while low < high {
            let middle = (low + high) / 2
            if isAtOrAfter(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
