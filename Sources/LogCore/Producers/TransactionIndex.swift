package import Model
package import NIOCore

/// A transaction index as it is in its file: entry by entry, also those that cannot be believed.
package struct TransactionIndex: Sendable {
    package enum Slot: Sendable, Equatable {
        case entry(AbortedTransactions.Entry)
        /// The bytes of an entry that is damaged. Which transaction it was about is not known.
        case damaged(ByteBuffer)

        /// Stands where an entry was that is lost.
        package static let unreadable = Slot.damaged(
            ByteBuffer(repeating: 0xFF, count: AbortedTransactions.Entry.sizeBytes)
        )

        package func encode(into buffer: inout ByteBuffer) {
            switch self {
            case .entry(let entry): entry.encode(into: &buffer)
            case .damaged(let bytes): buffer.writeImmutableBuffer(bytes)
            }
        }
    }

    package private(set) var slots: [Slot] = []
    /// Behind the last whole entry.
    package let trailingBytes: Int

    package init(reading bytes: ByteBuffer) {
        var bytes = bytes
        let size = AbortedTransactions.Entry.sizeBytes
        self.slots.reserveCapacity(bytes.readableBytes / size)
        while var slot = bytes.readSlice(length: size) {
            let whole = slot
            self.slots.append(AbortedTransactions.Entry(from: &slot).map { .entry($0) } ?? .damaged(whole))
        }
        self.trailingBytes = bytes.readableBytes
    }

    /// Those that can be read.
    package var entries: [AbortedTransactions.Entry] {
        self.slots.compactMap { slot in
            guard case .entry(let entry) = slot else { return nil }
            return entry
        }
    }

    /// The leading part whose markers lie before `offset`, as far as that can be known: with the damaged entries among
    /// it. Damage behind the last of them may be what a crash left of entries that are made again.
    package func prefix(endingBefore offset: Offset) -> ArraySlice<Slot> {
        let last = self.slots.lastIndex { slot in
            guard case .entry(let entry) = slot else { return false }
            return entry.lastOffset < offset
        }
        return self.slots[..<(last.map { $0 + 1 } ?? 0)]
    }

    /// What is wrong with an index that is shorter than it was.
    package static func missing(_ count: Int) -> String { "\(count) of its entries are missing" }

    /// Whether entries are of other offsets, or not in order: the file is another segment's.
    package func isForeign(in offsets: Range<Offset>) -> Bool {
        var previous: Offset = -1
        return self.entries.contains { entry in
            defer { previous = entry.lastOffset }
            return !offsets.contains(entry.lastOffset) || entry.lastOffset <= previous
        }
    }

    /// What is wrong with the index of a segment that nothing more is written to; `nil` when it may be believed.
    ///
    /// - Parameter offsets: of the segment.
    package func flaw(in offsets: Range<Offset>) -> String? {
        if self.trailingBytes > 0 { return "the file ends within an entry" }
        var previous: Offset = -1
        for (index, slot) in self.slots.enumerated() {
            guard case .entry(let entry) = slot else { return "entry \(index) is damaged" }
            guard offsets.contains(entry.lastOffset) else {
                return "entry \(index) is for offsets that the segment does not have"
            }
            guard entry.lastOffset > previous else { return "entry \(index) is out of order" }
            previous = entry.lastOffset
        }
        return nil
    }
}
