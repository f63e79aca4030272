internal import FoundationEssentials
internal import Glibc
internal import Serving

/// What every exporter says of its process, by the names that Prometheus' own client libraries use.
struct ProcessMetrics: Sendable {
    /// Seconds since the epoch.
    let startedAt: Double

    /// - Parameter started: a moment ago.
    init(started: ContinuousClock.Instant) {
        let elapsed = (ContinuousClock.now - started).components
        self.startedAt =
            Date().timeIntervalSince1970 - Double(elapsed.seconds) - Double(elapsed.attoseconds) / 1e18
    }

    /// Reads `/proc`: some tens of microseconds.
    func write(into metrics: inout MetricsText) {
        metrics.family("millrace_build_info", "1, and what this build is.", .gauge)
        metrics.value("version=\"\(Version.number)\"", 1)
        metrics.gauge(
            "process_start_time_seconds",
            "When the process started, in seconds since the epoch.",
            self.startedAt
        )
        if let seconds = Self.cpuSeconds {
            metrics.counter("process_cpu_seconds_total", "User and system CPU time of the process.", seconds)
        }
        // Pages in all, and those in memory.
        let pages = (SystemFile.text("/proc/self/statm") ?? "").split(separator: " ").prefix(2).compactMap { Int($0) }
        if pages.count == 2 {
            let bytes = sysconf(Int32(_SC_PAGESIZE))
            metrics.gauge("process_virtual_memory_bytes", "Virtual memory of the process.", pages[0] * bytes)
            metrics.gauge("process_resident_memory_bytes", "Resident memory of the process.", pages[1] * bytes)
        }
        if let descriptors = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            // One of them is that of the directory.
            metrics.gauge("process_open_fds", "Open file descriptors.", descriptors.count - 1)
        }
        if let limit = Self.openFilesMax {
            metrics.gauge("process_max_fds", "The most file descriptors that may be open.", limit)
        }
    }

    /// From the fields 14 and 15 of `proc_pid_stat(5)`, in ticks; the second field, the program's name, ends with `)`.
    private static var cpuSeconds: Double? {
        guard let text = SystemFile.text("/proc/self/stat"), let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        let ticksPerSecond = sysconf(Int32(_SC_CLK_TCK))
        guard fields.count > 12, ticksPerSecond > 0, let user = Double(fields[11]), let system = Double(fields[12])
        else { return nil }
        return (user + system) / Double(ticksPerSecond)
    }

    /// The soft limit of `proc_pid_limits(5)`; `nil` without one.
    private static var openFilesMax: Int? {
        let name = "Max open files"
        let line = SystemFile.text("/proc/self/limits")?.split(separator: "\n").first { $0.hasPrefix(name) }
        return line?.dropFirst(name.count).split(separator: " ").first.flatMap { Int($0) }
    }
}
