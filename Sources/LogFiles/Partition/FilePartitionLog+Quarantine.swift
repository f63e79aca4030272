package import LogCore
internal import Logging
internal import Model
internal import Synchronization
internal import Threads

extension FilePartitionLog {
    /// The offsets that readers are refused, in order.
    package var damagedRanges: [DamagedRange] { self.head.withLock { $0.state.quarantine.ranges } }

    /// Refuses damaged offsets to readers from now on. The rest of the partition serves.
    ///
    /// - Returns: whether it has offsets that were not known.
    @discardableResult
    func quarantine(_ range: DamagedRange) -> Bool {
        let isNews = self.head.withLock { $0.state.quarantine.add(range) }
        if isNews { self.engine.report(range, of: self) }
        return isNews
    }

    /// Says once per partition that an index cannot be used and cannot be made again from what is there.
    func damagedIndex(_ path: String, _ reason: String) -> LogError {
        let error = LogError(.corruptBatch, "\(path) is damaged: \(reason)")
        let isFirst = self.files.withLock { files in
            defer { files.reportedIndexDamage = true }
            return !files.reportedIndexDamage
        }
        if isFirst {
            self.engine.logger.error(
                "a transaction index is damaged; stop the server and run `millrace repair`, read_committed reads fail until then",
                metadata: ["partition": "\(self.name)", "error": "\(error.message)"]
            )
        }
        return error
    }
}

extension FileLogEngine {
    /// Lines about damage, few enough that a broken disk does not fill another one.
    struct DamageReports {
        static let linesPerMinute = 30
        var windowStart: Int64 = .min
        var lines = 0
        var suppressed = 0

        /// Whether a line may be written now, and how many were not since the last one.
        mutating func admit(now: Int64) -> (isAdmitted: Bool, suppressed: Int) {
            if self.windowStart == .min || now - self.windowStart >= 60_000 {
                self.windowStart = now
                self.lines = 0
            }
            guard self.lines < Self.linesPerMinute else {
                self.suppressed += 1
                return (false, 0)
            }
            self.lines += 1
            defer { self.suppressed = 0 }
            return (true, self.suppressed)
        }
    }

    /// Writes the one line about damage that was not known.
    func report(_ range: DamagedRange, of log: FilePartitionLog) {
        let now = self.time.monotonicMilliseconds
        let (isAdmitted, suppressed) = self.damageReports.withLock { $0.admit(now: now) }
        guard isAdmitted else { return }
        var metadata: Logger.Metadata = [
            "partition": "\(log.name)",
            "offsets": "\(range.offsets.lowerBound)..<\(range.offsets.upperBound)",
            "file": "\(range.path)",
            "bytes": "\(range.bytes.lowerBound)..<\(range.bytes.upperBound)",
            "reason": "\(range.reason)",
            "next": """
            restore the file from a copy, or have consumers seek to \(range.offsets.upperBound); with the server \
            stopped, `millrace check` names all damage and `millrace repair` keeps it aside
            """,
        ]
        if suppressed > 0 { metadata["suppressed"] = "\(suppressed)" }
        self.logger.error("damaged records cannot be read; the rest of the partition serves", metadata: metadata)
    }

    package var damagedRangeCount: Int {
        self.logs.reduce(0) { count, log in count + log.head.withLock { $0.state.quarantine.ranges.count } }
    }

    package var scrubProgress: ScrubProgress? { self.scrubber.progress }

    /// Writes a line about a file that the disk cannot read.
    func reportUnreadable(_ error: FileError, of log: FilePartitionLog) {
        let now = self.time.monotonicMilliseconds
        guard self.damageReports.withLock({ $0.admit(now: now) }).isAdmitted else { return }
        self.logger.error(
            "a file cannot be read; what needs it is answered with the error",
            metadata: ["partition": "\(log.name)", "error": "\(error)", "next": "look at the disk"]
        )
    }

    /// What is damaged of all open partitions, in the order of their names.
    package var damage: [(partition: String, range: DamagedRange)] {
        self.logs.sorted { $0.name < $1.name }.flatMap { log in
            log.damagedRanges.map { (partition: log.name, range: $0) }
        }
    }
}
