package import NIOCore
package import RecordBatch

extension FetchedRecords {
    /// Visits every batch in order, without copying, until `body` returns false.
    ///
    /// - Parameter body: takes a batch's header and its payload (the records as stored, compressed or not).
    /// - Throws: `.truncated` when the parts are not whole batches, what reading a header throws, what `body` throws.
    package func forEachBatch(
        _ body: (RecordBatchHeader, ByteBuffer) throws(RecordBatchError) -> Bool
    ) throws(RecordBatchError) {
        var index = self.parts.startIndex
        while index < self.parts.endIndex {
            var rest = self.parts[index]
            index += 1
            while rest.readableBytes > 0 {
                let header = try RecordBatchHeader(reading: rest, at: rest.readerIndex)
                rest.moveReaderIndex(forwardBy: RecordBatchHeader.encodedLength)
                let payload: ByteBuffer
                if rest.readableBytes == 0, header.payloadLength > 0 {
                    guard index < self.parts.endIndex, self.parts[index].readableBytes == header.payloadLength else {
                        throw RecordBatchError(.truncated, "a batch header without its payload")
                    }
                    payload = self.parts[index]
                    index += 1
                } else {
                    guard let slice = rest.readSlice(length: header.payloadLength) else {
                        throw RecordBatchError(.truncated, "the batch is not whole")
                    }
                    payload = slice
                }
                guard try body(header, payload) else { return }
            }
        }
    }

    /// All batches in one buffer; a copy when there are several parts.
    package func joined() -> ByteBuffer {
        if self.parts.count == 1 { return self.parts[0] }
        var all = ByteBuffer()
        all.reserveCapacity(self.bytes)
        for part in self.parts { all.writeImmutableBuffer(part) }
        return all
    }
}
