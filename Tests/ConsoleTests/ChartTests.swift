import Metadata
import Testing

@testable import AdminServer
@testable import Console

@Suite struct ChartTests {
    private func shard(
        _ ordinal: Int32,
        _ range: HashRange,
        second: Int64,
        open: Bool,
        parents: [Int32] = [],
        children: [Int32] = []
    ) -> ShardRow {
        ShardRow(
            id: Shard.id(ordinal: ordinal),
            ordinal: ordinal,
            partition: ordinal,
            hashRange: range,
            isOpen: open,
            startOffset: 0,
            endOffset: open ? nil : 10,
            createdSecond: second,
            closedAt: nil,
            parents: parents.map { Shard.id(ordinal: $0) },
            children: children.map { Shard.id(ordinal: $0) }
        )
    }

    @Test func `sine and cosine are right all around`() {
        for (turns, sine, cosine) in [
            (0.0, 0.0, 1.0), (0.125, 0.5.squareRoot(), 0.5.squareRoot()), (0.25, 1, 0), (0.5, 0, -1), (0.75, -1, 0),
            (0.999999, 0, 1), (1, 0, 1),
        ] {
            let found = HashRing.sineAndCosine(ofTurns: turns)
            #expect(abs(found.sine - sine) < 1e-5 && abs(found.cosine - cosine) < 1e-5, "\(turns)")
        }
    }

    @Test func `the ring has an arc for each open shard, a whole circle for one`() {
        let halves = HashRange.uniform(count: 2)
        var html = HTMLWriter()
        HashRing(
            shards: halves.enumerated().map { shard(Int32($0.offset), $0.element, second: 1, open: true) },
            name: "s"
        ).write(to: &html)
        #expect(html.string.contains("href=\"#shardId-000000000000\""))
        #expect(html.string.contains("50 % of the hash keys"))
        #expect(html.string.contains("d=\"M100 8A92 92 0 0 1 100 192L100 162A62 62 0 0 0 100 38Z\""))
        html = HTMLWriter()
        HashRing(shards: [shard(0, HashRange.uniform(count: 1)[0], second: 1, open: true)], name: "s").write(to: &html)
        #expect(html.string.contains("0 1 1"), "the large arc")
    }

    @Test func `the lineage draws a parent down to its children`() {
        let halves = HashRange.uniform(count: 2)
        var html = HTMLWriter()
        ShardLineage(shards: [
            shard(0, HashRange.uniform(count: 1)[0], second: 1, open: false, children: [1, 2]),
            shard(1, halves[0], second: 9, open: true, parents: [0]),
            shard(2, halves[1], second: 9, open: true, parents: [0]),
        ]).write(to: &html)
        #expect(html.string.contains("viewBox=\"0 0 600 46\""))
        #expect(html.string.contains("<rect x=\"0\" y=\"1\" width=\"600\" height=\"20\">"))
        #expect(html.string.contains("<rect x=\"300\" y=\"23\" width=\"300\" height=\"20\">"))
        #expect(html.string.contains("open, from shardId-000000000000"))
    }

    @Test func `a chart's scale is a round number and no value leaves it`() {
        for (value, top) in [(0.0, 1.0), (0.3, 0.5), (1, 1), (1.1, 2), (4, 5), (51, 100), (1999, 2000)] {
            #expect(abs(TimeChart.roundedUp(value) - top) < top / 1e9, "\(value)")
        }
        var html = HTMLWriter()
        TimeChart(
            lines: [TimeChart.Line(name: "in", values: [0, 5, 10])],
            format: { Figure.decimal($0) },
            secondsShown: 60
        ).write(to: &html)
        #expect(html.string.contains("points=\"0 119 300 60.5 600 2\""))
        #expect(html.string.contains("aria-label=\"in: now 10, at most 10\""))
    }

    @Test func `rates are of what two samples differ by, and an hour is kept`() {
        func face(_ records: UInt64) -> FaceView {
            FaceView(
                connections: 0,
                requests: 0,
                requestsFailed: 0,
                bytesReceived: 0,
                bytesSent: 0,
                recordsAppended: records,
                recordBytesAppended: records * 10,
                recordBytesRead: records * 20
            )
        }
        let history = RateHistory()
        #expect(history.rates(lastSeconds: 60).isEmpty)
        #expect(history.totals.seconds == 0)
        for step in 0..<1000 {
            let milliseconds = Int64(step) * 5000
            let sample = RateHistory.Sample(
                milliseconds: milliseconds,
                kafka: face(UInt64(step) * 50),
                kinesis: face(0)
            )
            history.sampled(sample)
            history.sampled(sample)
        }
        let rates = history.rates(lastSeconds: 60)
        #expect(rates.count == 12)
        #expect(rates.allSatisfy { $0.kafkaRecordsIn == 10 && $0.bytesIn == 100 && $0.bytesOut == 200 })
        #expect(
            history.totals
                == RateHistory.Totals(seconds: 3600, records: 36_000, recordBytes: 360_000, recordBytesRead: 720_000)
        )
    }
}

@Suite struct CostEstimateTests {
    private let prices = PriceTable.builtIn

    private func dollars(_ records: Double, _ bytes: Double, streams: Int = 1, shards: Int = 1) -> [Double] {
        CostEstimate(
            CostEstimate.Work(
                recordsPerSecond: records,
                bytesPerSecond: bytes,
                bytesReadPerSecond: 0,
                storedBytes: 0,
                streams: streams,
                openShards: shards
            ),
            self.prices
        ).offers.map(\.dollars)
    }

    @Test func `nothing to do costs what stands there`() {
        let offers = self.dollars(0, 0)
        #expect(abs(offers[0] - 730 * 0.015) < 1e-9)
        #expect(abs(offers[1] - 730 * 0.04) < 1e-9)
        #expect(abs(offers[2] - 3 * 730 * 0.204) < 1e-9)
    }

    @Test func `records are counted in the units of each offer`() {
        // 1,000 records a second of 100 bytes: one shard, a PUT unit each, 1 KB each on demand.
        let offers = self.dollars(1000, 100_000)
        let records = 1000.0 * 730 * 3600
        #expect(abs(offers[0] - (730 * 0.015 + records / 1e6 * 0.014)) < 1e-6)
        #expect(abs(offers[1] - (730 * 0.04 + records * 1024 / 1e9 * 0.08)) < 1e-6)
        // 26 KB: two units, and more shards by bytes than by records.
        let large = self.dollars(100, 100 * 26 * 1024)
        #expect(abs(large[0] - (3 * 730 * 0.015 + 100.0 * 730 * 3600 * 2 / 1e6 * 0.014)) < 1e-6)
    }

    @Test func `the table is a file that can be edited`() {
        #expect(PriceTable.decode(Array(PriceTable.builtIn.encoded.utf8)) == .builtIn)
        #expect(PriceTable.decode(Array("{}".utf8)) == nil)
    }
}
