package import Model

/// What the log must know of one record batch; its records stay opaque bytes.
package struct BatchSummary: Sendable, Equatable {
    package var baseOffset: Offset
    package var lastOffset: Offset
    /// The whole batch with its 61-byte header.
    package var sizeBytes: Int
    package var leaderEpoch: LeaderEpoch
    /// `-1` when no record has one.
    package var maxTimestamp: Timestamp
    package var producerID: ProducerID
    package var producerEpoch: ProducerEpoch
    /// `-1` for batches that carry no sequence.
    package var baseSequence: Int32
    package var isTransactional: Bool
    package var isControl: Bool
    /// The end of a transaction; only in control batches.
    package var marker: TransactionMarker?

    package init(
        baseOffset: Offset,
        lastOffset: Offset,
        sizeBytes: Int,
        leaderEpoch: LeaderEpoch = LeaderEpoch(0),
        maxTimestamp: Timestamp = -1,
        producerID: ProducerID = .none,
        producerEpoch: ProducerEpoch = .none,
        baseSequence: Int32 = -1,
        isTransactional: Bool = false,
        isControl: Bool = false,
        marker: TransactionMarker? = nil
    ) {
        self.baseOffset = baseOffset
        self.lastOffset = lastOffset
        self.sizeBytes = sizeBytes
        self.leaderEpoch = leaderEpoch
        self.maxTimestamp = maxTimestamp
        self.producerID = producerID
        self.producerEpoch = producerEpoch
        self.baseSequence = baseSequence
        self.isTransactional = isTransactional
        self.isControl = isControl
        self.marker = marker
    }

    package var hasProducer: Bool { self.producerID.rawValue >= 0 }

    /// Records that the batch's offsets span, minus one. Sequences advance with offsets.
    package var offsetDelta: Int32 { Int32(clamping: self.lastOffset - self.baseOffset) }

    /// The sequence of the last record; sequences continue at 0 after `Int32.max`.
    package var lastSequence: Int32 {
        guard self.baseSequence >= 0 else { return -1 }
        return ProducerSequence.advance(self.baseSequence, by: self.offsetDelta)
    }
}

/// The record of a control batch that ends a transaction (KIP-98).
package struct TransactionMarker: Sendable, Equatable {
    package var isAbort: Bool
    package var coordinatorEpoch: Int32

    package init(isAbort: Bool, coordinatorEpoch: Int32) {
        self.isAbort = isAbort
        self.coordinatorEpoch = coordinatorEpoch
    }
}

/// Arithmetic of producer sequences: 31 bits, continuing at 0 after `Int32.max`.
package enum ProducerSequence {
    package static func advance(_ sequence: Int32, by delta: Int32) -> Int32 {
        let (sum, overflow) = sequence.addingReportingOverflow(delta)
        // Int32.max + 1 becomes 0, not Int32.min.
        return overflow ? sum & Int32.max : sum
    }

    package static func retreat(_ sequence: Int32, by delta: Int32) -> Int32 {
        let difference = sequence &- delta
        return difference < 0 ? difference & Int32.max : difference
    }

    package static func follows(_ last: Int32, _ next: Int32) -> Bool {
        next == Self.advance(last, by: 1)
    }
}
