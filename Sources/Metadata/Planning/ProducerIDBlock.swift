package import Model

/// A block of producer IDs that one broker may hand out (KIP-730 uses the same size).
package struct ProducerIDBlock: Sendable, Hashable {
    package static let size: Int64 = 1000

    /// The first ID of the block.
    package var first: ProducerID
    /// How many.
    package var count: Int64

    package init(first: ProducerID, count: Int64 = Self.size) {
        self.first = first
        self.count = count
    }

    /// Takes the next block. Commit the transaction; when its compare fails, read the key again and plan again.
    ///
    /// - Parameter current: the entry of `MetadataKeys.nextProducerID`, `nil` when there is none.
    /// - Throws: `.corrupt` when the stored number is damaged or used up.
    package static func plan(
        current: MetadataEntry?
    ) throws(MetadataError) -> (block: ProducerIDBlock, transaction: MetadataTransaction) {
        var first: Int64 = 0
        if let current {
            var reader = FieldReader(current.value[...])
            let stored = Int64(bitPattern: try reader.fixed64())
            guard stored >= 0, stored <= Int64.max - Self.size, reader.isAtEnd else {
                throw MetadataError(.corrupt, "The stored next producer ID is damaged.")
            }
            first = stored
        }
        var writer = FieldWriter()
        writer.fixed64(UInt64(first + Self.size))
        let key = MetadataKeys.nextProducerID
        let transaction = MetadataTransaction(
            compares: [.isUnchanged(key, since: current?.modRevision ?? 0)],
            success: [.put(key: key, value: writer.bytes)]
        )
        return (ProducerIDBlock(first: ProducerID(first)), transaction)
    }
}
