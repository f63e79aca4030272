import Model
import NIOEmbedded
import Testing

@testable import Serving

@Suite struct DurationHistogramTests {
    @Test func `a duration belongs to the first bound that it does not exceed`() {
        let bounds = DurationCounts.bounds.map { Int64(Double($0)! * 1e9) }
        for (index, bound) in bounds.enumerated() {
            #expect(DurationCounts.bucket(ofNanoseconds: bound) == index)
            #expect(DurationCounts.bucket(ofNanoseconds: bound + 1) == index + 1)
        }
        #expect(DurationCounts.bucket(ofNanoseconds: -5) == 0)
        #expect(DurationCounts.bucket(ofNanoseconds: .max) == bounds.count)
    }

    @Test func `counts of several histograms add up`() {
        let (first, second) = (DurationHistogram(), DurationHistogram())
        first.record(nanoseconds: 400_000)
        second.record(nanoseconds: 400_000)
        second.record(nanoseconds: 3_000_000_000)
        second.record(nanoseconds: -1)
        var counts = first.counts
        counts += second.counts
        #expect(counts.total == 4)
        #expect(counts.buckets[0] == 3)
        #expect(counts.buckets[12] == 1)
        #expect(counts.nanoseconds == 3_000_800_000)
    }
}

@Suite struct RequestMetricsTests {
    @Test func `each event loop counts apart, and the totals are the sums`() {
        let metrics = RequestMetrics()
        let (first, second) = (EmbeddedEventLoop(), EmbeddedEventLoop())
        #expect(metrics.stripe(of: first) === metrics.stripe(of: first))
        #expect(metrics.stripe(of: first) !== metrics.stripe(of: second))
        metrics.stripe(of: first).answered(3, nanoseconds: 1_000)
        metrics.stripe(of: second).answered(3, nanoseconds: 2_000)
        metrics.stripe(of: second).answered(0, nanoseconds: 5)
        metrics.stripe(of: second).passed(.durable, nanoseconds: 7)
        let totals = metrics.totals
        #expect(totals.durations[3]?.total == 2)
        #expect(totals.durations[3]?.nanoseconds == 3_000)
        #expect(totals.durations[0]?.total == 1)
        #expect(totals.durations[1] == nil)
        #expect(totals.stages.map(\.total) == [0, 0, 1])
    }

    @Test func `operations without a place are not counted`() {
        let metrics = RequestMetrics()
        let stripe = metrics.stripe(of: EmbeddedEventLoop())
        for number in [-1, RequestMetrics.operationsMax, .max] { stripe.answered(number, nanoseconds: 1) }
        #expect(metrics.totals.durations.allSatisfy { $0 == nil })
    }

    @Test func `errors are counted by operation and code, and there is a bound on both`() {
        let metrics = RequestMetrics()
        metrics.failed(1, code: 3)
        metrics.failed(1, code: 3)
        metrics.failed(0, code: -1)
        #expect(metrics.totals.errors.map(\.count) == [1, 2])
        #expect(metrics.totals.errors.map(\.operation) == [0, 1])
        for code in 0..<(RequestMetrics.errorsMax + 10) { metrics.failed(2, code: code) }
        #expect(metrics.totals.errors.count == RequestMetrics.errorsMax)
        // What is known is still counted.
        metrics.failed(1, code: 3)
        #expect(metrics.totals.errors.first { $0.operation == 1 }?.count == 3)
    }
}

@Suite struct MetricsTextTests {
    @Test func `a histogram is written with cumulative buckets, its sum and its count`() {
        let histogram = DurationHistogram()
        for nanoseconds in [400_000, 1_500_000, 20_000_000_000] as [Int64] {
            histogram.record(nanoseconds: nanoseconds)
        }
        var metrics = MetricsText()
        metrics.family("a_seconds", "Help.", .histogram)
        metrics.histogram("x=\"y\"", histogram.counts)
        let lines = metrics.text.split(separator: "\n").map(String.init)
        #expect(lines.prefix(2) == ["# HELP a_seconds Help.", "# TYPE a_seconds histogram"])
        #expect(lines.contains(#"a_seconds_bucket{x="y",le="0.0005"} 1"#))
        #expect(lines.contains(#"a_seconds_bucket{x="y",le="0.002"} 2"#))
        #expect(lines.contains(#"a_seconds_bucket{x="y",le="10"} 2"#))
        #expect(lines.contains(#"a_seconds_bucket{x="y",le="+Inf"} 3"#))
        #expect(lines.suffix(2) == [#"a_seconds_sum{x="y"} 20.0019"#, #"a_seconds_count{x="y"} 3"#])
    }

    @Test func `values that clients chose cannot break a line`() {
        var metrics = MetricsText()
        metrics.family("a", "Help.", .gauge)
        metrics.value(MetricsText.label("b", "x\"\n\\y"), 1)
        #expect(metrics.text.hasSuffix("a{b=\"x\\\"\\n\\\\y\"} 1\n"))
    }

    @Test func `connections are counted by listener`() {
        let metrics = BrokerMetrics()
        metrics.kafka.connected(on: "PLAINTEXT")
        metrics.kafka.connected(on: "SSL")
        metrics.kafka.disconnected(from: "PLAINTEXT")
        let lines = metrics.prometheusText().split(separator: "\n").map(String.init)
        #expect(lines.contains(#"millrace_connections{protocol="kafka"} 1"#))
        #expect(lines.contains(#"millrace_listener_connections{protocol="kafka",listener="PLAINTEXT"} 0"#))
        #expect(lines.contains(#"millrace_listener_connections{protocol="kafka",listener="SSL"} 1"#))
    }
}
