package import Model

/// The layout of the key space. A cluster on etcd puts `/<cluster>/` in front.
///
/// | key | value | written by |
/// | --- | --- | --- |
/// | `meta` | `ClusterIdentity` | the first start, if missing |
/// | `pid` | next producer ID to hand out, 8 bytes big-endian | `ProducerIDBlock` |
/// | `t/<name>` | `Topic` | `TopicPlanner` |
/// | `t/#retired` | `RetiredStreams`, in the topics' range: a watch has both at one revision | `TopicPlanner` |
/// | `tid/<16 bytes of the ID>` | the topic's name, UTF-8 | `TopicPlanner` |
/// | `del/<16 bytes of the ID>` | `PendingDeletion` | `TopicPlanner`; removed when the data is |
/// | `live/<broker>` | `BrokerRegistration`, bound to the broker's session | the broker |
/// | `ctl` | the controller's incarnation, bound to its session | the broker that came first |
/// | `a/`, `own/`, `c/`, `p/` | of the object engine (`PartitionAssignment`, `EngineKeys`) | brokers of a cluster |
/// | `kv/<space>/<name>` | what the owner of the space keeps (consumers, ACLs, quotas …) | its owner |
package enum MetadataKeys {
    package static let cluster = MetadataKey("meta")
    package static let nextProducerID = MetadataKey("pid")

    /// The prefix of all topics, for range and watch.
    package static let topics = MetadataKey("t/")

    /// No topic's key: `#` is not legal in a name.
    package static let retiredStreams = MetadataKey("t/#retired")
    /// The prefix of deletions under way.
    package static let deletions = MetadataKey("del/")

    package static func topic(name: String) -> MetadataKey { MetadataKey("t/" + name) }

    package static func topicID(_ id: TopicID) -> MetadataKey {
        self.key("tid/", id)
    }

    package static func deletion(_ id: TopicID) -> MetadataKey { self.key("del/", id) }

    /// The ID in a key `del/<ID>`; `nil` for other keys.
    package static func deletedTopic(of key: MetadataKey) -> TopicID? {
        let prefix = self.deletions.bytes.count
        guard key.hasPrefix(self.deletions), key.bytes.count == prefix + 16 else { return nil }
        func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        return TopicID(
            high: number(key.bytes[prefix..<(prefix + 8)]),
            low: number(key.bytes[(prefix + 8)...])
        )
    }

    private static func key(_ prefix: String, _ id: TopicID) -> MetadataKey {
        var bytes = Array(prefix.utf8)
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
