package import Model
package import NIOCore
package import RecordBatch

/// Follows the batches of a partition while it is copied: whether each may follow the one before, and which
/// transactions are open at the end.
package struct LogContinuity: Sendable {
    /// Of the first batch; `nil` before it.
    package private(set) var start: Offset?
    /// After the last batch.
    package private(set) var end: Offset = 0
    package private(set) var recordCount: Int64 = 0
    package private(set) var byteCount: Int64 = 0
    package private(set) var largestProducerID: Int64 = -1
    private var open: [ProducerID: ProducerEpoch] = [:]

    package init() {}

    /// Takes the next batch, whose checksum is right.
    ///
    /// - Throws: `.badRecord` where its offsets do not follow.
    package mutating func add(_ batch: StoredBatch) throws(RecordBatchError) {
        let header = batch.header
        guard header.baseOffset >= self.end, header.lastOffsetDelta >= 0, header.nextOffset > header.baseOffset else {
            throw RecordBatchError(
                .badRecord,
                "offsets \(header.baseOffset) to \(header.lastOffset) do not follow offset \(self.end - 1)"
            )
        }
        if header.attributes.isControl {
            if try ControlRecord.read(header, batch.payload) != nil { self.open[header.producerID] = nil }
        } else if header.attributes.isTransactional {
            self.open[header.producerID] = header.producerEpoch
        }
        self.start = self.start ?? header.baseOffset
        self.end = header.nextOffset
        self.recordCount += Int64(header.recordCount)
        self.byteCount += Int64(header.sizeInBytes)
        self.largestProducerID = max(self.largestProducerID, header.producerID.rawValue)
    }

    package var openTransactionCount: Int { self.open.count }

    /// Ends the transactions that are open: no coordinator knows them any more, and readers of committed records would
    /// wait for them forever.
    ///
    /// - Returns: control batches that follow the last batch.
    package mutating func abortOpenTransactions(now: Timestamp) throws(RecordBatchError) -> [ByteBuffer] {
        var batches: [ByteBuffer] = []
        for (producer, epoch) in self.open.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            let marker = ControlRecord(kind: .abort, coordinatorEpoch: 0)
                .encodeBatch(producerID: producer, producerEpoch: epoch, timestamp: now)
            var buffer = marker.buffer
            // The base offset and the leader epoch lie outside of the checksum.
            buffer.setInteger(self.end, at: buffer.readerIndex)
            buffer.setInteger(Int32(0), at: buffer.readerIndex + 12)
            var cursor = BatchCursor(buffer)
            if let batch = try cursor.next() { try self.add(batch) }
            batches.append(buffer)
        }
        return batches
    }
}
