internal import LogCore
internal import LogObjects
internal import Model

/// A partition as its new owner found it: what its head covers, and the commit records behind that.
struct RecoveredLog: Sendable {
    var logStart: Offset
    var stored: StoredState
    var index: StoredIndex
    var aborted: [AbortedTransactions.Entry]
    var durable: StoredHead
    /// The runs of the predecessors that the head does not cover.
    var inherited: [CommittedRun]
    /// Incarnations whose records may have runs that the head does not cover.
    var predecessors: [Incarnation]

    /// - Parameters:
    ///   - aborted: aborted transactions of the extents, in marker order.
    ///   - producers: as they were where the extents end.
    ///   - runs: of the predecessors' commit records.
    /// - Throws: `.damaged` when something is missing between what these say.
    init(
        _ durable: StoredHead,
        aborted: [AbortedTransactions.Entry],
        producers: ProducerTable,
        runs: [CommittedRun],
        predecessors: [Incarnation]
    ) throws(ObjectCodingError) {
        let head = durable.head
        let tail = try TakeOver.tail(runs, from: head.indexedEnd)
        self.durable = durable
        self.inherited = tail
        self.predecessors = predecessors
        self.stored = StoredState(endOffset: head.indexedEnd, producers: producers, epochs: head.leaderEpochs)
        self.index = StoredIndex()
        self.aborted = aborted
        let extents = durable.extents.extents
        var next = extents.first?.baseOffset ?? head.indexedEnd
        for extent in extents {
            guard extent.baseOffset == next else {
                throw ObjectCodingError(.damaged, "There is a gap of extents before offset \(extent.baseOffset).")
            }
            self.index.append(StoredStretch(extent))
            next = extent.endOffset
        }
        guard next == head.indexedEnd else {
            throw ObjectCodingError(.damaged, "The extents end at \(next), not at \(head.indexedEnd).")
        }
        for committed in tail {
            self.aborted += self.stored.apply(committed.run)
            self.index.append(StoredStretch(committed.run, in: committed.object))
        }
        self.logStart = min(head.logStart, self.stored.endOffset)
        self.stored.removeBefore(self.logStart)
        self.index.removeBefore(self.logStart)
        let start = self.logStart
        self.aborted.removeAll { $0.lastOffset < start }
    }
}
