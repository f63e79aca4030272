package import Model

/// One record as pointers into bytes that live only while a visitor runs.
///
/// Layout of a record: `length varint, attributes int8, timestampDelta varlong, offsetDelta varint,
/// key length varint (-1: none), key, value length varint (-1: none), value, header count varint, headers`;
/// of a header: `key length varint, key, value length varint (-1: none), value`.
package struct RecordSlices {
    package var attributes: Int8
    package var timestampDelta: Int64
    package var offsetDelta: Int32
    package var key: UnsafeRawBufferPointer?
    package var value: UnsafeRawBufferPointer?
    package var headerCount: Int32
    /// The encoded headers, already checked.
    package var headerBytes: UnsafeRawBufferPointer
}

extension RecordCursor {
    /// A nullable byte field: `.some(nil)` is null, `nil` malformed. Only -1 stands for null.
    @inlinable @inline(__always)
    mutating func field() -> UnsafeRawBufferPointer?? {
        guard let length = self.varint() else { return nil }
        guard length >= 0 else { return length == -1 ? .some(nil) : nil }
        guard let bytes = self.bytes(Int(length)) else { return nil }
        return bytes
    }

    /// Passes a key, which is UTF-8 by convention alone, and a value, which may be null.
    private mutating func skipHeader() -> Bool {
        guard let length = self.varint(), length >= 0, self.bytes(Int(length)) != nil else { return false }
        return self.field() != nil
    }

    /// Passes headers, of which each takes two bytes or ends this: the count need not be believed.
    @inline(__always)
    mutating func skipHeaders(_ count: Int) -> Bool {
        guard let after = Self.end(ofHeaders: count, from: self.next, to: self.end) else { return false }
        self.next = after
        return true
    }

    /// Apart and by value, like `longNumber`.
    @inline(never)
    private static func end(
        ofHeaders count: Int,
        from start: UnsafeRawPointer,
        to end: UnsafeRawPointer
    ) -> UnsafeRawPointer? {
        var cursor = RecordCursor(start, count: end - start)
        for _ in 0..<count {
            guard cursor.skipHeader() else { return nil }
        }
        return cursor.next
    }

    /// Reads a record whose length field is already consumed; `nil` when it does not fill the cursor exactly.
    @inline(__always)
    mutating func recordBody() -> RecordSlices? {
        guard let attributes = self.byte(), let timestampDelta = self.varlong() else { return nil }
        guard let offsetDelta = self.varint() else { return nil }
        guard let key = self.field(), let value = self.field() else { return nil }
        // A header takes at least two bytes, so the count is checked before anyone trusts it.
        guard let headerCount = self.varint(), headerCount >= 0, Int(headerCount) <= self.remaining / 2 else {
            return nil
        }
        let headerBytes = UnsafeRawBufferPointer(start: self.next, count: self.remaining)
        guard headerCount == 0 || self.skipHeaders(Int(headerCount)), self.remaining == 0 else { return nil }
        return RecordSlices(
            attributes: Int8(bitPattern: attributes),
            timestampDelta: timestampDelta,
            offsetDelta: offsetDelta,
            key: key,
            value: value,
            headerCount: headerCount,
            headerBytes: headerBytes
        )
    }
}

extension RecordBatchHeader {
    /// The offset of a record of this batch.
    package func offset(of offsetDelta: Int32) -> Offset { self.baseOffset &+ Offset(offsetDelta) }

    /// The timestamp of a record of this batch: the batch's for LogAppendTime, else base and delta.
    ///
    /// Wraps like Kafka's when a stored delta is hostile; `RecordBatchValidation` lets none pass.
    package func timestamp(of timestampDelta: Int64) -> Timestamp {
        self.attributes.isLogAppendTime ? self.maxTimestamp : self.baseTimestamp &+ timestampDelta
    }
}
