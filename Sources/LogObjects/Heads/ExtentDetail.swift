package import LogCore
package import Model
package import NIOCore
internal import RecordBatch

/// What lies behind a large extent, and behind one with aborted transactions: where in it an offset or a time is, with
/// a checksum of each block, so that a part can be read and verified without the rest.
///
/// | part | |
/// | --- | --- |
/// | format | 1 byte, 1 |
/// | blocks | count, then for each: offsets and length (LEB128), CRC-32C (4 bytes), max timestamp (zigzag) |
/// | aborted transactions | count, then producer ID, first offset, last offset, last stable offset of each (LEB128) |
/// | checksum | CRC-32C of all before, 4 bytes |
package struct ExtentDetail: Sendable, Equatable {
    /// Whole batches.
    package struct Block: Sendable, Equatable {
        package var baseOffset: Offset
        /// From the beginning of the extent.
        package var position: Int
        package var length: Int
        package var checksum: UInt32
        /// `-1` when no record has one.
        package var maxTimestamp: Timestamp

        package init(baseOffset: Offset, position: Int, length: Int, checksum: UInt32, maxTimestamp: Timestamp) {
            self.baseOffset = baseOffset
            self.position = position
            self.length = length
            self.checksum = checksum
            self.maxTimestamp = maxTimestamp
        }

        package var range: Range<Int> { self.position..<self.position + self.length }
    }

    private static let format: UInt8 = 1
    /// A block ends with the first batch at or beyond it.
    package static let blockBytesMin = 256 << 10

    /// One behind the other; together they are the extent.
    package var blocks: [Block]
    /// Those whose markers are in the extent, in marker order.
    package var aborted: [AbortedTransactions.Entry]

    package init(blocks: [Block], aborted: [AbortedTransactions.Entry] = []) {
        self.blocks = blocks
        self.aborted = aborted
    }

    /// The index of the block where an offset of the extent is.
    package func block(containing offset: Offset) -> Int {
        max(0, self.blocks.partitioningIndex { $0.baseOffset > offset } - 1)
    }

    /// The index of the first block that has a record of this time or later.
    package func block(atOrAfter timestamp: Timestamp) -> Int? {
        self.blocks.firstIndex { $0.maxTimestamp >= timestamp }
    }

    /// - Parameter start: the base offset of the extent.
    package func encoded(start: Offset) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeInteger(Self.format)
        buffer.writeNumber(self.blocks.count)
        var base = start
        for block in self.blocks {
            buffer.writeNumber(block.baseOffset - base)
            buffer.writeNumber(block.length)
            buffer.writeInteger(block.checksum)
            buffer.writeSigned(block.maxTimestamp)
            base = block.baseOffset
        }
        buffer.writeNumber(self.aborted.count)
        for entry in self.aborted {
            buffer.writeNumber(entry.producerID.rawValue)
            buffer.writeNumber(entry.firstOffset)
            buffer.writeNumber(entry.lastOffset)
            buffer.writeNumber(entry.lastStableOffset)
        }
        return ByteBuffer(bytes: StoredValue.sealed(buffer))
    }

    /// - Parameter extent: the one that the bytes lie behind.
    package init(decoding bytes: ByteBuffer, of extent: Extent) throws(ObjectCodingError) {
        var buffer = try StoredValue.opened(bytes, format: Self.format, "The detail of an extent")
        self.blocks = []
        self.aborted = []
        var base = extent.baseOffset
        var position = 0
        for _ in 0..<(try buffer.readCount(bytesEach: 7)) {
            let delta = try buffer.readNumber(as: Int64.self)
            let length = try buffer.readNumber(as: Int.self)
            guard delta < extent.endOffset - base, length > 0, length <= extent.section.length - position else {
                throw .damaged("A block lies outside of its extent.")
            }
            base += delta
            let checksum = try buffer.readFixed(as: UInt32.self)
            self.blocks.append(
                Block(
                    baseOffset: base,
                    position: position,
                    length: length,
                    checksum: checksum,
                    maxTimestamp: try buffer.readSigned(as: Int64.self)
                )
            )
            position += length
        }
        for _ in 0..<(try buffer.readCount(bytesEach: 4)) {
            self.aborted.append(
                AbortedTransactions.Entry(
                    producerID: ProducerID(try buffer.readNumber(as: Int64.self)),
                    firstOffset: try buffer.readNumber(as: Int64.self),
                    lastOffset: try buffer.readNumber(as: Int64.self),
                    lastStableOffset: try buffer.readNumber(as: Int64.self)
                )
            )
        }
        guard buffer.readableBytes == 0, position == extent.section.length else {
            throw .damaged("The blocks of an extent are not all of it.")
        }
    }

    /// The bytes of a block as a ranged read brought them.
    package func verified(_ block: Block, _ bytes: ByteBuffer) throws(ObjectCodingError) -> ByteBuffer {
        guard bytes.readableBytes == block.length else { throw .truncated }
        guard bytes.withUnsafeReadableBytes({ CRC32C.checksum($0) }) == block.checksum else {
            throw .damaged("A block at offset \(block.baseOffset) fails its checksum.")
        }
        return bytes
    }
}

extension Array {
    /// The index of the first element for which the predicate holds; all after it fulfil it too.
    package func partitioningIndex(where predicate: (Element) -> Bool) -> Int {
        var lower = 0
        var upper = self.count
        while lower < upper {
            let middle = lower + (upper - lower) / 2
            if predicate(self[middle]) { upper = middle } else { lower = middle + 1 }
        }
        return lower
    }
}
