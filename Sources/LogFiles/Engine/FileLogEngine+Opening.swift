package import LogCore
internal import Logging
package import Model
internal import Synchronization
internal import Threads

// MARK: - Opening

extension FileLogEngine {
    /// Opens one partition, creating it when it does not exist. Blocking.
    ///
    /// - Parameter epoch: the leader epoch of the partition, when it is known: the log cannot have been written in a
    ///   later one.
    package func openLog(
        _ partition: TopicPartition,
        topicName: String,
        settings: LogSettings,
        epoch: LeaderEpoch? = nil
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
        let recovered: RecoveredPartition
        do throws(FileError) {
            recovered = try self.find(partition, topicName: topicName, settings: settings, epoch: epoch)
        } catch {
            throw LogError(error)
        }
        let log = FilePartitionLog(
            partition: partition,
            topicName: topicName,
            engine: self,
            settings: settings,
            availability: recovered.failure.map { .offline($0) } ?? .recovering,
            recovered: recovered
        )
        self.report(recovered, log)
        self.vouchAgain(for: log, recovered)
        if isRecovered {
            log.settlePromised()
            log.releaseSetAside(journalIsWhole: true)
            log.recoveryFinished()
        } else if recovered.promised != nil || !recovered.setAside.isEmpty {
            self.unsettled.withLock { $0.append(log) }
        }
        self.registry.withLock { $0.logs[partition] = log }
        if !recovered.unforced.segments.isEmpty || recovered.unforced.epochsChanged { self.markDirty(log) }
        return log
    }

    /// Reads a partition's folder and makes it fit to be appended to. Blocking.
    func find(
        _ partition: TopicPartition,
        topicName: String,
        settings: LogSettings,
        epoch: LeaderEpoch? = nil
    ) throws(FileError) -> RecoveredPartition {
        let key = OffsetCheckpoint.Key(topic: topicName, partition: partition.partition)
        let folder = self.directory.root.directory(
            FileNames.folder(topic: topicName, partition: partition.partition)
        )
        try self.clearDeletion(of: key)
        switch try self.directory.claim(folder, key: key, for: partition, engine: self) {
        case .own: break
        case .mended:
            self.logger.error(
                "a file that says whose folder it is was damaged or missing; it is written again",
                metadata: ["file": "\(folder.path(of: FileNames.partitionMetadata))"]
            )
        case .setAside(let kept):
            self.logger.error(
                "the folder of a partition belongs to a topic that the metadata does not know; it is kept",
                metadata: ["partition": "\(topicName)-\(partition.partition)", "folder": "\(kept)"]
            )
        }
        let (point, start, producers) = self.points.withLock { points in
            (points.recovery.offsets[key], points.logStarts.offsets[key], points.producers.entries[partition])
        }
        let known = try self.vouched(point, partition, topicName: topicName)
        return try PartitionRecovery(
            folder: folder,
            openFiles: self.openFiles,
            settings: settings,
            vouched: known,
            logStart: start,
            cleanerOffset: self.points.withLock { $0.cleaner.offsets[key] },
            producers: producers,
            epoch: epoch,
            now: self.time.wallMilliseconds
        ).run()
    }

    private func vouched(
        _ point: Offset?,
        _ partition: TopicPartition,
        topicName: String
    ) throws(FileError) -> Vouched {
        if let point { return .below(point) }
        guard let evidence = self.journalEvidence.withLock({ $0 }) else { return .nothing }
        let name = FileNames.salvage(topic: topicName, partition: partition)
        let first = [evidence[partition], try self.firstOffset(inSalvage: name)].compactMap { $0 }.min()
        return .lost(journalFrom: first)
    }

    /// The recovery points were lost: what they said of this partition is known once more.
    private func vouchAgain(for log: FilePartitionLog, _ recovered: RecoveredPartition) {
        let wereLost = self.journalEvidence.withLock { $0 != nil }
        guard wereLost, recovered.hasFolder, recovered.failure == nil else { return }
        self.points.withLock { points in
            guard points.recovery.offsets[log.checkpointKey] == nil else { return }
            points.recovery.offsets[log.checkpointKey] = recovered.recoveryPoint
            points.isRecoveryStale = true
        }
    }

    /// Notes what the journal has of each partition, for a start without recovery points. Blocking.
    func collectEvidence(_ replay: JournalReplay) throws(FileError) {
        var first: [TopicPartition: Offset] = [:]
        _ = try replay.run { event in
            guard case .entry(let entry) = event else { return }
            first[entry.partition] = min(first[entry.partition] ?? .max, entry.baseOffset)
        }
        self.journalEvidence.withLock { [first] in $0 = first }
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
        for flaw in recovered.flaws {
            self.logger.error(
                "a side file of a partition is damaged; it is made again",
                metadata: ["partition": "\(log.name)", "reason": "\(flaw)"]
            )
        }
        for flaw in recovered.damagedIndexes {
            self.logger.error(
                "a transaction index is damaged; reads of committed records that need it fail until millrace repair",
                metadata: ["partition": "\(log.name)", "reason": "\(flaw)"]
            )
        }
        for range in recovered.quarantine.ranges { self.report(range, of: log) }
    }
}
