package import LogCore
internal import LogObjects
internal import Logging
internal import Model
internal import Synchronization
internal import Threads

/// Compacted topics: of each key the newest record stays (`ExtentCompaction`).
extension ObjectLogEngine {
    /// See `LogEngine.compactionMetrics`.
    package var compactionMetrics: CleanerMetrics? {
        let now = self.time.monotonicMilliseconds
        return self.compactions.state.withLock { state in
            var metrics = state.metrics
            metrics.uncleanablePartitions = state.uncleanable.count
            metrics.idleMilliseconds = state.lookedAt == 0 ? 0 : now - state.lookedAt
            return metrics
        }
    }

    /// See `LogEngine.update`.
    package func update(_ settings: CleanerSettings) {
        self.compactions.state.withLock { $0.settings = settings }
        self.compactions.wake()
    }

    /// Partitions that are not compacted while this broker has them, and why.
    var uncleanable: [TopicPartition: String] { self.compactions.state.withLock { $0.uncleanable } }

    /// Cleans the partition that needs it most. One at a time.
    ///
    /// - Returns: whether to look for another one at once: this one was cleaned, or is found to be uncleanable.
    func compactDirtiestLog() async -> Bool {
        let now = self.time.wallMilliseconds
        guard let subject = self.takeDirtiest(now: now) else { return false }
        let log = subject.log
        defer { self.compactions.state.withLock { $0.inProgress = nil } }
        let began = self.time.monotonicMilliseconds
        let settings = self.compactions.state.withLock { $0.settings }
        let run = ExtentCompaction(self, subject, settings, now: now)
        do throws(MaintenanceFailure) {
            try await self.closeUnfinished(of: .compaction, now: now)
            let isDone = try await run.run()
            self.count(run.statistics, milliseconds: self.time.monotonicMilliseconds - began)
            self.report(log, run.statistics)
            return isDone
        } catch {
            log.head.withLock { $0.cleaned = nil }
            switch error {
            case .ended: return false
            case .metadata(let error): self.postponed(log, "\(error)")
            case .store(let error): self.postponed(log, "\(error)")
            case .damaged(let reason):
                self.compactions.state.withLock { $0.uncleanable[log.partition] = reason }
                self.logger.error(
                    "a partition is not compacted until it is opened again; it serves as before",
                    metadata: ["partition": "\(log.name)", "reason": "\(reason)"]
                )
                return true
            }
            return false
        }
    }

    private func postponed(_ log: ObjectPartitionLog, _ error: String) {
        self.logger.warning(
            "a partition could not be compacted now; it is tried again",
            metadata: ["partition": "\(log.name)", "error": "\(error)"]
        )
    }

    private func takeDirtiest(now: Timestamp) -> ExtentCompaction.Subject? {
        let uncleanable = self.compactions.state.withLock { state in
            state.lookedAt = self.time.monotonicMilliseconds
            return Set(state.uncleanable.keys)
        }
        var ratioMax = 0.0
        var overdueMax: Int64 = 0
        var dirtiest: ExtentCompaction.Subject?
        for log in self.logs where !uncleanable.contains(log.partition) {
            guard let subject = log.compactionSubject(now: now) else { continue }
            ratioMax = max(ratioMax, subject.plan.dirtyRatio)
            overdueMax = max(overdueMax, subject.plan.overdueMilliseconds)
            guard subject.plan.isDue else { continue }
            if dirtiest.map({ $0.plan.dirtyRatio < subject.plan.dirtyRatio }) ?? true { dirtiest = subject }
        }
        self.compactions.state.withLock { state in
            state.metrics.dirtyPercentMax = Int(ratioMax * 100)
            state.metrics.overdueMillisecondsMax = overdueMax
            state.inProgress = dirtiest?.log.partition
        }
        return dirtiest
    }

    private func count(_ statistics: ExtentCompaction.Statistics, milliseconds: Int64) {
        self.compactions.state.withLock { state in
            state.metrics.runs += 1
            state.metrics.bytesRead += Int64(statistics.bytesRead)
            state.metrics.bytesWritten += Int64(statistics.bytesWritten)
            state.metrics.recordsRead += Int64(statistics.recordsRead)
            state.metrics.recordsKept += Int64(statistics.recordsKept)
            state.metrics.runMillisecondsMax = max(state.metrics.runMillisecondsMax, milliseconds)
            state.metrics.bufferPercentMax = max(state.metrics.bufferPercentMax, statistics.bufferPercent)
        }
    }

    private func report(_ log: ObjectPartitionLog, _ statistics: ExtentCompaction.Statistics) {
        self.logger.debug(
            "compacted",
            metadata: [
                "partition": "\(log.name)", "bytesRead": "\(statistics.bytesRead)",
                "bytesWritten": "\(statistics.bytesWritten)", "recordsRead": "\(statistics.recordsRead)",
                "recordsKept": "\(statistics.recordsKept)", "objects": "\(statistics.objects)",
            ]
        )
        if statistics.keyless > 0 {
            self.logger.warning(
                "compaction removed records without keys",
                metadata: ["partition": "\(log.name)", "records": "\(statistics.keyless)"]
            )
        }
    }
}

extension ObjectPartitionLog {
    /// What a run of compaction works on now; `nil` when the partition is not compacted, does not serve or has no
    /// extents.
    func compactionSubject(now: Timestamp) -> ExtentCompaction.Subject? {
        self.head.withLock { head in
            guard head.state.settings.cleanupCompact, case .online = head.state.availability else { return nil }
            let indexedBytes = head.durable.extents.extents.reduce(0) { $0 + $1.sizeBytes }
            let found = ExtentRetention.compaction(
                head.durable.extents,
                tailBytes: max(0, head.index.bytes - indexedBytes),
                offsets: head.state.offsets,
                settings: head.state.settings,
                now: now
            )
            guard let found, !found.extents.isEmpty else { return nil }
            var producers: [ProducerID: CompactionFilter.LastBatch] = [:]
            for (id, entry) in head.stored.producers.sorted {
                producers[id] = CompactionFilter.LastBatch(lastOffset: entry.lastBatch?.lastOffset, epoch: entry.epoch)
            }
            return ExtentCompaction.Subject(
                log: self,
                plan: found.plan,
                extents: found.extents,
                aborted: head.aborted,
                producers: producers,
                settings: head.state.settings
            )
        }
    }
}

extension ObjectPartitionLog.Head {
    /// Compaction's extent is in the head: what is in memory of the offsets that it covers goes with what was stored of
    /// them, or readers would get aborted records without being told.
    mutating func takeCleaned() {
        guard let cleaned = self.cleaned, self.durable.extents.extents.contains(cleaned.extent) else { return }
        self.cleaned = nil
        let range = cleaned.extent.baseOffset..<cleaned.extent.endOffset
        let first = self.aborted.firstIndex { $0.lastOffset >= range.lowerBound } ?? self.aborted.count
        let end = self.aborted.firstIndex { $0.lastOffset >= range.upperBound } ?? self.aborted.count
        self.aborted.replaceSubrange(first..<end, with: cleaned.aborted)
        _ = self.state.evict(before: range.upperBound)
        self.cleanings += 1
    }
}
