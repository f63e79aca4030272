import GroupCoordinator
import Model
import Synchronization

/// The topics of a cluster that tests change.
final class FakeTopics: GroupSurroundings {
    private let topics: Mutex<[String: TopicChanges.Topic]>
    private let overridesByGroup = Mutex<[GroupID: GroupOverrides]>([:])

    /// What members may hold, and what they do.
    let memberBytesMax = Mutex(Int.max)
    private let heldBytes = Mutex(0)

    var memberBytes: Int { self.heldBytes.withLock { $0 } }
    var memberBytesLeft: Int { max(0, self.memberBytesMax.withLock { $0 } - self.memberBytes) }
    func memberBytesChanged(by change: Int) { self.heldBytes.withLock { $0 += change } }

    /// What committed offsets may take, and what they do.
    let offsetBytesMax = Mutex(Int.max)
    private let heldOffsetBytes = Mutex(0)

    var offsetBytes: Int { self.heldOffsetBytes.withLock { $0 } }
    var offsetBytesLeft: Int { max(0, self.offsetBytesMax.withLock { $0 } - self.offsetBytes) }
    func offsetBytesChanged(by change: Int) { self.heldOffsetBytes.withLock { $0 += change } }

    /// - Parameter counts: partitions by name.
    init(_ counts: [String: Int] = [:]) {
        self.topics = Mutex([:])
        for (name, count) in counts { self.put(name, partitions: count) }
    }

    static func id(_ name: String) -> TopicID {
        TopicID(high: 7, low: name.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) })
    }

    @discardableResult
    func put(_ name: String, partitions: Int) -> TopicChanges.Topic {
        let topic = TopicChanges.Topic(name: name, id: Self.id(name), partitionCount: partitions)
        self.topics.withLock { $0[name] = topic }
        return topic
    }

    func remove(_ name: String) { self.topics.withLock { $0[name] = nil } }

    func override(_ groupID: GroupID, _ overrides: GroupOverrides) {
        self.overridesByGroup.withLock { $0[groupID] = overrides }
    }

    func topic(named name: String) -> TopicChanges.Topic? { self.topics.withLock { $0[name] } }

    func topic(id: TopicID) -> TopicChanges.Topic? {
        self.topics.withLock { topics in topics.values.first { $0.id == id } }
    }

    var topicNames: [String] { self.topics.withLock { Array($0.keys) } }

    func overrides(of groupID: GroupID) -> GroupOverrides {
        self.overridesByGroup.withLock { $0[groupID] ?? GroupOverrides() }
    }
}

extension GroupHarness {
    /// ConsumerGroupHeartbeat.
    @discardableResult
    mutating func beat(_ request: ConsumerHeartbeat) -> ConsumerHeartbeatResponse {
        let (response, actions) = self.shard.consumerHeartbeatReceived(request, uuid: "made", now: self.now)
        self.run(actions)
        return response
    }

    /// A member of group `g` joins.
    @discardableResult
    mutating func joinConsumer(
        _ member: String,
        topics: [String]? = ["t"],
        regex: String? = nil,
        instance: String? = nil,
        assignor: String? = nil
    ) -> ConsumerHeartbeatResponse {
        self.beat(.joining(member, topics: topics, regex: regex, instance: instance, assignor: assignor))
    }

    /// A member of group `g` shows life.
    @discardableResult
    mutating func beat(
        _ member: String,
        epoch: Int32,
        owned: [Int32]? = nil,
        instance: String? = nil
    ) -> ConsumerHeartbeatResponse {
        self.beat(
            ConsumerHeartbeat(
                groupID: "g",
                memberID: MemberID(member),
                memberEpoch: epoch,
                groupInstanceID: instance.map { GroupInstanceID($0) },
                owned: owned.map { PartitionSet([(id: FakeTopics.id("t"), partitions: $0)]) }
            )
        )
    }

    /// What a member has of topic `t`, as recorded.
    func assigned(_ member: String) -> [Int32]? {
        self.member(member).map { $0.assignment.assigned.partitions.map(\.partition) }
    }

    func member(_ member: String) -> ConsumerGroupDescription.Member? {
        self.shard.consumerDescription(of: "g").members.first { $0.memberID.rawValue == member }
    }

    mutating func change(_ changes: TopicChanges) { self.run(self.shard.topicsChanged(changes, now: self.now)) }

    var consumerState: GroupState { self.shard.consumerDescription(of: "g").state }

    /// All members heartbeat, saying what they were told they have, until nothing changes any more.
    mutating func settle(rounds: Int = 20) {
        for _ in 0..<rounds {
            self.advance(milliseconds: 100)
            for member in self.shard.consumerDescription(of: "g").members where member.subscription.classic == nil {
                self.beat(
                    ConsumerHeartbeat(
                        groupID: "g",
                        memberID: member.memberID,
                        memberEpoch: member.assignment.memberEpoch,
                        groupInstanceID: member.subscription.groupInstanceID,
                        owned: member.assignment.assigned
                    )
                )
            }
        }
    }
}

extension ConsumerHeartbeat {
    static func joining(
        _ member: String,
        topics: [String]? = ["t"],
        regex: String? = nil,
        instance: String? = nil,
        assignor: String? = nil
    ) -> Self {
        ConsumerHeartbeat(
            groupID: "g",
            memberID: MemberID(member),
            memberEpoch: 0,
            groupInstanceID: instance.map { GroupInstanceID($0) },
            rebalanceTimeoutMilliseconds: 60_000,
            topicNames: topics,
            topicRegex: regex,
            serverAssignor: assignor,
            owned: PartitionSet()
        )
    }
}
