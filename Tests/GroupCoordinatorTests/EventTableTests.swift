import Coordination
import GroupCoordinator
import Model
import Testing

/// Every event in every state, for a group of `a-1` (leader) and `b-1` at generation 1.
@Suite struct EventTableTests {
    static let states: [GroupState] = [.dead, .empty, .preparingRebalance, .completingRebalance, .stable]

    @Test(arguments: states)
    func `the helper makes the state`(state: GroupState) {
        #expect(GroupHarness.make(in: state).state == state)
    }

    @Test(
        arguments: zip(
            states,
            [.unknownMemberID, .unknownMemberID, .rebalanceInProgress, nil, nil] as [GroupError?]
        )
    )
    func `a heartbeat of a member`(state: GroupState, expected: GroupError?) {
        var harness = GroupHarness.make(in: state)
        #expect(harness.heartbeat("b-1", generation: 1) == expected)
    }

    @Test(arguments: states)
    func `a heartbeat of a stranger is unknown`(state: GroupState) {
        var harness = GroupHarness.make(in: state)
        #expect(harness.heartbeat("x-9", generation: 1) == .unknownMemberID)
    }

    @Test(arguments: [.preparingRebalance, .completingRebalance, .stable] as [GroupState], [0, 2] as [Int32])
    func `a heartbeat of another generation is illegal`(state: GroupState, generation: Int32) {
        var harness = GroupHarness.make(in: state)
        #expect(harness.heartbeat("a-1", generation: generation) == .illegalGeneration)
    }

    @Test(
        arguments: zip(
            states,
            [
                .unknownMemberID, .unknownMemberID, .rebalanceInProgress, nil, nil,
            ] as [GroupError?]
        )
    )
    func `a sync of a follower`(state: GroupState, expected: GroupError?) throws {
        var harness = GroupHarness.make(in: state)
        let token = harness.sync(SyncRequest(groupID: "g", generationID: GenerationID(1), memberID: "b-1"))
        if state == .completingRebalance {
            #expect(harness.syncs[token] == nil, "waits for the leader")
        } else {
            let response = try #require(harness.syncs[token])
            #expect(response.error == expected)
            #expect(response.assignment == (state == .stable ? Array("b-1".utf8) : []))
        }
    }

    @Test(
        arguments: zip(
            states,
            [.illegalGeneration, .unknownMemberID, nil, .rebalanceInProgress, nil] as [GroupError?]
        )
    )
    func `a commit of a member`(state: GroupState, expected: GroupError?) {
        var harness = GroupHarness.make(in: state)
        #expect(harness.commit("t", 7, member: "a-1", generation: 1) == expected)
        #expect(harness.offset("t") == (expected == nil ? 7 : -1))
    }

    @Test(
        arguments: zip(
            states,
            [nil, nil, .unknownMemberID, .unknownMemberID, .unknownMemberID] as [GroupError?]
        )
    )
    func `a commit without a generation`(state: GroupState, expected: GroupError?) {
        var harness = GroupHarness.make(in: state)
        #expect(harness.commit("t", 7) == expected)
        #expect(harness.offset("t") == (expected == nil ? 7 : -1))
    }

    @Test(
        arguments: zip(
            states,
            [.unknownMemberID, .unknownMemberID, nil, nil, nil] as [GroupError?]
        )
    )
    func `a leave of a member`(state: GroupState, expected: GroupError?) {
        var harness = GroupHarness.make(in: state)
        let response = harness.leave(.init(memberID: "b-1"))
        #expect(response.error == nil)
        #expect(response.members.map(\.error) == [expected])
        // In the preparing state only b was awaited, so the join phase ends.
        let after: GroupState =
            switch state {
            case .preparingRebalance: .completingRebalance
            case .completingRebalance, .stable: .preparingRebalance
            case .empty, .dead, .assigning, .reconciling: state
            }
        #expect(harness.state == after)
    }

    @Test(
        arguments: zip(
            states,
            [.groupIDNotFound, nil, .nonEmptyGroup, .nonEmptyGroup, .nonEmptyGroup] as [GroupError?]
        )
    )
    func `a deletion`(state: GroupState, expected: GroupError?) {
        var harness = GroupHarness.make(in: state)
        let (response, write) = harness.shard.groupDeletionRequested(["g"], now: harness.now)
        harness.append(write)
        #expect(response == [GroupDeletion(groupID: "g", error: expected)])
        #expect(harness.state == (state == .empty ? .dead : state))
    }

    @Test(arguments: states)
    func `a join without an ID is given one`(state: GroupState) throws {
        var harness = GroupHarness.make(in: state)
        let token = harness.join(.make(client: "n"), uuid: "2")
        let response = try #require(harness.joins[token])
        #expect(response.error == .memberIDRequired)
        #expect(response.memberID == "n-2")
        #expect(harness.state == (state == .dead ? .empty : state))
        #expect(harness.timers[.session("g", "n-2")] == harness.now + 10_000)
    }

    @Test(arguments: states)
    func `a join with an ID that was not handed out is unknown`(state: GroupState) throws {
        var harness = GroupHarness.make(in: state)
        let token = harness.join(.make(member: "n-2"))
        #expect(harness.joins[token]?.error == .unknownMemberID)
        #expect(harness.state == state)
    }

    @Test(arguments: states)
    func `a join with another type of protocol is inconsistent unless the group is empty`(state: GroupState) throws {
        var harness = GroupHarness.make(in: state)
        let token = harness.join(.make(type: "connect"))
        let isOpen = state == .empty || state == .dead
        #expect(harness.joins[token]?.error == (isOpen ? .memberIDRequired : .inconsistentGroupProtocol))
    }

    @Test(arguments: states, ["", "consumer"])
    func `a join that no protocol is common with is inconsistent`(state: GroupState, type: String) throws {
        var harness = GroupHarness.make(in: state)
        let token = harness.join(.make(protocols: [], type: type))
        #expect(harness.joins[token]?.error == .inconsistentGroupProtocol)
    }

    @Test(arguments: states)
    func `a leader that joins again`(state: GroupState) throws {
        var harness = GroupHarness.make(in: state)
        let token = harness.join(.make(member: "a-1", client: "a"))
        switch state {
        case .dead, .empty, .assigning, .reconciling:
            #expect(harness.joins[token]?.error == .unknownMemberID)
        case .preparingRebalance:
            #expect(harness.joins[token] == nil)
        case .completingRebalance:
            #expect(harness.joins[token]?.members.map(\.memberID) == ["a-1", "b-1"])
            #expect(harness.joins[token]?.generationID.rawValue == 1)
        case .stable:
            #expect(harness.joins[token] == nil)
            #expect(harness.state == .preparingRebalance)
        }
    }

    @Test(arguments: states)
    func `a follower that joins again unchanged`(state: GroupState) throws {
        var harness = GroupHarness.make(in: state)
        let token = harness.join(.make(member: "b-1", client: "b"))
        switch state {
        case .dead, .empty, .assigning, .reconciling:
            #expect(harness.joins[token]?.error == .unknownMemberID)
        case .preparingRebalance:
            #expect(harness.joins[token]?.generationID.rawValue == 2)
            #expect(harness.state == .completingRebalance)
        case .completingRebalance, .stable:
            let response = try #require(harness.joins[token])
            #expect(response.generationID.rawValue == 1)
            #expect(response.leader == "a-1")
            #expect(response.members.isEmpty)
            #expect(harness.state == state)
        }
    }

    @Test(arguments: [.completingRebalance, .stable] as [GroupState])
    func `a follower that joins with new metadata starts a rebalance`(state: GroupState) throws {
        var harness = GroupHarness.make(in: state)
        let token = harness.join(.make(member: "b-1", client: "b", topics: ["other"]))
        #expect(harness.joins[token] == nil)
        #expect(harness.state == .preparingRebalance)
    }

    @Test(
        arguments: zip(
            states,
            [.dead, .empty, .completingRebalance, .preparingRebalance, .preparingRebalance] as [GroupState]
        )
    )
    func `a session that ends`(state: GroupState, expected: GroupState) {
        var harness = GroupHarness.make(in: state)
        harness.run(harness.shard.timerFired(.session("g", "b-1"), now: harness.now))
        #expect(harness.state == expected)
    }

    @Test(
        arguments: zip(
            states,
            [.dead, .empty, .completingRebalance, .completingRebalance, .stable] as [GroupState]
        )
    )
    func `a join timer that ends`(state: GroupState, expected: GroupState) {
        var harness = GroupHarness.make(in: state)
        harness.run(harness.shard.timerFired(.join("g"), now: harness.now))
        #expect(harness.state == expected)
    }

    @Test(
        arguments: zip(
            states,
            [.dead, .empty, .preparingRebalance, .empty, .stable] as [GroupState]
        )
    )
    func `a sync timer that ends`(state: GroupState, expected: GroupState) {
        var harness = GroupHarness.make(in: state)
        harness.run(harness.shard.timerFired(.sync("g"), now: harness.now))
        // No member has synced in the completing state, so all are out.
        #expect(harness.state == expected)
    }

    @Test(arguments: states)
    func `a shard that goes away answers everything`(state: GroupState) {
        var harness = GroupHarness.make(in: state)
        let join = harness.join(.make(client: "n", knowsIDs: false))
        harness.run(harness.shard.dismissed(.notCoordinator, now: harness.now))
        #expect(harness.joins[join]?.error == .notCoordinator)
        #expect(harness.timers.isEmpty)
    }
}
