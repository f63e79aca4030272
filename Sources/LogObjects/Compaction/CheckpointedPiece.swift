package import LogCore
internal import Model

/// A piece of a checkpoint that is written: how its partition's head changes, also when that has moved meanwhile.
package struct CheckpointedPiece: Sendable {
    package var piece: CheckpointPlan.Piece
    /// `nil` when nothing of the piece is written.
    package var extent: Extent?
    package var leaderEpochs: LeaderEpochs
    /// What the head says of producers afterwards, unless `keepsProducers`.
    package var producers: ObjectSection?
    package var keepsProducers: Bool

    package init(
        piece: CheckpointPlan.Piece,
        extent: Extent?,
        leaderEpochs: LeaderEpochs,
        producers: ObjectSection?,
        keepsProducers: Bool
    ) {
        self.piece = piece
        self.extent = extent
        self.leaderEpochs = leaderEpochs
        self.producers = producers
        self.keepsProducers = keepsProducers
    }

    /// - Parameter current: as it is now.
    package func step(_ current: PartitionExtents) -> HeadUpdate.Step {
        if current.head.indexedEnd >= self.piece.endOffset { return .done }
        guard current.head.indexedEnd == self.piece.indexedEnd else { return .stale }
        var next = current
        var extents = current.extents
        if let extent, extent.endOffset > current.head.logStart { extents.append(extent) }
        next.head.indexedEnd = self.piece.endOffset
        next.head.leaderEpochs = self.leaderEpochs
        next.head.leaderEpochs.removeBefore(current.head.logStart)
        if !self.keepsProducers { next.head.producers = self.producers }
        return .change(next, next.layout(of: extents))
    }
}
