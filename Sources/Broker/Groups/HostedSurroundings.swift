internal import GroupCoordinator
internal import Metadata
internal import Model
internal import Synchronization

/// The broker's topics and group settings, as the group coordinator reads them.
struct HostedSurroundings: GroupSurroundings {
    let registry: TopicRegistry
    let configs: GroupConfigStore
    let memory: GroupMemory
    /// Of committed offsets.
    let offsetMemory: GroupMemory

    var memberBytesLeft: Int { self.memory.bytesLeft }

    func memberBytesChanged(by change: Int) { self.memory.changed(by: change) }

    var offsetBytesLeft: Int { self.offsetMemory.bytesLeft }

    func offsetBytesChanged(by change: Int) { self.offsetMemory.changed(by: change) }

    func topic(named name: String) -> TopicChanges.Topic? { self.registry.topic(named: name).map { Self.topic($0) } }

    func topic(id: TopicID) -> TopicChanges.Topic? { self.registry.topic(id: id).map { Self.topic($0) } }

    /// Without the internal ones: an expression for everything is not meant for the offsets that its group commits.
    var topicNames: [String] { self.registry.current.all.map(\.name).filter { !TopicName.isKafkaInternal($0) } }

    func overrides(of groupID: GroupID) -> GroupOverrides { self.configs.overrides(of: groupID) }

    private static func topic(_ topic: HostedTopic) -> TopicChanges.Topic {
        TopicChanges.Topic(name: topic.name, id: topic.id, partitionCount: topic.partitionCount)
    }
}

/// What the members, or the committed offsets, of all groups of this broker make it keep, and how much that may be.
final class GroupMemory: Sendable {
    let bytesMax: Int
    private let bytes = Atomic<Int>(0)

    init(bytesMax: Int) { self.bytesMax = bytesMax }

    var bytesUsed: Int { self.bytes.load(ordering: .relaxed) }

    /// Groups on other event loops may take the same bytes at the same time: each one request beyond the limit.
    var bytesLeft: Int { max(0, self.bytesMax - self.bytes.load(ordering: .relaxed)) }

    func changed(by change: Int) { self.bytes.wrappingAdd(change, ordering: .relaxed) }
}
