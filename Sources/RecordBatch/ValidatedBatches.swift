package import Model
package import NIOCore

/// Whole v2 batches back to back that passed `RecordBatchValidation`.
///
/// `buffer` holds exactly these batches between its reader and writer index: `headers[0]` starts at
/// `buffer.readerIndex`, each next one `sizeInBytes` further.
package struct ValidatedBatches: Sendable {
    package let buffer: ByteBuffer
    package let headers: [RecordBatchHeader]
    /// The largest record timestamp of each batch when validation read the records, else the header's claim.
    ///
    /// Where it differs from `headers[i].maxTimestamp`, Kafka stores this one (`RecordBatchPatch.withTimestamp`).
    package let maxTimestamps: [Timestamp]
    /// Offsets that the batches take, together (`lastOffsetDelta + 1` of each).
    package let recordCount: Int
    package var sizeInBytes: Int { self.buffer.readableBytes }

    init(buffer: ByteBuffer, headers: [RecordBatchHeader], maxTimestamps: [Timestamp]) {
        self.buffer = buffer
        self.headers = headers
        self.maxTimestamps = maxTimestamps
        self.recordCount = headers.reduce(0) { $0 + Int($1.lastOffsetDelta) + 1 }
    }
}
