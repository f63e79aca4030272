package import Metadata
package import Model

/// A topic's metadata together with the partitions of it that this broker leads. Immutable: a change of the topic
/// makes a new one that shares the partitions.
package final class HostedTopic: Sendable {
    package let topic: Topic
    /// By partition number; `nil` where the partition could not be opened (it is offline).
    package let partitions: [HostedPartition?]

    package init(topic: Topic, partitions: [HostedPartition?]) {
        self.topic = topic
        self.partitions = partitions
    }

    package var name: String { self.topic.name }
    package var id: TopicID { self.topic.id }

    /// The partition with this number, or `nil` when it does not exist or is offline.
    package func partition(_ number: Int32) -> HostedPartition? {
        guard number >= 0, Int(number) < self.partitions.count else { return nil }
        return self.partitions[Int(number)]
    }
}

/// Every topic at one revision of the metadata, for look-ups on the hot path. Immutable.
package final class TopicTable: Sendable {
    package let revision: Int64
    private let byName: [String: HostedTopic]
    private let byID: [TopicID: HostedTopic]

    package init(revision: Int64, topics: some Sequence<HostedTopic>) {
        var byName: [String: HostedTopic] = [:]
        var byID: [TopicID: HostedTopic] = [:]
        for topic in topics {
            byName[topic.name] = topic
            byID[topic.id] = topic
        }
        self.revision = revision
        self.byName = byName
        self.byID = byID
    }

    package func topic(named name: String) -> HostedTopic? { self.byName[name] }
    package func topic(id: TopicID) -> HostedTopic? { self.byID[id] }
    package var count: Int { self.byName.count }
    /// In no particular order.
    package var all: some Collection<HostedTopic> { self.byName.values }
    /// By name, in byte order, as Kafka and Kinesis list them.
    package var sorted: [HostedTopic] { self.byName.values.sorted { $0.name < $1.name } }
}
