package import Model

/// Every topic at one revision of the metadata, for look-ups on the hot path. Immutable.
package final class TopicTable: Sendable {
    package let revision: Int64
    private let byName: [String: HostedTopic]
    private let byID: [TopicID: HostedTopic]

    /// - Parameter topics: with different names.
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

    /// The table after some topics changed: shares the others with the one before.
    init(_ previous: TopicTable, revision: Int64, removed: [HostedTopic], changed: [HostedTopic]) {
        var byName = previous.byName
        var byID = previous.byID
        for topic in removed {
            byName[topic.name] = nil
            byID[topic.id] = nil
        }
        for topic in changed {
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
