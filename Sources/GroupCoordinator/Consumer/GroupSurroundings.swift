package import Model

/// What the group machine reads of the cluster around it: topics, and groups' own settings. It is told when topics
/// change (`topicsChanged`); in between it reads what is there now.
package protocol GroupSurroundings: Sendable {
    func topic(named name: String) -> TopicChanges.Topic?
    func topic(id: TopicID) -> TopicChanges.Topic?
    /// All topics, in no particular order.
    var topicNames: [String] { get }
    /// What was set for one group.
    func overrides(of groupID: GroupID) -> GroupOverrides
    /// How many more bytes the members of all groups may have the broker keep.
    var memberBytesLeft: Int { get }
    /// The members of this machine's groups hold more bytes, or less when `change` is negative.
    func memberBytesChanged(by change: Int)
    /// How many more bytes the committed offsets of all groups may have the broker keep.
    var offsetBytesLeft: Int { get }
    /// The offsets of this machine's groups take more bytes, or less when `change` is negative.
    func offsetBytesChanged(by change: Int)
}

extension GroupSurroundings {
    package var memberBytesLeft: Int { .max }
    package func memberBytesChanged(by change: Int) {}
    package var offsetBytesLeft: Int { .max }
    package func offsetBytesChanged(by change: Int) {}
}

/// Settings of one group (`group` resources of DescribeConfigs); `nil` where the broker's hold.
package struct GroupOverrides: Sendable, Equatable {
    /// `consumer.session.timeout.ms`
    package var sessionTimeoutMilliseconds: Int32?
    /// `consumer.heartbeat.interval.ms`
    package var heartbeatIntervalMilliseconds: Int32?

    package init(sessionTimeoutMilliseconds: Int32? = nil, heartbeatIntervalMilliseconds: Int32? = nil) {
        self.sessionTimeoutMilliseconds = sessionTimeoutMilliseconds
        self.heartbeatIntervalMilliseconds = heartbeatIntervalMilliseconds
    }
}

/// A cluster without topics.
package struct EmptySurroundings: GroupSurroundings {
    package init() {}

    package func topic(named name: String) -> TopicChanges.Topic? { nil }
    package func topic(id: TopicID) -> TopicChanges.Topic? { nil }
    package var topicNames: [String] { [] }
    package func overrides(of groupID: GroupID) -> GroupOverrides { GroupOverrides() }
}
