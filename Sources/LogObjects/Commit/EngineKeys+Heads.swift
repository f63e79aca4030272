package import Metadata
package import Model

/// Keys of heads, compacted objects and floors.
extension EngineKeys {
    /// What a checkpoint removed of an incarnation's commit records ends before the sequence in it.
    package static func floor(_ incarnation: Incarnation) -> MetadataKey {
        MetadataKey(bytes: Array("floor/".utf8) + Self.bytes(incarnation))
    }

    /// Before the heads of all partitions.
    package static let heads = MetadataKey("p/")

    /// Before the heads of a topic's partitions.
    package static func heads(of topic: TopicID) -> MetadataKey {
        MetadataKey(bytes: Self.heads.bytes + Self.bytes(topic.high) + Self.bytes(topic.low))
    }

    package static func head(_ partition: TopicPartition) -> MetadataKey {
        MetadataKey(bytes: Self.heads(of: partition.topicID).bytes + Self.bytes(partition.partition))
    }

    /// The partition in the key of a head; `nil` for another key.
    package static func partition(ofHead key: MetadataKey) -> TopicPartition? {
        let prefix = Self.heads.bytes.count
        guard key.hasPrefix(Self.heads), key.bytes.count == prefix + 20 else { return nil }
        let partition = Int32(truncatingIfNeeded: Self.number(key.bytes[(prefix + 16)...]))
        guard partition >= 0 else { return nil }
        return TopicPartition(
            topicID: TopicID(
                high: Self.number(key.bytes[prefix..<prefix + 8]),
                low: Self.number(key.bytes[prefix + 8..<prefix + 16])
            ),
            partition: partition
        )
    }

    /// Before the keys of all compacted objects that have one.
    package static let objects = MetadataKey("o/")

    /// Before those of one writer.
    package static func objects(of writer: Incarnation) -> MetadataKey {
        MetadataKey(bytes: Self.objects.bytes + Self.bytes(writer))
    }

    package static func object(_ name: CompactedObjectName) -> MetadataKey {
        MetadataKey(bytes: Self.objects(of: name.writer).bytes + Self.bytes(name.number))
    }

    /// The object in a key `o/…`; `nil` for another key.
    package static func object(of key: MetadataKey) -> CompactedObjectName? {
        let prefix = Self.objects.bytes.count
        guard key.hasPrefix(Self.objects), key.bytes.count == prefix + 20,
            let writer = Self.incarnation(key.bytes[prefix..<prefix + 12]),
            let number = Int64(exactly: Self.number(key.bytes[(prefix + 12)...]))
        else { return nil }
        return CompactedObjectName(writer: writer, number: number)
    }

    /// The incarnation in the key of a floor; `nil` for another key.
    package static func incarnation(ofFloor key: MetadataKey) -> Incarnation? {
        let prefix = Array("floor/".utf8)
        guard key.bytes.starts(with: prefix) else { return nil }
        return Self.incarnation(key.bytes[prefix.count...])
    }

    /// Writer and sequence in the key of a commit record; `nil` for another key.
    package static func commit(of key: MetadataKey) -> (writer: Incarnation, sequence: Int64)? {
        let prefix = Array("c/".utf8)
        guard key.bytes.starts(with: prefix), key.bytes.count == prefix.count + 20,
            let writer = Self.incarnation(key.bytes[prefix.count..<prefix.count + 12]),
            let sequence = Int64(exactly: Self.number(key.bytes[(prefix.count + 12)...]))
        else { return nil }
        return (writer, sequence)
    }
}
