package import Model
package import NIOCore
internal import RecordBatch

/// The newest aborted transactions of one partition, in marker order; what came before is only where the batches are
/// stored (in Kafka's layout in `<base>.txnindex`). Bounded: `countMax`, and those whose marker is not stored yet,
/// which are as many as there are unstored batches at most.
///
/// One entry of a transaction index, 34 bytes, big-endian:
///
/// | offset | bytes | field |
/// | --- | --- | --- |
/// | 0 | 2 | Kafka: version, 0; here a check of the 32 bytes behind it |
/// | 2 | 8 | producer ID |
/// | 10 | 8 | first offset |
/// | 18 | 8 | last offset: the marker's |
/// | 26 | 8 | last stable offset once the marker was written |
///
/// The check is the lower 15 bits of the bytes' CRC-32C with the highest bit set, which finds every one and two flipped
/// bits: a reader to whom an index lies takes aborted records for committed ones. An entry of version 0, as earlier
/// versions and Kafka write it, is taken as it is.
package struct AbortedTransactions: Sendable {
    package struct Entry: Sendable, Equatable {
        package var producerID: ProducerID
        package var firstOffset: Offset
        package var lastOffset: Offset
        package var lastStableOffset: Offset

        package init(
            producerID: ProducerID,
            firstOffset: Offset,
            lastOffset: Offset,
            lastStableOffset: Offset
        ) {
            self.producerID = producerID
            self.firstOffset = firstOffset
            self.lastOffset = lastOffset
            self.lastStableOffset = lastStableOffset
        }

        package static let sizeBytes = 34

        package func encode(into buffer: inout ByteBuffer) {
            let start = buffer.writerIndex
            buffer.writeInteger(UInt16(0))
            buffer.writeInteger(self.producerID.rawValue)
            buffer.writeInteger(self.firstOffset)
            buffer.writeInteger(self.lastOffset)
            buffer.writeInteger(self.lastStableOffset)
            buffer.setInteger(Self.check(of: buffer, at: start + 2), at: start)
        }

        private static func check(of buffer: ByteBuffer, at index: Int) -> UInt16 {
            let bytes = buffer.viewBytes(at: index, length: Self.sizeBytes - 2)
            let checksum = bytes?.withUnsafeBytes { CRC32C.checksum($0) } ?? 0
            return UInt16(truncatingIfNeeded: checksum) | 0x8000
        }

        /// Reads one entry; `nil` when the bytes end or are not one.
        package init?(from buffer: inout ByteBuffer) {
            let start = buffer.readerIndex
            guard buffer.readableBytes >= Self.sizeBytes, let check = buffer.readInteger(as: UInt16.self),
                check == 0 || check == Self.check(of: buffer, at: start + 2),
                let producerID = buffer.readInteger(as: Int64.self),
                let firstOffset = buffer.readInteger(as: Int64.self),
                let lastOffset = buffer.readInteger(as: Int64.self),
                let lastStableOffset = buffer.readInteger(as: Int64.self),
                // A marker comes behind what it ends; zeros are a block that was never written.
                firstOffset >= 0, firstOffset < lastOffset
            else { return nil }
            self.init(
                producerID: ProducerID(producerID),
                firstOffset: firstOffset,
                lastOffset: lastOffset,
                lastStableOffset: lastStableOffset
            )
        }
    }

    /// Entries that stay in memory after they are stored.
    package static let countMax = 128

    private var entries = FIFO<Entry>()
    /// Every aborted transaction whose marker lies at or after this offset is here; older ones are stored.
    package private(set) var knownFrom: Offset

    /// - Parameter knownFrom: what is stored ends here.
    package init(knownFrom: Offset) { self.knownFrom = knownFrom }

    package var count: Int { self.entries.count }

    package mutating func append(_ entry: Entry) { self.entries.append(entry) }

    /// Collects the aborted transactions here that a `read_committed` reader of a range must skip.
    package func collect(into found: inout Overlap) {
        var index = self.entries.partitioningIndex { $0.lastOffset >= found.range.lowerBound }
        while index < self.entries.count, !found.isComplete {
            found.add(self.entries[index])
            index += 1
        }
    }

    /// Everything before `end` is stored: older entries beyond `countMax` leave memory.
    package mutating func trim(storedEnd end: Offset) {
        while self.entries.count > Self.countMax, let first = self.entries.first, first.lastOffset < end {
            self.entries.removeFirst()
            self.knownFrom = first.lastOffset + 1
        }
    }

    package mutating func truncate(to end: Offset) {
        while let last = self.entries.last, last.lastOffset >= end { self.entries.removeLast() }
    }

    package mutating func removeBefore(_ start: Offset) {
        while let first = self.entries.first, first.lastOffset < start { self.entries.removeFirst() }
    }

    /// Compaction changed what is stored before `end`: of that only the transaction indexes tell from now on.
    package mutating func forget(before end: Offset) {
        self.removeBefore(end)
        self.knownFrom = max(self.knownFrom, end)
    }
}

extension AbortedTransactions {
    /// The aborted transactions that overlap a range of offsets, gathered from entries in marker order, first what is
    /// stored and then what memory has.
    package struct Overlap: Sendable {
        package let range: Range<Offset>
        /// No later entry can overlap the range.
        package private(set) var isComplete: Bool
        /// In marker order.
        package private(set) var entries: [Entry] = []

        package init(_ range: Range<Offset>) {
            self.range = range
            self.isComplete = range.isEmpty
        }

        package mutating func add(_ entry: Entry) {
            if entry.lastOffset >= self.range.lowerBound, entry.firstOffset < self.range.upperBound {
                self.entries.append(entry)
            }
            // Every later transaction was completed beyond the range and began after it.
            if entry.lastStableOffset >= self.range.upperBound { self.isComplete = true }
        }

        /// By first offset: clients take them from the front as they come to these offsets. Stored ones are in the
        /// order of their markers.
        package var transactions: [AbortedTransaction] {
            self.entries.map { AbortedTransaction(producerID: $0.producerID, firstOffset: $0.firstOffset) }
                .sorted { ($0.firstOffset, $0.producerID.rawValue) < ($1.firstOffset, $1.producerID.rawValue) }
        }
    }
}
