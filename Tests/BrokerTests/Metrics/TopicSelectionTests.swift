import Model
import Testing

@testable import Broker

@Suite struct TopicSelectionTests {
    private func sample(_ number: UInt64, bytes: Int) -> TopicSelection.Sample {
        let traffic = PartitionTraffic()
        traffic.appended(by: .kafka, bytes: bytes, records: 1)
        return TopicSelection.Sample(
            id: TopicID(high: 1, low: number),
            name: "t\(number)",
            traffic: traffic.current,
            sizeBytes: Int64(bytes),
            partitions: 2
        )
    }

    private func othersBytes(_ selected: TopicSelection.Selected) -> UInt64 {
        selected.others.traffic[.appendedBytes, .kafka]
    }

    @Test func `all topics have series while there are few`() {
        var selection = TopicSelection()
        let selected = selection.select((0..<3).map { self.sample($0, bytes: 10) }, limit: 3)
        #expect(selected.own.map(\.name) == ["t0", "t1", "t2"])
        #expect(selected.leftOut == 0)
        #expect(self.othersBytes(selected) == 0)
    }

    @Test func `above the limit the topics with the most bytes have series, and the rest is summed up`() {
        var selection = TopicSelection()
        let selected = selection.select((0..<5).map { self.sample($0, bytes: Int($0) * 10) }, limit: 2)
        #expect(selected.own.map(\.name) == ["t3", "t4"])
        #expect(selected.leftOut == 3)
        #expect(selected.others.name == "(others)")
        #expect(self.othersBytes(selected) == 0 + 10 + 20)
        #expect(selected.others.sizeBytes == 30)
        #expect(selected.others.partitions == 6)
    }

    @Test func `a topic keeps its series when others overtake it`() {
        var selection = TopicSelection()
        _ = selection.select([self.sample(1, bytes: 10), self.sample(2, bytes: 5)], limit: 1)
        let selected = selection.select([self.sample(1, bytes: 10), self.sample(2, bytes: 500)], limit: 1)
        #expect(selected.own.map(\.name) == ["t1"])
        #expect(self.othersBytes(selected) == 500)
    }

    @Test func `the sum of the others never falls`() {
        var selection = TopicSelection()
        let first = selection.select([self.sample(1, bytes: 10), self.sample(2, bytes: 5)], limit: 1)
        #expect(self.othersBytes(first) == 5)
        // Topic 1 is deleted: 2 gets its place, and what it had added stays in the sum.
        let second = selection.select([self.sample(2, bytes: 7), self.sample(3, bytes: 2)], limit: 1)
        #expect(second.own.map(\.name) == ["t2"])
        #expect(self.othersBytes(second) == 5 + 2)
        // 3 is deleted, too, and comes back empty.
        let third = selection.select([self.sample(2, bytes: 7)], limit: 1)
        #expect(self.othersBytes(third) == 7)
        let fourth = selection.select([self.sample(2, bytes: 7), self.sample(3, bytes: 1)], limit: 1)
        #expect(self.othersBytes(fourth) == 8)
    }

    @Test func `a partition that was reopened counts from 0 again, and takes nothing from the sum`() {
        var selection = TopicSelection()
        _ = selection.select([self.sample(1, bytes: 100)], limit: 0)
        let selected = selection.select([self.sample(1, bytes: 4)], limit: 0)
        #expect(self.othersBytes(selected) == 100)
    }
}

@Suite struct PartitionSeriesTests {
    @Test(
        arguments: [
            ("off", PartitionSeries.off), ("all", .all), ("top:20", .top(20)), ("top:x", .off), ("", .off),
        ]
    )
    func `metrics.partitions is read`(text: String, series: PartitionSeries) {
        #expect(PartitionSeries(text) == series)
    }
}
