internal import LogFiles

/// How many file descriptors connections may use. Files come first: a server that cannot open its segments serves
/// nobody, while a client that is refused a connection tries again.
///
/// | part | of the process's limit | at most |
/// | --- | --- | --- |
/// | segments, indexes, the journal, the metadata | 1/2 | 32,768 |
/// | the admin port | 1/16 | |
/// | event loops, listeners, the log's threads | 64 | |
/// | connections, half of the rest for each protocol | | `max.connections` |
struct DescriptorLimit: Sendable, Equatable {
    /// What the process may open; 0 when the system does not tell.
    var descriptorsMax: Int

    /// Raises the soft limit to the hard one.
    static func ofProcess() -> DescriptorLimit {
        DescriptorLimit(descriptorsMax: SystemDisk.shared.raiseOpenFilesLimit())
    }

    /// Of one protocol.
    var connectionsMax: Int {
        guard self.descriptorsMax > 0 else { return .max }
        let files = min(self.descriptorsMax / 2, 32_768)
        return max(8, (self.descriptorsMax - files - self.descriptorsMax / 16 - 64) / 2)
    }
}
