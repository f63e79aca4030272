package import Model
package import NIOCore
package import RecordBatch

/// A batch that is in memory: its patched header, and its records by reference.
package struct TailBatch: Sendable {
    package var summary: BatchSummary
    /// The 61 header bytes with the assigned offset; shares storage with the other headers of the same append.
    package var header: ByteBuffer
    /// The records as they came.
    package var payload: ByteBuffer
    /// Durable through the journal; otherwise by being stored.
    package var isJournaled: Bool
    /// Wall clock of the append.
    package var appendedAt: Timestamp

    package init(
        summary: BatchSummary,
        header: ByteBuffer,
        payload: ByteBuffer,
        isJournaled: Bool,
        appendedAt: Timestamp
    ) {
        self.summary = summary
        self.header = header
        self.payload = payload
        self.isJournaled = isJournaled
        self.appendedAt = appendedAt
    }
}

extension BatchSummary {
    /// - Parameter batch: the whole batch, read for control batches only. A marker that cannot be read is ignored.
    package init(_ header: RecordBatchHeader, batch: @autoclosure () -> ByteBuffer?) {
        let isControl = header.attributes.isControl
        self.init(
            baseOffset: header.baseOffset,
            lastOffset: header.lastOffset,
            sizeBytes: header.sizeInBytes,
            leaderEpoch: header.partitionLeaderEpoch,
            maxTimestamp: header.maxTimestamp,
            producerID: header.producerID,
            producerEpoch: header.producerEpoch,
            baseSequence: header.baseSequence,
            isTransactional: header.attributes.isTransactional,
            isControl: isControl,
            marker: isControl ? batch().flatMap { TransactionMarker(controlBatch: $0) } : nil
        )
    }
}

extension TransactionMarker {
    /// `nil` when the batch holds some other control record, or none after compaction.
    package init?(controlBatch: ByteBuffer) {
        guard let record = try? ControlRecord.read(from: controlBatch) else { return nil }
        self.init(isAbort: record.kind == .abort, coordinatorEpoch: record.coordinatorEpoch)
    }
}
