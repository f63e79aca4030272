import Coordination
import GroupCoordinator
import Model
import Testing

@Suite struct RebalanceTests {
    @Test func `the initial phase grows while members come, up to the rebalance timeout`() {
        var harness = GroupHarness()
        let first = harness.join(.make(client: "a", rebalance: 10_000, knowsIDs: false), uuid: "1")
        harness.advance(milliseconds: 2_999)
        #expect(harness.joins[first] == nil)
        // A member in each period of 3 s: 3 + 3 + 3 + 1 seconds and no more.
        for name in ["b", "c", "d"] {
            harness.join(.make(client: name, rebalance: 10_000, knowsIDs: false), uuid: "1")
            harness.advance(milliseconds: 2_300)
        }
        #expect(harness.state == .preparingRebalance)
        harness.join(.make(client: "e", rebalance: 10_000, knowsIDs: false), uuid: "1")
        harness.advance(milliseconds: 100)
        #expect(harness.now - 1_700_000_000_000 == 9_999)
        #expect(harness.state == .preparingRebalance)
        harness.advance(milliseconds: 1)
        #expect(harness.state == .completingRebalance)
        #expect(harness.joins[first]?.members.count == 5)
    }

    @Test func `the initial phase ends after one delay when no other member comes`() {
        var harness = GroupHarness()
        let token = harness.join(.make(client: "a", knowsIDs: false), uuid: "1")
        harness.advance(milliseconds: 3_000)
        #expect(harness.joins[token]?.generationID.rawValue == 1)
        #expect(harness.joins[token]?.leader == "a-1")
        #expect(harness.joins[token]?.protocolName == "range")
        #expect(harness.joins[token]?.protocolType == "consumer")
    }

    @Test func `an ID that was handed out holds a rebalance until it joins or its session ends`() throws {
        var harness = GroupHarness.make(in: .stable)
        let id = harness.join(.make(client: "c"), uuid: "1")
        #expect(harness.joins[id]?.error == .memberIDRequired)
        #expect(harness.state == .stable)
        let leader = harness.join(.make(member: "a-1", client: "a"))
        let follower = harness.join(.make(member: "b-1", client: "b"))
        #expect(harness.joins[leader] == nil)
        let third = harness.join(.make(member: "c-1", client: "c"))
        #expect(harness.joins[leader]?.members.map(\.memberID) == ["a-1", "b-1", "c-1"])
        #expect(harness.joins[follower]?.members == [])
        #expect(harness.joins[third]?.generationID.rawValue == 2)
    }

    @Test func `an ID that is never used is forgotten and the rebalance continues`() {
        var harness = GroupHarness.make(in: .stable)
        harness.join(.make(client: "c", session: 6_000), uuid: "1")
        let leader = harness.join(.make(member: "a-1", client: "a"))
        harness.join(.make(member: "b-1", client: "b"))
        harness.advance(milliseconds: 5_999)
        #expect(harness.joins[leader] == nil)
        harness.advance(milliseconds: 1)
        #expect(harness.joins[leader]?.members.count == 2)
    }

    @Test func `members that do not rejoin within the rebalance timeout are out and another one leads`() throws {
        var harness = GroupHarness.make(in: .stable)
        let token = harness.join(.make(member: "b-1", client: "b", topics: ["other"]))
        // The leader is alive, but does not come.
        for _ in 0..<12 {
            #expect(harness.heartbeat("a-1", generation: 1) == .rebalanceInProgress)
            harness.advance(milliseconds: 5_000)
        }
        let response = try #require(harness.joins[token])
        #expect(response.leader == "b-1")
        #expect(response.members.map(\.memberID) == ["b-1"])
        #expect(harness.heartbeat("a-1", generation: 2) == .unknownMemberID)
        #expect(harness.timers[.session("g", "a-1")] == nil)
    }

    @Test func `a parked join keeps its session, unless the member is new`() {
        var harness = GroupHarness.make(in: .stable)
        let leader = harness.join(.make(member: "a-1", client: "a", session: 6_000))
        let new = harness.join(.make(client: "n", knowsIDs: false), uuid: "1")
        for _ in 0..<4 {
            _ = harness.heartbeat("b-1", generation: 1)
            harness.advance(milliseconds: 8_000)
        }
        #expect(harness.joins[leader] == nil)
        #expect(harness.joins[new] == nil)
        #expect(harness.timers[.session("g", "n-1")] != nil)
        harness.run(harness.shard.timerFired(.session("g", "n-1"), now: harness.now))
        #expect(harness.joins[new]?.error == .unknownMemberID)
        #expect(harness.joins[new]?.memberID == "")
    }

    @Test func `a session ends without heartbeats and lives on with them`() {
        var harness = GroupHarness.make(in: .stable)
        harness.advance(milliseconds: 9_000)
        #expect(harness.heartbeat("a-1", generation: 1) == nil)
        harness.advance(milliseconds: 1_000)
        #expect(harness.heartbeat("b-1", generation: 1) == .unknownMemberID)
        #expect(harness.heartbeat("a-1", generation: 1) == .rebalanceInProgress)
    }

    @Test func `the protocol with most votes among the common ones wins`() {
        var harness = GroupHarness()
        let votes = [["x", "range", "sticky"], ["sticky", "range"], ["sticky", "range", "y"]]
        var tokens: [UInt64] = []
        for (index, protocols) in votes.enumerated() {
            tokens.append(harness.join(.make(client: "\(index)", protocols: protocols, knowsIDs: false)))
        }
        harness.advance(milliseconds: 60_000)
        #expect(tokens.map { harness.joins[$0]?.protocolName } == ["sticky", "sticky", "sticky"])
    }

    @Test func `a sync is checked for its protocol`() {
        var harness = GroupHarness.make(in: .completingRebalance)
        func request(_ type: String?, _ name: String?) -> SyncRequest {
            SyncRequest(
                groupID: "g",
                generationID: GenerationID(1),
                memberID: "b-1",
                protocolType: type,
                protocolName: name
            )
        }
        for (type, name) in [("connect", "range"), ("consumer", "sticky")] {
            let token = harness.sync(request(type, name))
            #expect(harness.syncs[token]?.error == .inconsistentGroupProtocol)
        }
        let good = harness.sync(request("consumer", "range"))
        #expect(harness.syncs[good] == nil)
        let old = harness.sync(SyncRequest(groupID: "g", generationID: GenerationID(0), memberID: "b-1"))
        #expect(harness.syncs[old]?.error == .illegalGeneration)
    }

    @Test func `members get their assignment when it is durable, not before`() throws {
        var harness = GroupHarness.make(in: .completingRebalance)
        harness.holdsWrites = true
        let responses = harness.syncAll(["a-1", "b-1"], generation: 1)
        #expect(responses == [nil, nil])
        #expect(harness.state == .completingRebalance)
        harness.completeWrites()
        #expect(harness.state == .stable)
        #expect(harness.syncs.values.map(\.error) == [nil, nil])
        let late = harness.sync(SyncRequest(groupID: "g", generationID: GenerationID(1), memberID: "b-1"))
        #expect(harness.syncs[late]?.assignment == Array("b-1".utf8))
    }

    @Test func `a leader that repeats its sync does not write a second assignment`() throws {
        var harness = GroupHarness.make(in: .completingRebalance)
        harness.holdsWrites = true
        let first = harness.sync(leaderSync("one"))
        let second = harness.sync(leaderSync("two"))
        #expect(harness.inFlight.count == 1)
        #expect(harness.syncs[first]?.error == .rebalanceInProgress)
        harness.completeWrites()
        #expect(harness.syncs[second]?.assignment == Array("one".utf8))
    }

    private func leaderSync(_ assignment: String) -> SyncRequest {
        SyncRequest(
            groupID: "g",
            generationID: GenerationID(1),
            memberID: "a-1",
            assignments: [("a-1", Array(assignment.utf8)), ("x-9", [1]), ("a-1", [2])]
        )
    }

    @Test func `an assignment that cannot be written makes the members join again`() throws {
        var harness = GroupHarness.make(in: .completingRebalance)
        harness.holdsWrites = true
        let before = harness.shard.persistentState
        let tokens = [harness.sync(leaderSync("one"))]
        harness.failWrites(.notCoordinator)
        #expect(tokens.map { harness.syncs[$0]?.error } == [.notCoordinator])
        #expect(harness.state == .preparingRebalance)
        #expect(harness.shard.persistentState == before)
    }

    @Test func `an assignment of an old round that becomes durable late is not handed out`() throws {
        var harness = GroupHarness.make(in: .completingRebalance)
        harness.holdsWrites = true
        let sync = harness.sync(leaderSync("one"))
        harness.join(.make(client: "n", knowsIDs: false), uuid: "1")
        #expect(harness.syncs[sync]?.error == .rebalanceInProgress)
        harness.completeWrites()
        #expect(harness.state == .preparingRebalance)
    }

    @Test func `members that never sync are out after the rebalance timeout`() throws {
        var harness = GroupHarness.make(in: .completingRebalance)
        let leader = harness.sync(leaderSync("one"))
        #expect(harness.syncs[leader]?.error == nil)
        #expect(harness.state == .stable)
        for _ in 0..<12 {
            _ = harness.heartbeat("a-1", generation: 1)
            _ = harness.heartbeat("b-1", generation: 1)
            harness.advance(milliseconds: 5_000)
        }
        #expect(harness.state == .preparingRebalance)
        #expect(harness.heartbeat("b-1", generation: 1) == .unknownMemberID)
        #expect(harness.heartbeat("a-1", generation: 1) == .rebalanceInProgress)
    }

    @Test func `the last member that leaves makes the group empty and writes it down`() throws {
        var harness = GroupHarness.make(in: .stable)
        let response = harness.leave(.init(memberID: "a-1"), .init(memberID: "x-1"), .init(memberID: "b-1"))
        #expect(response.members.map(\.error) == [nil, .unknownMemberID, nil])
        #expect(harness.state == .empty)
        guard case .groupMetadata("g", let value?)? = harness.log.last?.record else {
            Issue.record("no group record")
            return
        }
        #expect(value.generationID.rawValue == 2)
        #expect(value.members.isEmpty)
        #expect(value.protocolType == "consumer")
        #expect(value.protocolName == nil)
        #expect(value.leader == nil)
    }

    @Test func `a member that leaves with a parked request has it answered`() {
        var harness = GroupHarness.make(in: .preparingRebalance)
        let join = harness.join(.make(client: "n", knowsIDs: false), uuid: "1")
        _ = harness.leave(.init(memberID: "n-1"))
        #expect(harness.joins[join]?.error == .unknownMemberID)
        var syncing = GroupHarness.make(in: .completingRebalance)
        let sync = syncing.sync(SyncRequest(groupID: "g", generationID: GenerationID(1), memberID: "b-1"))
        _ = syncing.leave(.init(memberID: "b-1"))
        #expect(syncing.syncs[sync]?.error == .unknownMemberID)
    }

    /// KIP-429: incremental cooperative rebalancing is ordinary rebalances; what members still own is in their
    /// metadata, and a member that had to give something up joins again at once.
    @Test func `three cooperative members join and leave`() throws {
        var transcript: [String] = []
        var harness = GroupHarness()
        func cooperative(_ member: String, _ owned: [String]) -> JoinRequest {
            .make(
                member: member,
                client: String(member.prefix(1)),
                topics: owned,
                protocols: ["cooperative-sticky"],
                knowsIDs: !member.isEmpty
            )
        }
        func note(_ event: String, _ harness: GroupHarness) {
            let description = harness.shard.description(of: "g")
            let members = description.members.map(\.memberID.rawValue).joined(separator: ",")
            transcript.append("\(event): \(description.state.rawValue) [\(members)]")
        }
        var first = cooperative("", ["t"])
        first.clientID = "a"
        let joinA = harness.join(first, uuid: "1")
        note("a joins", harness)
        harness.advance(milliseconds: 3_000)
        #expect(harness.joins[joinA]?.generationID.rawValue == 1)
        harness.syncAll(["a-1"], generation: 1)
        note("a syncs", harness)

        for (index, name) in ["b", "c"].enumerated() {
            var request = cooperative("", ["t"])
            request.clientID = name
            let generation = Int32(2 + 2 * index)
            harness.join(request, uuid: "1")
            note("\(name) joins", harness)
            let settled = ["a-1", "b-1"].prefix(index + 1)
            for member in settled {
                #expect(harness.heartbeat(member, generation: generation - 1) == .rebalanceInProgress)
                harness.join(cooperative(member, ["t", "owned"]))
            }
            note("all rejoin", harness)
            let all = Array(["a-1", "b-1", "c-1"].prefix(index + 2))
            harness.syncAll(all, generation: generation)
            note("all sync", harness)
            // The first member revoked something and asks for a second round.
            harness.join(cooperative("a-1", ["t"]))
            note("a revoked and rejoins", harness)
            for member in all.dropFirst() { harness.join(cooperative(member, ["t"])) }
            let responses = harness.syncAll(all, generation: generation + 1)
            #expect(
                responses.last
                    == SyncResponse(
                        protocolType: "consumer",
                        protocolName: "cooperative-sticky",
                        assignment: Array(all[all.count - 1].utf8)
                    )
            )
            note("second round", harness)
        }
        _ = harness.leave(.init(memberID: "a-1"))
        note("a leaves", harness)
        for member in ["b-1", "c-1"] { harness.join(cooperative(member, ["t"])) }
        harness.syncAll(["b-1", "c-1"], generation: 6)
        note("b leads", harness)

        #expect(
            transcript == [
                "a joins: PreparingRebalance [a-1]",
                "a syncs: Stable [a-1]",
                "b joins: PreparingRebalance [a-1,b-1]",
                "all rejoin: CompletingRebalance [a-1,b-1]",
                "all sync: Stable [a-1,b-1]",
                "a revoked and rejoins: PreparingRebalance [a-1,b-1]",
                "second round: Stable [a-1,b-1]",
                "c joins: PreparingRebalance [a-1,b-1,c-1]",
                "all rejoin: CompletingRebalance [a-1,b-1,c-1]",
                "all sync: Stable [a-1,b-1,c-1]",
                "a revoked and rejoins: PreparingRebalance [a-1,b-1,c-1]",
                "second round: Stable [a-1,b-1,c-1]",
                "a leaves: PreparingRebalance [b-1,c-1]",
                "b leads: Stable [b-1,c-1]",
            ]
        )
    }
}
