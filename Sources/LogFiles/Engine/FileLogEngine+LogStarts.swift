package import LogCore
internal import Model
internal import Synchronization
internal import Threads

/// Log start offsets outside of checkpoints.
///
/// `log-start-offset-checkpoint` knows partitions by the topic's name. So an entry may exist only while a folder on the
/// disk says which topic the name belongs to: an entry that a deleted topic left behind would hide the records of the
/// next topic of that name. A start that finds the folder of another topic forgets the entry with it.
extension FileLogEngine {
    /// A log start offset that is not 0.
    struct MovedLogStart {
        var log: FilePartitionLog
        var offset: Offset
        /// The checkpoint has an entry of the partition.
        var isKnown: Bool
    }

    var movedLogStarts: [MovedLogStart] {
        let starts = self.logs.map { ($0, $0.offsets.logStart) }.filter { $0.1 > 0 }
        return self.points.withLock { points in
            starts.map { log, start in
                let isKnown = points.logStarts.offsets[log.checkpointKey] != nil
                return MovedLogStart(log: log, offset: start, isKnown: isKnown)
            }
        }
    }

    /// See `LogEngine.persistLogStarts`.
    package func persistLogStarts() throws(LogError) {
        if let error = self.saveLogStarts() { throw error }
    }

    /// Makes the log start offsets durable, without a checkpoint. Blocking.
    func saveLogStarts() -> LogError? {
        self.checkpointing.withLock { () -> LogError? in
            if self.isAbandoned.load(ordering: .relaxed) { return LogError(.closed, "the engine is closed") }
            var failure: LogError?
            // A failed checkpoint may not have forced the names of new folders.
            var namesFolders = self.points.withLock { $0.areLogStartsStale || $0.isRecoveryStale }
            var starts: [(OffsetCheckpoint.Key, Offset)] = []
            for moved in self.movedLogStarts.sorted(by: { $0.log.isBefore($1.log) }) {
                if !moved.isKnown {
                    do throws(FileError) {
                        guard try self.forceOwner(of: moved.log) else { continue }
                        namesFolders = true
                    } catch {
                        // The other partitions' offsets do not wait for this one.
                        failure = LogError(error)
                        continue
                    }
                }
                starts.append((moved.log.checkpointKey, moved.offset))
            }
            do throws(FileError) {
                if namesFolders { try self.directory.root.synchronize() }
                let (recovery, logStarts) = self.points.withLock { points -> ([UInt8]?, [UInt8]?) in
                    let before = points.logStarts
                    for (key, offset) in starts { points.logStarts.offsets[key] = offset }
                    if points.logStarts != before { points.areLogStartsStale = true }
                    let logStarts = points.areLogStartsStale ? points.logStarts.encoded() : nil
                    return (points.isRecoveryStale ? points.recovery.encoded() : nil, logStarts)
                }
                try self.writePoints(recovery: recovery, logStarts: logStarts)
                return failure
            } catch {
                return LogError(error)
            }
        }
    }

    /// Makes durable, in the partition's folder, whose it is; on a full disk the reserve makes the room.
    /// `checkpointing` is held, so that no deletion renames the folder meanwhile.
    ///
    /// - Returns: `false` when the partition is gone.
    private func forceOwner(of log: FilePartitionLog) throws(FileError) -> Bool {
        let hasPoint = self.points.withLock { $0.recovery.offsets[log.checkpointKey] != nil }
        do throws(FileError) {
            return try log.forceOwner(unlessForced: hasPoint)
        } catch {
            guard error.isDiskFull, try self.directory.root.remove(FileNames.reserve) else { throw error }
            return try log.forceOwner(unlessForced: hasPoint)
        }
    }
}

extension FilePartitionLog {
    /// Makes the folder if there is none, and forces it and the file that says whose it is. The caller forces the
    /// names of the root.
    ///
    /// - Parameter hasPoint: a checkpoint has forced the folder, unless it was made since.
    /// - Returns: `false` when the partition is gone.
    fileprivate func forceOwner(unlessForced hasPoint: Bool) throws(FileError) -> Bool {
        let made = try self.files.withLock { files throws(FileError) -> (folder: Directory, isForced: Bool)? in
            // A deletion that comes later finds the folder.
            if self.head.withLock({ $0.lifecycle.isRemoved }) { return nil }
            try self.makeFolder(&files)
            return (files.folder, hasPoint && !files.unforced.isNew)
        }
        guard let (folder, isForced) = made else { return false }
        if isForced { return true }
        try folder.open(FileNames.partitionMetadata, options: .write).synchronizeData()
        try folder.synchronize()
        // From here on the file may not be written in place: a crash would leave a folder that says nothing.
        self.files.withLock { $0.unforced.isNew = false }
        return true
    }
}
