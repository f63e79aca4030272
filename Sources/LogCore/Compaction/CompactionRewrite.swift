package import Model
package import NIOCore
package import RecordBatch

/// The second pass of compaction: writes what `CompactionFilter` keeps of each batch, in offset order.
package struct CompactionRewrite {
    private var filter: CompactionFilter
    private var batches = BatchFilter()
    /// For tombstones that a run first keeps, and markers that a run first finds unneeded.
    private let deleteHorizon: Timestamp

    /// - Parameters:
    ///   - filter: of this run, which has seen no batch.
    ///   - now: when the run began.
    ///   - deleteRetentionMilliseconds: `delete.retention.ms`.
    package init(_ filter: CompactionFilter, now: Timestamp, deleteRetentionMilliseconds: Int64) {
        self.filter = filter
        let (horizon, overflow) = now.addingReportingOverflow(deleteRetentionMilliseconds)
        self.deleteHorizon = overflow ? .max : horizon
    }

    /// Records without a key, which went.
    package var keylessCount: Int { self.filter.keylessCount }

    /// See `CleanedTransactions.add`.
    package mutating func add(_ aborted: [AbortedTransactions.Entry]) { self.filter.add(aborted) }

    /// See `CleanedTransactions.takeKept`.
    package mutating func takeKeptAborted() -> [AbortedTransactions.Entry] { self.filter.takeKeptAborted() }

    /// Appends to `output` what stays of the next batch, of which `whole` has all bytes.
    ///
    /// - Throws: what is wrong with the batch; `output` is as it was then.
    package mutating func passed(
        _ header: RecordBatchHeader,
        _ whole: ByteBuffer,
        _ map: borrowing OffsetMap,
        into output: inout ByteBuffer
    ) throws(RecordBatchError) -> BatchFilter.Outcome {
        let control = header.attributes.isControl ? try CleanedTransactions.Control(header, whole) : nil
        let verdict = self.filter.passed(header, control: control)
        if verdict.fate == .drop {
            return BatchFilter.Outcome(header: nil, recordsRead: Int(header.recordCount))
        }
        return try Self.write(
            header,
            whole,
            verdict,
            deleteHorizon: self.deleteHorizon,
            &self.batches,
            &self.filter,
            map,
            into: &output
        )
    }

    private static func write(
        _ header: RecordBatchHeader,
        _ whole: ByteBuffer,
        _ verdict: CompactionFilter.Verdict,
        deleteHorizon: Timestamp,
        _ batches: inout BatchFilter,
        _ filter: inout CompactionFilter,
        _ map: borrowing OffsetMap,
        into output: inout ByteBuffer
    ) throws(RecordBatchError) -> BatchFilter.Outcome {
        try batches.filter(
            header,
            whole,
            into: &output,
            whenEmpty: verdict.fate == .keep ? .keep : .drop,
            deleteHorizon: deleteHorizon,
            isHorizonDue: verdict.isUnneededMarker
        ) { record in
            if verdict.discardsRecords { return false }
            return header.attributes.isControl || filter.retains(record, of: header, map)
        }
    }

    /// Appends the header of a batch alone, without its records: something has to be left of a stretch of a log.
    package mutating func writeEmpty(
        _ header: RecordBatchHeader,
        _ whole: ByteBuffer,
        into output: inout ByteBuffer
    ) throws(RecordBatchError) -> BatchFilter.Outcome {
        try self.batches.filter(
            header,
            whole,
            into: &output,
            whenEmpty: .keep,
            deleteHorizon: self.deleteHorizon,
            isHorizonDue: false
        ) { _ in false }
    }
}
