package import LogCore
internal import Logging
package import Model
internal import Synchronization
internal import Threads

// MARK: - Opening

extension FileLogEngine {
    /// Opens one partition, creating it when it does not exist. Blocking.
    package func openLog(
        _ partition: TopicPartition,
        topicName: String,
        settings: LogSettings
    ) throws(LogError) -> FilePartitionLog {
        let (known, isRecovered, error) = self.registry.withLock {
            registry -> (FilePartitionLog?, Bool, LogError?) in
            if registry.isClosed { return (nil, false, LogError(.closed, "the engine is closed")) }
            if let log = registry.logs[partition] { return (log, registry.isRecovered, nil) }
            guard registry.opening.insert(partition).inserted else {
                return (nil, false, LogError(.overloaded, "the partition is being opened"))
            }
            return (nil, registry.isRecovered, nil)
        }
        if let error { throw error }
        if let known { return known }
        defer { self.registry.withLock { _ = $0.opening.remove(partition) } }
        let found: FoundPartition
        do throws(FileError) {
            found = try self.find(partition, topicName: topicName, settings: settings)
        } catch {
            throw LogError(error)
        }
        let log = FilePartitionLog(
            partition: partition,
            topicName: topicName,
            engine: self,
            settings: settings,
            availability: found.recovered.failure.map { .offline($0) } ?? (isRecovered ? .online : .recovering),
            logStart: found.logStart,
            recovered: found.recovered
        )
        self.report(found.recovered, log)
        self.registry.withLock { $0.logs[partition] = log }
        if !found.recovered.unforced.segments.isEmpty { self.markDirty(log) }
        return log
    }

    /// What a partition's folder and the checkpoints have of it.
    struct FoundPartition {
        var logStart: Offset
        var recovered: RecoveredPartition
    }

    /// Reads a partition's folder and makes it fit to go on from. Blocking.
    func find(
        _ partition: TopicPartition,
        topicName: String,
        settings: LogSettings
    ) throws(FileError) -> FoundPartition {
        let key = OffsetCheckpoint.Key(topic: topicName, partition: partition.partition)
        let folder = self.directory.root.directory(
            FileNames.folder(topic: topicName, partition: partition.partition)
        )
        try self.clearDeletion(of: key)
        if let kept = try self.directory.setAsideForeign(folder, key: key, partition: partition, engine: self) {
            self.logger.error(
                "the folder of a partition belongs to a topic that the metadata does not know; it is kept",
                metadata: ["partition": "\(topicName)-\(partition.partition)", "folder": "\(kept)"]
            )
        }
        let (point, start, producers) = self.points.withLock { points in
            (points.recovery.offsets[key], points.logStarts.offsets[key], points.producers.entries[partition])
        }
        let recovered = try PartitionRecovery(
            folder: folder,
            openFiles: self.openFiles,
            settings: settings,
            recoveryPoint: point,
            logStart: start ?? 0,
            gapsBefore: self.directory.cleanerOffsets.offsets[key] ?? 0,
            producers: producers,
            now: self.time.wallMilliseconds
        ).run()
        return FoundPartition(logStart: start ?? 0, recovered: recovered)
    }

    func report(_ recovered: RecoveredPartition, _ log: FilePartitionLog) {
        if let failure = recovered.failure {
            self.logger.error(
                "partition is offline",
                metadata: ["partition": "\(log.name)", "error": "\(failure.message)"]
            )
        }
        if recovered.cutBytes > 0 {
            self.logger.warning(
                "cut the end of a log that was not whole",
                metadata: [
                    "partition": "\(log.name)", "bytes": "\(recovered.cutBytes)",
                    "endOffset": "\(recovered.stored.endOffset)",
                ]
            )
        }
    }
}
