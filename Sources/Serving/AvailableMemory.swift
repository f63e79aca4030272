/// How much memory this process could still have: of the machine, and of the control groups that hold it.
///
/// Takes its files from the caller.
package enum AvailableMemory {
    /// Bytes; `nil` where the system does not say.
    ///
    /// - Parameter read: returns a file's text by its path; `nil` when the file is missing.
    package static func now(read: (String) -> String?) -> Int64? {
        let machine = read("/proc/meminfo").flatMap(Self.machine(meminfo:))
        guard let group = ControlGroup.own(read: read).available else { return machine }
        return min(group, machine ?? .max)
    }

    /// `MemAvailable` of `/proc/meminfo`: what is free, and what the system could take back without swapping.
    package static func machine(meminfo: String) -> Int64? {
        for line in meminfo.split(separator: "\n") where line.hasPrefix("MemAvailable:") {
            return line.split(separator: " ").dropFirst().first.flatMap { Int64($0) }.map { $0 * 1024 }
        }
        return nil
    }
}

/// The memory controller of the control groups (version 2) that this process is in. Each group up to the root may have
/// a limit, and the narrowest counts.
package struct ControlGroup: Sendable {
    /// `memory.max`, in bytes.
    package private(set) var limit: Int?
    /// What is left below the limit, what the page cache holds counted as free.
    package private(set) var available: Int64?

    /// - Parameter read: returns the text of a file under the groups' mount; `nil` when it is missing.
    package init(path: String, read: (String) -> String?) {
        var group = Substring(path.hasPrefix("/") ? path : "/")
        while true {
            let prefix = group == "/" ? "" : String(group)
            if let max = read(prefix + "/memory.max").flatMap(Self.number), let limit = Int(exactly: max) {
                self.limit = min(self.limit ?? .max, limit)
                let current = read(prefix + "/memory.current").flatMap(Self.number) ?? 0
                let cached = read(prefix + "/memory.stat").map(Self.reclaimable) ?? 0
                let left = Swift.max(0, max - Swift.max(0, current - cached))
                self.available = min(self.available ?? .max, left)
            }
            guard group != "/", let slash = group.lastIndex(of: "/") else { return }
            group = slash == group.startIndex ? "/" : group[..<slash]
        }
    }

    /// The groups of this process.
    ///
    /// - Parameter read: returns a file's text by its path; `nil` when the file is missing.
    package static func own(read: (String) -> String?) -> ControlGroup {
        // In a container the groups seem to begin at its own: the path is "/" then.
        let path = read("/proc/self/cgroup").flatMap(Self.path(of:)) ?? "/"
        return ControlGroup(path: path) { read("/sys/fs/cgroup" + $0) }
    }

    /// The path in `/proc/self/cgroup`, whose version 2 line is `0::/path`.
    package static func path(of text: String) -> String? {
        text.split(separator: "\n").first { $0.hasPrefix("0::") }.map { String($0.dropFirst(3)) }
    }

    /// `nil` for `max`, which stands for "no limit".
    private static func number(_ text: String) -> Int64? { Int64(text.filter { !$0.isWhitespace }) }

    private static func reclaimable(_ stat: String) -> Int64 {
        var bytes = 0 as Int64
        for line in stat.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, words[0] == "inactive_file" || words[0] == "active_file" {
                bytes += Int64(words[1]) ?? 0
            }
        }
        return bytes
    }
}
