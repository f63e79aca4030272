package import NIOCore
package import RecordBatch

extension FetchedRecords {
    /// Walks the batches in order, without copying.
    package var batches: BatchCursor { BatchCursor(parts: self.parts) }

    /// Records in the batches, by what their headers say; those of aborted transactions are among them. Looks at each
    /// batch, and 0 records are in one that is cut off.
    package var recordCount: Int {
        var count = 0
        var index = 0
        while index < self.parts.count {
            let part = self.parts[index]
            var position = part.readerIndex
            while let length = part.getInteger(at: position + 8, as: Int32.self), length > 0,
                let records = part.getInteger(at: position + RecordBatchHeader.encodedLength - 4, as: Int32.self)
            {
                count += Int(max(0, records))
                position += 12 + Int(length)
            }
            // The payload of a batch whose header is a part of its own.
            index += position > part.writerIndex ? 2 : 1
        }
        return count
    }

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
