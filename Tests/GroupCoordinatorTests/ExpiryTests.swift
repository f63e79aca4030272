import Coordination
import Model
import Testing

@testable import GroupCoordinator

/// KIP-211, with a retention of one hour.
@Suite struct ExpiryTests {
    private static let hour: Int64 = 3_600_000

    private var settings: GroupSettings {
        var settings = GroupSettings()
        settings.offsetsRetentionMinutes = 60
        return settings
    }

    private func expire(_ harness: inout GroupHarness) {
        harness.append(harness.shard.offsetsExpired(of: harness.shard.groupIDs, now: harness.now))
    }

    @Test func `a simple group's offsets expire one by one by their commit time, then the group`() {
        var harness = GroupHarness(settings: self.settings)
        harness.commit("t", 1)
        harness.advance(milliseconds: Self.hour / 2)
        harness.commit("s", 2)
        harness.advance(milliseconds: Self.hour / 2 - 1)
        self.expire(&harness)
        #expect(harness.offset("t") == 1)
        harness.advance(milliseconds: 1)
        self.expire(&harness)
        #expect(harness.offset("t") == -1)
        #expect(harness.offset("s") == 2)
        #expect(harness.state == .empty)
        harness.advance(milliseconds: Self.hour)
        self.expire(&harness)
        #expect(harness.state == .dead)
        #expect(harness.shard.persistentState == PersistentGroupState())
    }

    @Test func `an empty group's offsets live for the retention after the last member left`() {
        var harness = GroupHarness.make(in: .stable, settings: self.settings)
        harness.commit("t", 1, member: "a-1", generation: 1)
        for _ in 0..<800 {
            _ = harness.heartbeat("a-1", generation: 1)
            _ = harness.heartbeat("b-1", generation: 1)
            harness.advance(milliseconds: 9_000)
        }
        self.expire(&harness)
        #expect(harness.offset("t") == 1, "subscribed")
        _ = harness.leave(.init(memberID: "a-1"), .init(memberID: "b-1"))
        harness.restart()
        harness.advance(milliseconds: Self.hour - 1)
        self.expire(&harness)
        #expect(harness.offset("t") == 1)
        harness.advance(milliseconds: 1)
        self.expire(&harness)
        #expect(harness.state == .dead)
        guard case .groupMetadata("g", nil)? = harness.log.last?.record else {
            Issue.record("no tombstone")
            return
        }
    }

    @Test func `a stable group of consumers loses the offsets of topics that it no longer reads`() {
        var harness = GroupHarness.make(in: .stable, settings: self.settings)
        harness.commit("t", 1, member: "a-1", generation: 1)
        harness.commit("old", 2, member: "a-1", generation: 1)
        harness.now += Self.hour
        self.expire(&harness)
        #expect(harness.offset("t") == 1)
        #expect(harness.offset("old") == -1)
        #expect(harness.state == .stable)
    }

    @Test(arguments: [.preparingRebalance, .completingRebalance] as [GroupState])
    func `nothing expires during a rebalance`(state: GroupState) {
        var harness = GroupHarness.make(in: .stable, settings: self.settings)
        harness.commit("old", 2, member: "a-1", generation: 1)
        harness.join(.make(member: "a-1", client: "a"))
        if state == .completingRebalance { harness.join(.make(member: "b-1", client: "b")) }
        #expect(harness.state == state)
        harness.now += 2 * Self.hour
        #expect(harness.shard.offsetsExpired(of: harness.shard.groupIDs, now: harness.now) == nil)
    }

    @Test func `a stable group of another kind keeps its offsets`() {
        var harness = GroupHarness(settings: self.settings)
        harness.join(.make(type: "connect", knowsIDs: false), uuid: "1")
        harness.advance(milliseconds: 3_000)
        harness.syncAll(["c-1"], generation: 1)
        harness.commit("old", 2, member: "c-1", generation: 1)
        harness.now += 2 * Self.hour
        #expect(harness.shard.offsetsExpired(of: harness.shard.groupIDs, now: harness.now) == nil)
    }

    @Test func `an offset with its own expiry ends by it`() {
        var harness = GroupHarness(settings: self.settings)
        _ = harness.commit(
            CommitRequest(
                groupID: "g",
                retentionMilliseconds: 10,
                topics: [.init(name: "t", partitions: [.init(index: 0, offset: 1)])]
            )
        )
        harness.advance(milliseconds: 9)
        self.expire(&harness)
        #expect(harness.offset("t") == 1)
        harness.advance(milliseconds: 1)
        self.expire(&harness)
        #expect(harness.offset("t") == -1)
    }

    @Test func `a group that a client is about to join is not removed`() {
        var harness = GroupHarness(settings: self.settings)
        harness.join(.make(client: "a"), uuid: "1")
        self.expire(&harness)
        #expect(harness.state == .empty)
        harness.advance(milliseconds: 10_000)
        self.expire(&harness)
        #expect(harness.state == .dead)
    }

    @Test func `absurd times in old records never trap`() {
        var harness = GroupHarness(settings: self.settings)
        for (index, time) in [Int64.min, .max].enumerated() {
            let key = OffsetKey(groupID: "g", topic: "t", partition: Int32(index))
            let value = CommittedOffset(
                offset: 1,
                leaderEpoch: -1,
                metadata: "",
                commitTimestamp: time,
                expireTimestamp: nil,
                topicID: .zero
            )
            harness.shard.replay(.offsetCommit(key, value), producer: nil)
        }
        let write = harness.shard.offsetsExpired(of: ["g"], now: harness.now)
        #expect(write?.records == [.offsetCommit(OffsetKey(groupID: "g", topic: "t", partition: 0), nil)])
    }

    @Test func `a group with very many expired offsets loses them in several writes, and then goes`() {
        var harness = GroupHarness(settings: self.settings)
        let topic = String(repeating: "t", count: 200)
        let value = CommittedOffset(
            offset: 1,
            leaderEpoch: -1,
            metadata: "",
            commitTimestamp: 0,
            expireTimestamp: nil,
            topicID: .zero
        )
        for number in 0..<3_000 {
            let key = OffsetKey(groupID: "g", topic: topic, partition: Int32(number))
            harness.shard.replay(.offsetCommit(key, value), producer: nil)
        }
        harness.advance(milliseconds: 2 * Self.hour)
        var delays: [Duration] = []
        var sizes: [Int] = []
        for _ in 0..<4 {
            for action in harness.shard.timerFired(.offsetExpiry, now: harness.now) {
                switch action {
                case .append(let write):
                    sizes.append(write.records.count)
                    harness.append(write)
                case .startTimer(.offsetExpiry, let delay): delays.append(delay)
                default: Issue.record("nothing else happens")
                }
            }
        }
        #expect(sizes.count == 3 && sizes.reduce(0, +) == 3_001, "the last has the group's own tombstone")
        #expect(delays.prefix(2).allSatisfy { $0 == .milliseconds(20) })
        #expect(delays.last == self.settings.offsetsRetentionCheckInterval)
        #expect(harness.shard.groupIDs.isEmpty)
    }
}
