internal import Glibc
internal import LogCore
internal import Model
internal import NIOCore
internal import Synchronization
internal import Threads

extension FilePartitionLog {
    var checkpointKey: OffsetCheckpoint.Key {
        OffsetCheckpoint.Key(topic: self.topicName, partition: self.partition.partition)
    }

    /// Forces the segments: the three steps of a checkpoint in one. Blocking; one caller at a
    /// time.
    ///
    /// The producers are not saved: only a checkpoint does that.
    ///
    /// - Returns: the recovery point: everything before it is on disk. `nil` when the partition is gone or has failed.
    ///   An error that is not a full disk is final for the partition.
    func synchronize() -> Result<Offset?, FileError> {
        do throws(FileError) {
            guard let work = try self.beginCheckpoint(savesProducers: false) else { return .success(nil) }
            guard try self.forceSegments(work) else { return .success(nil) }
            return .success(try self.finishCheckpoint(work)?.end)
        } catch {
            return .failure(error)
        }
    }

    /// One partition's part of a checkpoint. Its three steps are apart so that one `syncfs` before the second and the
    /// third serves all partitions: forcing single files then finds nothing to do.
    struct CheckpointWork {
        fileprivate var unforced: Unforced
        /// When `leader-epoch-checkpoint` is behind.
        fileprivate var epochs: LeaderEpochs?
        fileprivate var end: Offset
        fileprivate var folder: Directory
        /// For the file that all partitions share.
        fileprivate var producers: ProducerCheckpoint.Entry?
        /// For a file of its own, when it has too many.
        fileprivate var snapshot: ByteBuffer?
        fileprivate var staleSnapshots: [Offset]

        /// Small files of a new folder.
        fileprivate var added: [String] = []
        /// Files that are written under a temporary name first.
        fileprivate var replaced: [(name: String, bytes: [UInt8])] = []

        /// Whether the second step changes names.
        var replacesFiles: Bool { !self.replaced.isEmpty }
    }

    /// What a checkpoint brought to a partition.
    struct Checkpointed {
        /// The recovery point: everything before it is on disk.
        var end: Offset
        var producers: ProducerCheckpoint.Entry?
        /// A segment that nothing more is written to is among what was forced.
        var closedSegment: Bool
    }

    /// Notes what is not forced, and writes what goes with it. Without the partition's lock from here on, or the writer
    /// would wait for the disk: what it adds meanwhile is forced as well or by the next checkpoint.
    ///
    /// - Returns: `nil` when there is nothing to force, because the partition is gone or has failed.
    func beginCheckpoint(savesProducers: Bool) throws(FileError) -> CheckpointWork? {
        try self.saveIndex()
        guard var work = self.takeUnforced(savesProducers: savesProducers) else { return nil }
        if work.unforced.isNew {
            work.added.append(FileNames.partitionMetadata)
            if work.epochs != nil { work.added.append(FileNames.leaderEpochs) }
        } else if let epochs = work.epochs {
            work.replaced.append((FileNames.leaderEpochs, epochs.encoded()))
            work.replaced.append((FileNames.partitionMetadata, self.encodedOwner(epochs)))
        }
        let isThere = try self.step(work) { () throws(FileError) in
            if let snapshot = work.snapshot { try self.write(snapshot, at: work.end, to: work.folder) }
            if work.unforced.isNew, let epochs = work.epochs {
                // No recovery point vouches for the folder yet, so a crash may cut it off: the batches tell.
                try work.folder.write(FileNames.leaderEpochs, epochs.encoded())
                // Under another name first: a write that fails must not leave a folder that nobody owns.
                try work.folder.write(FileNames.partitionMetadata + ".tmp", self.encodedOwner(epochs))
                try work.folder.rename(FileNames.partitionMetadata + ".tmp", to: FileNames.partitionMetadata)
            }
            for (name, bytes) in work.replaced { try work.folder.write(name + ".tmp", bytes) }
        }
        return isThere ? work : nil
    }

    /// `partition.metadata` with the leader epochs, of which Kafka's own file has no checksum.
    private func encodedOwner(_ epochs: LeaderEpochs) -> [UInt8] {
        PartitionMetadata(topicID: self.partition.topicID, epochs: epochs).encoded(folder: self.name)
    }

    /// Puts the index entries into their files, so that a start finds one close to the recovery point.
    private func saveIndex() throws(FileError) {
        try self.files.withLock { files throws(FileError) in
            guard files.pending == nil, self.mayWrite else { return }
            do throws(FileError) {
                try self.writeIndex(&files)
            } catch {
                // They stay in memory.
                guard error.isRetriable else { throw error }
            }
        }
    }

    /// Forces the segments and puts new files into place.
    ///
    /// - Returns: `false` when the partition is gone.
    func forceSegments(_ work: CheckpointWork) throws(FileError) -> Bool {
        try self.step(work) { () throws(FileError) in
            try self.force(work.unforced.segments)
            for name in work.added { try work.folder.open(name, options: .write).synchronizeData() }
            for (name, _) in work.replaced {
                try work.folder.open(name + ".tmp", options: .write).synchronizeData()
                try work.folder.rename(name + ".tmp", to: name)
            }
        }
    }

    /// Forces the folder's names.
    ///
    /// - Returns: `nil` when the partition is gone.
    func finishCheckpoint(_ work: CheckpointWork) throws(FileError) -> Checkpointed? {
        let isThere = try self.step(work) { () throws(FileError) in
            if work.unforced.folderChanged || work.replacesFiles { try work.folder.synchronize() }
            for offset in work.staleSnapshots {
                try work.folder.remove(FileNames.file(.snapshot, base: offset))
            }
        }
        guard isThere else { return nil }
        self.files.withLock { files in
            for segment in work.unforced.segments where !files.unforced.contains(segment.files) {
                segment.files.unpin()
            }
        }
        self.head.withLock { $0.state.forced(to: work.end) }
        return Checkpointed(
            end: work.end,
            producers: work.producers,
            closedSegment: work.unforced.segments.contains { $0.isClosed }
        )
    }

    /// Returns `false` when the step failed because the partition is gone. After a full disk everything is unforced as
    /// before.
    private func step(_ work: CheckpointWork, _ body: () throws(FileError) -> Void) throws(FileError) -> Bool {
        do throws(FileError) {
            try body()
            return true
        } catch {
            // The folder of a partition that was deleted in between has another name.
            if self.head.withLock({ $0.lifecycle.isRemoved }) { return false }
            if error.isRetriable { self.files.withLock { $0.unforced.restore(work.unforced) } }
            throw error
        }
    }

    /// Forces the segments, except those that retention removed meanwhile.
    private func force(_ segments: [Unforced.Segment]) throws(FileError) {
        for segment in segments {
            do throws(FileError) {
                // What comes meanwhile is forced as well, or by the next checkpoint.
                let end = try segment.files.file(.log).size()
                try segment.files.synchronize(
                    isClosed: segment.isClosed,
                    hasTransactions: segment.hasTransactions
                )
                self.engine.cachedLogs.forced(segment.files, to: end, isClosed: segment.isClosed)
            } catch {
                if segment.files.isRetired { continue }
                // Also for a full disk: pages that could not be written back may be gone, so trying again proves
                // nothing.
                throw error.isDiskFull
                    ? FileError(operation: error.operation, path: error.path, errno: EIO) : error
            }
        }
    }

    private func takeUnforced(savesProducers: Bool) -> CheckpointWork? {
        self.files.withLock { files in
            guard files.hasFolder, files.promised == nil, self.mayWrite else { return nil }
            let (end, bases, transactionIndexes) = self.head.withLock { head in
                (
                    head.state.storedEnd, Set(head.layout.segments.map(\.info.baseOffset)),
                    savesProducers ? head.layout.transactionIndexes : []
                )
            }
            var producers: ProducerCheckpoint.Entry?
            var snapshot: ByteBuffer?
            // While a write is stalled, `stored` is ahead of the files.
            if savesProducers, files.pending == nil {
                let bytes = ProducerSnapshot.encode(files.stored.producers)
                var entry = ProducerCheckpoint.Entry(
                    offset: end,
                    snapshot: bytes,
                    transactionIndexes: transactionIndexes
                )
                if bytes.readableBytes > ProducerCheckpoint.snapshotBytesMax {
                    entry.snapshot = ByteBuffer()
                    if files.snapshots.last != end {
                        snapshot = bytes
                        files.snapshots.append(end)
                    }
                }
                producers = entry
            }
            // Kept: the two newest, and those at the beginnings of segments, which Kafka's tools expect.
            let stale = files.snapshots.dropLast(2).filter { !bases.contains($0) }
            files.snapshots.removeAll { stale.contains($0) }
            var unforced = files.unforced.takeAll()
            unforced.folderChanged = unforced.folderChanged || snapshot != nil
            return CheckpointWork(
                unforced: unforced,
                epochs: unforced.epochsChanged ? files.stored.epochs : nil,
                end: end,
                folder: files.folder,
                producers: producers,
                snapshot: snapshot,
                staleSnapshots: stale
            )
        }
    }

    private func write(_ snapshot: ByteBuffer, at end: Offset, to folder: Directory) throws(FileError) {
        do throws(FileError) {
            let name = FileNames.file(.snapshot, base: end)
            let file = try folder.open(name, options: [.write, .create, .truncate])
            try file.write([snapshot], at: 0)
        } catch {
            // Without a snapshot a start reads more of the log; that is all.
            guard error.isRetriable else { throw error }
        }
    }

    /// Writes what is left and completes the active segment's time index, as Kafka does when it closes a log.
    ///
    /// - Returns: whether everything is in the segments.
    func writeAndSeal() -> Bool {
        self.writePending()
        let isSealed = self.files.withLock { files -> Bool in
            guard files.pending == nil else { return false }
            let forcedEnd = self.head.withLock { $0.state.forcedEnd }
            if files.unforced.segments.isEmpty && forcedEnd == files.stored.endOffset { return true }
            do throws(FileError) {
                try self.closeActive(&files)
                return true
            } catch {
                return false
            }
        }
        self.engine.markDirty(self)
        return isSealed && self.head.withLock { $0.state.storedEnd == $0.state.highWatermark }
    }

    /// Drops everything in memory; I/O threads leave the partition alone from here on.
    func forgetData() {
        self.files.withLock { files in
            files.active?.retire()
            files.pending = nil
            let bytes = self.head.withLock { head -> Int64 in
                let bytes = head.state.tail.unstoredBytes
                head.lifecycle.removed()
                for files in head.layout.removeAll() { files.retire() }
                head.state.forgetData()
                return bytes
            }
            self.engine.budget.release(bytes)
        }
    }

    /// Renames the folder of a deleted partition. Blocking; the caller forces the root's names.
    ///
    /// - Returns: the folder to remove later; `nil` when there is none.
    func setAside() throws(FileError) -> String? {
        guard self.files.withLock({ $0.hasFolder }) else { return nil }
        let root = self.engine.directory.root
        let random = self.engine.environment.random
        let name = FileNames.deletedFolder(
            topic: self.topicName,
            partition: self.partition.partition,
            unique: TopicID(high: random(), low: random())
        )
        try root.rename(self.name, to: name)
        self.files.withLock { $0.hasFolder = false }
        return name
    }
}
