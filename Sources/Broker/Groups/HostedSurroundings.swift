internal import GroupCoordinator
internal import Metadata
internal import Model

/// The broker's topics and group settings, as the group coordinator reads them.
struct HostedSurroundings: GroupSurroundings {
    let registry: TopicRegistry
    let configs: GroupConfigStore

    func topic(named name: String) -> TopicChanges.Topic? { self.registry.topic(named: name).map { Self.topic($0) } }

    func topic(id: TopicID) -> TopicChanges.Topic? { self.registry.topic(id: id).map { Self.topic($0) } }

    /// Without the internal ones: an expression for everything is not meant for the offsets that its group commits.
    var topicNames: [String] { self.registry.current.all.map(\.name).filter { !TopicName.isKafkaInternal($0) } }

    func overrides(of groupID: GroupID) -> GroupOverrides { self.configs.overrides(of: groupID) }

    private static func topic(_ topic: HostedTopic) -> TopicChanges.Topic {
        TopicChanges.Topic(name: topic.name, id: topic.id, partitionCount: topic.partitionCount)
    }
}
