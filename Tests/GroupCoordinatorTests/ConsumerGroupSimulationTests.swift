import Coordination
import GroupCoordinator
import Model
import Testing

/// Members, lost answers, refused writes, crashes of the coordinator and changes of topics under a seed.
///
/// Checked after every event: no partition has two members; what a client believes that it has at its present epoch is
/// its own by the records; a committed offset never goes back; the recorded state is what a replay of the log makes. At
/// the end all faults stop: every client that lives is a member again, and all partitions are owned.
@Suite struct ConsumerGroupSimulationTests {
    @Test(arguments: 0..<80 as Range<UInt64>)
    func `partitions have one owner through everything that happens`(seed: UInt64) throws {
        var world = World(seed: seed)
        for _ in 0..<300 {
            world.step()
            world.check()
        }
        world.calm()
        world.check()
        world.checkSettled()
    }

    /// The checker sees what it is there for.
    @Test func `a coordinator that hands partitions out too early is caught`() {
        var caught = 0
        for seed in 0..<20 as Range<UInt64> {
            var world = World(seed: seed)
            world.believesTargets = true
            for _ in 0..<300 where world.breaches.isEmpty {
                world.step()
                world.check(records: false)
            }
            if !world.breaches.isEmpty { caught += 1 }
        }
        #expect(caught >= 10)
    }
}

/// A client of `group.protocol=consumer`, as KIP-848 describes it.
private struct Client {
    let name: String
    let instance: String?
    let regex: Bool
    var topics: [String]
    var epoch: Int32 = 0
    var owned = PartitionSet()
    /// What it was told to have.
    var assignment = PartitionSet()
    var isAlive = true
    /// Says everything with the next heartbeat, as after an error.
    var isFull = true
}

private struct World {
    private static let names = ["t", "u", "v"]

    private var random: Seeded
    private var harness: GroupHarness
    private let topics = FakeTopics(["t": 4, "u": 3])
    private var clients: [Client] = []
    private var serial = 0
    /// Answers that wait for their records.
    private var held: [(client: String, response: ConsumerHeartbeatResponse)] = []
    private var committed: [OffsetKey: Offset] = [:]
    private(set) var breaches: [String] = []
    /// A broken coordinator: members act on their targets at once.
    var believesTargets = false

    init(seed: UInt64) {
        self.random = Seeded(seed)
        self.harness = GroupHarness(topics: self.topics)
    }

    // MARK: Events

    mutating func step() {
        self.harness.advance(milliseconds: Int64(self.random.next(in: 1...400)))
        switch self.random.next(in: 0...99) {
        case 0..<60: if let index = self.anyClient() { self.heartbeat(index) }
        case 60..<68: self.arrive()
        case 68..<72: self.leave()
        case 72..<75: self.vanish()
        case 75..<78: self.resubscribe()
        case 78..<82: self.changeTopics()
        case 82..<86: self.harness.holdsWrites.toggle()
        case 86..<90: self.refuseWrites()
        case 90..<93: self.crash()
        case 93..<94: self.harness.advance(milliseconds: 50_000)
        default: self.commit()
        }
        if !self.harness.holdsWrites { self.deliver() }
    }

    private mutating func anyClient() -> Int? {
        let alive = self.clients.indices.filter { self.clients[$0].isAlive }
        return alive.isEmpty ? nil : alive[self.random.next(in: 0...alive.count - 1)]
    }

    private mutating func arrive() {
        guard self.clients.count(where: \.isAlive) < 6 else { return }
        self.serial += 1
        let isStatic = self.random.next(in: 0...3) == 0
        let regex = self.random.next(in: 0...3) == 0
        self.clients.append(
            Client(
                name: "m\(self.serial)",
                instance: isStatic ? "i\(self.random.next(in: 0...1))" : nil,
                regex: regex,
                topics: regex ? [] : [Self.names[self.random.next(in: 0...2)], "t"]
            )
        )
        self.heartbeat(self.clients.count - 1)
    }

    private mutating func leave() {
        guard let index = self.anyClient() else { return }
        let client = self.clients[index]
        self.clients[index].isAlive = false
        guard client.epoch > 0 else { return }
        self.harness.beat(
            ConsumerHeartbeat(
                groupID: "g",
                memberID: MemberID(client.name),
                memberEpoch: client.instance != nil && self.random.next(in: 0...1) == 0 ? -2 : -1,
                groupInstanceID: client.instance.map { GroupInstanceID($0) }
            )
        )
    }

    private mutating func vanish() {
        if let index = self.anyClient() { self.clients[index].isAlive = false }
    }

    private mutating func resubscribe() {
        guard let index = self.anyClient(), !self.clients[index].regex else { return }
        self.clients[index].topics = [Self.names[self.random.next(in: 0...2)]]
        self.clients[index].isFull = true
        self.heartbeat(index)
    }

    private mutating func heartbeat(_ index: Int) {
        let client = self.clients[index]
        let isFull = client.isFull || client.epoch == 0
        // Gives up what it must before it says so.
        self.clients[index].owned = client.owned.kept(client.assignment)
        let response = self.harness.beat(
            ConsumerHeartbeat(
                groupID: "g",
                memberID: MemberID(client.name),
                memberEpoch: client.epoch,
                groupInstanceID: client.instance.map { GroupInstanceID($0) },
                rebalanceTimeoutMilliseconds: isFull ? 30_000 : -1,
                topicNames: isFull ? client.topics : nil,
                topicRegex: isFull && client.regex ? "[tu].*" : nil,
                owned: client.epoch == 0 ? PartitionSet() : self.clients[index].owned
            )
        )
        if !self.harness.holdsWrites, self.held.isEmpty {
            if self.random.next(in: 0...9) > 0 { self.receive(response, by: client.name) } else { self.lose(index) }
        } else {
            self.held.append((client.name, response))
        }
    }

    /// The answer never came: the client says everything the next time.
    private mutating func lose(_ index: Int) { self.clients[index].isFull = true }

    private mutating func receive(_ response: ConsumerHeartbeatResponse, by name: String) {
        guard let index = self.clients.firstIndex(where: { $0.name == name && $0.isAlive }) else { return }
        switch response.error {
        case nil:
            self.clients[index].epoch = response.memberEpoch
            self.clients[index].isFull = false
            if let assignment = response.assignment { self.clients[index].assignment = assignment }
            if self.believesTargets, let member = self.harness.member(name) {
                self.clients[index].assignment = member.target
            }
            self.clients[index].owned = self.clients[index].assignment.union(
                self.clients[index].owned.kept(self.clients[index].assignment)
            )
        case .fencedMemberEpoch?, .unknownMemberID?, .groupIDNotFound?:
            // It drops everything and joins again.
            self.clients[index].epoch = 0
            self.clients[index].owned = PartitionSet()
            self.clients[index].assignment = PartitionSet()
        case .unreleasedInstanceID?, .fencedInstanceID?:
            self.clients[index].isAlive = false
        default:
            self.clients[index].isFull = true
        }
    }

    private mutating func deliver() {
        self.harness.completeWrites()
        let held = self.held
        self.held = []
        for (client, response) in held {
            if self.random.next(in: 0...9) > 0 {
                self.receive(response, by: client)
            } else if let index = self.clients.firstIndex(where: { $0.name == client }) {
                self.lose(index)
            }
        }
    }

    private mutating func refuseWrites() {
        self.harness.failWrites(.coordinatorNotAvailable)
        self.dropHeld()
    }

    private mutating func crash() {
        self.harness.restart()
        self.dropHeld()
    }

    private mutating func dropHeld() {
        for (client, _) in self.held {
            if let index = self.clients.firstIndex(where: { $0.name == client }) { self.lose(index) }
        }
        self.held = []
    }

    private mutating func changeTopics() {
        let name = Self.names[self.random.next(in: 0...2)]
        guard let topic = self.topics.topic(named: name) else {
            let topic = self.topics.put(name, partitions: self.random.next(in: 1...4))
            return self.harness.change(TopicChanges(added: [topic]))
        }
        if self.random.next(in: 0...3) == 0 {
            self.topics.remove(name)
            self.committed = self.committed.filter { $0.key.topic != name }
            self.harness.change(TopicChanges(removed: [topic]))
        } else if topic.partitionCount < 8 {
            let grown = self.topics.put(name, partitions: topic.partitionCount + 1)
            self.harness.change(TopicChanges(grown: [grown]))
        }
    }

    private mutating func commit() {
        guard !self.harness.holdsWrites, let index = self.anyClient(), self.clients[index].epoch > 0 else { return }
        let client = self.clients[index]
        guard let partition = client.owned.partitions.first, let topic = self.topics.topic(id: partition.topicID) else {
            return
        }
        let key = OffsetKey(groupID: "g", topic: topic.name, partition: partition.partition)
        let offset = (self.committed[key] ?? 0) + 1
        let response = self.harness.commit(
            CommitRequest(
                groupID: "g",
                memberID: MemberID(client.name),
                generationID: GenerationID(client.epoch),
                reportsGroupNotFound: true,
                topics: [.init(name: topic.name, partitions: [.init(index: partition.partition, offset: offset)])]
            )
        )
        if response.topics[0].partitions[0].error == nil { self.committed[key] = offset }
    }

    // MARK: Checks

    private mutating func breach(_ text: String, isReported: Bool) {
        self.breaches.append(text)
        if isReported { Issue.record("\(text)") }
    }

    mutating func check(records isReported: Bool = true) {
        var owners: [TopicPartition: String] = [:]
        let members = self.harness.shard.consumerDescription(of: "g").members
        for member in members {
            for partition in member.assignment.assigned.partitions + member.assignment.pendingRevocation.partitions {
                if let other = owners[partition] {
                    self.breach("\(partition) of \(other) and \(member.memberID)", isReported: isReported)
                }
                owners[partition] = member.memberID.rawValue
            }
            guard let client = self.clients.first(where: { $0.name == member.memberID.rawValue }), client.isAlive,
                client.epoch == member.assignment.memberEpoch
            else { continue }
            let own = Set(member.assignment.assigned.partitions + member.assignment.pendingRevocation.partitions)
            if !own.isSuperset(of: client.owned.partitions) {
                let text = "\(client.name) has \(client.owned) at \(client.epoch), not its own"
                self.breach(text, isReported: isReported)
            }
        }
        guard isReported else { return }
        for (key, offset) in self.committed {
            let found = self.harness.shard.persistentState.offsets[key]?.offset ?? -1
            #expect(found >= offset, "\(key) went back to \(found)")
        }
        guard self.harness.inFlight.isEmpty else { return }
        var replayed = GroupMachine(settings: self.harness.shard.settings, surroundings: self.topics)
        for (record, producer) in self.harness.log { replayed.replay(record, producer: producer) }
        #expect(replayed.persistentState == self.harness.shard.persistentState)
    }

    /// No more faults: everybody shows life until nothing changes.
    mutating func calm() {
        self.harness.holdsWrites = false
        self.deliver()
        for _ in 0..<300 {
            self.harness.advance(milliseconds: 500)
            for index in self.clients.indices where self.clients[index].isAlive {
                self.heartbeat(index)
                self.deliver()
            }
        }
    }

    func checkSettled() {
        let alive = self.clients.filter(\.isAlive)
        let description = self.harness.shard.consumerDescription(of: "g")
        guard !alive.isEmpty else { return }
        #expect(Set(description.members.map(\.memberID.rawValue)) == Set(alive.map(\.name)))
        #expect(description.state == .stable)
        var wanted: Set<TopicPartition> = []
        for name in Set(alive.flatMap { $0.regex ? self.topics.topicNames.filter { "tu".contains($0) } : $0.topics }) {
            guard let topic = self.topics.topic(named: name) else { continue }
            for partition in 0..<Int32(topic.partitionCount) {
                wanted.insert(TopicPartition(topicID: topic.id, partition: partition))
            }
        }
        let owned = description.members.flatMap(\.assignment.assigned.partitions)
        #expect(owned.count == wanted.count && Set(owned) == wanted)
    }
}

extension PartitionSet {
    /// What is in both.
    fileprivate func kept(_ other: PartitionSet) -> PartitionSet {
        let other = Set(other.partitions)
        return PartitionSet(self.partitions.filter(other.contains))
    }

    fileprivate func union(_ other: PartitionSet) -> PartitionSet { PartitionSet(self.partitions + other.partitions) }
}
