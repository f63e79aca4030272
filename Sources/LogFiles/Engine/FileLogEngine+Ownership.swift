package import LogCore
internal import Logging
package import Model
internal import Synchronization
internal import Threads

/// Partitions come and go: acquired, released, deleted.
extension FileLogEngine {
    /// Deleted partitions of which the disk still has something, by what their folders and checkpoint entries are
    /// named. The keeper clears them away together.
    struct Deletions {
        var partitions: [OffsetCheckpoint.Key: Deleted] = [:]
        /// Called when all of them are cleared.
        var completions: [@Sendable () -> Void] = []
    }

    /// A deleted partition; `log` is `nil` when it was not open, so that an earlier run left it.
    struct Deleted {
        var partition: TopicPartition
        var log: FilePartitionLog?
    }

    /// See `LogEngine.acquire`. One broker owns the data directory, so there is nobody to fence.
    package func acquire(_ wanted: [LogAcquisition]) async -> [Result<any PartitionLog, LogError>] {
        wanted.map { wanted in
            do throws(LogError) {
                return .success(
                    try self.openLog(
                        wanted.partition,
                        topicName: wanted.topicName,
                        settings: wanted.settings,
                        epoch: wanted.epoch
                    )
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
        while self.journal.failure == nil,
            logs.contains(where: { log in log.head.withLock { $0.lifecycle.unanswered > 0 } })
        {
            if !self.roundAnswered.wait(nanosecondsMax: 50_000_000) { _ = self.checkpoint() }
        }
        self.drainWriter()
        var released: [FilePartitionLog] = []
        for log in logs where log.hasFailed || log.writeAndSeal() { released.append(log) }
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
    package func delete(_ partitions: [LogDeletion], whenCleared: @escaping @Sendable () -> Void) async {
        self.deleteLogs(partitions, whenCleared: whenCleared)
    }

    /// `delete` for callers that cannot await.
    package func deleteLogs(_ partitions: [LogDeletion], whenCleared: @escaping @Sendable () -> Void) {
        var deleted: [OffsetCheckpoint.Key: Deleted] = [:]
        for deletion in partitions {
            let partition = deletion.partition
            let key = OffsetCheckpoint.Key(topic: deletion.topicName, partition: partition.partition)
            guard let log = self.registry.withLock({ $0.logs.removeValue(forKey: partition) }) else {
                deleted[key] = Deleted(partition: partition, log: nil)
                continue
            }
            log.end(.gone, error: LogError(.partitionGone, "the partition was deleted"))
            // A failed one may have a salvage file.
            let hasFailed = log.hasFailed
            self.deletedBytes.add(log.sizeBytes, .topic)
            log.forgetData()
            if hasFailed || self.hasTraces(log) {
                // Of a folder that nobody could look at it is not known whose it is.
                let wasOpened = log.files.withLock { $0.wasOpened }
                deleted[key] = Deleted(partition: partition, log: wasOpened ? log : nil)
            }
        }
        guard !deleted.isEmpty else { return whenCleared() }
        self.deletions.withLock { deletions in
            // Two incarnations of a name are never here together: opening the later one waits for `clearDeletions`.
            deletions.partitions.merge(deleted) { $1.log == nil ? $0 : $1 }
            deletions.completions.append(whenCleared)
        }
        self.keeperState.withLock { $0.clearsDeletions = true }
        self.wakeKeeper.signal()
    }

    /// Most partitions of short-lived topics never had a record.
    private func hasTraces(_ log: FilePartitionLog) -> Bool {
        if log.files.withLock({ $0.hasFolder || $0.salvageEnd != nil }) { return true }
        let key = log.checkpointKey
        return self.points.withLock { points in
            points.recovery.offsets[key] != nil || points.logStarts.offsets[key] != nil
                || points.cleaner.offsets[key] != nil
                || points.producers.entries[log.partition] != nil
        }
    }

    /// Takes deleted partitions out of the checkpoint files and their folders out of the way, all in one go. Blocking.
    ///
    /// The checkpoints forget a partition before its folder goes, or a later topic of the same name would seem to have
    /// lost records.
    func clearDeletions() throws(FileError) {
        let completions = try self.checkpointing.withLock { () throws(FileError) -> [@Sendable () -> Void] in
            if self.isAbandoned.load(ordering: .relaxed) { return [] }
            let deletions = self.deletions.withLock { $0 }
            var left: [(OffsetCheckpoint.Key, Deleted)] = []
            for (key, deleted) in deletions.partitions.sorted(by: Self.precedes) where try self.isOnDisk(deleted, key) {
                left.append((key, deleted))
            }
            if !left.isEmpty { try self.clear(left) }
            return self.deletions.withLock { current in
                for key in deletions.partitions.keys { current.partitions[key] = nil }
                // Those that came meanwhile are at the end.
                current.completions.removeFirst(deletions.completions.count)
                return deletions.completions
            }
        }
        for completion in completions { completion() }
    }

    /// An order that does not depend on hashing, so that a seeded run repeats itself.
    private static func precedes(
        _ left: (key: OffsetCheckpoint.Key, value: Deleted),
        _ right: (key: OffsetCheckpoint.Key, value: Deleted)
    ) -> Bool {
        (left.key.topic, left.key.partition) < (right.key.topic, right.key.partition)
    }

    /// Whether what has the partition's name is the deleted partition: a later topic may have taken it.
    private func isOnDisk(_ deleted: Deleted, _ key: OffsetCheckpoint.Key) throws(FileError) -> Bool {
        if deleted.log != nil { return true }
        try self.directory.root.remove(FileNames.salvage(topic: key.topic, partition: deleted.partition))
        let folder = self.directory.root.directory(FileNames.folder(topic: key.topic, partition: key.partition))
        return try folder.topicID(key) == deleted.partition.topicID
    }

    /// `checkpointing` is held.
    private func clear(_ partitions: [(OffsetCheckpoint.Key, Deleted)]) throws(FileError) {
        try self.forgetLocked(partitions.map { ($0.0, $0.1.partition) })
        for (key, deleted) in partitions {
            try self.directory.root.remove(FileNames.salvage(topic: key.topic, partition: deleted.partition))
            guard let log = deleted.log else {
                self.removeLater(try self.setAside(key, deleted.partition.topicID), delayMilliseconds: 0)
                continue
            }
            guard let folder = try log.setAside() else { continue }
            let delay = log.head.withLock { $0.state.settings.fileDeleteDelayMilliseconds }
            self.removeLater(folder, delayMilliseconds: delay)
        }
        try self.directory.root.synchronize()
    }

    private func setAside(_ key: OffsetCheckpoint.Key, _ id: TopicID) throws(FileError) -> String {
        let name = FileNames.deletedFolder(topic: key.topic, partition: key.partition, unique: id)
        try self.directory.root.rename(FileNames.folder(topic: key.topic, partition: key.partition), to: name)
        return name
    }

    /// Clears deletions away for the keeper, which comes back to them later when the disk does not let it.
    func clearDeletionsOrRetry() {
        do throws(FileError) {
            try self.clearDeletions()
        } catch {
            self.logger.error("the data of deleted partitions stays for now", metadata: ["error": "\(error)"])
            self.keeperState.withLock { $0.deletionsDue = self.time.monotonicMilliseconds + 5_000 }
        }
    }

    /// Makes room for a partition whose folder a deleted one still has.
    func clearDeletion(of key: OffsetCheckpoint.Key) throws(FileError) {
        if self.deletions.withLock({ $0.partitions[key] != nil }) { try self.clearDeletions() }
    }

    /// Takes partitions out of the checkpoint files, durably and in one write of each file. Their logs must be gone
    /// already.
    func forget(_ partitions: [(OffsetCheckpoint.Key, TopicPartition)]) throws(FileError) {
        try self.checkpointing.withLock { () throws(FileError) in try self.forgetLocked(partitions) }
    }

    /// `checkpointing` is held.
    private func forgetLocked(_ partitions: [(OffsetCheckpoint.Key, TopicPartition)]) throws(FileError) {
        let (recovery, logStarts, cleaner) = self.points.withLock { points -> ([UInt8]?, [UInt8]?, [UInt8]?) in
            var hadPoint = false
            var hadStart = false
            var hadCleaner = false
            for (key, partition) in partitions {
                if points.recovery.offsets.removeValue(forKey: key) != nil { hadPoint = true }
                if points.logStarts.offsets.removeValue(forKey: key) != nil { hadStart = true }
                if points.cleaner.offsets.removeValue(forKey: key) != nil { hadCleaner = true }
                // Nobody else has its topic ID, so the file may keep it until the next checkpoint.
                points.producers.entries[partition] = nil
            }
            // Until the file is written: another try finds nothing to take out, but has to write it all the same.
            if hadPoint { points.isRecoveryStale = true }
            if hadStart { points.areLogStartsStale = true }
            if hadCleaner { points.isCleanerStale = true }
            return (
                points.isRecoveryStale ? points.recovery.encoded() : nil,
                points.areLogStartsStale ? points.logStarts.encoded() : nil,
                points.isCleanerStale ? points.cleaner.encoded() : nil
            )
        }
        try self.writePoints(recovery: recovery, logStarts: logStarts, cleaner: cleaner)
    }
}
