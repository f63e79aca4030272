internal import Model

/// Walks the records of an uncompressed batch from a client, once, at a few instructions per field.
///
/// It knows "in order" and "not sure", and no reasons: whatever it does not like is read again by the careful walk of
/// `RecordBatchValidation`, which has the last word and names the fault. So this one may refuse what is rare (a
/// timestamp delta of nine bytes, a long one at the very end), but must never pass what the other refuses.
struct PlainRecordScan {
    private var next: UnsafeRawPointer
    private let end: UnsafeRawPointer

    private init(_ start: UnsafeRawPointer, count: Int) {
        self.next = start
        self.end = start + count
    }

    /// The largest record timestamp of a batch whose every record satisfies the rules for a client's, else `nil`.
    static func maxTimestamp(
        of payload: UnsafeRawBufferPointer,
        header: RecordBatchHeader,
        limits: RecordBatchLimits
    ) -> Timestamp? {
        guard let start = payload.baseAddress, !header.attributes.isLogAppendTime, header.recordCount > 0 else {
            return nil
        }
        var scan = PlainRecordScan(start, count: payload.count)
        let (base, count, needsKey) = (header.baseTimestamp, Int(header.recordCount), limits.requiresKeys)
        let (earliest, latest) = limits.timestamps.map { ($0.lowerBound, $0.upperBound) } ?? (.min, .max)
        var largest: Timestamp = -1
        for index in 0..<count {
            guard let length = scan.int32(), length >= 0, length <= scan.end - scan.next else { return nil }
            // Fields are held against the payload's end as they are read, and against the record's when it is through.
            let recordEnd = scan.next + length
            guard scan.next < scan.end else { return nil }
            scan.next += 1
            guard let timestampDelta = scan.int64(), let offsetDelta = scan.int32(), offsetDelta == index,
                let key = scan.skipField(), key || !needsKey, scan.skipField() != nil, scan.skipHeaders(),
                scan.next == recordEnd
            else { return nil }
            let (timestamp, overflow) = base.addingReportingOverflow(timestampDelta)
            guard !overflow, timestamp == -1 || (timestamp >= earliest && timestamp <= latest) else { return nil }
            if timestamp > largest { largest = timestamp }
        }
        return scan.next == scan.end ? largest : nil
    }

    /// Passes a nullable byte field: whether it is there, `nil` when malformed.
    @inline(__always)
    private mutating func skipField() -> Bool? {
        guard let length = self.int32(), length >= -1 else { return nil }
        guard length > 0 else { return length == 0 }
        guard length <= self.end - self.next else { return nil }
        self.next += length
        return true
    }

    @inline(__always)
    private mutating func skipHeaders() -> Bool {
        guard let count = self.int32(), count >= 0 else { return false }
        guard count > 0 else { return true }
        guard let after = Self.end(ofHeaders: count, from: self.next, to: self.end) else { return false }
        self.next = after
        return true
    }

    /// Apart and by value, like `longNumber`, so that the position stays in a register where there are no headers.
    @inline(never)
    private static func end(
        ofHeaders count: Int,
        from start: UnsafeRawPointer,
        to end: UnsafeRawPointer
    ) -> UnsafeRawPointer? {
        var scan = PlainRecordScan(start, count: end - start)
        // Each header takes two bytes or ends the loop, so the count need not be believed.
        for _ in 0..<count {
            guard scan.skipField() == true, scan.skipField() != nil else { return nil }
        }
        return scan.next
    }

    /// A zigzag varint of at most five bytes whose bits beyond 32 are clear.
    @inline(__always)
    private mutating func int32() -> Int? {
        guard let raw = self.unsigned(bytesMax: 5), raw <= UInt64(UInt32.max) else { return nil }
        return Int(raw >> 1) ^ (0 &- Int(raw & 1))
    }

    /// A zigzag varint of at most eight bytes.
    @inline(__always)
    private mutating func int64() -> Int64? {
        guard let raw = self.unsigned(bytesMax: 8) else { return nil }
        return Int64(raw >> 1) ^ (0 &- Int64(raw & 1))
    }

    @inline(__always)
    private mutating func unsigned(bytesMax: Int) -> UInt64? {
        guard self.next < self.end else { return nil }
        let first = self.next.load(as: UInt8.self)
        if first < 0x80 {
            self.next += 1
            return UInt64(first)
        }
        guard self.end - self.next >= 2 else { return nil }
        let second = self.next.load(fromByteOffset: 1, as: UInt8.self)
        if second < 0x80 {
            self.next += 2
            return UInt64(first & 0x7F) | UInt64(second) &<< 7
        }
        guard self.end - self.next >= 8, let (raw, count) = Self.longNumber(at: self.next), count <= bytesMax else {
            return nil
        }
        self.next += count
        return raw
    }

    /// Reads eight bytes at once: the first with a clear top bit ends the number, and three folds close the gaps that
    /// the top bits leave.
    @inline(never)
    private static func longNumber(at next: UnsafeRawPointer) -> (UInt64, count: Int)? {
        let word = UInt64(littleEndian: next.loadUnaligned(as: UInt64.self))
        let lastBytes = ~word & 0x8080_8080_8080_8080
        guard lastBytes != 0 else { return nil }
        let count = (lastBytes.trailingZeroBitCount &>> 3) &+ 1
        let bytes = word & (UInt64.max &>> UInt64(64 &- 8 &* count)) & 0x7F7F_7F7F_7F7F_7F7F
        let pairs = ((bytes & 0x7F00_7F00_7F00_7F00) &>> 1) | (bytes & 0x007F_007F_007F_007F)
        let quads = ((pairs & 0x3FFF_0000_3FFF_0000) &>> 2) | (pairs & 0x0000_3FFF_0000_3FFF)
        return (((quads & 0x0FFF_FFFF_0000_0000) &>> 4) | (quads & 0x0000_0000_0FFF_FFFF), count)
    }
}
