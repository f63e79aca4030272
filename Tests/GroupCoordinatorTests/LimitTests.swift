import Coordination
import GroupCoordinator
import Model
import Synchronization
import Testing

@Suite struct LimitTests {
    @Test(
        arguments: zip(
            [5_999, 6_000, 1_800_000, 1_800_001, -1, .min] as [Int32],
            [.invalidSessionTimeout, .memberIDRequired, .memberIDRequired]
                + [GroupError](repeating: .invalidSessionTimeout, count: 3)
        )
    )
    func `session timeouts have bounds`(session: Int32, expected: GroupError) {
        var harness = GroupHarness()
        let token = harness.join(.make(session: session))
        #expect(harness.joins[token]?.error == expected)
    }

    @Test func `an empty group ID is refused where members are involved and allowed for offsets`() {
        var harness = GroupHarness()
        let join = harness.join(.make(group: ""))
        #expect(harness.joins[join]?.error == .invalidGroupID)
        let sync = harness.sync(SyncRequest(groupID: "", generationID: GenerationID(1), memberID: "m"))
        #expect(harness.syncs[sync]?.error == .invalidGroupID)
        let heartbeat = MemberHeartbeat(groupID: "", generationID: GenerationID(1), memberID: "m")
        #expect(harness.shard.heartbeatReceived(heartbeat).error == .invalidGroupID)
        #expect(
            harness.shard.leaveRequested(LeaveRequest(groupID: "", members: []), now: 0).response.error
                == .invalidGroupID
        )
        #expect(harness.commit("t", 1, group: "") == nil)
        #expect(harness.offset("t", group: "") == 1)
    }

    @Test func `new members are accepted up to the group's maximum size`() {
        var settings = GroupSettings()
        settings.groupSizeMax = 2
        for state in [GroupState.preparingRebalance, .completingRebalance, .stable] {
            var harness = GroupHarness.make(in: state, settings: settings)
            if state == .preparingRebalance {
                // b has to come back first: only members that wait count.
                harness.join(.make(client: "n", knowsIDs: false), uuid: "1")
            }
            let token = harness.join(.make(client: "o", knowsIDs: false), uuid: "1")
            #expect(harness.joins[token]?.error == .groupMaxSizeReached, "\(state)")
            #expect(harness.joins[token]?.memberID == "")
        }
    }

    @Test func `IDs that are handed out are bounded`() {
        var settings = GroupSettings()
        settings.pendingMembersMax = 2
        var harness = GroupHarness(settings: settings)
        let tokens = (0..<3).map { _ in harness.join(.make()) }
        #expect(
            tokens.map { harness.joins[$0]?.error } == [.memberIDRequired, .memberIDRequired, .groupMaxSizeReached]
        )
    }

    @Test func `what members make the broker keep is bounded over all groups, and given back when they leave`() {
        let topics = FakeTopics()
        topics.memberBytesMax.withLock { $0 = 3_000 }
        var harness = GroupHarness(topics: topics)
        let metadata = [GroupProtocol(name: "range", metadata: [UInt8](repeating: 7, count: 1_000))]
        func request(_ group: GroupID) -> JoinRequest {
            var request = JoinRequest.make(group: group, knowsIDs: false)
            request.protocols = metadata
            return request
        }
        let first = harness.join(request("g"), uuid: "1")
        #expect(harness.joins[first] == nil, "the join waits for the others")
        #expect(topics.memberBytes > 1_500)
        let second = harness.join(request("h"), uuid: "2")
        #expect(harness.joins[second] == nil)
        let third = harness.join(request("i"), uuid: "3")
        #expect(harness.joins[third]?.error == .groupMaxSizeReached)

        harness.advance(milliseconds: 10_000)
        let memberID = harness.joins[first]?.memberID ?? ""
        let leave = LeaveRequest(groupID: "g", members: [.init(memberID: memberID)])
        harness.run(harness.shard.leaveRequested(leave, now: harness.now).actions)
        let again = harness.join(request("i"), uuid: "4")
        #expect(harness.joins[again] == nil)
        harness.run(harness.shard.dismissed(.notCoordinator, now: harness.now))
        #expect(topics.memberBytes == 0)
    }

    @Test func `members of the consumer protocol count as well, also after a load`() {
        let topics = FakeTopics(["t": 6])
        topics.memberBytesMax.withLock { $0 = 3_000 }
        var harness = GroupHarness(topics: topics)
        let names = (0..<20).map { String(repeating: "x", count: 50) + "\($0)" }
        #expect(harness.joinConsumer("a", topics: names).error == nil)
        let refused = harness.joinConsumer("b", topics: names)
        #expect(refused.error == .groupMaxSizeReached)
        #expect(topics.memberBytes > 1_500 && topics.memberBytes < 3_000)
        // A member that is there already is never sent away.
        #expect(harness.beat("a", epoch: 1).error == nil)
        #expect(harness.beat("a", epoch: -1).error == nil)
        #expect(harness.joinConsumer("b", topics: names).error == nil)
        harness.run(harness.shard.dismissed(.notCoordinator, now: harness.now))
        #expect(topics.memberBytes == 0)
    }

    @Test func `assignments beyond what members may hold are refused`() {
        let topics = FakeTopics()
        var harness = GroupHarness(topics: topics)
        let token = harness.join(.make(knowsIDs: false), uuid: "1")
        harness.advance(milliseconds: 10_000)
        let joined = harness.joins[token]
        topics.memberBytesMax.withLock { $0 = topics.memberBytes + 100 }
        let memberID = joined?.memberID ?? ""
        func sync(_ bytes: Int) -> SyncRequest {
            SyncRequest(
                groupID: "g",
                generationID: joined?.generationID ?? GenerationID(0),
                memberID: memberID,
                assignments: [(memberID, [UInt8](repeating: 1, count: bytes))]
            )
        }
        let large = harness.sync(sync(101))
        #expect(harness.syncs[large]?.error == .unknownServerError)
        let small = harness.sync(sync(100))
        #expect(harness.syncs[small]?.assignment.count == 100)
        #expect(topics.memberBytesLeft == 0)
    }

    @Test func `committed offsets are bounded by what they take, and what replaces as much is taken`() {
        let topics = FakeTopics()
        var harness = GroupHarness(topics: topics)
        #expect(harness.commit("t", 1) == nil)
        let one = topics.offsetBytes
        #expect(one > 100 && one < 1_000)
        topics.offsetBytesMax.withLock { $0 = one + one / 2 }
        #expect(harness.commit("u", 1) == .invalidCommitOffsetSize)
        #expect(harness.commit("t", 2) == nil)
        #expect(harness.offset("t") == 2 && topics.offsetBytes == one)
        let long = CommitRequest.Partition(index: 0, offset: 3, metadata: String(repeating: "m", count: one))
        let request = CommitRequest(groupID: "g", topics: [.init(name: "t", partitions: [long])])
        #expect(harness.commit(request).topics[0].partitions[0].error == .invalidCommitOffsetSize)
        topics.offsetBytesMax.withLock { $0 = 2 * one }
        #expect(harness.commit(request).topics[0].partitions[0].error == nil)
        #expect(topics.offsetBytes == 2 * one)
        #expect(harness.commit("t", 4) == nil)
        #expect(harness.commit("u", 1) == nil)
        #expect(topics.offsetBytes == 2 * one)
        // One request may not take the same room twice.
        topics.offsetBytesMax.withLock { $0 = 3 * one }
        let partitions = (0..<3).map { CommitRequest.Partition(index: $0, offset: 1) }
        let errors = harness.commit(CommitRequest(groupID: "g", topics: [.init(name: "v", partitions: partitions)]))
            .topics[0].partitions.map(\.error)
        #expect(errors == [nil, .invalidCommitOffsetSize, .invalidCommitOffsetSize])
        // What the log refuses takes nothing.
        topics.offsetBytesMax.withLock { $0 = .max }
        harness.holdsWrites = true
        harness.commit("w", 1)
        #expect(topics.offsetBytes == 4 * one)
        harness.failWrites(.notCoordinator)
        #expect(topics.offsetBytes == 3 * one)
        harness.run(harness.shard.dismissed(.notCoordinator, now: harness.now))
        #expect(topics.offsetBytes == 0)
    }

    @Test func `groups are bounded`() {
        var settings = GroupSettings()
        settings.groupsMax = 1
        var harness = GroupHarness(settings: settings)
        harness.commit("t", 1)
        #expect(harness.commit("t", 1, group: "h") == .coordinatorNotAvailable)
        let token = harness.join(.make(group: "h"))
        #expect(harness.joins[token]?.error == .coordinatorNotAvailable)
    }

    @Test func `oversized names and metadata are refused`() {
        var settings = GroupSettings()
        settings.memberMetadataBytesMax = 100
        let long = String(repeating: "x", count: 32_768)
        let requests: [(JoinRequest, GroupError)] = [
            (.make(group: GroupID(long)), .invalidGroupID),
            (.make(client: long), .invalidRequest),
            (.make(instance: long), .invalidRequest),
            (.make(protocols: [long]), .invalidRequest),
            (.make(type: long), .invalidRequest),
            (.make(topics: [String(repeating: "t", count: 200)]), .invalidRequest),
            (.make(topics: [], protocols: (0..<65).map { "p\($0)" }), .invalidRequest),
        ]
        for (request, error) in requests {
            var harness = GroupHarness(settings: settings)
            let token = harness.join(request)
            #expect(harness.joins[token]?.error == error)
            #expect(harness.shard.groupIDs.isEmpty)
        }
    }

    @Test func `a protocol listed twice counts once`() {
        var harness = GroupHarness()
        harness.join(.make(client: "a", protocols: ["x", "x"], knowsIDs: false), uuid: "1")
        let token = harness.join(.make(client: "b", protocols: ["y", "x"], knowsIDs: false), uuid: "1")
        harness.advance(milliseconds: 60_000)
        #expect(harness.joins[token]?.protocolName == "x")
    }

    @Test func `a new group that cannot be written is gone and its joins are answered`() {
        var harness = GroupHarness()
        harness.holdsWrites = true
        let token = harness.join(.make(client: "a", knowsIDs: false), uuid: "1")
        #expect(harness.inFlight.count == 1)
        harness.failWrites(.coordinatorNotAvailable)
        #expect(harness.joins[token]?.error == .coordinatorNotAvailable)
        #expect(harness.state == .dead)
        #expect(harness.timers.isEmpty)
    }

    @Test func `groups are listed by state and type without regard to case`() {
        var harness = GroupHarness.make(in: .stable)
        harness.commit("t", 1, group: "h")
        func listed(_ states: [String], _ types: [String]) -> [GroupID] {
            harness.shard.listing(states: states, types: types).map(\.groupID)
        }
        #expect(listed([], []) == ["g", "h"])
        #expect(listed(["STABLE"], []) == ["g"])
        #expect(listed(["empty", "dead"], ["Classic"]) == ["h"])
        #expect(listed([], ["consumer"]).isEmpty)
        #expect(listed(["nonsense"], []).isEmpty)
        #expect(harness.shard.statistics.groups == [.stable: 1, .empty: 1])
        #expect(harness.shard.statistics.offsets == 1)
    }

    @Test func `members are described with metadata in a stable group only`() {
        let stable = GroupHarness.make(in: .stable).shard.description(of: "g")
        #expect(stable.protocolType == "consumer")
        #expect(stable.protocolData == "range")
        #expect(stable.members.map(\.assignment) == [Array("a-1".utf8), Array("b-1".utf8)])
        #expect(stable.members.allSatisfy { $0.metadata == subscription(["t"]) && $0.clientHost == "/127.0.0.1" })
        let preparing = GroupHarness.make(in: .preparingRebalance).shard.description(of: "g")
        #expect(preparing.protocolData == "")
        #expect(preparing.members.allSatisfy { $0.metadata.isEmpty })
        #expect(GroupHarness().shard.description(of: "g").error == .groupIDNotFound)
    }
}
