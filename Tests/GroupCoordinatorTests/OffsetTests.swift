import Coordination
import Model
import Testing

@testable import GroupCoordinator

@Suite struct OffsetTests {
    @Test func `offsets are read as they were committed`() {
        var harness = GroupHarness()
        let id = TopicID(high: 1, low: 2)
        let response = harness.commit(
            CommitRequest(
                groupID: "g",
                topics: [
                    .init(
                        name: "t",
                        topicID: id,
                        partitions: [
                            .init(index: 1, offset: 5, leaderEpoch: 3, metadata: "m"), .init(index: 0, offset: 6),
                        ]
                    ),
                    .init(name: "s", partitions: [.init(index: 0, offset: 7)]),
                ]
            )
        )
        #expect(response.error == nil)
        #expect(response.topics.map(\.topicID) == [id, .zero])
        let all = harness.shard.offsetsRequested(OffsetQuery(groupID: "g", topics: nil))
        #expect(
            all.topics == [
                .init(name: "s", topicID: .zero, partitions: [.init(index: 0, offset: 7)]),
                .init(
                    name: "t",
                    topicID: .zero,
                    partitions: [
                        .init(index: 0, offset: 6), .init(index: 1, offset: 5, leaderEpoch: 3, metadata: "m"),
                    ]
                ),
            ]
        )
        #expect(harness.state == .empty)
        #expect(harness.shard.listing(states: [], types: []).map(\.protocolType) == [""])
    }

    @Test func `an offset of another incarnation of the topic is not found`() {
        var harness = GroupHarness()
        let id = TopicID(high: 1, low: 2)
        _ = harness.commit(
            CommitRequest(
                groupID: "g",
                topics: [.init(name: "t", topicID: id, partitions: [.init(index: 0, offset: 5)])]
            )
        )
        func offset(_ topicID: TopicID) -> Offset {
            harness.shard.offsetsRequested(
                OffsetQuery(groupID: "g", topics: [.init(name: "t", topicID: topicID, partitions: [0])])
            ).topics[0].partitions[0].offset
        }
        #expect(offset(id) == 5)
        #expect(offset(.zero) == 5)
        #expect(offset(TopicID(high: 1, low: 3)) == -1)
    }

    @Test func `unknown groups and partitions have offset -1 and no error`() {
        let harness = GroupHarness()
        let listed = harness.shard.offsetsRequested(
            OffsetQuery(groupID: "g", topics: [.init(name: "t", partitions: [0])])
        )
        #expect(listed.topics[0].partitions == [.init(index: 0)])
        #expect(listed.error == nil)
        #expect(harness.shard.offsetsRequested(OffsetQuery(groupID: "g", topics: nil)).topics.isEmpty)
    }

    @Test(arguments: zip([true, false], [.groupIDNotFound, .illegalGeneration] as [GroupError]))
    func `a generation of an unknown group`(reportsGroupNotFound: Bool, expected: GroupError) {
        var harness = GroupHarness()
        let response = harness.commit(
            CommitRequest(
                groupID: "g",
                memberID: "a-1",
                generationID: GenerationID(1),
                reportsGroupNotFound: reportsGroupNotFound,
                topics: [.init(name: "t", partitions: [.init(index: 0, offset: 1)])]
            )
        )
        #expect(response.error == expected)
        #expect(response.topics[0].partitions[0].error == expected)
        #expect(harness.log.isEmpty)
    }

    @Test func `a member commits with its own names only`() {
        var harness = GroupHarness.make(in: .stable)
        #expect(harness.commit("t", 1, member: "a-1", generation: 2) == .illegalGeneration)
        #expect(harness.commit("t", 1, member: "x-1", generation: 1) == .unknownMemberID)
        #expect(harness.commit("t", 1, member: "a-1") == .illegalGeneration)
        #expect(harness.commit("t", 1, member: "a-1", generation: 1) == nil)
    }

    @Test(arguments: [.stable, .preparingRebalance] as [GroupState])
    func `a commit is a sign of life`(state: GroupState) {
        var harness = GroupHarness.make(in: state)
        harness.advance(milliseconds: 9_999)
        #expect(harness.commit("t", 1, member: "b-1", generation: 1) == nil)
        #expect(harness.timers[.session("g", "b-1")] == harness.now + 10_000)
    }

    @Test func `metadata beyond the limit is refused for its partition alone`() {
        var harness = GroupHarness()
        func partition(_ index: Int32, _ metadata: String) -> CommitRequest.Partition {
            .init(index: index, offset: 1, metadata: metadata)
        }
        let response = harness.commit(
            CommitRequest(
                groupID: "g",
                topics: [
                    .init(
                        name: "t",
                        partitions: [
                            partition(0, String(repeating: "x", count: 4_097)),
                            partition(1, String(repeating: "x", count: 4_096)),
                            partition(2, String(repeating: "é", count: 4_096)),
                        ]
                    )
                ]
            )
        )
        #expect(response.topics[0].partitions.map(\.error) == [.offsetMetadataTooLarge, nil, nil])
    }

    @Test(arguments: [0, 1_000, .max, .min] as [Int64])
    func `a request's own retention becomes the record's expiry and never traps`(retention: Int64) {
        var harness = GroupHarness()
        let id = TopicID(high: 1, low: 2)
        _ = harness.commit(
            CommitRequest(
                groupID: "g",
                retentionMilliseconds: retention,
                topics: [.init(name: "t", topicID: id, partitions: [.init(index: 0, offset: 1)])]
            )
        )
        guard case .offsetCommit(_, let value?)? = harness.log.first?.record else {
            Issue.record("no record")
            return
        }
        let (expiry, overflow) = harness.now.addingReportingOverflow(retention)
        #expect(value.expireTimestamp == (overflow ? .max : expiry))
        #expect(value.topicID == .zero)
    }

    @Test func `offsets of a live consumer group are deleted for topics without a subscriber`() {
        var harness = GroupHarness.make(in: .stable)
        harness.commit("t", 1, member: "a-1", generation: 1)
        harness.commit("old", 2, member: "a-1", generation: 1)
        let (response, write) = harness.shard.offsetDeleteRequested(
            OffsetDeletion(groupID: "g", topics: [("t", [0]), ("old", [0, 0, 5])]),
            now: harness.now
        )
        #expect(response.error == nil)
        #expect(response.topics[0].partitions.map(\.error) == [.groupSubscribedToTopic])
        #expect(response.topics[1].partitions.map(\.error) == [nil, nil, nil])
        #expect(write?.records.count == 1)
        harness.append(write)
        #expect(harness.offset("t") == 1)
        #expect(harness.offset("old") == -1)
    }

    @Test func `offsets of a live group of another kind are not deleted`() {
        var harness = GroupHarness()
        harness.join(.make(type: "connect", knowsIDs: false), uuid: "1")
        let request = OffsetDeletion(groupID: "g", topics: [("t", [0])])
        #expect(harness.shard.offsetDeleteRequested(request, now: 0).response.error == .nonEmptyGroup)
        let unknown = OffsetDeletion(groupID: "h", topics: [("t", [0])])
        #expect(harness.shard.offsetDeleteRequested(unknown, now: 0).response.error == .groupIDNotFound)
    }

    @Test func `with a subscription that cannot be read every topic counts as subscribed`() {
        var harness = GroupHarness()
        var request = JoinRequest.make(knowsIDs: false)
        request.protocols[0].metadata = [0, 0, 0x7F, 0xFF, 0xFF, 0xFF, 0]
        harness.join(request, uuid: "1")
        harness.advance(milliseconds: 3_000)
        let delete = OffsetDeletion(groupID: "g", topics: [("t", [0])])
        let response = harness.shard.offsetDeleteRequested(delete, now: 0).response
        #expect(response.topics[0].partitions[0].error == .groupSubscribedToTopic)
    }

    @Test func `a deleted topic takes its offsets along in every group`() {
        var harness = GroupHarness()
        harness.commit("t", 1, group: "g")
        harness.commit("t", 2, group: "h")
        harness.commit("s", 3, group: "h")
        harness.holdsWrites = true
        harness.run(harness.shard.topicsChanged(Self.removed("t"), now: harness.now))
        #expect(harness.inFlight.map(\.records.count) == [2])
        harness.completeWrites()
        #expect(harness.offset("t", group: "h") == -1)
        #expect(harness.offset("s", group: "h") == 3)
        let again = harness.shard.topicsChanged(Self.removed("t"), now: harness.now)
        #expect(again.isEmpty)
    }

    @Test func `tombstones of a removed topic that were refused are written again`() {
        var harness = GroupHarness()
        harness.commit("t", 1, group: "g")
        harness.commit("t", 2, group: "h")
        harness.holdsWrites = true
        harness.run(harness.shard.topicsChanged(Self.removed("t"), now: harness.now))
        harness.failWrites(.coordinatorNotAvailable)
        #expect(harness.offset("t", group: "g") == 1, "rolled back")
        // The topic is made again: what is committed for it then stays.
        harness.holdsWrites = false
        harness.commit("t", 7, group: "h")
        harness.advance(milliseconds: 999)
        #expect(harness.offset("t", group: "g") == 1)
        harness.advance(milliseconds: 1)
        #expect(harness.offset("t", group: "g") == -1)
        #expect(harness.offset("t", group: "h") == 7)
        #expect(harness.timers[.removedTopics] == nil)
        #expect(harness.shard.removedTopics.isEmpty)
    }

    @Test func `the tombstones of a removed topic are written in portions`() {
        var harness = GroupHarness()
        let topic = String(repeating: "t", count: 200)
        for number in 0..<3_000 {
            harness.shard.replay(
                .offsetCommit(OffsetKey(groupID: "g", topic: topic, partition: Int32(number)), Self.committed),
                producer: nil
            )
        }
        harness.holdsWrites = true
        harness.run(harness.shard.topicsChanged(Self.removed(topic), now: harness.now))
        harness.advance(milliseconds: 0)
        let portions = harness.inFlight.map(\.records.count)
        #expect(portions.count == 3 && portions.reduce(0, +) == 3_000)
        #expect(portions.allSatisfy { $0 * (200 + 24) <= GroupMachine.tombstoneBytesMax + 1_000 })
        // The first is durable and the others are refused: those are written again.
        harness.failWrites(.coordinatorNotAvailable)
        harness.holdsWrites = false
        harness.advance(milliseconds: 1_000)
        #expect(harness.shard.offsets.count == 0)
        #expect(harness.shard.removedTopics.isEmpty)
    }

    @Test func `an open transaction of a topic made again holds up older offsets and is not ended`() {
        var harness = GroupHarness()
        harness.commit("t", 1)
        harness.holdsWrites = true
        harness.run(harness.shard.topicsChanged(Self.removed("t"), now: harness.now))
        harness.failWrites(.coordinatorNotAvailable)
        harness.holdsWrites = false
        let key = OffsetKey(groupID: "g", topic: "t", partition: 0)
        harness.shard.replay(.offsetCommit(key, Self.committed), producer: ProducerID(9))
        harness.advance(milliseconds: 2_000)
        #expect(harness.shard.offsets.hasOpenTransaction(on: key))
        harness.shard.replayEndOfTransaction(ProducerID(9), committed: true)
        harness.advance(milliseconds: 1_000)
        #expect(harness.shard.offsets[key]?.value == Self.committed)
        #expect(harness.shard.removedTopics.isEmpty)
    }

    private static func removed(_ name: String) -> TopicChanges {
        TopicChanges(removed: [.init(name: name, id: .zero, partitionCount: 1)])
    }

    private static let committed = CommittedOffset(
        offset: 5,
        leaderEpoch: -1,
        metadata: "",
        commitTimestamp: 0,
        expireTimestamp: nil,
        topicID: .zero
    )

    @Test func `a commit that cannot be written is taken back, with the group it made`() {
        var harness = GroupHarness()
        harness.commit("t", 1)
        let before = harness.shard.persistentState
        harness.holdsWrites = true
        harness.commit("t", 2)
        harness.commit("s", 3)
        harness.commit("t", 4, group: "h")
        harness.append(harness.shard.groupDeletionRequested(["g"], now: harness.now).write)
        #expect(harness.state == .dead)
        harness.failWrites(.notCoordinator)
        #expect(harness.shard.persistentState == before)
        #expect(harness.offset("t") == 1)
    }

    // MARK: Transactions

    private func transactional(_ harness: inout GroupHarness, _ offset: Offset, by producer: Int64) {
        let outcome = harness.shard.transactionalOffsetCommitRequested(
            CommitRequest(
                groupID: "g",
                topics: [.init(name: "t", partitions: [.init(index: 0, offset: offset)])]
            ),
            producer: TransactionalProducer(id: ProducerID(producer), epoch: ProducerEpoch(0)),
            now: harness.now
        )
        #expect(outcome.response.error == nil)
        harness.append(outcome.write)
    }

    private func stable(_ harness: GroupHarness) -> OffsetAnswer.Partition {
        harness.shard.offsetsRequested(
            OffsetQuery(groupID: "g", topics: [.init(name: "t", partitions: [0])], requireStable: true)
        ).topics[0].partitions[0]
    }

    @Test(arguments: [true, false])
    func `offsets of a transaction count when it commits`(commits: Bool) {
        var harness = GroupHarness()
        harness.commit("t", 1)
        self.transactional(&harness, 5, by: 9)
        #expect(harness.offset("t") == 1)
        #expect(self.stable(harness).error == .unstableOffsetCommit)
        harness.restart()
        #expect(self.stable(harness).error == .unstableOffsetCommit)
        harness.shard.replayEndOfTransaction(ProducerID(9), committed: commits)
        #expect(self.stable(harness) == .init(index: 0, offset: commits ? 5 : 1))
    }

    @Test func `a commit after a transaction's wins over it`() {
        var harness = GroupHarness()
        self.transactional(&harness, 5, by: 9)
        harness.commit("t", 7)
        harness.shard.replayEndOfTransaction(ProducerID(9), committed: true)
        #expect(harness.offset("t") == 7)
    }

    @Test func `a deleted group takes open transactions' offsets along`() {
        var harness = GroupHarness()
        self.transactional(&harness, 5, by: 9)
        self.transactional(&harness, 6, by: 10)
        let (_, write) = harness.shard.groupDeletionRequested(["g"], now: harness.now)
        harness.append(write)
        harness.shard.replayEndOfTransaction(ProducerID(9), committed: true)
        #expect(harness.offset("t") == -1)
        #expect(harness.shard.persistentState == PersistentGroupState())
    }
}
