package import Model
package import NIOCore

/// The aborted transactions of one partition: what `<base>.txnindex` files hold, in marker order.
///
/// One entry, 34 bytes, big-endian:
///
/// | offset | bytes | field |
/// | --- | --- | --- |
/// | 0 | 2 | version, 0 |
/// | 2 | 8 | producer ID |
/// | 10 | 8 | first offset |
/// | 18 | 8 | last offset: the marker's |
/// | 26 | 8 | last stable offset once the marker was written |
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
            buffer.writeInteger(Int16(0))
            buffer.writeInteger(self.producerID.rawValue)
            buffer.writeInteger(self.firstOffset)
            buffer.writeInteger(self.lastOffset)
            buffer.writeInteger(self.lastStableOffset)
        }

        /// Reads one entry; `nil` when the bytes end or the version is unknown.
        package init?(from buffer: inout ByteBuffer) {
            guard buffer.readableBytes >= Self.sizeBytes,
                buffer.readInteger(as: Int16.self) == 0,
                let producerID = buffer.readInteger(as: Int64.self),
                let firstOffset = buffer.readInteger(as: Int64.self),
                let lastOffset = buffer.readInteger(as: Int64.self),
                let lastStableOffset = buffer.readInteger(as: Int64.self)
            else { return nil }
            self.init(
                producerID: ProducerID(producerID),
                firstOffset: firstOffset,
                lastOffset: lastOffset,
                lastStableOffset: lastStableOffset
            )
        }
    }

    package private(set) var entries: [Entry] = []

    package init() {}

    package mutating func append(_ entry: Entry) { self.entries.append(entry) }

    /// Aborted transactions with records in `offset..<end`.
    package func overlapping(_ offset: Offset, _ end: Offset) -> [AbortedTransaction] {
        if self.entries.isEmpty || offset >= end { return [] }
        var low = 0
        var high = self.entries.count
        while low < high {
            let middle = (low + high) / 2
            if self.entries[middle].lastOffset >= offset { high = middle } else { low = middle + 1 }
        }
        var found: [AbortedTransaction] = []
        for entry in self.entries[low...] {
            if entry.firstOffset < end {
                found.append(
                    AbortedTransaction(producerID: entry.producerID, firstOffset: entry.firstOffset)
                )
            }
            // Every later transaction was completed beyond the range and began after it.
            if entry.lastStableOffset >= end { break }
        }
        return found
    }

    package mutating func truncate(to end: Offset) {
        self.entries.removeAll { $0.lastOffset >= end }
    }

    package mutating func removeBefore(_ start: Offset) {
        self.entries.removeAll { $0.lastOffset < start }
    }
}
