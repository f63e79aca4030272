package import Model

/// What Kinesis calls a shard: a view of one partition over a range of offsets and of hash keys.
package struct Shard: Hashable, Sendable {
    /// The number in `shardId-…`; unique and growing within a stream, never used again.
    package var ordinal: Int32
    package var partition: Int32
    /// The first offset that belongs to the shard.
    package var startOffset: Offset
    /// The first offset that no longer belongs to it; `nil` while it is open.
    package var endOffset: Offset?
    /// Seconds since the Unix epoch, and always greater than its parents' (sequence numbers are ordered by it).
    package var createdSecond: Int64
    /// When it was closed; `nil` while it is open.
    package var closedAt: Timestamp?
    package var hashRange: HashRange
    /// The shard this one came from by a split, or the first one of a merge (`ParentShardId`).
    package var parent: Int32?
    /// The second parent of a merge (`AdjacentParentShardId`).
    package var adjacentParent: Int32?

    package init(
        ordinal: Int32,
        partition: Int32,
        startOffset: Offset,
        endOffset: Offset? = nil,
        createdSecond: Int64,
        closedAt: Timestamp? = nil,
        hashRange: HashRange,
        parent: Int32? = nil,
        adjacentParent: Int32? = nil
    ) {
        self.ordinal = ordinal
        self.partition = partition
        self.startOffset = startOffset
        self.endOffset = endOffset
        self.createdSecond = createdSecond
        self.closedAt = closedAt
        self.hashRange = hashRange
        self.parent = parent
        self.adjacentParent = adjacentParent
    }

    package var isOpen: Bool { self.endOffset == nil }

    package func contains(offset: Offset) -> Bool {
        guard offset >= self.startOffset else { return false }
        guard let endOffset else { return true }
        return offset < endOffset
    }

    /// `shardId-000000000042`
    package var id: String { Self.id(ordinal: self.ordinal) }

    /// `shardId-` and the ordinal in at least twelve digits.
    package static func id(ordinal: Int32) -> String {
        let digits = String(ordinal)
        return "shardId-" + String(repeating: "0", count: max(0, 12 - digits.utf8.count)) + digits
    }

    /// The ordinal in a shard ID as `id` writes it; `nil` for any other text.
    package static func ordinal(id: String) -> Int32? {
        let bytes = Array(id.utf8)
        let prefix = Array("shardId-".utf8)
        guard bytes.count == prefix.count + 12, bytes.starts(with: prefix) else { return nil }
        var value: Int64 = 0
        for byte in bytes.dropFirst(prefix.count) {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        return Int32(exactly: value)
    }
}
