package import Model

/// Which leader epoch wrote which offsets: what `leader-epoch-checkpoint` holds (KIP-101).
package struct LeaderEpochs: Sendable, Equatable {
    package struct Entry: Sendable, Equatable {
        package var epoch: LeaderEpoch
        package var startOffset: Offset

        package init(epoch: LeaderEpoch, startOffset: Offset) {
            self.epoch = epoch
            self.startOffset = startOffset
        }
    }

    /// Growing in both fields.
    package private(set) var entries: [Entry] = []

    package init(_ entries: [Entry] = []) {
        for entry in entries { self.assign(entry.epoch, at: entry.startOffset) }
    }

    /// Notes that `epoch` wrote `offset`. Entries that contradict it are dropped.
    ///
    /// - Returns: whether anything changed.
    @discardableResult
    package mutating func assign(_ epoch: LeaderEpoch, at offset: Offset) -> Bool {
        // -1 is a batch that no leader stamped; it says nothing.
        guard epoch.rawValue >= 0 else { return false }
        if let last = self.entries.last, last.epoch == epoch, last.startOffset <= offset { return false }
        while let last = self.entries.last, last.epoch >= epoch || last.startOffset >= offset {
            self.entries.removeLast()
        }
        self.entries.append(Entry(epoch: epoch, startOffset: offset))
        return true
    }

    /// The largest known epoch that is at most `epoch`, and where it ends.
    package func endOffset(
        for epoch: LeaderEpoch,
        logEnd: Offset
    ) -> (epoch: LeaderEpoch, endOffset: Offset)? {
        guard let last = self.entries.last else { return nil }
        if last.epoch == epoch { return (epoch, logEnd) }
        guard let higher = self.entries.firstIndex(where: { $0.epoch > epoch }) else { return nil }
        let end = self.entries[higher].startOffset
        return higher == 0 ? (epoch, end) : (self.entries[higher - 1].epoch, end)
    }

    package func epoch(at offset: Offset) -> LeaderEpoch? {
        self.entries.last { $0.startOffset <= offset }?.epoch
    }

    /// Forgets what lies before `start`; the epoch that wrote `start` now begins there.
    package mutating func removeBefore(_ start: Offset) {
        guard let index = self.entries.lastIndex(where: { $0.startOffset <= start }) else { return }
        self.entries.removeFirst(index)
        self.entries[0].startOffset = start
    }

    /// Drops epochs that the partition has not reached: something else than its log has them.
    ///
    /// - Returns: whether there were any.
    package mutating func remove(above epoch: LeaderEpoch) -> Bool {
        let count = self.entries.count
        self.entries.removeAll { $0.epoch > epoch }
        return self.entries.count < count
    }

    package mutating func truncate(to end: Offset) {
        self.entries.removeAll { $0.startOffset >= end }
    }
}
