internal import LogCore
internal import Model
internal import NIOCore
internal import Synchronization

extension FilePartitionLog {
    var checkpointKey: OffsetCheckpoint.Key {
        OffsetCheckpoint.Key(topic: self.topicName, partition: self.partition.partition)
    }

    /// Forces the segments and saves the producers. Blocking; one caller at a time.
    ///
    /// - Returns: the recovery point: everything before it is on disk. `nil` when the partition is gone.
    func synchronize() -> Result<Offset?, FileError> {
        guard let work = self.takeDirty() else { return .success(nil) }
        // Without the lock, or the writer would wait for the disk: what it adds meanwhile is forced as well or by the
        // next checkpoint.
        do throws(FileError) {
            if let snapshot = work.snapshot { try self.write(snapshot, at: work.end, to: work.folder) }
            if work.isNew {
                let metadata = PartitionMetadata(topicID: self.partition.topicID)
                try work.folder.replace(FileNames.partitionMetadata, with: metadata.encoded())
            }
            if let epochs = work.epochs {
                try work.folder.replace(FileNames.leaderEpochs, with: epochs.encoded())
            }
            for segment in work.segments { try segment.files.synchronize(isClosed: segment.isClosed) }
            if work.folderChanged { try work.folder.synchronize() }
            for offset in work.staleSnapshots {
                try work.folder.remove(FileNames.file(.snapshot, base: offset))
            }
        } catch {
            // The folder of a partition that was deleted in between has another name.
            if self.files.withLock({ $0.isGone }) { return .success(nil) }
            if error.isDiskFull {
                self.files.withLock { files in
                    files.giveBack(work.segments)
                    files.isNew = files.isNew || work.isNew
                    files.epochsChanged = files.epochsChanged || work.epochs != nil
                }
            }
            return .failure(error)
        }
        self.files.withLock { files in
            files.recoveryPoint = max(files.recoveryPoint, work.end)
        }
        self.head.withLock { $0.state.synced(to: work.end) }
        return .success(work.end)
    }

    /// What one checkpoint forces.
    private struct CheckpointWork {
        var segments: [DirtySegment]
        var folderChanged: Bool
        var isNew: Bool
        var epochs: LeaderEpochs?
        var end: Offset
        var folder: Directory
        var snapshot: ByteBuffer?
        var staleSnapshots: [Offset]
    }

    private func takeDirty() -> CheckpointWork? {
        self.files.withLock { files in
            guard !files.isGone, files.hasFolder else { return nil }
            let (end, bases) = self.head.withLock { head in
                (head.state.writtenEnd, Set(head.state.segments.map(\.baseOffset)))
            }
            var snapshot: ByteBuffer?
            // While a write is stalled, `written` is ahead of the files.
            if files.pending == nil, files.snapshots.last != end {
                precondition(files.written.endOffset == end, "files and head disagree on what is written")
                snapshot = ProducerSnapshot.encode(files.written.producers)
                files.snapshots.append(end)
            }
            // Kept: the two newest, and those at the beginnings of segments, which Kafka's tools expect.
            let stale = files.snapshots.dropLast(2).filter { !bases.contains($0) }
            files.snapshots.removeAll { stale.contains($0) }
            let work = CheckpointWork(
                segments: files.dirty,
                folderChanged: files.folderChanged || snapshot != nil,
                isNew: files.isNew,
                epochs: files.epochsChanged ? files.written.epochs : nil,
                end: end,
                folder: files.folder,
                snapshot: snapshot,
                staleSnapshots: stale
            )
            files.dirty = []
            files.folderChanged = false
            files.isNew = false
            files.epochsChanged = false
            files.recordsSinceSync = 0
            return work
        }
    }

    private func write(_ snapshot: ByteBuffer, at end: Offset, to folder: Directory) throws(FileError) {
        do throws(FileError) {
            let name = FileNames.file(.snapshot, base: end)
            let file = try folder.open(name, options: [.write, .create, .truncate])
            try file.write([snapshot], at: 0)
        } catch {
            // Without a snapshot a start reads more of the log; that is all.
            guard error.isDiskFull else { throw error }
        }
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

    /// Drops everything in memory; I/O threads leave the partition alone from here on.
    func forgetData() {
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
        }
    }

    /// Renames the folder of a deleted partition. Blocking.
    ///
    /// - Returns: the folder to remove later; `nil` when there is none.
    func setAside() throws(FileError) -> String? {
        guard self.files.withLock({ $0.hasFolder }) else { return nil }
        let root = self.engine.directory.root
        var random = SystemRandomNumberGenerator()
        let name = FileNames.deletedFolder(
            topic: self.topicName,
            partition: self.partition.partition,
            unique: TopicID(high: random.next(), low: random.next())
        )
        try root.rename(self.name, to: name)
        try root.synchronize()
        return name
    }
}

extension FilePartitionLog.Files {
    /// Makes segments dirty again whose forcing did not happen.
    mutating func giveBack(_ segments: [FilePartitionLog.DirtySegment]) {
        for segment in segments {
            if let index = self.dirty.firstIndex(where: { $0.files === segment.files }) {
                self.dirty[index].isClosed = self.dirty[index].isClosed || segment.isClosed
            } else {
                self.dirty.append(segment)
            }
        }
        self.folderChanged = true
    }
}
