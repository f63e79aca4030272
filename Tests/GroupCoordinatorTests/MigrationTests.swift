import Coordination
import GroupCoordinator
import Model
import Testing

/// A group changes between the protocols while it has members.
@Suite struct MigrationTests {
    /// A stable classic group of `a-1` with partitions 0 to 2 and `b-1` with 3 to 5 of topic `t`.
    static func makeClassic(settings: GroupSettings = GroupSettings()) -> GroupHarness {
        var harness = GroupHarness(settings: settings, topics: FakeTopics(["t": 6]))
        for name in ["a", "b"] { harness.join(.make(client: name, knowsIDs: false), uuid: "1") }
        harness.advance(milliseconds: Int64(settings.initialRebalanceDelayMilliseconds) * 3)
        for (index, name) in ["a-1", "b-1"].enumerated() {
            harness.sync(
                SyncRequest(
                    groupID: "g",
                    generationID: GenerationID(1),
                    memberID: MemberID(name),
                    assignments: index > 0
                        ? []
                        : [
                            (MemberID("a-1"), Self.assignment([0, 1, 2])),
                            (MemberID("b-1"), Self.assignment([3, 4, 5])),
                        ]
                )
            )
        }
        return harness
    }

    /// `ConsumerProtocolAssignment` version 0 of topic `t`.
    static func assignment(_ partitions: [UInt8]) -> [UInt8] {
        [0, 0, 0, 0, 0, 1, 0, 1, 0x74, 0, 0, 0, UInt8(partitions.count)] + partitions.flatMap { [0, 0, 0, $0] }
            + [0xFF, 0xFF, 0xFF, 0xFF]
    }

    /// A classic member joins again and asks for its partitions.
    static func rejoin(_ name: String, _ harness: inout GroupHarness) -> (generation: Int32, assignment: [UInt8])? {
        let token = harness.join(.make(member: "\(name)-1", client: name))
        guard let joined = harness.joins[token], joined.error == nil else { return nil }
        let sync = harness.sync(
            SyncRequest(groupID: "g", generationID: joined.generationID, memberID: joined.memberID)
        )
        return (joined.generationID.rawValue, harness.syncs[sync]?.assignment ?? [])
    }

    @Test func `the first member of the consumer protocol takes a classic group along`() throws {
        var harness = Self.makeClassic()
        let joined = harness.joinConsumer("c")
        #expect(joined.error == nil)
        #expect(harness.shard.listing(states: [], types: ["consumer"]).count == 1)
        #expect(harness.shard.description(of: "g").error == .groupIDNotFound)
        #expect(harness.assigned("a-1") == [0, 1, 2] && harness.assigned("b-1") == [3, 4, 5], "nobody lost anything")
        for name in ["a", "b"] {
            #expect(harness.heartbeat("\(name)-1", generation: 1) == .rebalanceInProgress)
            // Eager consumers have given everything up.
            let (generation, assignment) = try #require(Self.rejoin(name, &harness))
            #expect(generation == 2 && assignment.count == Self.assignment([0, 1]).count)
            #expect(harness.heartbeat("\(name)-1", generation: 2) == nil)
        }
        #expect(harness.beat("c", epoch: joined.memberEpoch, owned: []).assignment?.count == 2)
        #expect(harness.consumerState == .stable)
    }

    @Test func `the last member of the consumer protocol leaves a classic group`() throws {
        var harness = Self.makeClassic()
        harness.joinConsumer("c")
        for name in ["a", "b"] { _ = Self.rejoin(name, &harness) }
        harness.beat("c", epoch: -1)
        #expect(harness.shard.listing(states: [], types: ["consumer"]).isEmpty)
        #expect(harness.state == .preparingRebalance)
        #expect(harness.heartbeat("a-1", generation: harness.generation) == .rebalanceInProgress)
        let tokens = ["a", "b"].map { harness.join(.make(member: "\($0)-1", client: $0)) }
        #expect(tokens.allSatisfy { harness.joins[$0]?.error == nil && harness.joins[$0] != nil })
        #expect(harness.shard.persistentState.consumerGroups.isEmpty)
        #expect(harness.shard.persistentState.regularExpressions.isEmpty)
        harness.restart()
        #expect(harness.shard.description(of: "g").members.count == 2)
    }

    @Test(arguments: [GroupSettings.MigrationPolicy.disabled, .downgrade])
    func `a policy without upgrades keeps classic groups`(policy: GroupSettings.MigrationPolicy) {
        var settings = GroupSettings()
        settings.consumerMigrationPolicy = policy
        var harness = Self.makeClassic(settings: settings)
        #expect(harness.joinConsumer("c").error == .groupIDNotFound)
        #expect(harness.state == .stable)
    }

    @Test func `a policy without downgrades keeps consumer groups`() {
        var settings = GroupSettings()
        settings.consumerMigrationPolicy = .upgrade
        var harness = Self.makeClassic(settings: settings)
        harness.joinConsumer("c")
        harness.beat("c", epoch: -1)
        #expect(harness.shard.listing(states: [], types: ["consumer"]).count == 1)
        #expect(harness.heartbeat("a-1", generation: 1) == .rebalanceInProgress)
    }

    @Test func `a conversion that is refused leaves the classic group, which rebalances`() {
        var harness = Self.makeClassic()
        harness.holdsWrites = true
        harness.joinConsumer("c")
        harness.failWrites(.coordinatorNotAvailable)
        #expect(harness.shard.listing(states: [], types: ["classic"]).count == 1)
        #expect(harness.heartbeat("a-1", generation: 1) == .rebalanceInProgress)
        #expect(harness.timers[.session("g", "a-1")] != nil)
    }

    @Test func `a downgrade that is refused leaves the consumer group`() {
        var harness = Self.makeClassic()
        harness.joinConsumer("c")
        let before = harness.shard.persistentState
        harness.holdsWrites = true
        harness.beat("c", epoch: -1)
        harness.failWrites(.coordinatorNotAvailable)
        #expect(harness.shard.persistentState == before)
        #expect(harness.shard.listing(states: [], types: ["consumer"]).count == 1)
        #expect(harness.timers[.session("g", "c")] != nil)
    }

    @Test func `empty groups change their protocol with the next member, and keep their offsets`() {
        var harness = GroupHarness(topics: FakeTopics(["t": 1]))
        harness.commit("t", 4)
        harness.joinConsumer("c")
        #expect(harness.offset("t") == 4)
        harness.beat("c", epoch: -1)
        let token = harness.join(.make(client: "a", knowsIDs: false), uuid: "1")
        harness.advance(milliseconds: 10_000)
        #expect(harness.joins[token]?.error == nil && harness.joins[token]?.generationID.rawValue == 1)
        #expect(harness.shard.listing(states: [], types: ["classic"]).count == 1)
        #expect(harness.offset("t") == 4)
        let before = harness.shard.persistentState
        harness.restart()
        #expect(harness.shard.persistentState == before)
    }

    @Test func `a group that is not of consumers, or cannot be read, is not converted`() {
        var harness = GroupHarness.make(in: .stable)
        #expect(harness.joinConsumer("c").error == .groupIDNotFound, "assignments that are no consumers'")
        harness = GroupHarness()
        harness.join(.make(client: "a", type: "connect", knowsIDs: false), uuid: "1")
        harness.advance(milliseconds: 10_000)
        #expect(harness.joinConsumer("c").error == .groupIDNotFound)
    }

    @Test func `classic members of a consumer group are checked like any`() {
        var harness = Self.makeClassic()
        harness.joinConsumer("c")
        #expect(harness.heartbeat("a-1", generation: 9) == .illegalGeneration)
        #expect(harness.heartbeat("z", generation: 1) == .unknownMemberID)
        #expect(harness.heartbeat("c", generation: 2) == .unknownMemberID, "no classic member")
        let stranger = harness.join(.make(member: "", client: "n"))
        #expect(harness.joins[stranger]?.error == .memberIDRequired)
        let other = harness.join(.make(client: "n", protocols: ["other"], knowsIDs: false))
        #expect(harness.joins[other]?.error == .inconsistentGroupProtocol)
        let left = harness.leave(.init(memberID: "z"), .init(memberID: "a-1"))
        #expect(left.members.map(\.error) == [.unknownMemberID, nil])
        #expect(harness.member("a-1") == nil)
        #expect(harness.commit("t", 3, member: "b-1", generation: 1) == nil)
        #expect(harness.commit("t", 3, member: "b-1", generation: 0) == .illegalGeneration)
    }

    @Test func `a classic member that does not join again is out`() {
        var harness = Self.makeClassic()
        harness.joinConsumer("c")
        for _ in 0..<14 {
            harness.advance(milliseconds: 5_000)
            _ = harness.heartbeat("a-1", generation: 1)
            harness.beat("c", epoch: harness.member("c")?.assignment.memberEpoch ?? 0, owned: harness.assigned("c"))
        }
        #expect(harness.member("a-1") == nil)
    }
}

extension GroupHarness {
    /// Of the group, in whichever protocol.
    var generation: Int32 {
        if case .some(.some(let group)) = self.shard.persistentState.groups["g"] { return group.generationID.rawValue }
        return -1
    }
}
