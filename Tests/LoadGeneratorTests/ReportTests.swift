import Testing

@testable import LoadGenerator

@Suite struct ReportTests {
    private let volume = LoadVolume(limit: .records(1000))

    @Test func `numbers keep the places that mean something`() {
        #expect(Report.number(0, places: 3) == "0")
        #expect(Report.number(0.0004, places: 3) == "0")
        #expect(Report.number(0.0005, places: 3) == "0.001")
        #expect(Report.number(12.5, places: 3) == "12.5")
        #expect(Report.number(-0.25, places: 2) == "-0.25")
        #expect(Report.number(1_234_567.891, places: 1) == "1234567.9")
        #expect(Report.number(3, places: 0) == "3")
        #expect(Report.number(1e300, places: 3) == "1e+300")
    }

    @Test func `a report is one line of JSON in the order of its members`() {
        var inner = Report()
        inner.add("p50_ms", .decimal(0.5, places: 3))
        var report = Report()
        report.add("workload", .text("a \"b\" \\ \n \u{1}"))
        report.add("records", .integer(-3))
        report.add("rate", .null)
        report.add("infinite", .decimal(.infinity, places: 1))
        report.add("ok", .flag(true))
        report.add("latency", .object(inner))
        report.add("timeline", .list([inner, inner]))
        #expect(
            report.json == #"{"workload":"a \"b\" \\ \n \u0001","records":-3,"rate":null,"infinite":null,"ok":true,"#
                + #""latency":{"p50_ms":0.5},"timeline":[{"p50_ms":0.5},{"p50_ms":0.5}]}"#
        )
        #expect(!report.json.contains("\n"))
    }

    @Test func `a table leaves out what does not apply and ends with its notes`() {
        var report = Report()
        report.add("records", .integer(1_234_567))
        report.add("rate", .null)
        report.add("latency", Report.latency(nil))
        report.notes = ["a note"]
        #expect(report.text == "records  1,234,567\na note\n")
    }

    @Test func `all loads name their figures alike`() throws {
        let spending = Spending(
            seconds: 2,
            serverCPUSeconds: 1,
            clientCPUSeconds: 0.5,
            usage: ProcessUsage(cpuSeconds: 9, residentBytes: 3_000_000, peakResidentBytes: 4_000_000)
        )
        let report = LoadReport(
            workload: "produce",
            target: "h:1",
            recordBytes: 100,
            connections: 1,
            recordCount: 2_000_000,
            failedCount: 0,
            bytes: 200_000_000,
            spending: spending
        )
        .report
        let names = [
            "workload", "target", "size", "partitions", "connections", "acks", "compression", "rate", "records",
            "failed", "mb", "seconds", "records_per_s", "mb_per_s", "server_cpu_s", "cpu_s_per_million",
            "cpu_s_per_gb", "client_cpu_s", "rss_mb", "peak_rss_mb",
        ]
        #expect(report.members.map(\.name) == names)
        #expect(report["records_per_s"] == .decimal(1_000_000, places: 1))
        #expect(report["cpu_s_per_million"] == .decimal(0.5, places: 4))
        #expect(report["cpu_s_per_gb"] == .decimal(5, places: 4))
        #expect(report["rss_mb"] == .decimal(3, places: 1))
    }

    @Test func `percentiles have three digits`() throws {
        var recorder = LatencyRecorder(start: 0, volume: self.volume)
        for index in 1...1000 { recorder.record(nanoseconds: UInt64(index) * 1_000_000, at: UInt64(index)) }
        let summary = try #require(recorder.summary)
        #expect(summary.count == 1000)
        for (value, expected) in [(summary.p50, 500.0), (summary.p90, 900), (summary.p99, 990), (summary.p999, 999)] {
            #expect(abs(value - expected) <= expected / 1000)
        }
        #expect(summary.max == 1000)
    }

    @Test func `the warm-up is left out by records and by time`() throws {
        var byRecords = LatencyRecorder(start: 0, volume: LoadVolume(limit: .records(100), warmupRecords: 15))
        byRecords.record(nanoseconds: 9_000_000_000, count: 10, at: 1)
        byRecords.record(nanoseconds: 5_000_000, count: 10, at: 2)
        #expect(byRecords.summary?.count == 5)
        #expect(byRecords.summary?.max == 5)
        var byTime = LatencyRecorder(start: 1_000_000_000, volume: LoadVolume(limit: .seconds(10), warmupSeconds: 2))
        byTime.record(nanoseconds: 1000, at: 2_999_999_999)
        #expect(byTime.summary == nil)
        byTime.record(nanoseconds: 1000, at: 3_000_000_000)
        #expect(byTime.summary?.count == 1)
    }

    @Test func `the timeline has a row for every second`() throws {
        var recorder = LatencyRecorder(start: 500, volume: self.volume, hasTimeline: true)
        recorder.record(nanoseconds: 2_000_000, count: 3, at: 600)
        recorder.record(nanoseconds: 4_000_000, count: 1, at: 2_000_000_600)
        let rows = try #require(recorder.seconds)
        #expect(rows.map(\.second) == [0, 1, 2])
        #expect(rows.map(\.records) == [3, 0, 1])
        #expect(rows[0].p50 == 2 && rows[2].p99 == 4)
        #expect(LatencyRecorder(start: 0, volume: self.volume).seconds == nil)
    }

    @Test func `a latency of more than an hour counts as an hour`() {
        var recorder = LatencyRecorder(start: 0, volume: self.volume)
        recorder.record(nanoseconds: .max / 2, at: 1)
        #expect(recorder.summary?.max == 3_600_000)
    }

    @Test func `a process is read even when its name has spaces and parentheses`() {
        let stat = "42 (a (b) c) S 1 42 42 0 -1 4194560 1 0 0 0 123 45 0 0 20 0 4 0 100 1000 10"
        #expect(ProcessUsage.cpuTicks(inStat: stat) == 168)
        #expect(ProcessUsage.cpuTicks(inStat: "42 (a) S 1") == nil)
        #expect(ProcessUsage.cpuTicks(inStat: "") == nil)
        let status = "Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n"
        #expect(ProcessUsage.bytes(of: "VmRSS", inStatus: status) == 1_048_576)
        #expect(ProcessUsage.bytes(of: "VmHWM", inStatus: status) == 2_097_152)
        #expect(ProcessUsage.bytes(of: "VmSwap", inStatus: status) == nil)
    }

    @Test func `a process that is not there is named`() {
        let failure = #expect(throws: LoadFailure.self) { try ServerProcesses([Int32.max]) }
        #expect(failure?.description.contains("\(Int32.max)") == true)
    }
}
