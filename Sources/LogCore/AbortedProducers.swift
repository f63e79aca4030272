package import Model
package import RecordBatch

/// The aborted transactions of one read, as Kafka's consumer follows them: one begins for its producer at its first
/// offset and lasts until that producer's abort marker.
package struct AbortedProducers: Sendable {
    private var waiting: ArraySlice<AbortedTransaction>
    private var active: Set<ProducerID> = []

    /// - Parameter transactions: of the read, see `FetchedRecords.abortedTransactions`.
    package init(_ transactions: [AbortedTransaction]) {
        self.waiting = transactions.sorted { $0.firstOffset < $1.firstOffset }[...]
    }

    /// Whether a transactional batch was aborted. Ask in the order of the batches.
    package mutating func contains(_ header: RecordBatchHeader) -> Bool {
        while let first = self.waiting.first, first.firstOffset <= header.lastOffset {
            self.active.insert(first.producerID)
            self.waiting.removeFirst()
        }
        return self.active.contains(header.producerID)
    }

    /// The abort marker of a producer was read.
    package mutating func ended(_ producerID: ProducerID) { self.active.remove(producerID) }
}
