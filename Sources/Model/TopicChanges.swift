/// What one publication of topics changed for those who follow them: coordinators.
///
/// A topic that was deleted and made again under its name between two publications is both removed and added.
package struct TopicChanges: Sendable, Equatable {
    /// A topic as it is now, or was when it was removed.
    package struct Topic: Sendable, Equatable {
        package var name: String
        package var id: TopicID
        package var partitionCount: Int

        package init(name: String, id: TopicID, partitionCount: Int) {
            self.name = name
            self.id = id
            self.partitionCount = partitionCount
        }
    }

    package var added: [Topic]
    /// Topics that have more partitions than before.
    package var grown: [Topic]
    /// Topics that are not served any more.
    package var removed: [Topic]

    /// Partitions that this broker served and serves no more, of topics that remain.
    package var lost: [TopicPartition]
    /// Partitions that this broker serves now and did not before, or not under this epoch, of topics that had them
    /// before. A reader applies losses first.
    package var acquired: [TopicPartition]

    package init(
        added: [Topic] = [],
        grown: [Topic] = [],
        removed: [Topic] = [],
        lost: [TopicPartition] = [],
        acquired: [TopicPartition] = []
    ) {
        self.added = added
        self.grown = grown
        self.removed = removed
        self.lost = lost
        self.acquired = acquired
    }

    package var isEmpty: Bool {
        self.added.isEmpty && self.grown.isEmpty && self.removed.isEmpty && self.lost.isEmpty
            && self.acquired.isEmpty
    }

    /// Takes in changes that came later. A reader must apply removals before additions.
    package mutating func merge(_ later: TopicChanges) {
        self.removed += later.removed
        let gone = Set(later.removed.map(\.id))
        self.added.removeAll { gone.contains($0.id) }
        self.grown.removeAll { gone.contains($0.id) }
        self.added += later.added
        self.grown += later.grown
        self.lost += later.lost
        self.acquired += later.acquired
    }
}
