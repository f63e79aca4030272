package import Model

/// The transactions of one partition that hold the last stable offset back: those still open, and those whose
/// marker is not durable yet.
package struct TransactionLedger: Sendable {
    package struct Open: Sendable, Equatable {
        package var firstOffset: Offset
        package var producerID: ProducerID

        package init(firstOffset: Offset, producerID: ProducerID) {
            self.firstOffset = firstOffset
            self.producerID = producerID
        }
    }

    package struct Completed: Sendable, Equatable {
        package var producerID: ProducerID
        package var firstOffset: Offset
        /// The marker's offset.
        package var lastOffset: Offset
        package var isAborted: Bool

        package init(producerID: ProducerID, firstOffset: Offset, lastOffset: Offset, isAborted: Bool) {
            self.producerID = producerID
            self.firstOffset = firstOffset
            self.lastOffset = lastOffset
            self.isAborted = isAborted
        }
    }

    /// By first offset; transactions open in offset order, so new ones go last.
    private var open: [Open] = []
    private var notDurable: [Completed] = []

    package init(open: [Open] = []) { self.open = open }

    package mutating func began(_ transaction: Open) { self.open.append(transaction) }

    /// Moves a transaction from open to completed.
    ///
    /// - Returns: the last stable offset once the marker is durable, which the aborted transaction index holds.
    package mutating func completed(_ transaction: Completed) -> Offset {
        self.open.removeAll { $0.firstOffset == transaction.firstOffset }
        self.notDurable.append(transaction)
        return self.open.first?.firstOffset ?? transaction.lastOffset + 1
    }

    package mutating func highWatermarkAdvanced(to offset: Offset) {
        if self.notDurable.isEmpty { return }
        self.notDurable.removeAll { $0.lastOffset < offset }
    }

    /// The first offset whose fate a `read_committed` reader cannot know yet.
    package var firstUnstableOffset: Offset? {
        if self.open.isEmpty && self.notDurable.isEmpty { return nil }
        let undecided = self.open.first?.firstOffset ?? .max
        return self.notDurable.reduce(undecided) { min($0, $1.firstOffset) }
    }
}
