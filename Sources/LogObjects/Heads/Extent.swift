package import Model
internal import NIOCore

/// A stretch of a partition's log in a compacted object. Extents of a partition lie one behind the other: each begins
/// where the one before ends.
///
/// The bytes under it are whole record batches v2 as readers get them: base offsets and leader epochs are patched in
/// when an object is written, unlike in a write-ahead object.
///
/// | part | |
/// | --- | --- |
/// | flags | 1 byte: 1 shared, 2 compacted, 4 aborted transactions |
/// | section | `ObjectSection` |
/// | detail length, base offset, offsets | LEB128 |
/// | max timestamp | zigzag |
package struct Extent: Hashable, Sendable {
    package var section: ObjectSection
    /// Bytes of `ExtentDetail`, which lies directly behind the section: positions by offset and time, and aborted
    /// transactions. 0: the extent is read as a whole.
    package var detailLength: Int
    package var baseOffset: Offset
    /// The offset behind the extent. What it covers: in a compacted one the last batches may be missing.
    package var endOffset: Offset
    /// `-1` when no record has one.
    package var maxTimestamp: Timestamp
    /// Compaction wrote it: offsets may be missing in it, also at its ends.
    package var isCompacted: Bool
    /// Markers of aborted transactions are in it, and its detail tells which.
    package var hasAborted: Bool

    package init(
        section: ObjectSection,
        detailLength: Int = 0,
        baseOffset: Offset,
        endOffset: Offset,
        maxTimestamp: Timestamp,
        isCompacted: Bool = false,
        hasAborted: Bool = false
    ) {
        self.section = section
        self.detailLength = detailLength
        self.baseOffset = baseOffset
        self.endOffset = endOffset
        self.maxTimestamp = maxTimestamp
        self.isCompacted = isCompacted
        self.hasAborted = hasAborted
    }

    /// The last offset that it covers.
    package var lastOffset: Offset { self.endOffset - 1 }
    /// Bytes of its batches.
    package var sizeBytes: Int64 { Int64(self.section.length) }

    private static let sharedFlag: UInt8 = 1
    private static let compactedFlag: UInt8 = 2
    private static let abortedFlag: UInt8 = 4
    /// The least that a stored one takes.
    static let encodedBytesMin = 14

    func write(to buffer: inout ByteBuffer) {
        buffer.writeInteger(
            (self.section.isShared ? Self.sharedFlag : 0) | (self.isCompacted ? Self.compactedFlag : 0)
                | (self.hasAborted ? Self.abortedFlag : 0)
        )
        self.section.write(to: &buffer)
        buffer.writeNumber(self.detailLength)
        buffer.writeNumber(self.baseOffset)
        buffer.writeNumber(self.endOffset - self.baseOffset)
        buffer.writeSigned(self.maxTimestamp)
    }

    init(from buffer: inout ByteBuffer) throws(ObjectCodingError) {
        let flags = try buffer.readFixed(as: UInt8.self)
        guard flags & ~(Self.sharedFlag | Self.compactedFlag | Self.abortedFlag) == 0 else {
            throw ObjectCodingError(.newerFormat, "An extent has flags of newer software.")
        }
        let section = try ObjectSection(from: &buffer, isShared: flags & Self.sharedFlag != 0)
        let detailLength = try buffer.readNumber(as: Int.self)
        let base = try buffer.readNumber(as: Int64.self)
        let (end, overflow) = base.addingReportingOverflow(try buffer.readNumber(as: Int64.self))
        guard !overflow, end > base, !section.end.addingReportingOverflow(detailLength).overflow else {
            throw .damaged("An extent has no offsets, or too many.")
        }
        self.init(
            section: section,
            detailLength: detailLength,
            baseOffset: base,
            endOffset: end,
            maxTimestamp: try buffer.readSigned(as: Int64.self),
            isCompacted: flags & Self.compactedFlag != 0,
            hasAborted: flags & Self.abortedFlag != 0
        )
    }
}

extension Extent {
    /// Extents one after the other.
    ///
    /// - Parameter start: where the first begins; `nil` when that is not known.
    /// - Throws: `.damaged` when they do not follow each other.
    static func readAll(
        from buffer: inout ByteBuffer,
        start: Offset?
    ) throws(ObjectCodingError) -> [Extent] {
        var extents: [Extent] = []
        var next = start
        for _ in 0..<(try buffer.readCount(bytesEach: Self.encodedBytesMin)) {
            let extent = try Extent(from: &buffer)
            guard next.map({ $0 == extent.baseOffset }) ?? true else {
                throw .damaged("There is a gap or an overlap of extents at offset \(extent.baseOffset).")
            }
            next = extent.endOffset
            extents.append(extent)
        }
        return extents
    }
}
