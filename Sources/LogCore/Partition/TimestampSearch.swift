package import Model
package import NIOCore
internal import RecordBatch

/// The records of one batch by their timestamps (ListOffsets). A batch whose records cannot be read answers as a whole.
package enum TimestampSearch {
    /// The first record at or after `start` that is late enough.
    ///
    /// - Parameter batch: whole, with its offsets.
    package static func record(
        in batch: ByteBuffer,
        from start: Offset,
        atOrAfter threshold: Timestamp
    ) -> TimestampedOffset? {
        var found: TimestampedOffset?
        let isReadable = Self.forEachRecord(in: batch, from: start) { record in
            guard record.timestamp >= threshold else { return true }
            found = record
            return false
        }
        return isReadable ? found : Self.wholeBatch(batch, start)
    }

    /// The first record with the largest timestamp, of those at or after `start`.
    package static func largest(in batch: ByteBuffer, from start: Offset) -> TimestampedOffset? {
        var best: TimestampedOffset?
        let isReadable = Self.forEachRecord(in: batch, from: start) { record in
            if record.timestamp > best?.timestamp ?? -1 { best = record }
            return true
        }
        return isReadable ? best : Self.wholeBatch(batch, start)
    }

    /// Of two findings the one with the larger timestamp, of equal ones the first.
    package static func earlierOfLargest(
        _ one: TimestampedOffset?,
        _ other: TimestampedOffset?
    ) -> TimestampedOffset? {
        guard let one else { return other }
        guard let other else { return one }
        if one.timestamp != other.timestamp { return one.timestamp > other.timestamp ? one : other }
        return one.offset <= other.offset ? one : other
    }

    /// - Parameter body: answers whether to read on.
    /// - Returns: whether the batch's records could be read.
    private static func forEachRecord(
        in batch: ByteBuffer,
        from start: Offset,
        _ body: (TimestampedOffset) -> Bool
    ) -> Bool {
        do throws(RecordBatchError) {
            try RecordReader.forEachRecord(in: batch, from: start) { header, record in
                body(
                    TimestampedOffset(
                        offset: header.offset(of: record.offsetDelta),
                        timestamp: header.timestamp(of: record.timestampDelta),
                        leaderEpoch: header.partitionLeaderEpoch
                    )
                )
            }
            return true
        } catch {
            return false
        }
    }

    private static func wholeBatch(_ batch: ByteBuffer, _ start: Offset) -> TimestampedOffset? {
        guard let header = try? RecordBatchHeader(reading: batch, at: batch.readerIndex) else { return nil }
        return TimestampedOffset(
            offset: max(header.baseOffset, start),
            timestamp: header.maxTimestamp,
            leaderEpoch: header.partitionLeaderEpoch
        )
    }
}

extension TailBatch {
    /// The batch in one buffer; copies it.
    package var whole: ByteBuffer {
        var whole = self.header
        whole.writeImmutableBuffer(self.payload)
        return whole
    }
}
