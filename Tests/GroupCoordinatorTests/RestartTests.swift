import Coordination
import GroupCoordinator
import Model
import TestSupport
import Testing

@Suite struct RestartTests {
    @Test func `a restart is not a rebalance`() throws {
        var harness = GroupHarness.make(in: .stable)
        harness.commit("t", 41, member: "a-1", generation: 1)
        let before = harness.shard.description(of: "g")
        harness.advance(milliseconds: 9_000)
        harness.restart()
        #expect(harness.shard.description(of: "g") == before)
        #expect(harness.offset("t") == 41)
        // Sessions begin again: the members had no chance to heartbeat.
        #expect(harness.timers[.session("g", "a-1")] == harness.now + 10_000)
        #expect(harness.heartbeat("a-1", generation: 1) == nil)
        #expect(harness.commit("t", 42, member: "b-1", generation: 1) == nil)
        #expect(harness.state == .stable)
        // A follower that lost its connection in the middle gets the same generation, and its assignment.
        let join = harness.join(.make(member: "b-1", client: "b"))
        #expect(harness.joins[join]?.generationID.rawValue == 1)
        let sync = harness.sync(SyncRequest(groupID: "g", generationID: GenerationID(1), memberID: "b-1"))
        #expect(harness.syncs[sync]?.assignment == Array("b-1".utf8))
    }

    @Test func `members that died with the broker are found out`() {
        var harness = GroupHarness.make(in: .stable)
        harness.restart()
        harness.advance(milliseconds: 10_000)
        #expect(harness.state == .empty)
    }

    @Test func `a crash in a rebalance goes back to the last generation`() {
        var harness = GroupHarness.make(in: .stable)
        harness.join(.make(member: "a-1", client: "a"))
        harness.join(.make(member: "b-1", client: "b"))
        #expect(harness.state == .completingRebalance)
        harness.restart()
        #expect(harness.state == .stable)
        #expect(harness.heartbeat("a-1", generation: 1) == nil)
        #expect(harness.heartbeat("a-1", generation: 2) == .illegalGeneration)
    }

    @Test func `a crash before the assignment is durable forgets it`() {
        var harness = GroupHarness.make(in: .completingRebalance)
        harness.holdsWrites = true
        harness.syncAll(["a-1", "b-1"], generation: 1)
        harness.restart()
        #expect(harness.state == .empty)
    }

    @Test func `a group over the maximum size rebalances after a restart`() {
        var harness = GroupHarness.make(in: .stable)
        var settings = GroupSettings()
        settings.groupSizeMax = 1
        harness.restart(settings: settings)
        #expect(harness.state == .preparingRebalance)
        let first = harness.join(.make(member: "b-1", client: "b"))
        let second = harness.join(.make(member: "a-1", client: "a"))
        #expect(harness.joins[second]?.error == .groupMaxSizeReached)
        harness.advance(milliseconds: 60_000)
        #expect(harness.joins[first]?.members.count == 1)
    }

    @Test func `damaged group records are restored without harm`() {
        let member = GroupMetadata.Member(
            memberID: "m",
            groupInstanceID: GroupInstanceID("i"),
            clientID: "c",
            clientHost: "h",
            rebalanceTimeoutMilliseconds: .min,
            sessionTimeoutMilliseconds: .min,
            subscription: [0xFF],
            assignment: []
        )
        let value = GroupMetadata(
            protocolType: "consumer",
            generationID: GenerationID(.max),
            protocolName: nil,
            leader: "ghost",
            currentStateTimestamp: .min,
            members: [member, member]
        )
        var harness = GroupHarness()
        harness.append(nil)
        var shard = GroupMachine(settings: GroupSettings())
        shard.replay(.groupMetadata("g", value), producer: nil)
        harness.shard = shard
        harness.run(harness.shard.loadCompleted(now: harness.now))
        #expect(harness.shard.description(of: "g").members.count == 1)
        harness.advance(milliseconds: 1)
        #expect(harness.state == .empty)
        #expect(harness.shard.offsetsExpired(of: ["g"], now: .max) != nil)
    }

    /// A seeded driver makes every kind of request in random order, with failing writes and lost members. At every
    /// step what is replayed equals what the log says; at the end a new shard from the log equals the old one.
    @Test(arguments: 0..<40 as Range<UInt64>)
    func `replaying the log gives the same persistent state`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var settings = GroupSettings()
        settings.offsetsRetentionMinutes = 1
        settings.groupSizeMax = 6
        var driver = RandomDriver(harness: GroupHarness(settings: settings))
        for _ in 0..<400 { driver.step(&random) }
        driver.harness.completeWrites()
        let live = driver.harness.shard
        var restarted = GroupMachine(settings: settings)
        for (record, producer) in driver.harness.log { restarted.replay(record, producer: producer) }
        #expect(restarted.persistentState == live.persistentState, "seed \(seed)")
        _ = restarted.loadCompleted(now: driver.harness.now)
        for groupID in live.groupIDs {
            let description = live.description(of: groupID)
            guard description.state == .stable else { continue }
            #expect(restarted.description(of: groupID) == description, "seed \(seed)")
        }
        // Every request that waits is answered when the shard goes away.
        driver.harness.run(driver.harness.shard.dismissed(.notCoordinator, now: driver.harness.now))
        #expect(driver.joinTokens.allSatisfy { driver.harness.joins[$0] != nil }, "seed \(seed)")
        #expect(driver.syncTokens.allSatisfy { driver.harness.syncs[$0] != nil }, "seed \(seed)")
    }

    @Test func `the same seed gives the same actions`() {
        func log(_ seed: UInt64) -> [GroupRecord] {
            var random = SeededGenerator(seed: seed)
            var driver = RandomDriver(harness: GroupHarness())
            for _ in 0..<400 { driver.step(&random) }
            return driver.harness.log.map(\.record)
        }
        #expect(log(7) == log(7))
        #expect(log(7) != log(8))
    }
}

/// Makes random requests, mostly with names that make sense.
struct RandomDriver {
    var harness: GroupHarness
    var joinTokens: [UInt64] = []
    var syncTokens: [UInt64] = []

    init(harness: GroupHarness) { self.harness = harness }

    mutating func step(_ random: inout SeededGenerator) {
        self.harness.holdsWrites = .random(in: 0..<4, using: &random) > 0
        switch Int.random(in: 0..<15, using: &random) {
        case 0...3: self.join(&random)
        case 4...6: self.sync(&random)
        case 7: _ = self.harness.heartbeat(self.member(&random).rawValue, generation: self.generation(&random))
        case 8: _ = self.harness.leave(.init(memberID: self.member(&random), groupInstanceID: nil))
        case 9, 10:
            let topic = ["t", "s", "old"].randomElement(using: &random) ?? "t"
            let generation = Bool.random(using: &random) ? self.generation(&random) : -1
            let member = generation < 0 ? "" : self.member(&random).rawValue
            self.harness.commit(topic, .random(in: 0..<99, using: &random), member: member, generation: generation)
        case 11: self.harness.advance(milliseconds: .random(in: 0..<8_000, using: &random))
        case 12: self.harness.completeWrites()
        case 13: self.harness.failWrites(.coordinatorNotAvailable)
        default: self.administer(&random)
        }
    }

    private mutating func join(_ random: inout SeededGenerator) {
        let instance = Int.random(in: 0..<3, using: &random) == 0 ? ["i", "j"].randomElement(using: &random) : nil
        let token = self.harness.join(
            .make(
                member: instance == nil ? self.member(&random).rawValue : "",
                client: ["a", "b", "c"].randomElement(using: &random) ?? "a",
                instance: instance,
                topics: Bool.random(using: &random) ? ["t"] : ["s"],
                protocols: Bool.random(using: &random) ? ["range", "sticky"] : ["sticky", "range"],
                knowsIDs: .random(using: &random)
            )
        )
        self.joinTokens.append(token)
    }

    private mutating func sync(_ random: inout SeededGenerator) {
        let members = self.harness.shard.description(of: "g").members.map(\.memberID)
        let token = self.harness.sync(
            SyncRequest(
                groupID: "g",
                generationID: GenerationID(self.generation(&random)),
                memberID: members.randomElement(using: &random) ?? self.member(&random),
                assignments: members.map { ($0, [UInt8.random(in: 0..<255, using: &random)]) }
            )
        )
        self.syncTokens.append(token)
    }

    private mutating func administer(_ random: inout SeededGenerator) {
        let shard = self.harness.shard
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
            self.harness.append(
                self.harness.shard.offsetsExpired(of: shard.groupIDs, now: self.harness.now)
            )
        case 1:
            self.harness.append(
                self.harness.shard.groupDeletionRequested(["g"], now: self.harness.now).write
            )
        case 2:
            let removed = TopicChanges(removed: [.init(name: "old", id: .zero, partitionCount: 1)])
            self.harness.run(self.harness.shard.topicsChanged(removed, now: self.harness.now))
        default:
            self.harness.append(
                self.harness.shard.offsetDeleteRequested(
                    OffsetDeletion(groupID: "g", topics: [("s", [0])]),
                    now: self.harness.now
                ).write
            )
        }
    }

    private func member(_ random: inout SeededGenerator) -> MemberID {
        self.harness.memberIDs.suffix(8).randomElement(using: &random) ?? ""
    }

    private func generation(_ random: inout SeededGenerator) -> Int32 {
        self.harness.newestGeneration - (Int.random(in: 0..<8, using: &random) == 0 ? 1 : 0)
    }
}
