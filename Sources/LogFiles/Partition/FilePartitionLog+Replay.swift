internal import LogCore
internal import Logging
internal import Model
internal import NIOCore
internal import RecordBatch
internal import Synchronization
internal import Threads

/// What a start takes from the journal and from salvage files, and what it has to give up.
extension FilePartitionLog {
    private enum Replayed {
        case known
        case taken(bytes: Int64, unwritten: Int64, missing: Range<Offset>)
        /// The log start offset lies within the entry's first batch, and the log is empty.
        case overlapping(Offset)
        case damaged(String)
        case quarantined
    }

    /// Takes an entry of the journal into the log if the segments do not have it yet. Offsets that are missing before
    /// it are refused to readers from then on.
    ///
    /// - Returns: whether anything was taken.
    func replay(_ entry: JournalReplayEntry) -> Bool {
        switch self.take(entry) {
        case .known:
            return false
        case .taken(let bytes, let unwritten, let missing):
            self.engine.budget.add(bytes)
            if !missing.isEmpty {
                let path = self.engine.directory.root.path(of: FileNames.journal)
                let reason = "neither the segments nor the journal have them"
                self.quarantine(DamagedRange(offsets: missing, path: path, bytes: 0..<0, reason: reason))
            }
            // Keeps memory flat however much there is to replay.
            if unwritten >= 1 << 20 { self.writePending() }
            return true
        case .overlapping(let base):
            if self.rewind(to: base) { return self.replay(entry) }
            self.goOffline(LogError(.storage, "the journal's batch at offset \(base) overlaps the end of the log"))
        case .damaged(let reason):
            self.goOffline(
                LogError(.storage, "the journal's batch at offset \(entry.baseOffset) is unusable: \(reason)")
            )
        case .quarantined:
            // The next checkpoint salvages it with all the journal has of this partition.
            break
        }
        return false
    }

    private func take(_ entry: JournalReplayEntry) -> Replayed {
        self.head.withLock { head in
            if head.lifecycle.hasFailed { return .quarantined }
            let end = head.state.logEnd
            if entry.nextOffset <= end { return .known }
            let before = head.state.tail.unstoredBytes
            // The round's own checksum covers the batches.
            var batches = BatchCursor(entry.payload)
            var rest = entry.payload
            do throws(RecordBatchError) {
                while let batch = try batches.next() {
                    let header = batch.header
                    guard let whole = rest.readSlice(length: header.sizeInBytes) else { break }
                    if header.lastOffset < head.state.logEnd { continue }
                    guard header.baseOffset >= 0, header.lastOffsetDelta >= 0,
                        header.baseOffset < Offset.max - Offset(Int32.max)
                    else {
                        return .damaged("a batch has offsets that cannot be")
                    }
                    if header.baseOffset < head.state.logEnd { return .overlapping(header.baseOffset) }
                    head.state.replay(header, whole)
                }
            } catch {
                return .damaged("\(error)")
            }
            _ = head.state.becameDurable(to: head.state.logEnd)
            let unwritten = head.state.tail.unstoredBytes
            let missing = end..<max(end, entry.baseOffset)
            return .taken(bytes: unwritten - before, unwritten: unwritten, missing: missing)
        }
    }

    /// DeleteRecords may end within a batch. When a power cut took the partition's files, the log is empty and begins
    /// within a batch that the journal has.
    private func rewind(to base: Offset) -> Bool {
        self.files.withLock { files in
            self.head.withLock { head in
                guard head.layout.segments.isEmpty, files.pending == nil, head.state.rewind(to: base) else {
                    return false
                }
                let stored = files.stored
                files.stored = StoredState(endOffset: base, producers: stored.producers, epochs: stored.epochs)
                return true
            }
        }
    }

    /// Gives up offsets that were promised and that nothing has brought. They are not given again. Blocking.
    func settlePromised() {
        guard let promised = self.files.withLock({ $0.promised }), !self.hasFailed else { return }
        // What the journal brought must be stored: the skipped offsets come after it.
        self.writePending()
        let outcome = self.files.withLock { files -> Result<DamagedRange?, FileError> in
            do throws(FileError) {
                return .success(try self.settle(promised, &files))
            } catch {
                return .failure(error)
            }
        }
        switch outcome {
        case .success(let range):
            if let range { self.quarantine(range) }
            self.engine.markDirty(self)
        case .failure(let error):
            self.goOffline(LogError(error))
        }
    }

    private func settle(
        _ promised: RecoveredPartition.Promised,
        _ files: inout Files
    ) throws(FileError) -> DamagedRange? {
        let (end, isStored) = self.head.withLock { ($0.state.logEnd, $0.state.tail.unstoredBytes == 0) }
        if end < promised.end {
            guard isStored, files.pending == nil else {
                throw FileError.notYet(files.folder.path)
            }
            // The files tell later starts: a segment that begins behind the hole.
            try self.closeActive(&files)
            files.planner = SegmentPlanner()
            files.active = nil
            files.stored.skip(to: promised.end)
            self.head.withLock { $0.state.skip(to: promised.end) }
        }
        files.promised = nil
        return end < promised.end ? promised.range(from: end) : nil
    }

    /// The recovery has brought what there was: the partition serves.
    ///
    /// The log start offset may lie behind what the segments had: records before it that only the journal has are
    /// deleted all the same.
    func recoveryFinished() {
        let start = self.engine.points.withLock { $0.logStarts.offsets[self.checkpointKey] ?? 0 }
        self.head.withLock { head in
            _ = head.state.moveLogStart(to: start)
            if case .recovering = head.state.availability { head.state.makeAvailable(.online) }
        }
    }

    /// Removes what the recovery cut off, unless it may have been acknowledged. Blocking.
    ///
    /// - Parameter journalIsWhole: the journal had everything that was acknowledged and not forced.
    func releaseSetAside(journalIsWhole: Bool) {
        let (names, folder, isNeeded) = self.files.withLock { files in
            defer { files.setAside = [] }
            return (files.setAside, files.folder, files.keepsSetAside || !journalIsWhole)
        }
        for name in names {
            if isNeeded {
                self.engine.logger.error(
                    "a start took records off the end of a log that may have been acknowledged; they are kept",
                    metadata: ["partition": "\(self.name)", "file": "\(folder.path(of: name))"]
                )
            } else {
                // It had nothing that the journal did not have.
                _ = try? folder.remove(name)
            }
        }
    }
}
