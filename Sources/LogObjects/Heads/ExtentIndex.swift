package import Model
package import NIOCore

/// A section with the extents of a partition that its head has no room for, or with references to such sections. It is
/// written once and replaced by another one.
///
/// | part | |
/// | --- | --- |
/// | format | 1 byte, 1 |
/// | kind | 1 byte: 0 extents, 1 references |
/// | entries | count, then `Extent` or `IndexReference` |
/// | checksum | CRC-32C of all before, 4 bytes |
package enum ExtentIndex: Sendable, Equatable {
    case extents([Extent])
    case indexes([IndexReference])

    private static let format: UInt8 = 1
    /// Extents or references of one section: with 128 MiB in each extent, 512 GiB.
    package static let entriesMax = 4_096

    package func encoded() -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeInteger(Self.format)
        switch self {
        case .extents(let extents):
            buffer.writeInteger(UInt8(0))
            buffer.writeNumber(extents.count)
            for extent in extents { extent.write(to: &buffer) }
        case .indexes(let references):
            buffer.writeInteger(UInt8(1))
            buffer.writeNumber(references.count)
            for reference in references { reference.write(to: &buffer) }
        }
        return ByteBuffer(bytes: StoredValue.sealed(buffer))
    }

    /// - Parameter reference: what named the section.
    /// - Throws: `.damaged` when it is not what the reference says.
    package init(decoding bytes: ByteBuffer, of reference: IndexReference) throws(ObjectCodingError) {
        var buffer = try StoredValue.opened(
            try reference.section.verified(bytes),
            format: Self.format,
            "An index of extents"
        )
        let end: Offset?
        let count: Int
        if try buffer.readFlag() {
            var references: [IndexReference] = []
            for _ in 0..<(try buffer.readCount(bytesEach: IndexReference.encodedBytesMin)) {
                let part = try IndexReference(from: &buffer)
                guard part.baseOffset == references.last?.endOffset ?? reference.baseOffset, !part.isRoot else {
                    throw .damaged("The parts of an index do not follow each other at \(part.baseOffset).")
                }
                references.append(part)
            }
            end = references.last?.endOffset
            count = references.reduce(0) { $0 &+ $1.extentCount }
            self = .indexes(references)
        } else {
            let extents = try Extent.readAll(from: &buffer, start: reference.baseOffset)
            end = extents.last?.endOffset
            count = extents.count
            self = .extents(extents)
        }
        guard buffer.readableBytes == 0, end == reference.endOffset, count == reference.extentCount,
            self.isRoot == reference.isRoot
        else { throw .damaged("An index of extents is not the one that was looked for.") }
    }

    package var isRoot: Bool {
        if case .indexes = self { true } else { false }
    }
}

/// Where a read of a partition continues.
package enum ExtentStep: Sendable, Equatable {
    case extent(Extent)
    /// Read this section, and look in it.
    case index(IndexReference)
    /// Behind everything that is indexed, for an offset; for a time, nothing indexed is as late.
    case tail
    /// Before the log start.
    case outOfRange
}

extension PartitionHead {
    /// Where an offset is.
    package func step(toward offset: Offset) -> ExtentStep {
        guard offset >= self.logStart else { return .outOfRange }
        guard offset < self.indexedEnd else { return .tail }
        if let index, offset < index.endOffset { return .index(index) }
        return self.extents[self.extents.partitioningIndex { $0.endOffset > offset }].step
    }

    /// The first that has a record of this time or later. An extent may have such a record only before `offset`: ask
    /// again with its end.
    ///
    /// - Parameter offset: the search begins here; at least the log start.
    package func step(towardTime timestamp: Timestamp, from offset: Offset) -> ExtentStep {
        if let index, offset < index.endOffset, index.maxTimestamp >= timestamp { return .index(index) }
        return self.extents.first { $0.endOffset > offset && $0.maxTimestamp >= timestamp }?.step ?? .tail
    }
}

extension ExtentIndex {
    /// Where an offset is that the index covers.
    package func step(toward offset: Offset) -> ExtentStep {
        switch self {
        case .extents(let extents):
            let index = extents.partitioningIndex { $0.endOffset > offset }
            return index < extents.count ? extents[index].step : .tail
        case .indexes(let references):
            let index = references.partitioningIndex { $0.endOffset > offset }
            return index < references.count ? .index(references[index]) : .tail
        }
    }

    /// See `PartitionHead.step(towardTime:from:)`. `.tail`: continue behind the index.
    package func step(towardTime timestamp: Timestamp, from offset: Offset) -> ExtentStep {
        switch self {
        case .extents(let extents):
            extents.first { $0.endOffset > offset && $0.maxTimestamp >= timestamp }?.step ?? .tail
        case .indexes(let references):
            references.first { $0.endOffset > offset && $0.maxTimestamp >= timestamp }.map(ExtentStep.index) ?? .tail
        }
    }
}

extension Extent {
    fileprivate var step: ExtentStep { .extent(self) }
}
