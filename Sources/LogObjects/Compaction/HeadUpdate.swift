package import Model

/// How a job changes a partition's head: asked again with each head that is found,
/// until it is done or of no use any more.
package enum HeadUpdate: Sendable {
    package enum Step: Sendable {
        /// It is so already.
        case done
        /// The head was changed otherwise: what was written for it is garbage.
        case stale
        /// The next head; its layout may want an index first.
        case change(PartitionExtents, ExtentLayout)
        /// The head goes.
        case remove
    }

    case checkpoint(CheckpointedPiece)
    case swap(ExtentSwap)
    /// Retention and DeleteRecords.
    case logStart(TopicPartition, Offset)
    /// The topic was deleted.
    case removal(TopicPartition)

    package var partition: TopicPartition {
        switch self {
        case .checkpoint(let piece): piece.piece.partition
        case .swap(let swap): swap.partition
        case .logStart(let partition, _), .removal(let partition): partition
        }
    }

    /// - Parameter current: the head as it is now; `StoredHead.missing` when it has none.
    package func step(_ current: StoredHead) -> Step {
        switch self {
        case .checkpoint(let piece): return piece.step(current.extents)
        case .swap(let swap): return swap.step(current.extents)
        case .logStart(_, let offset):
            guard offset > current.head.logStart else { return .done }
            var next = current.extents
            next.advanceLogStart(to: offset)
            return .change(next, next.layout(of: next.extents))
        case .removal: return current.revision == 0 ? .done : .remove
        }
    }
}
