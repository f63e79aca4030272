package import NIOCore
package import RecordBatch

extension FetchedRecords {
    /// Walks the batches in order, without copying.
    package var batches: BatchCursor { BatchCursor(parts: self.parts) }

    /// Visits every batch in order, without copying, until `body` returns false.
    ///
    /// - Parameter body: takes a batch's header and its payload (the records as stored, compressed or not).
    /// - Throws: `.truncated` when the parts are not whole batches, what reading a header throws, what `body` throws.
    package func forEachBatch(
        _ body: (RecordBatchHeader, ByteBuffer) throws(RecordBatchError) -> Bool
    ) throws(RecordBatchError) {
        var cursor = self.batches
        while let batch = try cursor.next() {
            guard try body(batch.header, batch.payload) else { return }
        }
    }
}
