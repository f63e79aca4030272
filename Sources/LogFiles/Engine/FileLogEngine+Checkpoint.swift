package import LogCore
internal import Logging
internal import Model
internal import Synchronization
internal import Threads

extension FileLogEngine {
    /// Forces everything that is in segments, writes the recovery points, and gives the journal's space back.
    ///
    /// The order is what makes a crash at any point safe: journal position first, then the writer's queue up to it,
    /// then the segments, then the recovery points, and the journal last. The producers follow the recovery points:
    /// only those at or below its recovery point serve a partition.
    ///
    /// - Returns: what went wrong, if anything did; the journal then keeps what it has.
    func checkpoint() -> LogError? {
        self.checkpointing.withLock {
            if self.isAbandoned.load(ordering: .relaxed) { return nil }
            return self.runCheckpoint()
        }
    }

    private func runCheckpoint() -> LogError? {
        let isReady = self.registry.withLock { $0.isRecovered }
        let position = self.answeredEnd.withLock { $0 }
        self.drainWriter()
        // The writer leaves what it has once the engine is abandoned: the journal alone has it.
        if self.isAbandoned.load(ordering: .relaxed) { return nil }
        let dirty = self.keeperState.withLock { state -> [FilePartitionLog] in
            let dirty = state.dirty.values.sorted { $0.isBefore($1) }
            state.dirty = [:]
            state.dirtySince = 0
            return dirty
        }
        var failure: LogError?
        // One commit of the file system for many files.
        let isShared = dirty.count > 4
        var work = self.forEach(dirty.map { ($0, ()) }, &failure) { (log, _) throws(FileError) in
            try log.beginCheckpoint(savesProducers: true)
        }
        if isShared { self.directory.root.startSync() }
        work = self.forEach(work, &failure) { (log, work) throws(FileError) in
            try log.forceSegments(work) ? work : nil
        }
        if isShared, work.contains(where: { $0.1.replacesFiles }) {
            self.directory.root.startSync()
        }
        let moved = self.forEach(work, &failure) { (log, work) throws(FileError) in
            try log.finishCheckpoint(work)
        }
        if let error = self.writeCheckpoints(moved) { failure = error }
        // A partition that could not write its batches needs the journal's copy after the next start.
        if failure == nil, isReady, self.keeperState.withLock({ $0.stalled.isEmpty }), self.salvage() {
            self.journal.recycle(before: position)
        }
        if failure == nil { self.removeSalvaged(dirty) }
        // What was closed and forced may be compacted.
        if moved.contains(where: { $0.1.closedSegment }) { self.cleaner.wake() }
        return failure
    }

    /// Takes one step with every partition and keeps those that come out of it.
    private func forEach<Input, Output>(
        _ items: [(FilePartitionLog, Input)],
        _ failure: inout LogError?,
        _ step: (FilePartitionLog, Input) throws(FileError) -> Output?
    ) -> [(FilePartitionLog, Output)] {
        var results: [(FilePartitionLog, Output)] = []
        results.reserveCapacity(items.count)
        for (log, input) in items {
            do throws(FileError) {
                if let output = try step(log, input) { results.append((log, output)) }
            } catch {
                failure = self.handle(error, of: log)
            }
        }
        return results
    }

    private func handle(_ error: FileError, of log: FilePartitionLog) -> LogError {
        if error.isRetriable {
            self.markDirty(log)
            return LogError(error)
        }
        // What the kernel dropped cannot be known, so this is final for the partition.
        let failure = LogError(.storage, error.description)
        log.goOffline(failure)
        return failure
    }

    /// Forces one partition between two checkpoints, as `flush.ms` asks. The journal and the recovery points stay.
    func flush(_ log: FilePartitionLog) {
        self.checkpointing.withLock {
            if self.isAbandoned.load(ordering: .relaxed) { return }
            if case .failure(let error) = log.synchronize() { _ = self.handle(error, of: log) }
        }
    }

    /// Waits until the writer has done what there was to do so far.
    func drainWriter() {
        self.writeGathered()
        self.writer.drain()
    }

    /// Replaces the checkpoints of the root. Forcing the root's names makes new folders durable as well, before any
    /// recovery point vouches for what is in them.
    private func writeCheckpoints(_ moved: [(FilePartitionLog, FilePartitionLog.Checkpointed)]) -> LogError? {
        // Also those that are 0: without an entry a start cannot tell that the first segment is missing.
        // A partition without an entry whose folder is not forced yet gets its entry from `saveLogStarts`.
        let starts =
            self.movedLogStarts.filter(\.isKnown).map { ($0.log.checkpointKey, $0.offset) }
            + moved.map { ($0.0.checkpointKey, $0.0.offsets.logStart) }
        typealias Files = (recovery: [UInt8]?, producers: [UInt8]?, logStarts: [UInt8]?, cleaner: [UInt8]?)
        let files = self.points.withLock { points -> Files in
            let before = points.logStarts
            var savesProducers = false
            for (log, checkpointed) in moved {
                points.recovery.offsets[log.checkpointKey] = checkpointed.end
                if let producers = checkpointed.producers {
                    points.producers.entries[log.partition] = producers
                    savesProducers = true
                }
            }
            for (key, offset) in starts { points.logStarts.offsets[key] = offset }
            // Until the files are written: a checkpoint that fails must not make the next one, or a DeleteRecords that
            // waits for it, believe that they are.
            if points.logStarts != before { points.areLogStartsStale = true }
            if !moved.isEmpty { points.isRecoveryStale = true }
            return (
                points.isRecoveryStale ? points.recovery.encoded() : nil,
                savesProducers ? points.producers.encoded() : nil,
                points.areLogStartsStale ? points.logStarts.encoded() : nil,
                points.isCleanerStale ? points.cleaner.encoded() : nil
            )
        }
        do throws(FileError) {
            if !moved.isEmpty { try self.directory.root.synchronize() }
            try self.writePoints(recovery: files.recovery, logStarts: nil)
            if let producers = files.producers { try self.replace([(FileNames.producers, producers)]) }
            try self.writePoints(recovery: nil, logStarts: files.logStarts, cleaner: files.cleaner)
            return nil
        } catch {
            self.logger.error("checkpoint failed", metadata: ["error": "\(error)"])
            return LogError(error)
        }
    }

    /// Replaces the files whose bytes are given. `checkpointing` is held.
    func writePoints(recovery: [UInt8]?, logStarts: [UInt8]?, cleaner: [UInt8]? = nil) throws(FileError) {
        if let recovery {
            try self.replaceChecked(FileNames.recoveryPoints, with: recovery)
            self.points.withLock { $0.isRecoveryStale = false }
        }
        if let logStarts {
            try self.replaceChecked(FileNames.logStartOffsets, with: logStarts)
            self.points.withLock { $0.areLogStartsStale = false }
        }
        if let cleaner {
            try self.replaceChecked(FileNames.cleanerOffsets, with: cleaner)
            self.points.withLock { $0.isCleanerStale = false }
        }
    }

    /// Replaces a checkpoint of Kafka's format and its checked copy.
    private func replaceChecked(_ name: String, with bytes: [UInt8]) throws(FileError) {
        try self.replace([(CheckedCopy.name(of: name), CheckedCopy.encode(bytes, of: name)), (name, bytes)])
    }

    /// Replaces files of the root; on a full disk the reserve makes the room.
    private func replace(_ files: [(name: String, bytes: [UInt8])]) throws(FileError) {
        do throws(FileError) {
            try self.directory.root.replace(files)
        } catch {
            guard error.isDiskFull, try self.directory.root.remove(FileNames.reserve) else { throw error }
            try self.directory.root.replace(files)
        }
    }

    /// See `LogEngine.close`.
    package func close() throws(LogError) {
        let isFirst = self.registry.withLock { registry -> Bool in
            defer { registry.isClosed = true }
            return !registry.isClosed
        }
        guard isFirst else { return }
        self.cleaner.stop()
        self.budget.set(.end)
        let logs = self.logs.sorted { $0.isBefore($1) }
        for log in logs { log.head.withLock { $0.state.makeAvailable(.closed) } }
        // Appends are refused from here on. A journal that waits for room needs a checkpoint to resume.
        while logs.contains(where: { log in log.head.withLock { $0.lifecycle.unanswered > 0 } }) {
            if !self.roundAnswered.wait(nanosecondsMax: 50_000_000) { _ = self.checkpoint() }
            if self.journal.failure != nil { break }
        }
        var isClean = true
        self.drainWriter()
        for log in logs where !log.hasFailed {
            if !log.writeAndSeal() { isClean = false }
        }
        if let failure = self.checkpoint() {
            self.logger.error("closing without a checkpoint", metadata: ["error": "\(failure.message)"])
            isClean = false
        }
        self.clearDeletionsOrRetry()
        let isRecovered = self.registry.withLock { $0.isRecovered }
        // Failed partitions are no reason to check all others again, once their part of the journal is saved.
        if isRecovered, logs.contains(where: { log in log.head.withLock { $0.lifecycle.state == .failed } }) {
            isClean = false
        }
        self.stopThreads()
        for log in logs { log.end(.closed, error: LogError(.closed, "the log is closed")) }
        if isClean && isRecovered && self.journal.failure == nil {
            do throws(FileError) {
                let content = "{\"version\":0,\"brokerEpoch\":-1}"
                try self.replace([(FileNames.cleanShutdown, Array(content.utf8))])
            } catch {
                self.logger.warning("no clean shutdown mark", metadata: ["error": "\(error)"])
            }
        }
        self.registry.withLock { $0.logs = [:] }
        self.retained.withLock { $0 = RetainedTail() }
        self.gathered.withLock { $0 = GatheredWrites() }
        self.directory.unlock()
        if !isClean {
            throw LogError(.storage, "some data could not be checkpointed; it is recovered at the next start")
        }
    }

    private func stopThreads() {
        self.scrubber.stop()
        self.keeperState.withLock { $0.ends = true }
        self.wakeKeeper.signal()
        self.joinKeeper()
        self.journal.close()
        self.writer.shutdown()
        for reader in self.readers { reader.shutdown() }
    }

    /// Stops as a crash would: nothing more is written, nobody is told. For tests; a real crash needs no call.
    package func abandon() {
        self.isAbandoned.store(true, ordering: .sequentiallyConsistent)
        self.registry.withLock { $0.isClosed = true }
        self.cleaner.stop()
        self.budget.set(.end)
        self.stopThreads()
        self.registry.withLock { $0.logs = [:] }
        self.retained.withLock { $0 = RetainedTail() }
        self.gathered.withLock { $0 = GatheredWrites() }
        self.keeperState.withLock { $0 = KeeperState() }
        self.directory.unlock()
    }
}
