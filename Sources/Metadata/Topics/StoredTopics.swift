/// The topics in what a metadata store holds, for who has the contents and not the store.
package struct StoredTopics: Sendable {
    package var image: TopicsImage
    package var deletions: [PendingDeletion]

    /// - Throws: `.corrupt` or `.newerFormat`.
    package init(_ contents: MetadataContents) throws(MetadataError) {
        self.image = try TopicsImage(
            MetadataRangeResult(
                entries: contents.entries.filter { $0.key.hasPrefix(MetadataKeys.topics) },
                hasMore: false,
                revision: contents.revision
            )
        )
        self.deletions = []
        for entry in contents.entries where entry.key.hasPrefix(MetadataKeys.deletions) {
            self.deletions.append(try PendingDeletion.decode(entry))
        }
    }

    /// The metadata of the cluster's identity; `nil` when there is none.
    package static func identity(in contents: MetadataContents) -> ClusterIdentity? {
        guard let entry = contents.entries.first(where: { $0.key == MetadataKeys.cluster }) else { return nil }
        return try? ClusterIdentity.decode(entry.value)
    }
}
