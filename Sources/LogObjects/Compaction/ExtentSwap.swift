package import Model

/// New extents in place of old ones: what a merge and compaction do to a head, also when that has moved meanwhile.
package struct ExtentSwap: Sendable, Equatable {
    package var partition: TopicPartition
    /// Neighbours.
    package var old: [Extent]
    /// They cover the same offsets.
    package var new: [Extent]
    /// Compaction: where it ended.
    package var cleanedEnd: Offset?

    package init(partition: TopicPartition, old: [Extent], new: [Extent], cleanedEnd: Offset? = nil) {
        precondition(
            !old.isEmpty && old.first?.baseOffset == new.first?.baseOffset
                && old.last?.endOffset == new.last?.endOffset,
            "new extents cover what the old ones do"
        )
        self.partition = partition
        self.old = old
        self.new = new
        self.cleanedEnd = cleanedEnd
    }

    /// - Parameter current: as it is now. Leading old extents may have been deleted with their records meanwhile.
    package func step(_ current: PartitionExtents) -> HeadUpdate.Step {
        let start = current.head.logStart
        let old = self.old.filter { $0.endOffset > start }
        let new = self.new.filter { $0.endOffset > start }
        let extents = current.extents
        guard let first = old.first, let firstNew = new.first else { return .stale }
        if extents.contains(firstNew) { return .done }
        guard let index = extents.firstIndex(of: first), extents[index...].starts(with: old) else { return .stale }
        var next = current
        // A new one may begin before the first old one that is left: those before it are gone with it.
        let result =
            extents[..<index].filter { $0.endOffset <= firstNew.baseOffset } + new
            + extents[(index + old.count)...]
        if let cleanedEnd { next.head.cleanedEnd = max(cleanedEnd, next.head.cleanedEnd ?? 0) }
        return .change(next, next.layout(of: result))
    }
}
