package import LogObjects
package import Metadata
package import Model

/// A planned move in the words of the metadata: the owner, which has released the partition's log, gives it to another
/// incarnation, or takes it again when that one is gone.
package struct Handover: Sendable, Equatable {
    package var partition: TopicPartition
    package var transaction: MetadataTransaction

    /// What an incarnation is asked to hand over, in the order of keys.
    package static func asked(of own: Incarnation, _ image: ClusterImage) -> [TopicPartition] {
        image.owned(by: own).filter { $0.stored.assignment.target != nil }.map(\.partition)
    }

    /// - Returns: `nil` when the incarnation is not asked (any more).
    package init?(of partition: TopicPartition, by own: Incarnation, _ image: ClusterImage) {
        guard let stored = image.assignments[partition], stored.assignment.owner == own,
            let target = stored.assignment.target
        else { return nil }
        let assignment: PartitionAssignment
        if let broker = image.brokers[target], image.isActive(broker.incarnation), broker.id != own.broker {
            assignment = stored.assignment.given(to: broker.incarnation, epoch: stored.assignment.targetEpoch)
        } else {
            // The target is gone. Its epoch was shown to clients, so the owner leads again under the one behind it.
            assignment = stored.assignment.given(to: own, epoch: stored.assignment.nextEpoch)
        }
        let key = PartitionAssignment.key(partition)
        self.partition = partition
        self.transaction = MetadataTransaction(
            compares: [
                MetadataCompare(EngineKeys.ownership(own), .equal, .value(OwnershipState.active.value)),
                .isUnchanged(key, since: stored.modRevision),
            ],
            success: [.put(key: key, value: assignment.encoded)]
        )
    }
}
