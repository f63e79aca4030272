/// What every load reports, in one place so that all of them name it alike.
package struct LoadReport: Sendable {
    package var workload: String
    package var target: String
    package var recordBytes: Int?
    package var partitions: Int?
    package var connections: Int
    package var acks: String?
    package var compression: String?
    package var rate: Double?
    package var recordCount: Int
    package var failedCount: Int
    /// Bytes that count as the load's volume.
    package var bytes: Int
    package var spending: Spending

    package init(
        workload: String,
        target: String,
        recordBytes: Int? = nil,
        partitions: Int? = nil,
        connections: Int,
        acks: String? = nil,
        compression: String? = nil,
        rate: Double? = nil,
        recordCount: Int,
        failedCount: Int,
        bytes: Int,
        spending: Spending
    ) {
        self.workload = workload
        self.target = target
        self.recordBytes = recordBytes
        self.partitions = partitions
        self.connections = connections
        self.acks = acks
        self.compression = compression
        self.rate = rate
        self.recordCount = recordCount
        self.failedCount = failedCount
        self.bytes = bytes
        self.spending = spending
    }

    /// The members that all loads have, with `null` for what does not apply; a load adds its own after them.
    package var report: Report {
        let megabytes = Double(self.bytes) / 1e6
        let seconds = max(self.spending.seconds, 1e-9)
        let cpu = self.spending.serverCPUSeconds
        var report = Report()
        report.add("workload", .text(self.workload))
        report.add("target", .text(self.target))
        report.add("size", Self.integer(self.recordBytes))
        report.add("partitions", Self.integer(self.partitions))
        report.add("connections", .integer(self.connections))
        report.add("acks", Self.text(self.acks))
        report.add("compression", Self.text(self.compression))
        report.add("rate", Self.decimal(self.rate, places: 3))
        report.add("records", .integer(self.recordCount))
        report.add("failed", .integer(self.failedCount))
        report.add("mb", .decimal(megabytes, places: 3))
        report.add("seconds", .decimal(self.spending.seconds, places: 4))
        report.add("records_per_s", .decimal(Double(self.recordCount) / seconds, places: 1))
        report.add("mb_per_s", .decimal(megabytes / seconds, places: 2))
        report.add("server_cpu_s", Self.decimal(cpu, places: 3))
        report.add(
            "cpu_s_per_million",
            self.recordCount > 0 ? Self.decimal(cpu.map { $0 / Double(self.recordCount) * 1e6 }, places: 4) : .null
        )
        report.add("cpu_s_per_gb", megabytes > 0 ? Self.decimal(cpu.map { $0 / megabytes * 1e3 }, places: 4) : .null)
        report.add("client_cpu_s", .decimal(self.spending.clientCPUSeconds, places: 3))
        Self.addMemory(self.spending.usage, to: &report)
        return report
    }

    static func addMemory(_ usage: ProcessUsage?, to report: inout Report) {
        report.add("rss_mb", Self.decimal(usage.map { Double($0.residentBytes) / 1e6 }, places: 1))
        report.add("peak_rss_mb", Self.decimal(usage.map { Double($0.peakResidentBytes) / 1e6 }, places: 1))
    }

    static func integer(_ value: Int?) -> ReportValue { value.map { .integer($0) } ?? .null }

    static func text(_ value: String?) -> ReportValue { value.map { .text($0) } ?? .null }

    static func decimal(_ value: Double?, places: Int) -> ReportValue {
        value.map { .decimal($0, places: places) } ?? .null
    }
}
