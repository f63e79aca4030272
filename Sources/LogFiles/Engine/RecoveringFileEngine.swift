package import LogCore
internal import Logging
internal import Model
internal import Synchronization

/// A `FileLogEngine` whose journal is not replayed yet. Nothing of its logs is trusted before `finish`.
package struct RecoveringFileEngine: ~Copyable, RecoveringEngine {
    /// `nil` once the recovery has ended.
    private var engine: FileLogEngine?
    private let replay: JournalReplay

    init(_ engine: FileLogEngine, _ replay: JournalReplay) {
        self.engine = engine
        self.replay = replay
    }

    deinit { self.engine?.abandon() }

    private var recovering: FileLogEngine {
        guard let engine = self.engine else { preconditionFailure("the recovery has ended") }
        return engine
    }

    /// Who owns the data directory, as its `meta.properties` says.
    package var properties: DirectoryProperties { self.recovering.properties }

    /// Partitions of which the data directory has a folder or a checkpoint, by topic name and number, in order.
    /// Blocking.
    package borrowing func storedPartitions() throws(LogError) -> [OffsetCheckpoint.Key] {
        try self.recovering.storedPartitions()
    }

    /// Renames the folders of partitions that the metadata does not know and takes them out of the checkpoints, so that
    /// topics of their names can be made. Blocking.
    package borrowing func setAside(_ strangers: [OffsetCheckpoint.Key]) throws(LogError) {
        try self.recovering.setAside(strangers)
    }

    /// How many entries the journal has that are not in the segments for certain. Blocking: reads all of it.
    package borrowing func journalEntryCount() throws(LogError) -> Int {
        if self.replay.isEmpty { return 0 }
        do throws(FileError) {
            return try self.replay.run { _ in }.entries
        } catch {
            throw LogError(error)
        }
    }

    /// Copies the journal's files to the folder `journal.foreign`, for a start that has no use for them. Blocking.
    package borrowing func keepJournal() throws(LogError) {
        do throws(FileError) {
            let root = self.recovering.directory.root
            let (journal, kept) = (root.directory(FileNames.journal), root.directory(FileNames.journal + ".foreign"))
            try kept.make()
            for entry in try journal.entries() where !entry.isDirectory {
                let file = try journal.open(entry.name)
                try kept.copy(from: file, 0..<(try file.size()), to: entry.name)
            }
            try kept.synchronize()
            try root.synchronize()
            self.recovering.logger.warning("kept the journal of lost metadata", metadata: ["path": "\(kept.path)"])
        } catch {
            throw LogError(error)
        }
    }

    package borrowing func delete(_ partitions: [LogDeletion], whenCleared: @escaping @Sendable () -> Void) async {
        await self.recovering.delete(partitions, whenCleared: whenCleared)
    }

    package consuming func finish(
        acquiring wanted: [LogAcquisition]
    ) async throws(LogError) -> RecoveredEngine<FileLogEngine> {
        try self.finish(opening: wanted)
    }

    /// `finish` for callers that cannot await. Blocking.
    ///
    /// A log that cannot be opened is among the results, offline with the reason, see `openForRecovery`.
    package consuming func finish(opening wanted: [LogAcquisition]) throws(LogError) -> RecoveredEngine<FileLogEngine> {
        let engine = self.recovering
        if engine.directory.lostRecoveryPoints {
            do throws(FileError) {
                try engine.collectEvidence(self.replay)
            } catch {
                throw LogError(error)
            }
        }
        let logs = wanted.map { Result<any PartitionLog, LogError>.success(engine.openForRecovery($0)) }
        try engine.recover(self.replay)
        self.engine = nil
        return RecoveredEngine(engine: engine, logs: logs)
    }

    /// Opens one log, for `finish`. Until then it answers `.overloaded`.
    borrowing func open(_ wanted: LogAcquisition) throws(LogError) -> FilePartitionLog {
        try self.recovering.openLog(wanted.partition, topicName: wanted.topicName, settings: wanted.settings)
    }
}

extension FileLogEngine {
    /// Replays the journal into the opened partitions and lets all of them serve. Entries of partitions that were not
    /// opened are dropped: their topics are gone. Blocking.
    ///
    /// Offsets for which entries are missing are refused to readers from then on; the others serve.
    fileprivate func recover(_ replay: JournalReplay) throws(LogError) {
        let logs = self.registry.withLock { $0.logs }
        var touched: Set<TopicPartition> = []
        var unknown: [TopicID: Int] = [:]
        let summary: JournalReplay.Summary
        do throws(FileError) {
            // Older than anything that the journal still has of these partitions.
            touched = try self.replaySalvaged(into: logs)
            summary = try replay.run { event in
                switch event {
                case .entry(let entry):
                    guard let log = logs[entry.partition] else {
                        unknown[entry.partition.topicID, default: 0] += 1
                        return
                    }
                    if log.replay(entry) { touched.insert(entry.partition) }
                case .corruption(let corruption):
                    self.logger.error(
                        "journal is damaged",
                        metadata: ["path": "\(corruption.path)", "lostRounds": "\(corruption.lostRounds)"]
                    )
                }
            }
        } catch {
            throw LogError(.storage, error.description)
        }
        for (topicID, entries) in unknown.sorted(by: { $0.key.description < $1.key.description }) {
            self.logger.notice(
                "the journal has records of a topic that was deleted, or that the metadata has lost; they are left out",
                metadata: ["topicID": "\(topicID)", "entries": "\(entries)"]
            )
        }
        // Nobody waits for the segments: the journal keeps the batches until a checkpoint, which waits for the writer.
        // The writer has its jobs before a checkpoint can take the recovery for done.
        for log in touched.compactMap({ logs[$0] }).sorted(by: { $0.isBefore($1) }) { self.write(log) }
        let unsettled = self.unsettled.withLock { logs in
            defer { logs = [] }
            return logs
        }
        for log in unsettled { log.settlePromised() }
        let late = self.registry.withLock { registry -> [FilePartitionLog] in
            registry.isRecovered = true
            return Array(registry.logs.values)
        }
        // Of topics that are gone.
        self.points.withLock { points in
            points.producers.entries = points.producers.entries.filter { logs[$0.key] != nil }
        }
        let isWhole = summary.corruptions.isEmpty && !replay.isCut
        for log in unsettled { log.releaseSetAside(journalIsWhole: isWhole) }
        for log in late { log.recoveryFinished() }
        self.scrubber.start(self)
        if late.contains(where: \.hasFailed) || self.directory.hasDamagedCheckpoints { self.requestCheckpoint() }
        if summary.entries > 0 {
            self.logger.info(
                "replayed the journal",
                metadata: [
                    "entries": "\(summary.entries)", "bytes": "\(summary.payloadBytes)",
                    "partitions": "\(touched.count)",
                ]
            )
            self.requestCheckpoint()
        }
        self.cleaner.start(self)
    }
}
