package import Model

/// The long polls that wait for news of one partition.
///
/// Registering, removing and waking cost O(log n) for each waiter that is registered, removed or woken, not on the
/// number of those that stay, because all of it happens under the partition's lock. When all wait at the log's end, as
/// they mostly do, it is O(1). Bounded: beyond `countMax` none is registered, and a poll then answers at its own
/// deadline.
package struct ReadWaiters: ~Copyable {
    /// More than a broker has connections, each of which has one fetch at a time.
    package static let countMax = 1 << 16

    private struct Entry {
        let waiter: ReadWaiter
        let isolation: IsolationLevel
    }

    private let countMax: Int
    private var entries: [Entry?] = []
    private var free: [Int] = []
    /// Where each entry is in its heap.
    private var positions: [Int] = []
    private var uncommitted = OffsetHeap()
    private var committed = OffsetHeap()
    /// Entries by waiter, once there are so many that looking at each would cost more.
    private var index: [ObjectIdentifier: Int] = [:]
    private static let indexedFrom = 16

    package init(countMax: Int = Self.countMax) { self.countMax = countMax }

    package var count: Int { self.uncommitted.count + self.committed.count }

    /// Registers a waiter that fires when `offset` is passed. One that is registered already keeps the lower offset.
    ///
    /// - Returns: `false` when there are too many.
    package mutating func add(_ waiter: ReadWaiter, after offset: Offset, isolation: IsolationLevel) -> Bool {
        if let slot = self.slot(of: waiter), let known = self.entries[slot] {
            self.change(known.isolation) { heap, positions in
                heap.lower(at: positions[slot], to: offset, &positions)
            }
            return true
        }
        guard self.count < self.countMax else { return false }
        let slot = self.free.popLast() ?? self.entries.count
        let entry = Entry(waiter: waiter, isolation: isolation)
        if slot < self.entries.count {
            self.entries[slot] = entry
        } else {
            self.entries.append(entry)
            self.positions.append(0)
        }
        self.change(isolation) { heap, positions in heap.insert(slot, offset, &positions) }
        if !self.index.isEmpty {
            self.index[ObjectIdentifier(waiter)] = slot
        } else if self.count > Self.indexedFrom {
            for (slot, entry) in self.entries.enumerated() {
                if let entry { self.index[ObjectIdentifier(entry.waiter)] = slot }
            }
        }
        return true
    }

    /// Removes a waiter; does nothing when it is not registered.
    package mutating func remove(_ waiter: ReadWaiter) {
        guard let slot = self.slot(of: waiter), let entry = self.entries[slot] else { return }
        self.change(entry.isolation) { heap, positions in heap.remove(at: positions[slot], &positions) }
        self.release(slot)
    }

    /// Removes the waiters whose offset the limit of their isolation level, or the log start offset, has passed.
    package mutating func removePassed(
        uncommitted: Offset,
        committed: Offset,
        logStart: Offset,
        _ body: (ReadWaiter) -> Void
    ) {
        while let first = self.uncommitted.first, first.offset < max(uncommitted, logStart) {
            self.uncommitted.remove(at: 0, &self.positions)
            if let waiter = self.release(first.slot) { body(waiter) }
        }
        while let first = self.committed.first, first.offset < max(committed, logStart) {
            self.committed.remove(at: 0, &self.positions)
            if let waiter = self.release(first.slot) { body(waiter) }
        }
    }

    package mutating func removeAll(_ body: (ReadWaiter) -> Void) {
        for entry in self.entries { if let entry { body(entry.waiter) } }
        self = Self(countMax: self.countMax)
    }

    private mutating func change(_ isolation: IsolationLevel, _ body: (inout OffsetHeap, inout [Int]) -> Void) {
        switch isolation {
        case .readUncommitted: body(&self.uncommitted, &self.positions)
        case .readCommitted: body(&self.committed, &self.positions)
        }
    }

    private func slot(of waiter: ReadWaiter) -> Int? {
        if !self.index.isEmpty { return self.index[ObjectIdentifier(waiter)] }
        return self.entries.firstIndex { $0?.waiter === waiter }
    }

    @discardableResult
    private mutating func release(_ slot: Int) -> ReadWaiter? {
        let waiter = self.entries[slot]?.waiter
        if let waiter, !self.index.isEmpty { self.index[ObjectIdentifier(waiter)] = nil }
        self.entries[slot] = nil
        self.free.append(slot)
        // Idle partitions are many: one that was busy once keeps no large arrays.
        if self.count == 0, self.entries.count > Self.indexedFrom { self = Self(countMax: self.countMax) }
        return waiter
    }
}

/// A binary heap of slots, the one with the lowest offset first, that tells where each slot is.
private struct OffsetHeap {
    private var items: [(offset: Offset, slot: Int)] = []

    var count: Int { self.items.count }
    var first: (offset: Offset, slot: Int)? { self.items.first }

    mutating func insert(_ slot: Int, _ offset: Offset, _ positions: inout [Int]) {
        self.items.append((offset, slot))
        positions[slot] = self.items.count - 1
        self.siftUp(self.items.count - 1, &positions)
    }

    /// Gives the item at `index` a lower offset; does nothing when `offset` is not lower.
    mutating func lower(at index: Int, to offset: Offset, _ positions: inout [Int]) {
        guard offset < self.items[index].offset else { return }
        self.items[index].offset = offset
        self.siftUp(index, &positions)
    }

    mutating func remove(at index: Int, _ positions: inout [Int]) {
        let last = self.items.removeLast()
        guard index < self.items.count else { return }
        self.items[index] = last
        positions[last.slot] = index
        self.siftUp(index, &positions)
        self.siftDown(index, &positions)
    }

    private mutating func siftUp(_ start: Int, _ positions: inout [Int]) {
        var index = start
        while index > 0, self.items[index].offset < self.items[(index - 1) / 2].offset {
            self.swap(index, (index - 1) / 2, &positions)
            index = (index - 1) / 2
        }
    }

    private mutating func siftDown(_ start: Int, _ positions: inout [Int]) {
        var index = start
        while true {
            var lowest = index
            for child in (2 * index + 1)..<(2 * index + 3) where child < self.items.count {
                if self.items[child].offset < self.items[lowest].offset { lowest = child }
            }
            if lowest == index { return }
            self.swap(index, lowest, &positions)
            index = lowest
        }
    }

    private mutating func swap(_ left: Int, _ right: Int, _ positions: inout [Int]) {
        self.items.swapAt(left, right)
        positions[self.items[left].slot] = left
        positions[self.items[right].slot] = right
    }
}
