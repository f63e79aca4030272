package import Model
package import NIOCore

/// An entry of `<base>.index`: 8 bytes, big-endian: offset relative to the segment's base (4), position (4).
///
/// It says that the batch that *ends* at `offset` begins at `position`, or that an earlier one does: a search
/// starts there and continues by batch headers.
package struct OffsetIndexEntry: Sendable, Equatable {
    package static let sizeBytes = 8

    package var relativeOffset: UInt32
    package var position: UInt32

    package init(relativeOffset: UInt32, position: UInt32) {
        self.relativeOffset = relativeOffset
        self.position = position
    }

    package func encode(into buffer: inout ByteBuffer) {
        buffer.writeInteger(self.relativeOffset)
        buffer.writeInteger(self.position)
    }

    package init?(from buffer: inout ByteBuffer) {
        guard let pair = buffer.readMultipleIntegers(as: (UInt32, UInt32).self) else { return nil }
        self.init(relativeOffset: pair.0, position: pair.1)
    }
}

/// An entry of `<base>.timeindex`: 12 bytes, big-endian: timestamp (8), relative offset (4).
///
/// It says that no batch up to and including `relativeOffset` has a later timestamp.
package struct TimeIndexEntry: Sendable, Equatable {
    package static let sizeBytes = 12

    package var timestamp: Timestamp
    package var relativeOffset: UInt32

    package init(timestamp: Timestamp, relativeOffset: UInt32) {
        self.timestamp = timestamp
        self.relativeOffset = relativeOffset
    }

    package func encode(into buffer: inout ByteBuffer) {
        buffer.writeInteger(self.timestamp)
        buffer.writeInteger(self.relativeOffset)
    }

    package init?(from buffer: inout ByteBuffer) {
        guard let pair = buffer.readMultipleIntegers(as: (Int64, UInt32).self) else { return nil }
        self.init(timestamp: pair.0, relativeOffset: pair.1)
    }
}

/// Binary search over `count` entries that are read one at a time, so that an index need not be in memory.
package enum IndexSearch {
    /// The last entry for which `isAtMost` holds; entries are ordered by it.
    package static func last<Entry, Failure: Error>(
        count: Int,
        entry: (Int) throws(Failure) -> Entry,
        where isAtMost: (Entry) -> Bool
    ) throws(Failure) -> (index: Int, entry: Entry)? {
        var low = 0
        var high = count
        var found: (index: Int, entry: Entry)?
        while low < high {
            let middle = (low + high) / 2
            let candidate = try entry(middle)
            if isAtMost(candidate) {
                found = (middle, candidate)
                low = middle + 1
            } else {
                high = middle
            }
        }
        return found
    }
}

extension IndexSearch {
    /// How many leading entries of an offset index are sound after a crash: they grow in both fields and point
    /// into the file. A page that never reached the disk reads as zeros and ends the sound part.
    package static func soundPrefix(_ entries: [OffsetIndexEntry], logBytes: Int64) -> Int {
        var previous: OffsetIndexEntry?
        for (index, entry) in entries.enumerated() {
            guard Int64(entry.position) < logBytes, entry.relativeOffset <= UInt32(Int32.max) else {
                return index
            }
            if let previous, entry.relativeOffset <= previous.relativeOffset || entry.position <= previous.position {
                return index
            }
            previous = entry
        }
        return entries.count
    }

    /// The same for a time index: timestamps grow, offsets do not fall.
    package static func soundPrefix(_ entries: [TimeIndexEntry]) -> Int {
        var previous: TimeIndexEntry?
        for (index, entry) in entries.enumerated() {
            guard entry.timestamp >= 0, entry.relativeOffset <= UInt32(Int32.max) else { return index }
            if let previous,
                entry.timestamp <= previous.timestamp || entry.relativeOffset < previous.relativeOffset
            {
                return index
            }
            previous = entry
        }
        return entries.count
    }
}
