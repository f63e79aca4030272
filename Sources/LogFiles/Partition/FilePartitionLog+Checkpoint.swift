internal import LogCore
internal import Model
internal import Synchronization

extension FilePartitionLog {
    var checkpointKey: OffsetCheckpoint.Key {
        OffsetCheckpoint.Key(topic: self.topicName, partition: self.partition.partition)
    }

    /// Forces the segments and saves the producers. Blocking; one caller at a time.
    ///
    /// - Returns: the recovery point: everything before it is on disk. `nil` when the partition is gone.
    func synchronize() -> Result<Offset?, FileError> {
        struct Work {
            var segments: [DirtySegment]
            var folderChanged: Bool
            var end: Offset
            var folder: Directory
        }
        let taken = self.files.withLock { files -> Result<Work?, FileError> in
            guard !files.isGone, files.hasFolder else { return .success(nil) }
            let end = self.head.withLock { $0.state.writtenEnd }
            do throws(FileError) {
                // While a write is stalled, `written` is ahead of the files.
                if files.pending == nil { try self.writeSnapshot(&files) }
            } catch {
                // Without a snapshot a start reads more of the log; that is all.
                guard error.isDiskFull else { return .failure(error) }
            }
            let work = Work(
                segments: files.dirty,
                folderChanged: files.folderChanged,
                end: end,
                folder: files.folder
            )
            files.dirty = []
            files.dirtySince = 0
            files.folderChanged = false
            files.recordsSinceSync = 0
            return .success(work)
        }
        let work: Work
        switch taken {
        case .failure(let error): return .failure(error)
        case .success(nil): return .success(nil)
        case .success(let found?): work = found
        }
        do throws(FileError) {
            // Without the lock: the writer may go on, and what it adds is forced as well or by the next checkpoint.
            for segment in work.segments { try segment.files.synchronize(isClosed: segment.isClosed) }
            if work.folderChanged { try work.folder.synchronize() }
            try self.files.withLock { (files) throws(FileError) in
                files.recoveryPoint = max(files.recoveryPoint, work.end)
                try self.pruneSnapshots(&files)
            }
        } catch {
            return .failure(error)
        }
        self.head.withLock { $0.state.synced(to: work.end) }
        return .success(work.end)
    }

    /// Keeps the two newest snapshots and those at the beginnings of segments, which Kafka's tools expect.
    private func pruneSnapshots(_ files: inout Files) throws(FileError) {
        guard files.snapshots.count > 2 else { return }
        let bases = self.head.withLock { Set($0.state.segments.map(\.baseOffset)) }
        let old = files.snapshots.dropLast(2).filter { !bases.contains($0) }
        for offset in old { try files.folder.remove(FileNames.file(.snapshot, base: offset)) }
        files.snapshots.removeAll { old.contains($0) }
    }

    /// Writes what is left and completes the active segment's time index, as Kafka does when it closes a log.
    ///
    /// - Returns: whether everything is in the segments.
    func writeAndSeal() -> Bool {
        self.writePending()
        let isSealed = self.files.withLock { files -> Bool in
            guard files.pending == nil else { return false }
            if files.dirty.isEmpty && files.recoveryPoint == files.written.endOffset { return true }
            do throws(FileError) {
                try self.closeActive(&files)
                return true
            } catch {
                return false
            }
        }
        self.engine.markDirty(self)
        return isSealed && self.head.withLock { $0.state.writtenEnd == $0.state.highWatermark }
    }

    /// Takes the partition's data out of the way. Blocking.
    ///
    /// - Returns: the folder to remove later; `nil` when there is none.
    func dispose() -> Result<String?, FileError> {
        self.files.withLock { files in
            files.isGone = true
            files.pending = nil
            let bytes = self.head.withLock { head -> Int64 in
                let bytes = head.state.tail.unwrittenBytes
                head.handles = []
                head.state.forgetData()
                return bytes
            }
            self.engine.budget.giveBack(bytes)
            guard files.hasFolder else { return .success(nil) }
            let root = self.engine.directory.root
            var random = SystemRandomNumberGenerator()
            let name = FileNames.deletedFolder(
                topic: self.topicName,
                partition: self.partition.partition,
                unique: TopicID(high: random.next(), low: random.next())
            )
            do throws(FileError) {
                try root.rename(self.name, to: name)
                try root.synchronize()
                return .success(name)
            } catch {
                return .failure(error)
            }
        }
    }
}
