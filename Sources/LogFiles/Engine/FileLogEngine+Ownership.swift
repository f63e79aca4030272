package import LogCore
internal import Logging
package import Model
internal import Synchronization
internal import Threads

/// Partitions come and go: acquired, released, deleted.
extension FileLogEngine {
    /// Deleted partitions of which the disk still has something, by what their folders and checkpoint entries are
    /// named. The keeper clears them away together.
    typealias Deletions = [OffsetCheckpoint.Key: FilePartitionLog]

    /// See `LogEngine.acquire`. One broker owns the data directory, so there is nobody to fence.
    package func acquire(_ wanted: [LogAcquisition]) async -> [Result<any PartitionLog, LogError>] {
        wanted.map { wanted in
            do throws(LogError) {
                return .success(
                    try self.openLog(wanted.partition, topicName: wanted.topicName, settings: wanted.settings)
                )
            } catch {
                return .failure(error)
            }
        }
    }

    /// See `LogEngine.release`. What the journal has of the partitions goes into their segments first.
    package func release(_ partitions: [TopicPartition]) async {
        let logs = self.registry.withLock { registry -> [FilePartitionLog] in
            registry.isReleasing = true
            return partitions.compactMap { registry.logs[$0] }
        }
        defer { self.registry.withLock { $0.isReleasing = false } }
        guard !logs.isEmpty else { return }
        for log in logs { log.head.withLock { $0.state.makeAvailable(.closed) } }
        // Appends are refused from here on; those before are answered. A journal that waits for room needs a
        // checkpoint.
        while self.journal.failure == nil, logs.contains(where: { log in log.head.withLock { $0.journalEntries > 0 } })
        {
            if !self.roundAnswered.wait(nanosecondsMax: 50_000_000) { _ = self.checkpoint() }
        }
        self.drainWriter()
        var released: [FilePartitionLog] = []
        for log in logs where log.head.withLock({ $0.hasFailed }) || log.writeAndSeal() { released.append(log) }
        let failure = self.checkpoint()
        for log in logs { log.end(.closed, error: LogError(.closed, "the partition was released")) }
        if let failure {
            self.logger.error(
                "partitions were released without a checkpoint",
                metadata: ["error": "\(failure.message)"]
            )
        }
        // A log whose end is in memory only stays: opened again from its files, it would have lost records.
        self.registry.withLock { registry in
            for log in released { registry.logs[log.partition] = nil }
        }
    }

    /// See `LogEngine.delete`. Nobody waits for the disk here: the keeper does what is to be done there.
    package func delete(_ partitions: [TopicPartition]) async { self.deleteLogs(partitions) }

    /// `delete` for callers that cannot await.
    package func deleteLogs(_ partitions: [TopicPartition]) {
        var deleted: Deletions = [:]
        for partition in partitions {
            guard let log = self.registry.withLock({ $0.logs.removeValue(forKey: partition) }) else { continue }
            log.end(.gone, error: LogError(.partitionGone, "the partition was deleted"))
            log.forgetData()
            if self.hasTraces(log) { deleted[log.checkpointKey] = log }
        }
        guard !deleted.isEmpty else { return }
        // Two incarnations of a name are never here together: opening the later one waits for `clearDeletions`.
        self.deletions.withLock { $0.merge(deleted) { $1 } }
        self.keeping.withLock { $0.clearsDeletions = true }
        self.wakeKeeper.signal()
    }

    /// Most partitions of short-lived topics never had a record.
    private func hasTraces(_ log: FilePartitionLog) -> Bool {
        if log.files.withLock({ $0.hasFolder || $0.salvageEnd != nil })
            || log.head.withLock({ $0.isSalvaged || $0.hasFailed })
        {
            return true
        }
        let key = log.checkpointKey
        return self.points.withLock { points in
            points.recovery.offsets[key] != nil || points.logStarts.offsets[key] != nil
                || points.producers.entries[log.partition] != nil
        }
    }

    /// Takes deleted partitions out of the checkpoint files and their folders out of the way, all in one go. Blocking.
    ///
    /// The checkpoints forget a partition before its folder goes, or a later topic of the same name would seem to have
    /// lost records. After a crash in between nobody opens the folder: the metadata knows its topic no more, and a
    /// later one of the name puts it aside (`DataDirectory.setAsideForeign`).
    func clearDeletions() throws(FileError) {
        try self.checkpointing.withLock { () throws(FileError) in
            let deleted = self.deletions.withLock { $0 }
            if deleted.isEmpty || self.isAbandoned.load(ordering: .relaxed) { return }
            try self.forgetLocked(deleted.map { ($0.key, $0.value.partition) })
            for log in deleted.values.sorted(by: { $0.isBefore($1) }) {
                try self.directory.root.remove(log.salvageName)
                guard let folder = try log.setAside() else { continue }
                let delay = log.head.withLock { $0.state.settings.fileDeleteDelayMilliseconds }
                self.removeLater(folder, delayMilliseconds: delay)
            }
            try self.directory.root.synchronize()
            self.deletions.withLock { deletions in
                for (key, log) in deleted where deletions[key] === log { deletions[key] = nil }
            }
        }
    }

    /// Clears deletions away for the keeper, which comes back to them later when the disk does not let it.
    func clearDeletionsOrRetry() {
        do throws(FileError) {
            try self.clearDeletions()
        } catch {
            self.logger.error("the data of deleted partitions stays for now", metadata: ["error": "\(error)"])
            self.keeping.withLock { $0.deletionsDue = self.time.monotonicMilliseconds + 5_000 }
        }
    }

    /// Makes room for a partition whose folder a deleted one still has.
    func clearDeletion(of key: OffsetCheckpoint.Key) throws(FileError) {
        if self.deletions.withLock({ $0[key] != nil }) { try self.clearDeletions() }
    }

    /// Takes a partition out of the checkpoint files, durably. Its log must be gone already.
    func forget(_ key: OffsetCheckpoint.Key, partition: TopicPartition) throws(FileError) {
        try self.checkpointing.withLock { () throws(FileError) in try self.forgetLocked([(key, partition)]) }
    }

    /// `checkpointing` is held.
    private func forgetLocked(_ partitions: [(OffsetCheckpoint.Key, TopicPartition)]) throws(FileError) {
        let (recovery, logStarts) = self.points.withLock { points -> ([UInt8]?, [UInt8]?) in
            var hadPoint = false
            var hadStart = false
            for (key, partition) in partitions {
                if points.recovery.offsets.removeValue(forKey: key) != nil { hadPoint = true }
                if points.logStarts.offsets.removeValue(forKey: key) != nil { hadStart = true }
                // Nobody else has its topic ID, so the file may keep it until the next checkpoint.
                points.producers.entries[partition] = nil
            }
            // Until the file is written: another try finds nothing to take out, but has to write it all the same.
            if hadPoint { points.isRecoveryStale = true }
            if hadStart { points.areLogStartsStale = true }
            return (
                points.isRecoveryStale ? points.recovery.encoded() : nil,
                points.areLogStartsStale ? points.logStarts.encoded() : nil
            )
        }
        try self.writePoints(recovery: recovery, logStarts: logStarts)
    }
}
