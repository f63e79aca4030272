package import Model

/// The layout of the key space. A cluster on etcd puts `/<cluster>/` in front.
///
/// | key | value | written by |
/// | --- | --- | --- |
/// | `meta` | `ClusterIdentity` | the first start, if missing |
/// | `pid` | next producer ID to hand out, 8 bytes big-endian | `ProducerIDBlock` |
/// | `t/<name>` | `Topic` | `TopicPlanner` |
/// | `tid/<16 bytes of the ID>` | the topic's name, UTF-8 | `TopicPlanner` |
/// | `kv/<space>/<name>` | whatever the owner of the space keeps (consumers, ACLs, lease tables …) | its owner |
package enum MetadataKeys {
    package static let cluster = MetadataKey("meta")
    package static let nextProducerID = MetadataKey("pid")

    /// The prefix of all topics, for range and watch.
    package static let topics = MetadataKey("t/")

    package static func topic(name: String) -> MetadataKey { MetadataKey("t/" + name) }

    package static func topicID(_ id: TopicID) -> MetadataKey {
        var bytes = Array("tid/".utf8)
        for part in [id.high, id.low] {
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: part >> UInt64(shift)))
            }
        }
        return MetadataKey(bytes: bytes)
    }

    /// The topic's name in a key `t/<name>`; `nil` for other keys and for bytes that are no valid name.
    package static func topicName(of key: MetadataKey) -> String? {
        guard key.hasPrefix(Self.topics) else { return nil }
        guard let name = String(validating: key.bytes.dropFirst(Self.topics.bytes.count), as: UTF8.self) else {
            return nil
        }
        return TopicName.problem(with: name) == nil ? name : nil
    }

    /// A key of a space of its own. `space` has no `/`.
    package static func item(space: String, name: String) -> MetadataKey {
        MetadataKey("kv/" + space + "/" + name)
    }

    /// The prefix of a space, for range and watch.
    package static func space(_ space: String) -> MetadataKey { MetadataKey("kv/" + space + "/") }
}
