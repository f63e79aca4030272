internal import Model

/// Walks the records of an uncompressed batch from a client, once, at a few instructions per field.
///
/// It knows "in order" and "not in order", and no reasons: a batch that it does not like is read again by the careful walk
/// of `RecordBatchValidation`, which has the last word and names the fault. So this one must never pass what the other
/// refuses.
enum PlainRecordScan {
    /// The largest record timestamp of a batch whose every record satisfies the rules for a client's, else `nil`.
    static func maxTimestamp(
        of payload: UnsafeRawBufferPointer,
        header: RecordBatchHeader,
        limits: RecordBatchLimits
    ) -> Timestamp? {
        guard !header.attributes.isLogAppendTime, header.recordCount > 0, var cursor = RecordCursor(payload) else {
            return nil
        }
        let (base, needsKey) = (header.baseTimestamp, limits.requiresKeys)
        let (earliest, latest) = limits.timestamps.map { ($0.lowerBound, $0.upperBound) } ?? (.min, .max)
        var largest: Timestamp = -1
        for index in 0..<header.recordCount {
            guard let length = cursor.varint(), length >= 0, Int(length) <= cursor.remaining else { return nil }
            // Fields are held against the payload's end as they are read, and against the record's when it is through.
            let recordEnd = cursor.next + Int(length)
            guard cursor.byte() != nil, let timestampDelta = cursor.varlong(), cursor.varint() == index,
                let hasKey = cursor.skipField(), hasKey || !needsKey, cursor.skipField() != nil,
                let headerCount = cursor.varint(), headerCount >= 0,
                headerCount == 0 || cursor.skipHeaders(Int(headerCount)), cursor.next == recordEnd
            else { return nil }
            let (timestamp, overflow) = base.addingReportingOverflow(timestampDelta)
            guard !overflow, timestamp == -1 || (timestamp >= earliest && timestamp <= latest) else { return nil }
            if timestamp > largest { largest = timestamp }
        }
        return cursor.remaining == 0 ? largest : nil
    }
}

extension RecordCursor {
    /// Passes a nullable byte field: whether it is there, `nil` when malformed.
    @inline(__always)
    fileprivate mutating func skipField() -> Bool? {
        guard let length = self.varint(), length >= -1 else { return nil }
        guard length > 0 else { return length == 0 }
        guard Int(length) <= self.remaining else { return nil }
        self.next += Int(length)
        return true
    }
}
