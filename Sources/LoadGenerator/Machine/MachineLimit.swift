internal import Glibc

/// One physical limit of the machine, measured.
package struct MachineLimit: Sendable, Equatable {
    package var name: String
    package var gigabytesPerSecond: Double?
    package var cpuSecondsPerGigabyte: Double?
    package var cpuSecondsPerMillion: Double?
    /// Of one step, in milliseconds.
    package var p50: Double?
    package var p99: Double?
    /// Why the limit was not measured; `nil` when it was.
    package var skipped: String?

    package init(name: String) { self.name = name }

    static func skipped(_ name: String, _ reason: String) -> MachineLimit {
        var limit = MachineLimit(name: name)
        limit.skipped = reason
        return limit
    }

    var report: Report {
        var report = Report()
        report.add("gb_per_s", LoadReport.decimal(self.gigabytesPerSecond, places: 3))
        report.add("cpu_s_per_gb", LoadReport.decimal(self.cpuSecondsPerGigabyte, places: 4))
        report.add("cpu_s_per_million", LoadReport.decimal(self.cpuSecondsPerMillion, places: 1))
        report.add("p50_ms", LoadReport.decimal(self.p50, places: 4))
        report.add("p99_ms", LoadReport.decimal(self.p99, places: 4))
        if let skipped { report.add("skipped", .text(skipped)) }
        return report
    }
}

/// The time and the CPU time of the calling thread from a moment on.
struct ThreadStopwatch {
    private let start = LoadClock.now
    private let startCPU = Self.cpuSeconds

    var seconds: Double { Double(LoadClock.now - self.start) / 1e9 }
    var cpuSeconds: Double { Self.cpuSeconds - self.startCPU }

    /// Without the kernel's microsecond rounding of `getrusage`.
    private static var cpuSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    func limit(_ name: String, bytes: Int) -> MachineLimit {
        var limit = MachineLimit(name: name)
        limit.gigabytesPerSecond = Double(bytes) / 1e9 / max(self.seconds, 1e-9)
        limit.cpuSecondsPerGigabyte = self.cpuSeconds / (Double(bytes) / 1e9)
        return limit
    }
}

/// `bench machine`: what the machine itself allows at this very moment, to judge the figures of loads by.
package enum MachineRun {
    /// - Parameters:
    ///   - directory: where files may be written; they are removed.
    ///   - bytes: that each measurement moves; four times as many over the loopback, fewer where steps are slow.
    /// - Throws: `LoadFailure`.
    package static func run(directory: String, bytes: Int) throws(LoadFailure) -> Report {
        try LoadBounds.check("--bytes", bytes, (1 << 20)...(64 << 30))
        guard access(directory, W_OK) == 0 else {
            throw LoadFailure("cannot write to \(directory): \(SystemError.text); give another one with --directory")
        }
        var limits = MemoryLimits.measure(bytes: bytes)
        limits += CipherLimits.measure(bytes: bytes)
        // More of it than of the others: for some tens of milliseconds the scheduler decides what each side spends.
        limits += LoopbackLimits.measure(bytes: bytes * 4)
        limits += DiskLimits.measure(directory: directory, bytes: bytes)
        limits += SmallRequestLimits.measure(directory: directory, seconds: 3)
        var report = Report()
        report.add("workload", .text("machine"))
        report.add("directory", .text(directory))
        report.add("bytes", .integer(bytes))
        report.add("cores", .integer(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))))
        var members = Report()
        for limit in limits { members.add(limit.name, .object(limit.report)) }
        report.add("limits", .object(members))
        report.notes.append("gb_per_s and cpu_s_per_gb count 10^9 bytes; p50 and p99 are of one step in milliseconds")
        return report
    }
}

enum SystemError {
    /// The message of `errno`.
    static var text: String { String(cString: strerror(errno)) }
}

/// The latencies of steps of one kind.
struct StepLatencies {
    private var nanoseconds: [UInt64] = []

    /// Runs a step and notes how long it took.
    mutating func measure<Value>(_ step: () -> Value) -> Value {
        let start = LoadClock.now
        let value = step()
        self.nanoseconds.append(LoadClock.now - start)
        return value
    }

    /// In milliseconds; `nil` when nothing was measured.
    func percentile(_ fraction: Double) -> Double? {
        guard !self.nanoseconds.isEmpty else { return nil }
        let sorted = self.nanoseconds.sorted()
        return Double(sorted[min(sorted.count - 1, Int(Double(sorted.count) * fraction))]) / 1e6
    }
}
