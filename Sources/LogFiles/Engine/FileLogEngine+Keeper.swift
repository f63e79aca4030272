internal import LogCore
internal import Logging
internal import Model
internal import Synchronization
internal import Threads

extension FileLogEngine {
    /// What the keeper thread has to do.
    struct KeeperState {
        /// Partitions with unsynced segments or names.
        var dirty: [ObjectIdentifier: FilePartitionLog] = [:]
        var dirtySince: Int64 = 0
        /// Partitions whose last write met a full disk.
        var stalled: [ObjectIdentifier: FilePartitionLog] = [:]
        /// When to try them again.
        var stalledDue: Int64 = 0
        var wantsCheckpoint = false
        /// Partitions without journal that `flush.ms` wants forced, and when.
        var flushes: [ObjectIdentifier: (log: FilePartitionLog, due: Int64)] = [:]
        var deletions: [(folder: String, due: Int64)] = []
        /// Partitions were deleted, and the disk does not know yet.
        var clearsDeletions = false
        /// When to try again what a failure kept from being cleared; 0: nothing is.
        var deletionsDue: Int64 = 0
        /// Partitions that the start could not open, and when to try again.
        var reopenings: [ObjectIdentifier: (log: FilePartitionLog, due: Int64)] = [:]
        var ends = false
        /// When to look again whether the reserve can be kept.
        var reserveDue: Int64 = 0
    }

    /// Written batches that stay in memory for readers, oldest first over all partitions.
    struct RetainedTail {
        var parts = FIFO<Part>()
        var bytes: Int64 = 0

        struct Part {
            var log: FilePartitionLog
            var end: Offset
            var bytes: Int64
        }
    }

    /// Has the writer put what is ready into a partition's segments. When too many wait already, the keeper does it.
    func write(_ log: FilePartitionLog) {
        if !self.writer.submit(log) { self.addLate(log) }
    }

    func writeFromQueue(_ log: FilePartitionLog) {
        if self.isAbandoned.load(ordering: .relaxed) { return }
        log.writePending()
    }

    /// A partition's segment has its batches up to `end`; they may leave memory when newer ones need the room.
    func wrote(_ log: FilePartitionLog, end: Offset, bytes: Int64) {
        self.budget.release(bytes)
        let dropped = self.retained.withLock { retained -> [RetainedTail.Part] in
            retained.parts.append(RetainedTail.Part(log: log, end: end, bytes: bytes))
            retained.bytes += bytes
            var dropped: [RetainedTail.Part] = []
            while retained.bytes > self.settings.tailBytesMax, !retained.parts.isEmpty {
                let part = retained.parts.removeFirst()
                retained.bytes -= part.bytes
                dropped.append(part)
            }
            return dropped
        }
        for part in dropped {
            part.log.head.withLock { _ = $0.state.evict(before: part.end) }
        }
    }

    func markDirty(_ log: FilePartitionLog) {
        let isFirst = self.keeperState.withLock { state -> Bool in
            state.dirty[ObjectIdentifier(log)] = log
            guard state.dirtySince == 0 else { return false }
            state.dirtySince = self.time.monotonicMilliseconds
            return true
        }
        if isFirst { self.wakeKeeper.signal() }
    }

    func addStalled(_ log: FilePartitionLog) {
        self.keeperState.withLock { state in
            state.stalled[ObjectIdentifier(log)] = log
            state.stalledDue = self.time.monotonicMilliseconds + 250
        }
        self.budget.set(.fullDisk)
        self.wakeKeeper.signal()
    }

    /// The writer's queue is full: the keeper writes the partition, and no checkpoint gives the journal's space back
    /// before that.
    private func addLate(_ log: FilePartitionLog) {
        self.keeperState.withLock { state in
            if state.stalled.isEmpty { state.stalledDue = self.time.monotonicMilliseconds }
            state.stalled[ObjectIdentifier(log)] = log
        }
        self.wakeKeeper.signal()
    }

    /// Asks for a checkpoint soon; returns at once.
    func requestCheckpoint() {
        let isFirst = self.keeperState.withLock { state -> Bool in
            defer { state.wantsCheckpoint = true }
            return !state.wantsCheckpoint
        }
        if isFirst { self.wakeKeeper.signal() }
    }

    /// Has a partition forced at most so many milliseconds from now; an earlier wish stands.
    func requestFlush(of log: FilePartitionLog, within milliseconds: Int64) {
        let (due, overflow) = self.time.monotonicMilliseconds.addingReportingOverflow(max(0, milliseconds))
        if overflow { return }
        let isFirst = self.keeperState.withLock { state -> Bool in
            guard state.flushes[ObjectIdentifier(log)] == nil else { return false }
            state.flushes[ObjectIdentifier(log)] = (log, due)
            return true
        }
        if isFirst { self.wakeKeeper.signal() }
    }

    /// Removes a folder of the data directory in the background.
    func removeLater(_ folder: String, delayMilliseconds: Int64) {
        let (due, overflow) = self.time.monotonicMilliseconds.addingReportingOverflow(max(0, delayMilliseconds))
        self.keeperState.withLock { $0.deletions.append((folder, overflow ? .max : due)) }
        self.wakeKeeper.signal()
    }

    /// The keeper thread.
    func keep() {
        // The next caller that needs it meets the failure again and reports it.
        _ = try? self.directory.makeDurable()
        self.findDeletedFolders()
        while true {
            let now = self.time.monotonicMilliseconds
            let (work, wait, ends) = self.keeperState.withLock { $0.next(now: now, settings: self.settings) }
            if ends { return }
            if work.isEmpty {
                _ = self.wakeKeeper.wait(nanosecondsMax: min(wait, 60_000) * 1_000_000)
                continue
            }
            for log in work.stalled { self.retry(log) }
            if !work.stalled.isEmpty, self.keeperState.withLock({ $0.stalled.isEmpty }) { self.budget.clear(.fullDisk) }
            if work.checkpoint { _ = self.checkpoint() }
            for log in work.flushes { self.flush(log) }
            if work.clearsDeletions { self.clearDeletionsOrRetry() }
            for folder in work.folders { self.remove(folder) }
            for log in work.reopenings { self.reopen(log) }
            if work.reserve { self.keepReserve() }
        }
    }

    private func retry(_ log: FilePartitionLog) {
        if self.isAbandoned.load(ordering: .relaxed) { return }
        // The reserve helps nobody while acknowledged data waits for room.
        if log.head.withLock({ $0.lifecycle.isStalled }) { _ = try? self.directory.root.remove(FileNames.reserve) }
        log.writePending()
    }

    private func findDeletedFolders() {
        guard let folders = try? self.directory.deletedFolders() else { return }
        self.keeperState.withLock { state in
            for folder in folders where !state.deletions.contains(where: { $0.folder == folder }) {
                state.deletions.append((folder, 0))
            }
        }
    }

    private func remove(_ folder: String) {
        do throws(FileError) {
            try self.directory.root.directory(folder).removeTree()
        } catch {
            self.logger.warning("folder could not be removed", metadata: ["error": "\(error)"])
        }
    }

    /// Sets room aside while there is plenty.
    private func keepReserve() {
        let root = self.directory.root
        let wanted = self.settings.reserveBytes
        // Where that cannot be told now, it is looked at again in a minute.
        guard wanted > 0, let isMissing = try? root.status(of: FileNames.reserve) == nil, isMissing,
            let free = try? root.freeBytes(), free > wanted * 8
        else { return }
        do throws(FileError) {
            let file = try root.open(FileNames.reserve, options: [.write, .create])
            try file.preallocate(from: 0, count: wanted)
        } catch {
            _ = try? root.remove(FileNames.reserve)
        }
    }
}

extension FileLogEngine.KeeperState {
    struct Work {
        var stalled: [FilePartitionLog] = []
        var checkpoint = false
        var flushes: [FilePartitionLog] = []
        var clearsDeletions = false
        var folders: [String] = []
        var reserve = false
        var reopenings: [FilePartitionLog] = []
        var isEmpty: Bool {
            self.stalled.isEmpty && !self.checkpoint && self.flushes.isEmpty && self.folders.isEmpty
                && !self.reserve && !self.clearsDeletions && self.reopenings.isEmpty
        }
    }

    /// What is due, and otherwise how many milliseconds the keeper may sleep.
    mutating func next(
        now: Int64,
        settings: EngineSettings
    ) -> (work: Work, waitMilliseconds: Int64, ends: Bool) {
        var work = Work()
        if self.ends { return (work, 0, true) }
        var wait: Int64 = 3_600_000
        if !self.stalled.isEmpty {
            if self.stalledDue <= now {
                work.stalled = self.stalled.values.sorted { $0.isBefore($1) }
                self.stalled = [:]
            } else {
                wait = min(wait, self.stalledDue - now)
            }
        }
        if self.dirtySince > 0 {
            let due = self.dirtySince + settings.checkpointMilliseconds
            if due <= now { self.wantsCheckpoint = true } else { wait = min(wait, due - now) }
        }
        if self.wantsCheckpoint {
            work.checkpoint = true
            self.wantsCheckpoint = false
        }
        if !self.flushes.isEmpty {
            work.flushes = self.flushes.values.filter { $0.due <= now }.map(\.log).sorted { $0.isBefore($1) }
            for log in work.flushes { self.flushes[ObjectIdentifier(log)] = nil }
            for flush in self.flushes.values { wait = min(wait, flush.due - now) }
        }
        if self.deletionsDue > 0 {
            if self.deletionsDue <= now {
                self.clearsDeletions = true
                self.deletionsDue = 0
            } else {
                wait = min(wait, self.deletionsDue - now)
            }
        }
        if self.clearsDeletions {
            work.clearsDeletions = true
            self.clearsDeletions = false
        }
        work.folders = self.deletions.filter { $0.due <= now }.map(\.folder)
        self.deletions.removeAll { $0.due <= now }
        for deletion in self.deletions { wait = min(wait, deletion.due - now) }
        if !self.reopenings.isEmpty {
            work.reopenings = self.reopenings.values.filter { $0.due <= now }.map(\.log).sorted { $0.isBefore($1) }
            for log in work.reopenings { self.reopenings[ObjectIdentifier(log)] = nil }
            for reopening in self.reopenings.values { wait = min(wait, reopening.due - now) }
        }
        if self.reserveDue <= now {
            work.reserve = true
            self.reserveDue = now + 60_000
        }
        return (work, wait, false)
    }
}
