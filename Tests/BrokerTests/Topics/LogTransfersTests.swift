import LogCore
import Model
import Testing

@testable import Broker

@Suite struct LogTransfersTests {
    private typealias Demand = LogTransfers.Demand

    private static func id(_ number: Int32, topic: UInt64 = 1) -> TopicPartition {
        TopicPartition(topicID: TopicID(high: 1, low: topic), partition: number)
    }

    private static func acquisition(_ number: Int32, _ name: String, epoch: Int32 = 0) -> LogAcquisition {
        LogAcquisition(
            partition: Self.id(number),
            topicName: name,
            settings: LogSettings(),
            epoch: LeaderEpoch(epoch)
        )
    }

    @Test func `names that are demanded together share their work, and empty demands begin none`() throws {
        var transfers = LogTransfers()
        let nothing = transfers.demanded(["a": Demand()])
        #expect(nothing == nil)
        #expect(transfers.isIdle)
        let begun1 = transfers.demanded([
            "b": Demand(acquisitions: [Self.acquisition(1, "b")]),
            "a": Demand(releases: [Self.id(0)], acquisitions: [Self.acquisition(0, "a")]),
        ])
        let work = try #require(begun1)
        #expect(work.names == ["a", "b"])
        #expect(work.releases == [Self.id(0)])
        #expect(work.acquisitions.map(\.topicName) == ["a", "b"])
        #expect(transfers.isAcquiring(Self.id(1), for: LeaderEpoch(0)))
        #expect(!transfers.isAcquiring(Self.id(1), for: LeaderEpoch(1)))
        let hasMore = transfers.finished(work.id)
        #expect(!hasMore)
        #expect(!transfers.isAcquiring(Self.id(1), for: LeaderEpoch(0)))
        #expect(transfers.isIdle)
    }

    @Test func `a name that is busy waits, and another one does not`() throws {
        var transfers = LogTransfers()
        let begun2 = transfers.demanded(["a": Demand(acquisitions: [Self.acquisition(0, "a")])])
        let slow = try #require(begun2)
        let begun3 = transfers.demanded([
            "a": Demand(releases: [Self.id(0)]),
            "b": Demand(acquisitions: [Self.acquisition(1, "b")]),
        ])
        let both = try #require(begun3)
        #expect(both.names == ["b"])
        #expect(both.releases.isEmpty)
        let hasMore = transfers.finished(slow.id)
        #expect(hasMore)
        let begun4 = transfers.demanded(["a": Demand()])
        let next = try #require(begun4)
        #expect(next.names == ["a"] && next.releases == [Self.id(0)])
    }

    @Test func `releases and deletions add up while a name is busy, and only the last acquisitions count`() throws {
        var transfers = LogTransfers()
        let begun5 = transfers.demanded(["a": Demand(acquisitions: [Self.acquisition(0, "a")])])
        let slow = try #require(begun5)
        let deletion = LogDeletion(partition: Self.id(0), topicName: "a")
        var more = transfers.demanded(["a": Demand(acquisitions: [Self.acquisition(0, "a", epoch: 1)])])
        #expect(more == nil)
        more = transfers.demanded(["a": Demand(releases: [Self.id(5)], acquisitions: [Self.acquisition(7, "a")])])
        #expect(more == nil)
        more = transfers.demanded(["a": Demand(deletions: [deletion])])
        #expect(more == nil)
        _ = transfers.finished(slow.id)
        let begun6 = transfers.demanded(["a": Demand(releases: [Self.id(6)])])
        let next = try #require(begun6)
        #expect(next.releases == [Self.id(5), Self.id(6)])
        #expect(next.deletions == [deletion])
        #expect(next.acquisitions.isEmpty)
        #expect(next.deletedTopics == [TopicID(high: 1, low: 1)])
    }
}
