/// A first-in, first-out queue with indexed access; elements leave memory when they leave the queue.
///
/// Inlinable, or each use in another module would look its types up at run time.
public struct FIFO<Element> {
    @usableFromInline var slots: [Element?] = []
    @usableFromInline var head = 0
    @usableFromInline var used = 0

    /// Elements in the queue.
    @inlinable
    public var count: Int { self.used }

    /// An empty queue.
    @inlinable
    public init() {}

    /// Whether there are no elements.
    @inlinable
    public var isEmpty: Bool { self.count == 0 }

    /// The element at `index`, counted from the oldest.
    @inlinable
    public subscript(index: Int) -> Element {
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

    /// The oldest element.
    @inlinable
    public var first: Element? { self.isEmpty ? nil : self[0] }
    /// The newest element.
    @inlinable
    public var last: Element? { self.isEmpty ? nil : self[self.count - 1] }

    /// Adds the newest element.
    @inlinable
    public mutating func append(_ element: Element) {
        if self.count == self.slots.count { self.grow() }
        self.slots[self.slot(self.count)] = element
        self.used += 1
    }

    /// Takes the oldest element out; there must be one.
    @discardableResult @inlinable
    public mutating func removeFirst() -> Element {
        precondition(!self.isEmpty, "the queue is empty")
        guard let element = self.slots[self.head].take() else {
            preconditionFailure("an empty slot within the count")
        }
        self.head = self.head + 1 == self.slots.count ? 0 : self.head + 1
        self.used -= 1
        if self.isEmpty { self.shrink() }
        return element
    }

    /// Takes the newest element out; there must be one.
    @discardableResult @inlinable
    public mutating func removeLast() -> Element {
        precondition(!self.isEmpty, "the queue is empty")
        guard let element = self.slots[self.slot(self.count - 1)].take() else {
            preconditionFailure("an empty slot within the count")
        }
        self.used -= 1
        return element
    }

    /// Takes everything out and gives the memory back.
    @inlinable
    public mutating func removeAll() {
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
    public func partitioningIndex(where isAtOrAfter: (borrowing Element) -> Bool) -> Int {
        var low = 0
        var high = self.count
        while low < high {
            let middle = (low + high) / 2
            if isAtOrAfter(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
