import Coordination
import GroupCoordinator
import Model
import Testing

/// Groups of the consumer protocol: every event in every state of a member, and what becomes of the group.
@Suite struct ConsumerGroupTests {
    /// Where a member `a` of a group over a topic of 6 partitions stands.
    enum Standing: CaseIterable {
        /// Nobody knows it.
        case unknown
        /// It has all that it is meant to have.
        case stable
        /// `b` joined: it must give three partitions up.
        case unrevoked
        /// It joined a group in which `b` still has what is meant for it.
        case unreleased
        /// A static member that left for a while.
        case away
    }

    static func make(_ standing: Standing) -> GroupHarness {
        var harness = GroupHarness(topics: FakeTopics(["t": 6]))
        switch standing {
        case .unknown:
            harness.joinConsumer("b")
        case .stable:
            harness.joinConsumer("a")
        case .unrevoked:
            harness.joinConsumer("a")
            harness.joinConsumer("b")
            harness.beat("a", epoch: 1, owned: [0, 1, 2, 3, 4, 5])
        case .unreleased:
            harness.joinConsumer("b")
            harness.joinConsumer("a")
        case .away:
            harness.joinConsumer("a", instance: "i")
            harness.beat("a", epoch: -2, instance: "i")
        }
        return harness
    }

    /// The epoch that member `a` is at.
    static func epoch(_ standing: Standing) -> Int32 {
        switch standing {
        case .unknown: 7
        case .stable, .unrevoked: 1
        case .unreleased: 2
        case .away: -2
        }
    }

    @Test func `the states are as they are named`() {
        #expect(Self.make(.stable).member("a")?.assignment.state == .stable)
        #expect(Self.make(.unrevoked).member("a")?.assignment.state == .unrevokedPartitions)
        #expect(Self.make(.unreleased).member("a")?.assignment.state == .unreleasedPartitions)
        #expect(Self.make(.away).member("a")?.assignment.memberEpoch == -2)
    }

    @Test(
        arguments: zip(
            Standing.allCases,
            [.unknownMemberID, nil, nil, nil, .fencedMemberEpoch] as [GroupError?]
        )
    )
    func `a bare heartbeat`(standing: Standing, expected: GroupError?) {
        var harness = Self.make(standing)
        let epoch = standing == .away ? 1 : Self.epoch(standing)
        let before = harness.log.count
        let response = harness.beat("a", epoch: epoch, instance: standing == .away ? "i" : nil)
        #expect(response.error == expected)
        #expect(harness.log.count == before, "nothing to write")
        if expected == nil { #expect(response.memberEpoch == epoch && response.assignment == nil) }
    }

    @Test(
        arguments: zip(
            Standing.allCases,
            [.unknownMemberID, .fencedMemberEpoch, .fencedMemberEpoch, .fencedMemberEpoch, .fencedMemberEpoch]
                as [GroupError?]
        )
    )
    func `a heartbeat ahead of the group`(standing: Standing, expected: GroupError?) {
        var harness = Self.make(standing)
        #expect(harness.beat("a", epoch: 9, instance: standing == .away ? "i" : nil).error == expected)
    }

    @Test(arguments: Standing.allCases)
    func `a leave`(standing: Standing) {
        var harness = Self.make(standing)
        let response = harness.beat("a", epoch: -1, instance: standing == .away ? "i" : nil)
        #expect(response.error == (standing == .unknown ? .unknownMemberID : nil))
        #expect(harness.member("a") == nil)
        #expect(!harness.timers.keys.contains { "\($0)".contains("\"a\"") && "\($0)".contains("session") })
        harness.settle()
        #expect(harness.consumerState == ([.stable, .away].contains(standing) ? .empty : .stable))
    }

    @Test(arguments: Standing.allCases)
    func `a join`(standing: Standing) {
        var harness = Self.make(standing)
        let response = harness.joinConsumer("a", instance: standing == .away ? "i" : nil)
        #expect(response.error == nil)
        #expect(response.memberEpoch > 0 && response.assignment != nil)
        harness.settle()
        #expect(harness.consumerState == .stable)
        let members = harness.shard.consumerDescription(of: "g").members
        #expect(members.reduce(0) { $0 + $1.assignment.assigned.count } == 6)
    }

    @Test(arguments: Standing.allCases)
    func `a session that ends`(standing: Standing) {
        var harness = Self.make(standing)
        for _ in 0..<10 {
            harness.advance(milliseconds: 5_000)
            if let other = harness.member("b") {
                harness.beat("b", epoch: other.assignment.memberEpoch, owned: harness.assigned("b"))
            }
        }
        #expect(harness.member("a") == nil)
        if [.unknown, .unrevoked, .unreleased].contains(standing) { #expect(harness.assigned("b")?.count == 6) }
    }

    @Test(arguments: Standing.allCases)
    func `a restart changes nothing`(standing: Standing) {
        var harness = Self.make(standing)
        let before = harness.shard.persistentState
        harness.restart()
        #expect(harness.shard.persistentState == before)
        harness.settle()
        #expect(harness.consumerState == .stable || standing == .away)
        let epoch = harness.member("a")?.assignment.memberEpoch
        if standing == .stable { #expect(epoch == 1, "a restart is not a rebalance") }
    }

    @Test(arguments: Standing.allCases)
    func `a refused write leaves all as it was, and the sessions run`(standing: Standing) {
        var harness = Self.make(standing)
        let before = harness.shard.persistentState
        harness.holdsWrites = true
        harness.joinConsumer("c")
        harness.failWrites(.coordinatorNotAvailable)
        #expect(harness.shard.persistentState == before)
        harness.holdsWrites = true
        harness.beat("a", epoch: -1, instance: standing == .away ? "i" : nil)
        harness.failWrites(.coordinatorNotAvailable)
        #expect(harness.shard.persistentState == before)
        if standing != .unknown { #expect(harness.timers[.session("g", "a")] != nil) }
    }

    // MARK: Reconciliation

    @Test func `a partition changes hands only after it was given up`() {
        var harness = Self.make(.unrevoked)
        #expect(harness.assigned("a") == [0, 1, 2])
        #expect(harness.beat("b", epoch: 2).assignment == nil, "still waits")
        let stays = harness.beat("a", epoch: 1, owned: [0, 1, 2, 3])
        #expect(stays.memberEpoch == 1 && stays.assignment == nil)
        let moves = harness.beat("a", epoch: 1, owned: [0, 1, 2])
        #expect(moves.memberEpoch == 2)
        let gets = harness.beat("b", epoch: 2, owned: [])
        #expect(gets.assignment?.count == 3)
        #expect(harness.consumerState == .stable)
    }

    @Test func `a member that gives nothing up is out after its rebalance timeout`() {
        var harness = Self.make(.unrevoked)
        for _ in 0..<7 {
            harness.advance(milliseconds: 10_000)
            harness.beat("a", epoch: 1, owned: [0, 1, 2, 3, 4, 5])
            harness.beat("b", epoch: harness.member("b")?.assignment.memberEpoch ?? 0, owned: harness.assigned("b"))
        }
        #expect(harness.member("a") == nil)
        #expect(harness.assigned("b") == [0, 1, 2, 3, 4, 5])
    }

    @Test func `a lost answer is given again to the epoch before`() {
        var harness = Self.make(.unrevoked)
        harness.beat("a", epoch: 1, owned: [0, 1, 2])
        #expect(harness.member("a")?.assignment.memberEpoch == 2)
        #expect(harness.beat("a", epoch: 1, owned: [0, 1, 2]).memberEpoch == 2)
        #expect(harness.beat("a", epoch: 1, owned: [5]).error == .fencedMemberEpoch, "what it has is not its own")
        #expect(harness.beat("a", epoch: 1).error == .fencedMemberEpoch, "it does not say what it has")
    }

    // MARK: Static members

    @Test func `an instance that is away comes back with what it had, without a rebalance`() {
        var harness = GroupHarness(topics: FakeTopics(["t": 6]))
        harness.joinConsumer("a", instance: "i")
        harness.joinConsumer("b")
        harness.settle()
        let before = harness.assigned("a")
        let epoch = harness.shard.consumerDescription(of: "g").epoch
        harness.beat("a", epoch: -2, instance: "i")
        let back = harness.joinConsumer("c", instance: "i")
        #expect(back.error == nil && back.memberEpoch == epoch)
        #expect(harness.member("a") == nil && harness.assigned("c") == before)
        #expect(harness.shard.consumerDescription(of: "g").epoch == epoch)
        #expect(harness.beat("a", epoch: epoch, instance: "i").error == .fencedInstanceID)
    }

    @Test func `an instance that is there is not replaced`() {
        var harness = GroupHarness(topics: FakeTopics(["t": 6]))
        harness.joinConsumer("a", instance: "i")
        #expect(harness.joinConsumer("c", instance: "i").error == .unreleasedInstanceID)
        #expect(harness.beat("c", epoch: 1, instance: "i").error == .fencedInstanceID)
        #expect(harness.beat("a", epoch: 1, instance: "other").error == .unknownMemberID)
    }

    // MARK: Topics

    @Test func `topics that come, grow and go reach the members`() {
        let topics = FakeTopics(["t": 2])
        var harness = GroupHarness(topics: topics)
        harness.joinConsumer("a", topics: ["t", "u"])
        #expect(harness.assigned("a")?.count == 2)
        harness.change(TopicChanges(added: [topics.put("u", partitions: 1)]))
        harness.settle()
        #expect(harness.assigned("a")?.count == 3)
        harness.change(TopicChanges(grown: [topics.put("t", partitions: 4)]))
        harness.settle()
        #expect(harness.assigned("a")?.count == 5)
        let gone = topics.put("t", partitions: 4)
        topics.remove("t")
        harness.change(TopicChanges(removed: [gone]))
        harness.settle()
        #expect(harness.assigned("a")?.count == 1)
        #expect(harness.consumerState == .stable)
    }

    @Test func `a topic that changed while nobody followed is found after a load`() {
        let topics = FakeTopics(["t": 2])
        var harness = GroupHarness(topics: topics)
        harness.joinConsumer("a")
        topics.put("t", partitions: 3)
        harness.restart()
        harness.settle()
        #expect(harness.assigned("a")?.count == 3)
    }

    @Test func `a regular expression follows topics`() {
        let topics = FakeTopics(["a.1": 1, "b.1": 1])
        var harness = GroupHarness(topics: topics)
        harness.joinConsumer("a", topics: nil, regex: "a[.].*")
        harness.settle()
        #expect(harness.assigned("a")?.count == 1)
        harness.change(TopicChanges(added: [topics.put("a.2", partitions: 2)]))
        harness.settle()
        #expect(harness.assigned("a")?.count == 3)
        harness.restart()
        harness.settle()
        #expect(harness.assigned("a")?.count == 3)
        harness.beat("a", epoch: -1)
        #expect(harness.shard.persistentState.regularExpressions.isEmpty, "nobody needs it any more")
    }

    /// The group's topics stay the same, so only the result of the expression says that there is something to share.
    @Test func `a regular expression for a topic that another member names gets its share`() {
        var harness = GroupHarness(topics: FakeTopics(["t": 4]))
        harness.joinConsumer("a")
        harness.settle()
        #expect(harness.assigned("a")?.count == 4)
        harness.joinConsumer("b", topics: nil, regex: "t")
        harness.settle()
        #expect(harness.assigned("a")?.count == 2)
        #expect(harness.assigned("b")?.count == 2)
        #expect(harness.consumerState == .stable)
        harness.restart()
        harness.settle()
        #expect(harness.assigned("b")?.count == 2)
    }

    @Test func `a member that changes from a name to an expression keeps its share`() {
        var harness = GroupHarness(topics: FakeTopics(["t": 4]))
        harness.joinConsumer("a")
        harness.joinConsumer("b")
        harness.settle()
        harness.beat(
            ConsumerHeartbeat(
                groupID: "g",
                memberID: "b",
                memberEpoch: harness.member("b")?.assignment.memberEpoch ?? 0,
                rebalanceTimeoutMilliseconds: 60_000,
                topicNames: [],
                topicRegex: "[t]",
                owned: harness.member("b")?.assignment.assigned
            )
        )
        harness.settle()
        #expect(harness.assigned("a")?.count == 2)
        #expect(harness.assigned("b")?.count == 2)
    }

    @Test func `a regular expression that cannot be recorded is tried again`() {
        var harness = GroupHarness(topics: FakeTopics(["t": 1]))
        harness.joinConsumer("a", topics: nil, regex: ".*")
        harness.holdsWrites = true
        harness.advance(milliseconds: 1)
        harness.failWrites(.coordinatorNotAvailable)
        harness.holdsWrites = false
        harness.advance(milliseconds: 1_000)
        harness.settle()
        #expect(harness.assigned("a") == [0])
    }

    // MARK: Bad input

    @Test func `requests that make no sense are refused`() {
        var harness = GroupHarness(topics: FakeTopics(["t": 1]))
        var join = ConsumerHeartbeat.joining("a")
        join.groupID = ""
        #expect(harness.beat(join).error == .invalidRequest)
        #expect(harness.joinConsumer("").error == .invalidRequest)
        #expect(harness.joinConsumer("a", topics: []).error == .invalidRequest)
        #expect(harness.joinConsumer("a", instance: "").error == .invalidRequest)
        #expect(harness.joinConsumer("a", assignor: "magic").error == .unsupportedAssignor)
        #expect(harness.joinConsumer("a", topics: nil, regex: "(").error == .invalidRegularExpression)
        #expect(harness.beat("a", epoch: 1).error == .groupIDNotFound)
        #expect(harness.beat("a", epoch: -2).error == .invalidRequest)
        #expect(harness.beat("a", epoch: -3).error == .invalidRequest)
        join = .joining(String(repeating: "m", count: 40_000))
        #expect(harness.beat(join).error == .invalidRequest)
        join = .joining("a", topics: Array(repeating: String(repeating: "x", count: 30_000), count: 100))
        #expect(harness.beat(join).error == .invalidRequest)
        #expect(harness.log.isEmpty)
        join = .joining("")
        join.requiresMemberID = false
        #expect(harness.beat(join).memberID == "made")
    }

    @Test func `a full group takes no more`() {
        var settings = GroupSettings()
        settings.consumerGroupSizeMax = 1
        var harness = GroupHarness(settings: settings, topics: FakeTopics(["t": 1]))
        harness.joinConsumer("a")
        #expect(harness.joinConsumer("b").error == .groupMaxSizeReached)
        #expect(harness.joinConsumer("a").error == nil)
    }

    @Test func `a group has a bounded number of expressions`() {
        var settings = GroupSettings()
        settings.groupRegexesMax = 1
        var harness = GroupHarness(settings: settings, topics: FakeTopics(["t": 1]))
        #expect(harness.joinConsumer("a", topics: nil, regex: "a").error == nil)
        #expect(harness.joinConsumer("b", topics: nil, regex: "a").error == nil)
        #expect(harness.joinConsumer("c", topics: nil, regex: "c").error == .invalidRegularExpression)
    }

    // MARK: Offsets and administration

    @Test func `commits are for members in their epoch`() {
        var harness = Self.make(.stable)
        #expect(harness.commitNew("a", epoch: 1) == nil)
        #expect(harness.commitNew("a", epoch: 0) == .staleMemberEpoch)
        #expect(harness.commitNew("z", epoch: 1) == .unknownMemberID)
        #expect(harness.commitNew("", epoch: -1) == .unknownMemberID)
        #expect(harness.commit("t", 5, member: "a", generation: 1) == .unsupportedVersion, "below version 9")
        var query = OffsetQuery(groupID: "g", topics: nil, memberID: "a", memberEpoch: 0)
        #expect(harness.shard.offsetsRequested(query).error == .staleMemberEpoch)
        query.memberEpoch = 1
        #expect(harness.shard.offsetsRequested(query).topics.count == 1)
        query.memberID = nil
        query.memberEpoch = -1
        #expect(harness.shard.offsetsRequested(query).error == nil)
        harness.beat("a", epoch: -1)
        #expect(harness.commitNew("", epoch: -1) == nil, "an empty group takes commits of anybody")
    }

    @Test func `groups are listed with their type and deleted when empty`() {
        var harness = Self.make(.stable)
        harness.commitNew("a", epoch: 1)
        #expect(harness.shard.listing(states: [], types: ["Consumer"]).map(\.type) == [.consumer])
        #expect(harness.shard.listing(states: ["stable"], types: []).map(\.groupID) == ["g"])
        #expect(harness.shard.listing(states: [], types: ["classic"]).isEmpty)
        #expect(harness.shard.description(of: "g").error == .groupIDNotFound)
        #expect(harness.shard.groupDeletionRequested(["g"], now: 0).response.map(\.error) == [.nonEmptyGroup])
        harness.beat("a", epoch: -1)
        let (response, write) = harness.shard.groupDeletionRequested(["g"], now: 0)
        harness.append(write)
        #expect(response.map(\.error) == [nil])
        #expect(harness.shard.persistentState == PersistentGroupState())
        #expect(harness.shard.consumerDescription(of: "g").error == .groupIDNotFound)
    }

    @Test func `offsets of topics that nobody subscribes to expire, and an empty group with them`() {
        var harness = Self.make(.stable)
        harness.commitNew("a", epoch: 1)
        harness.commitNew("a", epoch: 1, topic: "other")
        let later = harness.now + 8 * 24 * 3_600_000
        harness.append(harness.shard.offsetsExpired(of: ["g"], now: later))
        #expect(Set(harness.shard.persistentState.offsets.keys.map(\.topic)) == ["t"])
        harness.beat("a", epoch: -1)
        harness.append(harness.shard.offsetsExpired(of: ["g"], now: later))
        #expect(harness.shard.persistentState == PersistentGroupState())
    }

    @Test func `offsets of subscribed topics are not deleted`() {
        var harness = Self.make(.stable)
        harness.commitNew("a", epoch: 1)
        let request = OffsetDeletion(groupID: "g", topics: [(name: "t", partitions: [0])])
        #expect(
            harness.shard.offsetDeleteRequested(request, now: 0).response.topics[0].partitions[0].error
                == .groupSubscribedToTopic
        )
        harness.beat("a", epoch: -1)
        let (response, write) = harness.shard.offsetDeleteRequested(request, now: 0)
        harness.append(write)
        #expect(response.topics[0].partitions[0].error == nil)
        #expect(harness.shard.persistentState.offsets.isEmpty)
    }

    @Test func `a group's own settings hold for it`() {
        let topics = FakeTopics(["t": 1])
        topics.override("g", GroupOverrides(sessionTimeoutMilliseconds: 50_000, heartbeatIntervalMilliseconds: 9_000))
        var harness = GroupHarness(topics: topics)
        #expect(harness.joinConsumer("a").heartbeatIntervalMilliseconds == 9_000)
        #expect(harness.timers[.session("g", "a")] == harness.now + 50_000)
    }

    @Test func `members of small groups come often, unless the interval is configured`() {
        var harness = Self.make(.unreleased)
        #expect(harness.beat("a", epoch: 2).heartbeatIntervalMilliseconds == 100)
        harness.settle()
        #expect(harness.beat("a", epoch: 2).heartbeatIntervalMilliseconds == 500)
        var settings = GroupSettings()
        settings.adaptsHeartbeatInterval = false
        harness = GroupHarness(settings: settings, topics: FakeTopics(["t": 1]))
        #expect(harness.joinConsumer("a").heartbeatIntervalMilliseconds == 5_000)
    }
}

extension GroupHarness {
    @discardableResult
    mutating func commitNew(_ member: String, epoch: Int32, topic: String = "t") -> GroupError? {
        self.commit(
            CommitRequest(
                groupID: "g",
                memberID: MemberID(member),
                generationID: GenerationID(epoch),
                reportsGroupNotFound: true,
                topics: [.init(name: topic, partitions: [.init(index: 0, offset: 5)])]
            )
        ).topics[0].partitions[0].error
    }
}
