internal import Glibc

/// What processes have used so far.
package struct ProcessUsage: Sendable, Equatable {
    /// User and system time of all threads.
    package var cpuSeconds: Double = 0
    package var residentBytes = 0
    package var peakResidentBytes = 0

    package init(cpuSeconds: Double = 0, residentBytes: Int = 0, peakResidentBytes: Int = 0) {
        self.cpuSeconds = cpuSeconds
        self.residentBytes = residentBytes
        self.peakResidentBytes = peakResidentBytes
    }

    /// `utime` + `stime` of the text of `/proc/PID/stat`, in clock ticks; `nil` when the text is something else.
    ///
    /// The second field is the command's name in parentheses, which may itself hold spaces and parentheses.
    package static func cpuTicks(inStat text: String) -> Int? {
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(whereSeparator: \.isWhitespace)
        guard fields.count > 12, let user = Int(fields[11]), let system = Int(fields[12]) else { return nil }
        return user + system
    }

    /// A size of the text of `/proc/PID/status`, such as `VmRSS:   1234 kB`, in bytes.
    package static func bytes(of field: String, inStatus text: String) -> Int? {
        for line in text.split(separator: "\n") where line.hasPrefix(field + ":") {
            let words = line.split(whereSeparator: \.isWhitespace)
            guard words.count >= 2, let kibibytes = Int(words[1]) else { return nil }
            return kibibytes * 1024
        }
        return nil
    }
}

/// The processes whose time and memory a load accounts for.
package struct ServerProcesses: Sendable {
    package let processIDs: [Int32]

    /// - Throws: `LoadFailure` when one of them is not there.
    package init(_ processIDs: [Int32]) throws(LoadFailure) {
        self.processIDs = processIDs
        _ = try self.usage()
    }

    package var isEmpty: Bool { self.processIDs.isEmpty }

    /// The sum over all processes.
    ///
    /// - Throws: `LoadFailure` when one of them has ended.
    package func usage() throws(LoadFailure) -> ProcessUsage {
        var sum = ProcessUsage()
        let ticksPerSecond = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
        for processID in self.processIDs {
            guard let stat = Self.text(of: "/proc/\(processID)/stat"),
                let ticks = ProcessUsage.cpuTicks(inStat: stat),
                let status = Self.text(of: "/proc/\(processID)/status")
            else {
                throw LoadFailure("process \(processID) does not exist; give the server's process ID with --pid")
            }
            sum.cpuSeconds += Double(ticks) / ticksPerSecond
            sum.residentBytes += ProcessUsage.bytes(of: "VmRSS", inStatus: status) ?? 0
            sum.peakResidentBytes += ProcessUsage.bytes(of: "VmHWM", inStatus: status) ?? 0
        }
        return sum
    }

    /// User and system time of this process.
    package static var ownCPUSeconds: Double {
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        return Self.seconds(usage)
    }

    static func seconds(_ usage: rusage) -> Double {
        Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
            + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
    }

    private static func text(of path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 8192)
        let count = read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}
