package import Model
internal import NIOCore

/// Where the extents are that do not fit into a head: an index, which is a section of a compacted object
/// (`ExtentIndex`), or a part of one.
///
/// | part | |
/// | --- | --- |
/// | flags | 1 byte: 1 shared, 2 a list of indexes |
/// | section | `ObjectSection` |
/// | base offset, offsets, extents, bytes of records | LEB128 |
/// | max timestamp | zigzag |
package struct IndexReference: Hashable, Sendable {
    package var section: ObjectSection
    /// It has references to indexes, not extents.
    package var isRoot: Bool
    package var baseOffset: Offset
    package var endOffset: Offset
    /// Extents under it.
    package var extentCount: Int
    /// Of their records.
    package var dataBytes: Int64
    package var maxTimestamp: Timestamp

    package init(
        section: ObjectSection,
        isRoot: Bool,
        baseOffset: Offset,
        endOffset: Offset,
        extentCount: Int,
        dataBytes: Int64,
        maxTimestamp: Timestamp
    ) {
        self.section = section
        self.isRoot = isRoot
        self.baseOffset = baseOffset
        self.endOffset = endOffset
        self.extentCount = extentCount
        self.dataBytes = dataBytes
        self.maxTimestamp = maxTimestamp
    }

    private static let sharedFlag: UInt8 = 1
    private static let rootFlag: UInt8 = 2
    static let encodedBytesMin = 15

    func write(to buffer: inout ByteBuffer) {
        buffer.writeInteger((self.section.isShared ? Self.sharedFlag : 0) | (self.isRoot ? Self.rootFlag : 0))
        self.section.write(to: &buffer)
        buffer.writeNumber(self.baseOffset)
        buffer.writeNumber(self.endOffset - self.baseOffset)
        buffer.writeNumber(self.extentCount)
        buffer.writeNumber(self.dataBytes)
        buffer.writeSigned(self.maxTimestamp)
    }

    init(from buffer: inout ByteBuffer) throws(ObjectCodingError) {
        let flags = try buffer.readFixed(as: UInt8.self)
        guard flags & ~(Self.sharedFlag | Self.rootFlag) == 0 else {
            throw ObjectCodingError(.newerFormat, "A reference to an index has flags of newer software.")
        }
        let section = try ObjectSection(from: &buffer, isShared: flags & Self.sharedFlag != 0)
        let base = try buffer.readNumber(as: Int64.self)
        let (end, overflow) = base.addingReportingOverflow(try buffer.readNumber(as: Int64.self))
        let count = try buffer.readNumber(as: Int.self)
        let bytes = try buffer.readNumber(as: Int64.self)
        guard !overflow, end > base, count > 0, bytes > 0 else {
            throw .damaged("A reference to an index has no extents, or too many offsets.")
        }
        self.init(
            section: section,
            isRoot: flags & Self.rootFlag != 0,
            baseOffset: base,
            endOffset: end,
            extentCount: count,
            dataBytes: bytes,
            maxTimestamp: try buffer.readSigned(as: Int64.self)
        )
    }
}
