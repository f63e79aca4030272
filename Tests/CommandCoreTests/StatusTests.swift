import CommandCore
import Testing
import Text

@Suite
struct StatusTests {
    @Test
    func `metrics are read`() {
        let metrics = MetricsText(
            """
            # HELP a_total Something.
            # TYPE a_total counter
            a_total{topic="x",face="kafka"} 5
            a_total{topic="quote \\" and \\\\ and \\n"} 2.5e1 1700000000
            b 7
            c{le="+Inf"} +Inf
            broken{ 1
            broken2{a="x} 1
            d{} 1
            not a number
            """
        )
        #expect(metrics["a_total"].map(\.value) == [5, 25])
        #expect(metrics["a_total"].last?.labels["topic"] == "quote \" and \\ and \n")
        #expect(metrics.sum("a_total") == 30 && metrics.sum("a_total") { $0.labels["face"] == "kafka" } == 5)
        #expect(metrics.sum("b") == 7 && metrics.sum("absent") == nil && metrics["c"].first?.value == .infinity)
        #expect(metrics.sum("d") == 1 && metrics["broken"].isEmpty && metrics["broken2"].isEmpty)
    }

    @Test
    func `rates are growth by time, and a restart is not a fall`() {
        let before = MetricsText(
            """
            millrace_appended_records_total{protocol="kafka"} 100
            millrace_appended_records_total{protocol="kinesis"} 50
            millrace_topic_appended_bytes_total{topic="a",face="kafka"} 1000
            """
        )
        let after = MetricsText(
            """
            millrace_appended_records_total{protocol="kafka"} 300
            millrace_appended_records_total{protocol="kinesis"} 10
            millrace_topic_appended_bytes_total{topic="a",face="kafka"} 5096
            millrace_topic_appended_bytes_total{topic="a",face="kinesis"} 4096
            millrace_topic_appended_bytes_total{topic="b",face="kafka"} 2
            """
        )
        let rates = RateTable(from: before, to: after, seconds: 2)
        #expect(rates.faces.map(\.name) == ["kafka", "kinesis"] && rates.faces.map(\.recordsIn) == [100, 5])
        #expect(rates.topics.map(\.name) == ["a", "b"] && rates.topics[0].bytesIn == 4096)
        #expect(RateTable.table(rates.topics, "TOPIC").text.contains("4.0 KiB/s"))
        #expect(RateTable.bytes(12) == "12 B/s" && RateTable.bytes(-1) == "0 B/s")
    }

    @Test
    func `the worst state counts, and the reasons are said`() {
        var result = MonitoringResult()
        result.note("3 topics")
        result.measure("lag", 5, MonitoringResult.Limit(warning: 10, critical: 20), "far behind")
        #expect(result.state == .ok && result.line == "MILLRACE OK - 3 topics | lag=5;10;20;0\n")
        result.measure("lag2", 10, unit: "s", MonitoringResult.Limit(warning: 10, critical: nil), "a|b is behind")
        #expect(result.line == "MILLRACE WARNING - a/b is behind | lag=5;10;20;0 lag2=10s;10;;0\n")
        result.add(.unknown, "no metrics")
        #expect(result.state == .unknown)
        result.add(.critical, "down")
        result.add(.warning, "late")
        #expect(result.state == .critical && result.state.rawValue == 2)
    }

    @Test
    func `findings are a table and a document`() {
        let findings = [
            HealthFinding("kafka", .ok, "answers"), HealthFinding("tls", .problem, "ended", advice: "renew"),
        ]
        #expect(HealthFinding.table(findings).text.contains("problem"))
        #expect(String(decoding: HealthFinding.json(findings).bytes, as: UTF8.self).contains("\"next\":null"))
    }
}
