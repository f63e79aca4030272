package import LogCore
package import Model
package import NIOCore
package import RecordBatch

/// Makes a compacted object part by part, without holding more of it than its caller leaves here: take `takePending`
/// and send it on when there is enough.
package struct CompactedObjectBuilder: Sendable {
    private struct OpenExtent: Sendable {
        var partition: TopicPartition
        var baseOffset: Offset
        var position: Int
        var checksum: UInt32 = 0
        var maxTimestamp: Timestamp = -1
        var blocks: [ExtentDetail.Block] = []
    }

    package let name: CompactedObjectName
    /// Of several partitions: `ObjectSection.isShared` of all sections.
    package let isShared: Bool
    /// Bytes so far.
    package private(set) var size = 0
    package private(set) var entries: [CompactedObject.Entry] = []
    private var pending: [ByteBuffer] = []
    /// Bytes that wait for `takePending`.
    package private(set) var pendingBytes = 0
    private var open: OpenExtent?

    package init(name: CompactedObjectName, isShared: Bool) {
        self.name = name
        self.isShared = isShared
        self.write(ObjectFrame.header(CompactedObject.magic, writer: name.writer, number: name.number))
    }

    /// What was made since the last call, in order.
    package mutating func takePending() -> [ByteBuffer] {
        defer {
            self.pending = []
            self.pendingBytes = 0
        }
        return self.pending
    }

    private mutating func write(_ bytes: ByteBuffer) {
        guard bytes.readableBytes > 0 else { return }
        self.size += bytes.readableBytes
        self.pendingBytes += bytes.readableBytes
        self.pending.append(bytes)
    }

    // MARK: Extents

    package mutating func beginExtent(_ partition: TopicPartition, baseOffset: Offset) {
        precondition(self.open == nil, "an extent ends before the next begins")
        self.open = OpenExtent(partition: partition, baseOffset: baseOffset, position: self.size)
    }

    /// Adds a batch with its final offsets and leader epoch.
    ///
    /// - Parameters:
    ///   - header: of the batch.
    ///   - parts: its bytes, the header's included.
    package mutating func append(_ header: RecordBatchHeader, _ parts: [ByteBuffer]) {
        self.append(baseOffset: header.baseOffset, maxTimestamp: header.maxTimestamp, parts)
    }

    /// - Parameter maxTimestamp: `-1` when no record has one.
    package mutating func append(baseOffset: Offset, maxTimestamp: Timestamp, _ parts: [ByteBuffer]) {
        guard var extent = self.open else { preconditionFailure("a batch belongs to an extent") }
        precondition(baseOffset >= extent.blocks.last?.baseOffset ?? extent.baseOffset, "offsets of an extent grow")
        if extent.blocks.last.map({ $0.length >= ExtentDetail.blockBytesMin }) ?? true {
            extent.blocks.append(
                ExtentDetail.Block(
                    baseOffset: baseOffset,
                    position: self.size - extent.position,
                    length: 0,
                    checksum: 0,
                    maxTimestamp: -1
                )
            )
        }
        let last = extent.blocks.count - 1
        for part in parts {
            extent.checksum = part.withUnsafeReadableBytes { CRC32C.checksum($0, initial: extent.checksum) }
            extent.blocks[last].checksum = part.withUnsafeReadableBytes {
                CRC32C.checksum($0, initial: extent.blocks[last].checksum)
            }
            extent.blocks[last].length += part.readableBytes
            self.write(part)
        }
        extent.blocks[last].maxTimestamp = max(extent.blocks[last].maxTimestamp, maxTimestamp)
        extent.maxTimestamp = max(extent.maxTimestamp, maxTimestamp)
        self.open = extent
    }

    /// Ends the extent, which has a batch at least.
    ///
    /// - Parameters:
    ///   - endOffset: what it covers ends here.
    ///   - aborted: aborted transactions whose markers are in it, in marker order.
    package mutating func endExtent(
        endOffset: Offset,
        isCompacted: Bool = false,
        aborted: [AbortedTransactions.Entry] = []
    ) -> Extent {
        guard let open = self.open, self.size > open.position else { preconditionFailure("an extent has batches") }
        self.open = nil
        let section = ObjectSection(
            object: self.name,
            position: open.position,
            length: self.size - open.position,
            checksum: open.checksum,
            isShared: self.isShared
        )
        var detailLength = 0
        if open.blocks.count > 1 || !aborted.isEmpty {
            let detail = ExtentDetail(blocks: open.blocks, aborted: aborted).encoded(start: open.baseOffset)
            detailLength = detail.readableBytes
            self.write(detail)
        }
        let extent = Extent(
            section: section,
            detailLength: detailLength,
            baseOffset: open.baseOffset,
            endOffset: endOffset,
            maxTimestamp: open.maxTimestamp,
            isCompacted: isCompacted,
            hasAborted: !aborted.isEmpty
        )
        self.entries.append(.init(partition: open.partition, content: .extent(extent)))
        return extent
    }

    // MARK: Other sections

    /// What is known of a partition's producers (`ProducerSnapshot`).
    package mutating func addProducers(_ partition: TopicPartition, _ snapshot: ByteBuffer) -> ObjectSection {
        let section = self.section(snapshot)
        self.entries.append(.init(partition: partition, content: .producers(section)))
        return section
    }

    package mutating func addIndex(_ partition: TopicPartition, _ index: ExtentIndex) -> IndexReference {
        let section = self.section(index.encoded())
        let reference: IndexReference
        switch index {
        case .extents(let extents):
            guard let first = extents.first, let last = extents.last else {
                preconditionFailure("an index has extents")
            }
            reference = IndexReference(
                section: section,
                isRoot: false,
                baseOffset: first.baseOffset,
                endOffset: last.endOffset,
                extentCount: extents.count,
                dataBytes: extents.reduce(0) { $0 + $1.sizeBytes },
                maxTimestamp: extents.reduce(-1) { max($0, $1.maxTimestamp) }
            )
        case .indexes(let parts):
            guard let first = parts.first, let last = parts.last else { preconditionFailure("an index has parts") }
            reference = IndexReference(
                section: section,
                isRoot: true,
                baseOffset: first.baseOffset,
                endOffset: last.endOffset,
                extentCount: parts.reduce(0) { $0 + $1.extentCount },
                dataBytes: parts.reduce(0) { $0 + $1.dataBytes },
                maxTimestamp: parts.reduce(-1) { max($0, $1.maxTimestamp) }
            )
        }
        self.entries.append(.init(partition: partition, content: .index(reference)))
        return reference
    }

    private mutating func section(_ bytes: ByteBuffer) -> ObjectSection {
        precondition(self.open == nil, "a section begins behind an extent")
        let section = ObjectSection(
            object: self.name,
            position: self.size,
            length: bytes.readableBytes,
            checksum: bytes.withUnsafeReadableBytes { CRC32C.checksum($0) },
            isShared: self.isShared
        )
        self.write(bytes)
        return section
    }

    /// Writes footer and trailer; nothing is added afterwards.
    package mutating func finish() {
        precondition(self.open == nil, "the last extent is ended")
        var end = CompactedObject.footer(self.entries)
        ObjectFrame.close(&end, at: self.size)
        self.write(end)
    }
}
