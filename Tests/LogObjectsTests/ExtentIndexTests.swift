import LogCore
import Model
import NIOCore
import RecordBatch
import Testing

@testable import LogObjects

@Suite struct ExtentIndexTests {
    private let partition = TopicPartition(topicID: topicA, partition: 0)

    private func extent(_ base: Offset, count: Offset = 10, bytes: Int = 100, timestamp: Timestamp = -1) -> Extent {
        Extent(
            section: ObjectSection(
                object: CompactedObjectName(writer: writer, number: base),
                position: 32,
                length: bytes,
                checksum: UInt32(truncatingIfNeeded: base),
                isShared: false
            ),
            baseOffset: base,
            endOffset: base + count,
            maxTimestamp: timestamp
        )
    }

    private func extents(_ count: Int) -> [Extent] {
        (0..<count).map { self.extent(Offset($0) * 10, timestamp: Timestamp($0)) }
    }

    /// A partition with these extents, and the object that its index is in.
    private func stored(_ extents: [Extent], in old: PartitionExtents? = nil) -> (PartitionExtents, ByteBuffer) {
        var next = old ?? PartitionExtents(head: PartitionHead())
        next.head.indexedEnd = extents.last?.endOffset ?? 0
        let layout = next.layout(of: extents)
        var builder = CompactedObjectBuilder(
            name: CompactedObjectName(writer: writer, number: 1_000_000 + Int64(extents.count)),
            isShared: false
        )
        if layout.needsObject { next.apply(layout, self.partition, writing: &builder) } else { next.apply(layout) }
        builder.finish()
        return (next, ByteBuffer(bytes: builder.takePending().flatMap { Array($0.readableBytesView) }))
    }

    private func section(_ reference: IndexReference, _ object: ByteBuffer) throws -> ExtentIndex {
        let bytes = try #require(object.getSlice(at: reference.section.position, length: reference.section.length))
        return try ExtentIndex(decoding: bytes, of: reference)
    }

    @Test func `eight extents are in the head, the ninth moves five into an index`() throws {
        let (eight, _) = self.stored(self.extents(8))
        #expect(eight.head.index == nil && eight.head.extents.count == 8 && eight.head.problem == nil)
        let (nine, object) = self.stored(self.extents(9), in: eight)
        #expect(nine.head.problem == nil && nine.head.extents.count == 4)
        let index = try #require(nine.head.index)
        #expect(!index.isRoot && index.extentCount == 5 && index.dataBytes == 500 && index.maxTimestamp == 4)
        #expect(try self.section(index, object) == .extents(Array(self.extents(9).prefix(5))))
        #expect(nine.extents == self.extents(9))
        #expect(try CompactedObject.inspect(object).entries.map(\.content) == [.index(index)])
        // The index stays while there is room in the head, and grows when that is used up.
        let (twelve, _) = self.stored(self.extents(13), in: nine)
        #expect(twelve.head.index?.section == index.section && twelve.head.extents.count == 8)
        let (more, _) = self.stored(self.extents(14), in: twelve)
        #expect(more.head.index?.extentCount == 10 && more.leaves.count == 1)
    }

    @Test func `full sections stay, and a list of them is found by offset and by time`() throws {
        let count = ExtentIndex.entriesMax + 100
        let (first, firstObject) = self.stored(self.extents(count))
        let root = try #require(first.head.index)
        #expect(root.isRoot && root.extentCount == count - 4 && first.leaves.count == 2)
        let (second, _) = self.stored(self.extents(count + 9), in: first)
        #expect(second.leaves[0].reference == first.leaves[0].reference)
        #expect(second.leaves[1].reference != first.leaves[1].reference)
        #expect(second.extents == self.extents(count + 9))
        guard case .index(let step) = try self.section(root, firstObject).step(toward: 41_000) else {
            Issue.record("no step")
            return
        }
        #expect(
            try self.section(step, firstObject).step(toward: 41_000) == .extent(self.extent(41_000, timestamp: 4_100))
        )
        #expect(first.head.step(toward: 41_000) == .index(root))
        #expect(first.head.step(towardTime: 4_100, from: 0) == .index(root))
        #expect(try self.section(root, firstObject).step(towardTime: 4_100, from: 0) == .index(step))
        #expect(
            try self.section(step, firstObject).step(towardTime: 4_100, from: 0)
                == .extent(self.extent(41_000, timestamp: 4_100))
        )
        let last = Offset(count) * 10
        #expect(first.head.step(toward: last - 1) == .extent(self.extent(last - 10, timestamp: Timestamp(count - 1))))
        #expect(first.head.step(toward: last) == .tail)
        #expect(first.head.step(towardTime: Timestamp(count), from: 0) == .tail)
    }

    @Test func `the log start drops extents, and an index once nothing of it is left`() throws {
        let (stored, _) = self.stored(self.extents(12))
        var next = stored
        next.advanceLogStart(to: 35)
        #expect(next.head.problem == nil && next.head.index == stored.head.index)
        #expect(next.extents == Array(self.extents(12).dropFirst(3)))
        #expect(next.head.step(toward: 34) == .outOfRange)
        #expect(next.references.count == stored.references.count - 3)
        next.advanceLogStart(to: 20)
        #expect(next.head.logStart == 35)
        next.advanceLogStart(to: 80)
        #expect(
            next.head.index == nil && next.head.problem == nil && next.extents.map(\.baseOffset) == [80, 90, 100, 110]
        )
        next.advanceLogStart(to: 500)
        #expect(next.extents.isEmpty && next.head.problem == nil && next.references.isEmpty)
    }

    @Test func `an index that was damaged, or that is another one, is refused`() throws {
        let (stored, object) = self.stored(self.extents(20))
        let index = try #require(stored.head.index)
        let bytes = try #require(object.getBytes(at: index.section.position, length: index.section.length))
        for position in bytes.indices {
            var damaged = bytes
            damaged[position] ^= 1
            #expect(throws: ObjectCodingError.self) { try ExtentIndex(decoding: ByteBuffer(bytes: damaged), of: index) }
        }
        var other = index
        other.baseOffset += 1
        #expect(throws: ObjectCodingError.self) { try ExtentIndex(decoding: ByteBuffer(bytes: bytes), of: other) }
    }

    @Test func `a large extent has blocks, which are verified alone`() throws {
        var builder = CompactedObjectBuilder(name: CompactedObjectName(writer: writer, number: 0), isShared: false)
        builder.beginExtent(self.partition, baseOffset: 7)
        for index in 0..<10 {
            builder.append(
                baseOffset: 7 + Offset(index) * 2,
                maxTimestamp: Timestamp(index),
                [ByteBuffer(repeating: UInt8(index), count: 100 << 10)]
            )
        }
        let aborted = AbortedTransactions.Entry(
            producerID: ProducerID(5),
            firstOffset: 3,
            lastOffset: 9,
            lastStableOffset: 10
        )
        let extent = builder.endExtent(endOffset: 27, aborted: [aborted])
        builder.finish()
        let object = ByteBuffer(bytes: builder.takePending().flatMap { Array($0.readableBytesView) })
        #expect(object.readableBytes == builder.size && extent.hasAborted && extent.maxTimestamp == 9)
        let bytes = try #require(object.getSlice(at: extent.section.end, length: extent.detailLength))
        let detail = try ExtentDetail(decoding: bytes, of: extent)
        #expect(detail.blocks.map(\.baseOffset) == [7, 13, 19, 25] && detail.aborted == [aborted])
        #expect(
            detail.block(containing: 7) == 0 && detail.block(containing: 18) == 1 && detail.block(containing: 26) == 3
        )
        #expect(detail.block(atOrAfter: 4) == 1 && detail.block(atOrAfter: 10) == nil)
        let block = detail.blocks[2]
        let part = try #require(object.getSlice(at: extent.section.position + block.position, length: block.length))
        #expect(try detail.verified(block, part) == part)
        var damaged = part
        damaged.setInteger(UInt8(0xFF), at: damaged.readerIndex + 5)
        #expect(throws: ObjectCodingError.self) { try detail.verified(block, damaged) }
        #expect(try CompactedObject.inspect(object).entries.count == 1)
        for position in [0, 9, 31, 40, object.readableBytes - 1, object.readableBytes - 20, object.readableBytes - 40] {
            var broken = object
            broken.setInteger(try #require(object.getInteger(at: position, as: UInt8.self)) ^ 1, at: position)
            #expect(throws: ObjectCodingError.self) { try CompactedObject.inspect(broken) }
        }
    }
}
