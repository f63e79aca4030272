package import Model

/// A topic that is deleted and whose data may still be on a broker's disk. Written with the deletion and removed once
/// the data is out of the way, so that a start can tell the folder of a deleted topic from one whose metadata is lost.
///
/// ```
/// byte 0   format, 1
/// fields as in `Topic`: 1 name (UTF-8), 2 partition count (varint)
/// ```
package struct PendingDeletion: Sendable, Equatable {
    package var id: TopicID
    package var name: String
    package var partitionCount: Int

    package init(_ topic: Topic) {
        self.id = topic.id
        self.name = topic.name
        self.partitionCount = topic.partitions.count
    }

    private init(id: TopicID, name: String, partitionCount: Int) {
        self.id = id
        self.name = name
        self.partitionCount = partitionCount
    }

    package func encoded() -> [UInt8] {
        var writer = FieldWriter()
        writer.byte(1)
        writer.field(1) { $0.raw(self.name.utf8) }
        writer.field(2) { $0.number(UInt64(self.partitionCount)) }
        return writer.bytes
    }

    /// Throws `.corrupt` or `.newerFormat`.
    package static func decode(_ entry: MetadataEntry) throws(MetadataError) -> PendingDeletion {
        guard let id = MetadataKeys.deletedTopic(of: entry.key) else {
            throw MetadataError(.corrupt, "The deletion \(entry.key) names no topic ID.")
        }
        var reader = FieldReader(entry.value[...])
        guard try reader.byte() <= 1 else {
            throw MetadataError(.newerFormat, "A deletion has a format newer than this version.")
        }
        var deletion = PendingDeletion(id: id, name: "", partitionCount: 0)
        while !reader.isAtEnd {
            let tag = try reader.number()
            var field = try reader.sized()
            switch tag {
            case 1: deletion.name = try field.restAsText()
            case 2:
                let count = try field.number()
                guard count <= UInt64(Topic.partitionsMax) else {
                    throw MetadataError(.corrupt, "A deletion has \(count) partitions.")
                }
                deletion.partitionCount = Int(count)
            default: break
            }
        }
        return deletion
    }
}
