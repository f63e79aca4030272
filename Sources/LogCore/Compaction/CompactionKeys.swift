package import Model
package import NIOCore
package import RecordBatch

/// The first pass of compaction: notes the newest offset of each key of the dirty part, batch by batch in offset order.
package struct CompactionKeys: ~Copyable {
    /// What was noted. Its `latestOffset` is where the pass has come to.
    package private(set) var map: OffsetMap
    private var transactions = CleanedTransactions()
    private let firstDirty: Offset

    /// - Parameter firstDirty: records before it have no say.
    package init(_ map: consuming OffsetMap, from firstDirty: Offset) {
        self.map = map
        self.firstDirty = firstDirty
    }

    /// See `CleanedTransactions.add`.
    package mutating func add(_ aborted: [AbortedTransactions.Entry]) { self.transactions.add(aborted) }

    /// The next batch, of which `whole` has all bytes.
    ///
    /// - Returns: `false` when the map has no room for a key of the batch: the pass ends before it.
    /// - Throws: what is wrong with the batch.
    package mutating func passed(_ header: RecordBatchHeader, _ whole: ByteBuffer) throws(RecordBatchError) -> Bool {
        guard try self.note(header, whole) else { return false }
        if header.lastOffset >= self.firstDirty { self.map.latestOffset = header.lastOffset }
        return true
    }

    /// Everything before `end` has been passed; the last offsets may be missing.
    package mutating func reached(_ end: Offset) { self.map.latestOffset = max(self.map.latestOffset, end - 1) }

    private mutating func note(_ header: RecordBatchHeader, _ whole: ByteBuffer) throws(RecordBatchError) -> Bool {
        if header.attributes.isControl {
            _ = self.transactions.passed(header, try CleanedTransactions.Control(header, whole))
            return true
        }
        if self.transactions.passed(header) { return true }
        guard
            let payload = whole.getSlice(
                at: whole.readerIndex + RecordBatchHeader.encodedLength,
                length: header.payloadLength
            )
        else { return true }
        return try Self.note(header, payload, from: self.firstDirty, &self.map)
    }

    private static func note(
        _ header: RecordBatchHeader,
        _ payload: ByteBuffer,
        from firstDirty: Offset,
        _ map: inout OffsetMap
    ) throws(RecordBatchError) -> Bool {
        var hasRoom = true
        try RecordReader.forEachRecord(
            of: header,
            payload: payload,
            from: firstDirty,
            decompressedBytesMax: RecordBatchLimits().decompressedBytesMax
        ) { header, record in
            guard let key = record.key else { return true }
            hasRoom = map.put(key, header.offset(of: record.offsetDelta))
            return hasRoom
        }
        return hasRoom
    }
}
