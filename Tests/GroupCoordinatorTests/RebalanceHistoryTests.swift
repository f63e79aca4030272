import Coordination
import Model
import Testing

@testable import GroupCoordinator

@Suite struct RebalanceHistoryTests {
    private func causes(_ harness: GroupHarness) -> [[RebalanceReason]] {
        harness.shard.rebalances(of: "g").map { $0.causes.map(\.reason) }
    }

    @Test func `each classic rebalance says why it began, what came while it was under way, and its end`() {
        var harness = GroupHarness.make(in: .stable)
        #expect(self.causes(harness) == [[.memberJoined, .memberJoined]])
        #expect(harness.shard.rebalances(of: "g").first?.members == 2)
        let began = harness.now
        _ = harness.leave(.init(memberID: "b-1"))
        harness.advance(milliseconds: 500)
        harness.join(.make(member: "a-1", client: "a"))
        _ = harness.syncAll(["a-1"], generation: 2)
        let last = harness.shard.rebalances(of: "g").last
        #expect(last?.causes == [.init(reason: .memberLeft, memberID: "b-1")])
        #expect(last?.beganAt == began && last?.endedAt == harness.now && last?.generation == 2 && last?.members == 1)
        harness.advance(milliseconds: 60_000)
        #expect(self.causes(harness).last == [.memberExpired])
        // Nobody is left: the generation after it has no member.
        #expect(harness.shard.rebalances(of: "g").last?.members == 0)
        #expect(harness.shard.counts.rebalances == [.memberJoined: 1, .memberLeft: 1, .memberExpired: 1])
        #expect(harness.shard.rebalances(of: "other").isEmpty)
    }

    @Test func `who does not come back in time is named`() {
        var harness = GroupHarness.make(in: .stable)
        harness.join(.make(member: "a-1", client: "a", topics: ["other"]))
        #expect(self.causes(harness).last == [.subscriptionChanged])
        harness.advance(milliseconds: 11_000)
        let causes = harness.shard.rebalances(of: "g").last?.causes
        #expect(causes?.dropFirst().first == .init(reason: .memberExpired, memberID: "b-1"))
    }

    @Test func `histories are bounded in groups, rebalances and causes`() {
        var history = RebalanceHistory()
        for number in 0..<RebalanceHistory.groupsMax + 10 {
            history.take(.began(GroupID("g\(number)"), .memberJoined, nil), now: Int64(number))
        }
        #expect(history.rebalances(of: "g9").isEmpty && !history.rebalances(of: "g10").isEmpty)
        let long = MemberID(String(repeating: "m", count: 1000))
        for _ in 0..<20 { history.take(.began("g10", .memberExpired, long), now: 5) }
        let open = history.rebalances(of: "g10")
        #expect(open.count == 1 && open[0].causes.count == Rebalance.causesMax && open[0].causesLeftOut == 13)
        #expect(open[0].causes[1].memberID.utf8.count <= Rebalance.memberIDBytesMax)
        for number in 0..<50 {
            history.take(.epoch("g10", Int32(number), .topicsChanged, nil, members: 1), now: 6)
        }
        #expect(history.rebalances(of: "g10").map(\.generation) == (34..<50).map { Int32($0) })
        #expect(history.counts[.topicsChanged] == 50)
    }
}
