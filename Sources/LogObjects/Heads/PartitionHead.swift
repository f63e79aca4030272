package import LogCore
package import Model
internal import NIOCore
internal import RecordBatch

/// What etcd knows of a partition's log: where its records lie, up to where. The value of the key `p/TOPIC/PARTITION`.
/// A partition without one has nothing but commit records, from offset 0.
///
/// Everything before `indexedEnd` is in extents; what follows is in the commit records of its owner and of those before
/// it. Where both know an offset the extents are right: a checkpoint that was cut short is repeated without harm. A
/// head is only ever replaced in a transaction that compares its revision, by an incarnation that is not fenced.
///
/// | part | |
/// | --- | --- |
/// | format | 1 byte, 1 |
/// | log start, indexed end | LEB128 |
/// | cleaned end | zigzag, -1: never compacted |
/// | leader epochs | count, then epoch and first offset of each |
/// | index | 0, or 1 and `IndexReference` |
/// | extents | count, then `Extent` |
/// | producers | 0, or 1, flags (1: shared) and `ObjectSection` |
/// | checksum | CRC-32C of all before, 4 bytes |
package struct PartitionHead: Equatable, Sendable {
    private static let format: UInt8 = 1
    /// Extents that a head holds itself; those before them are in an index.
    package static let extentsMax = 8
    /// Leader epochs that it remembers: the newest ones. Of older ones nobody asks whose log diverged from this one.
    package static let leaderEpochsMax = 64

    /// Readers see nothing before it. Lies beyond `indexedEnd` when records were deleted that no checkpoint reached.
    package var logStart: Offset
    /// The end of what extents cover.
    package var indexedEnd: Offset
    /// Where the last run of compaction ended; `nil` before the first.
    package var cleanedEnd: Offset?
    package var leaderEpochs: LeaderEpochs
    /// The extents before `extents`.
    package var index: IndexReference?
    /// The newest extents, at most `extentsMax`.
    package var extents: [Extent]
    /// What is known of producers where `indexedEnd` is (`ProducerSnapshot`); `nil` when there is nothing.
    package var producers: ObjectSection?

    package init(
        logStart: Offset = 0,
        indexedEnd: Offset = 0,
        cleanedEnd: Offset? = nil,
        leaderEpochs: LeaderEpochs = LeaderEpochs(),
        index: IndexReference? = nil,
        extents: [Extent] = [],
        producers: ObjectSection? = nil
    ) {
        self.logStart = logStart
        self.indexedEnd = indexedEnd
        self.cleanedEnd = cleanedEnd
        self.leaderEpochs = leaderEpochs
        self.index = index
        self.extents = extents
        self.producers = producers
    }

    /// Where the extents begin: at or before `logStart`, or at `indexedEnd` when there are none.
    package var coveredStart: Offset { self.index?.baseOffset ?? self.extents.first?.baseOffset ?? self.indexedEnd }

    /// Of the records under all extents.
    package var dataBytes: Int64 { self.extents.reduce(self.index?.dataBytes ?? 0) { $0 + $1.sizeBytes } }

    /// What the head itself names, each section once; an index names more.
    package var sections: [ObjectSection] {
        self.extents.map(\.section) + [self.index?.section, self.producers].compactMap { $0 }
    }

    /// What contradicts the head's own rules; `nil` when nothing does.
    package var problem: String? {
        guard self.logStart >= 0, self.indexedEnd >= 0 else { return "an offset is below 0" }
        guard self.extents.count <= Self.extentsMax else { return "it has too many extents" }
        var next = self.coveredStart
        if let index { next = index.endOffset }
        for extent in self.extents {
            guard extent.baseOffset == next else { return "extents do not follow each other at \(extent.baseOffset)" }
            next = extent.endOffset
        }
        guard next == self.indexedEnd else { return "the extents end at \(next), not at \(self.indexedEnd)" }
        guard self.coveredStart <= self.logStart else { return "records from the log start on are not covered" }
        return nil
    }

    package func encoded() -> [UInt8] {
        var buffer = ByteBuffer()
        buffer.writeInteger(Self.format)
        buffer.writeNumber(self.logStart)
        buffer.writeNumber(self.indexedEnd)
        buffer.writeSigned(self.cleanedEnd ?? -1)
        let epochs = self.leaderEpochs.entries.suffix(Self.leaderEpochsMax)
        buffer.writeNumber(epochs.count)
        for entry in epochs {
            buffer.writeNumber(entry.epoch.rawValue)
            buffer.writeNumber(entry.startOffset)
        }
        buffer.writeInteger(UInt8(self.index == nil ? 0 : 1))
        self.index?.write(to: &buffer)
        buffer.writeNumber(self.extents.count)
        for extent in self.extents { extent.write(to: &buffer) }
        buffer.writeInteger(UInt8(self.producers == nil ? 0 : 1))
        if let producers {
            buffer.writeInteger(UInt8(producers.isShared ? 1 : 0))
            producers.write(to: &buffer)
        }
        return StoredValue.sealed(buffer)
    }

    package init(decoding bytes: [UInt8]) throws(ObjectCodingError) {
        var buffer = try StoredValue.opened(bytes, format: Self.format, "A partition's head")
        self.logStart = try buffer.readNumber(as: Int64.self)
        self.indexedEnd = try buffer.readNumber(as: Int64.self)
        let cleaned = try buffer.readSigned(as: Int64.self)
        self.cleanedEnd = cleaned < 0 ? nil : cleaned
        var epochs: [LeaderEpochs.Entry] = []
        for _ in 0..<(try buffer.readCount(bytesEach: 2)) {
            let epoch = LeaderEpoch(try buffer.readNumber(as: Int32.self))
            epochs.append(.init(epoch: epoch, startOffset: try buffer.readNumber(as: Int64.self)))
        }
        self.leaderEpochs = LeaderEpochs(epochs)
        self.index = try buffer.readFlag() ? try IndexReference(from: &buffer) : nil
        self.extents = try Extent.readAll(from: &buffer, start: self.index?.endOffset)
        self.producers = nil
        if try buffer.readFlag() {
            let isShared = try buffer.readFlag()
            self.producers = try ObjectSection(from: &buffer, isShared: isShared)
        }
        guard buffer.readableBytes == 0, self.leaderEpochs.entries == epochs else {
            throw .damaged("A partition's head has bytes behind its end, or leader epochs that do not grow.")
        }
        if let problem { throw .damaged("A partition's head contradicts itself: \(problem).") }
    }
}
