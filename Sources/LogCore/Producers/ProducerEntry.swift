package import Model

/// What a partition remembers of one producer (KIP-98): its epoch, its last five batches, its open transaction.
package struct ProducerEntry: Sendable {
    /// One accepted batch.
    package struct Batch: Sendable, Equatable {
        package var lastSequence: Int32
        /// Last offset minus first offset; also last sequence minus first sequence, modulo the wrap.
        package var offsetDelta: Int32
        package var lastOffset: Offset

        package init(lastSequence: Int32, offsetDelta: Int32, lastOffset: Offset) {
            self.lastSequence = lastSequence
            self.offsetDelta = offsetDelta
            self.lastOffset = lastOffset
        }

        package var firstSequence: Int32 {
            ProducerSequence.retreat(self.lastSequence, by: self.offsetDelta)
        }
        package var firstOffset: Offset { self.lastOffset - Offset(self.offsetDelta) }
    }

    /// Clients keep at most five produce requests in flight, so five batches cover every repetition.
    package static let batchesMax = 5

    package private(set) var epoch: ProducerEpoch
    /// `-1` before the first marker.
    package var coordinatorEpoch: Int32
    package var lastTimestamp: Timestamp
    package var transactionFirstOffset: Offset?
    private var slots: InlineArray<5, Batch>
    package private(set) var batchCount: Int

    package init(
        epoch: ProducerEpoch = .none,
        coordinatorEpoch: Int32 = -1,
        lastTimestamp: Timestamp = -1,
        transactionFirstOffset: Offset? = nil,
        lastBatch: Batch? = nil
    ) {
        self.epoch = epoch
        self.coordinatorEpoch = coordinatorEpoch
        self.lastTimestamp = lastTimestamp
        self.transactionFirstOffset = transactionFirstOffset
        self.slots = InlineArray(repeating: Batch(lastSequence: -1, offsetDelta: 0, lastOffset: -1))
        self.batchCount = 0
        if let lastBatch { self.append(lastBatch) }
    }

    /// The batch at `index`, oldest first.
    package func batch(at index: Int) -> Batch {
        precondition(index < self.batchCount, "no such batch")
        return self.slots[index]
    }

    package var lastBatch: Batch? { self.batchCount == 0 ? nil : self.slots[self.batchCount - 1] }

    /// `-1` when the epoch has no batch yet, so that the next one must begin at 0.
    package var lastSequence: Int32 { self.lastBatch?.lastSequence ?? -1 }

    /// The remembered batch with exactly this range of sequences.
    package func duplicate(of batch: BatchSummary) -> Batch? {
        guard batch.producerEpoch == self.epoch else { return nil }
        let last = batch.lastSequence
        for index in 0..<self.batchCount {
            let known = self.slots[index]
            if known.lastSequence == last && known.firstSequence == batch.baseSequence { return known }
        }
        return nil
    }

    /// Takes over an epoch; a new one forgets the batches of the old.
    package mutating func update(epoch: ProducerEpoch) {
        guard epoch != self.epoch else { return }
        self.epoch = epoch
        self.batchCount = 0
    }

    package mutating func append(_ batch: Batch) {
        if self.batchCount == Self.batchesMax {
            for index in 1..<Self.batchesMax { self.slots[index - 1] = self.slots[index] }
            self.batchCount -= 1
        }
        self.slots[self.batchCount] = batch
        self.batchCount += 1
    }
}
