internal import LogCore
internal import Logging
internal import Model
internal import Synchronization
internal import Threads

/// Partitions that the start could not open, for want of descriptors or because the disk would not let it. They take
/// part in the recovery as failed ones: what the journal has of them goes into their side files, so that nothing of it
/// is recycled unseen, and the keeper opens them once that is possible.
extension FileLogEngine {
    /// Opens a log for the recovery; one that cannot be opened is offline with the reason. Blocking.
    func openForRecovery(_ wanted: LogAcquisition) -> FilePartitionLog {
        do throws(LogError) {
            return try self.openLog(
                wanted.partition,
                topicName: wanted.topicName,
                settings: wanted.settings,
                epoch: wanted.epoch
            )
        } catch {
            return self.park(wanted, error)
        }
    }

    private func park(_ wanted: LogAcquisition, _ error: LogError) -> FilePartitionLog {
        let number = wanted.partition.partition
        let key = OffsetCheckpoint.Key(topic: wanted.topicName, partition: number)
        let start = self.points.withLock { $0.logStarts.offsets[key] ?? 0 }
        var recovered = RecoveredPartition(
            folder: self.directory.root.directory(FileNames.folder(topic: wanted.topicName, partition: number)),
            hasFolder: false,
            at: start
        )
        recovered.failure = error
        recovered.wasOpened = false
        let log = FilePartitionLog(
            partition: wanted.partition,
            topicName: wanted.topicName,
            engine: self,
            settings: wanted.settings,
            availability: .offline(error),
            recovered: recovered
        )
        self.report(recovered, log)
        self.registry.withLock { $0.logs[wanted.partition] = log }
        self.reopenLater(log, error)
        return log
    }

    private func reopenLater(_ log: FilePartitionLog, _ error: LogError) {
        // Want of descriptors passes by itself; anything else needs somebody to mend it.
        let delay: Int64 = error.code == .overloaded ? 1_000 : 30_000
        self.keeperState.withLock { state in
            state.reopenings[ObjectIdentifier(log)] = (log, self.time.monotonicMilliseconds + delay)
        }
        self.wakeKeeper.signal()
    }

    /// Opens a log that the start could not open. Blocking; the keeper's.
    func reopen(_ log: FilePartitionLog) {
        let isWanted = self.registry.withLock { registry -> Bool in
            guard registry.isRecovered, !registry.isClosed, registry.logs[log.partition] === log,
                !log.files.withLock({ $0.wasOpened })
            else { return false }
            return registry.opening.insert(log.partition).inserted
        }
        guard isWanted else { return }
        defer { self.registry.withLock { _ = $0.opening.remove(log.partition) } }
        // From here on its side file has all that the journal knows of it.
        let isSalvaged = self.checkpointing.withLock { () -> Bool in
            if self.isAbandoned.load(ordering: .relaxed) { return false }
            return self.salvage()
        }
        guard isSalvaged else { return self.reopenLater(log, LogError(.overloaded, "")) }
        do throws(FileError) {
            let settings = log.head.withLock { $0.state.settings }
            let recovered = try self.find(log.partition, topicName: log.topicName, settings: settings)
            guard log.reopen(recovered) else { return }
            self.report(recovered, log)
            if !recovered.unforced.segments.isEmpty { self.markDirty(log) }
            if try self.directory.root.status(of: log.salvageName) != nil {
                _ = try self.replay(log.salvageName, into: log)
            }
        } catch {
            if log.head.withLock({ $0.lifecycle.isServing }) {
                // Its side file is kept for the next start.
                log.goOffline(LogError(error))
                return
            }
            return self.reopenLater(log, LogError(error))
        }
        self.write(log)
        log.settlePromised()
        // Its side file does not prove that the journal was whole.
        log.releaseSetAside(journalIsWhole: false)
        log.recoveryFinished()
        if !log.hasFailed { self.logger.info("partition is back", metadata: ["partition": "\(log.name)"]) }
    }
}

extension FilePartitionLog {
    /// Takes up what the files have, after the start could not look at them. It serves after `recoveryFinished`.
    ///
    /// - Returns: `false` when the partition was deleted meanwhile.
    fileprivate func reopen(_ recovered: RecoveredPartition) -> Bool {
        self.files.withLock { files in
            let isThere = self.head.withLock { head -> Bool in
                guard head.lifecycle.hasFailed else { return false }
                var reopened = Head(
                    partition: self.partition,
                    settings: head.state.settings,
                    availability: recovered.failure.map { .offline($0) } ?? .recovering,
                    recovered: recovered
                )
                reopened.state.isSealed = head.state.isSealed
                head = reopened
                return true
            }
            if isThere { files = Files(recovered) }
            return isThere
        }
    }
}
