package import Metadata
package import Model

/// A head as it was read, with what it names.
package struct StoredHead: Sendable, Equatable {
    /// Of the key's last write; 0 when the key is missing, and the head that of an empty partition.
    package var revision: MetadataRevision
    package var extents: PartitionExtents

    package init(revision: MetadataRevision, extents: PartitionExtents) {
        self.revision = revision
        self.extents = extents
    }

    /// Of a partition that has no head yet.
    package static let missing = StoredHead(revision: 0, extents: PartitionExtents(head: PartitionHead()))

    package var head: PartitionHead { self.extents.head }
}

/// One head that is to take another's place.
package struct HeadChange: Sendable, Equatable {
    package var partition: TopicPartition
    package var before: StoredHead
    /// `nil`: the partition's topic is gone.
    package var after: PartitionExtents?

    package init(partition: TopicPartition, before: StoredHead, after: PartitionExtents?) {
        if let after {
            precondition(after.head.problem == nil, "a head is whole: \(after.head.problem ?? "")")
            precondition(after.head.logStart >= before.head.logStart, "the log start does not fall")
            precondition(after.head.indexedEnd >= before.head.indexedEnd, "what is indexed stays indexed")
        }
        self.partition = partition
        self.before = before
        self.after = after
    }

    /// Objects that the partition refers to only afterwards, and whether they are shared.
    package var added: [CompactedObjectName: Bool] {
        let before = self.before.extents.references
        return (self.after?.references ?? [:]).filter { before[$0.key] == nil }
    }

    /// Objects that it refers to only before.
    package var removed: [CompactedObjectName: Bool] {
        let after = self.after?.references ?? [:]
        return self.before.extents.references.filter { after[$0.key] == nil }
    }
}
