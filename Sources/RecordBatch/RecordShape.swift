/// A record without the bytes of its key, value and headers: what its validity depends on.
struct RecordShape {
    var timestampDelta: Int64
    var offsetDelta: Int32
    var hasKey: Bool
}

extension RecordCursor {
    /// Reads a record of `count` bytes, which the cursor has, at a few instructions per field; its length field is
    /// consumed. `nil` when it is malformed or does not fill its bytes exactly.
    @inline(__always)
    mutating func recordShape(count: Int) -> RecordShape? {
        // Fields are held against the cursor's end as they are read, and against the record's when it is through.
        let recordEnd = self.next + count
        guard self.byte() != nil, let timestampDelta = self.varlong(), let offsetDelta = self.varint(),
            let hasKey = self.skipField(), self.skipField() != nil,
            let headerCount = self.varint(), headerCount >= 0,
            headerCount == 0 || self.skipHeaders(Int(headerCount)), self.next == recordEnd
        else { return nil }
        return RecordShape(timestampDelta: timestampDelta, offsetDelta: offsetDelta, hasKey: hasKey)
    }

    /// Passes records, length fields included, while they are well formed and `rules` admits them: how many. The cursor
    /// is then at the first that is not, or after the last.
    mutating func passRecords(_ indices: Range<Int32>, _ rules: inout RecordRules) -> Int32 {
        var (cursor, local) = (self, rules)
        defer { rules = local }
        for index in indices {
            self = cursor
            guard let length = cursor.varint(), length >= 0, Int(length) <= cursor.remaining,
                let record = cursor.recordShape(count: Int(length)), local.admit(record, index: index)
            else { return index - indices.lowerBound }
        }
        self = cursor
        return Int32(indices.count)
    }

    /// Passes a nullable byte field: whether it is there, `nil` when malformed.
    @inline(__always)
    private mutating func skipField() -> Bool? {
        guard let length = self.varint(), length >= -1 else { return nil }
        guard length > 0 else { return length == 0 }
        guard Int(length) <= self.remaining else { return nil }
        self.next += Int(length)
        return true
    }
}
