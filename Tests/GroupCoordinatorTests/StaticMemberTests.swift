import Coordination
import GroupCoordinator
import Model
import Testing

/// KIP-345 and KIP-814. Group `g`, generation 1: static `i-1` (instance `i`, leader) and dynamic `b-1`.
@Suite struct StaticMemberTests {
    private func make(_ state: GroupState = .stable, skips: Bool = true) -> GroupHarness {
        var harness = GroupHarness()
        harness.join(.make(client: "a", instance: "i"), uuid: "1")
        harness.join(.make(client: "b", knowsIDs: false), uuid: "1")
        harness.advance(milliseconds: 9_000)
        if state == .stable { harness.syncAll(["i-1", "b-1"], generation: 1) }
        return harness
    }

    @Test func `a static member needs no second join for its ID`() {
        let harness = self.make(.completingRebalance)
        #expect(harness.shard.description(of: "g").members.map(\.memberID) == ["i-1", "b-1"])
        #expect(harness.shard.description(of: "g").members.first?.groupInstanceID?.rawValue == "i")
    }

    @Test(arguments: [true, false])
    func `a static member that restarts keeps its assignment without a rebalance`(skips: Bool) throws {
        var harness = self.make()
        harness.holdsWrites = true
        let token = harness.join(.make(client: "a", instance: "i", skips: skips), uuid: "2")
        #expect(harness.joins[token] == nil, "held until the new ID is durable")
        harness.completeWrites()
        let response = try #require(harness.joins[token])
        #expect(response.error == nil)
        #expect(response.memberID == "i-2")
        #expect(response.generationID.rawValue == 1)
        #expect(response.skipAssignment == skips)
        #expect(response.leader == (skips ? "i-2" : "i-1"))
        #expect(response.members.map(\.memberID) == (skips ? ["i-2", "b-1"] : []))
        #expect(harness.state == .stable)

        let sync = harness.sync(
            SyncRequest(
                groupID: "g",
                generationID: GenerationID(1),
                memberID: "i-2",
                groupInstanceID: GroupInstanceID("i")
            )
        )
        #expect(harness.syncs[sync]?.assignment == Array("i-1".utf8))
        #expect(harness.heartbeat("i-1", generation: 1, instance: "i") == .fencedInstanceID)
        #expect(harness.heartbeat("i-2", generation: 1, instance: "i") == nil)
        harness.restart()
        #expect(harness.heartbeat("i-2", generation: 1, instance: "i") == nil)
    }

    @Test func `a static member whose new ID cannot be written has its old one back`() throws {
        var harness = self.make()
        harness.holdsWrites = true
        let before = harness.shard.persistentState
        let token = harness.join(.make(client: "a", instance: "i"), uuid: "2")
        harness.failWrites(.coordinatorNotAvailable)
        #expect(harness.joins[token]?.error == .coordinatorNotAvailable)
        #expect(harness.heartbeat("i-1", generation: 1, instance: "i") == nil)
        #expect(harness.timers[.session("g", "i-2")] == nil)
        #expect(harness.shard.persistentState == before)
    }

    @Test func `a static member that comes back with another protocol first starts a rebalance`() {
        var harness = GroupHarness()
        harness.join(.make(instance: "i", protocols: ["x", "y"]), uuid: "1")
        harness.join(.make(instance: "j", protocols: ["x", "y"]), uuid: "1")
        harness.advance(milliseconds: 9_000)
        harness.syncAll(["i-1", "j-1"], generation: 1)
        let token = harness.join(.make(instance: "i", protocols: ["y"]), uuid: "2")
        #expect(harness.joins[token] == nil)
        #expect(harness.state == .preparingRebalance)
    }

    @Test func `a static member that comes back in the completing state starts the round over`() {
        var harness = self.make(.completingRebalance)
        let sync = harness.sync(SyncRequest(groupID: "g", generationID: GenerationID(1), memberID: "b-1"))
        harness.join(.make(client: "a", instance: "i"), uuid: "2")
        #expect(harness.syncs[sync]?.error == .rebalanceInProgress)
        #expect(harness.state == .preparingRebalance)
    }

    @Test func `the predecessor's parked requests are fenced`() {
        var harness = self.make(.completingRebalance)
        let sync = harness.sync(SyncRequest(groupID: "g", generationID: GenerationID(0), memberID: "i-1"))
        #expect(harness.syncs[sync]?.error == .illegalGeneration)
        let parked = harness.join(.make(member: "i-1", instance: "i", topics: ["other"]))
        let token = harness.join(.make(instance: "i"), uuid: "2")
        #expect(harness.joins[parked]?.error == .fencedInstanceID)
        #expect(harness.joins[parked]?.memberID == "i-1")
        #expect(harness.joins[token] == nil)
    }

    @Test func `a wrong pair of names is fenced or unknown`() {
        var harness = self.make()
        let fenced = harness.join(.make(member: "b-1", instance: "i"))
        #expect(harness.joins[fenced]?.error == .fencedInstanceID)
        let unknown = harness.join(.make(member: "b-1", instance: "nobody"))
        #expect(harness.joins[unknown]?.error == .unknownMemberID)
        let leave = harness.leave(
            .init(memberID: "b-1", groupInstanceID: GroupInstanceID("i")),
            .init(memberID: "", groupInstanceID: GroupInstanceID("nobody")),
            .init(memberID: "")
        )
        #expect(leave.members.map(\.error) == [.fencedInstanceID, .unknownMemberID, .unknownMemberID])
        #expect(harness.state == .stable)
    }

    @Test func `an administrator removes a static member by its name`() {
        var harness = self.make()
        let response = harness.leave(.init(memberID: "", groupInstanceID: GroupInstanceID("i")))
        #expect(response.members.map(\.error) == [nil])
        #expect(harness.shard.description(of: "g").members.map(\.memberID) == ["b-1"])
        #expect(harness.state == .preparingRebalance)
    }

    @Test func `a static member stays through a rebalance that it misses, until its session ends`() throws {
        var harness = GroupHarness()
        harness.join(.make(client: "b", rebalance: 20_000, knowsIDs: false), uuid: "1")
        harness.join(.make(instance: "i", session: 30_000, rebalance: 20_000), uuid: "1")
        harness.advance(milliseconds: 9_000)
        harness.syncAll(["b-1", "i-1"], generation: 1)
        let token = harness.join(.make(member: "b-1", client: "b", rebalance: 20_000))
        harness.advance(milliseconds: 20_000)
        let response = try #require(harness.joins[token])
        #expect(response.members.map(\.memberID) == ["b-1", "i-1"])
    }

    @Test func `without any member back the join phase lasts until sessions end`() {
        var harness = GroupHarness()
        for name in ["i", "j"] {
            harness.join(.make(instance: name, session: 100_000, rebalance: 10_000), uuid: "1")
        }
        harness.advance(milliseconds: 9_000)
        harness.syncAll(["i-1", "j-1"], generation: 1)
        _ = harness.leave(.init(memberID: "", groupInstanceID: GroupInstanceID("i")))
        harness.advance(milliseconds: 25_000)
        #expect(harness.state == .preparingRebalance)
        harness.advance(milliseconds: 80_000)
        #expect(harness.state == .empty)
    }
}
