internal import LogCore
internal import Logging
internal import Model
internal import Synchronization
internal import Threads

/// Puts a segment that compaction wrote in the place of those that it was made of.
///
/// A crash at any step leaves either the old segments or what a start makes the new one of (`SwapRecovery`):
///
/// 1. `cleaned-segments` says what is about to come; the names of the cleaned files are forced with it.
/// 2. The files are renamed to `.swap`, the log last, and the names forced. From here on the new segment counts.
/// 3. Readers get the new segment, whose files stay open until they have their names.
/// 4. The other old segments go, the indexes get their names, and the names are forced.
/// 5. The log gets its name, over the old one's, and the names are forced.
///
/// All of it holds `FileLogEngine.checkpointing`, so that no checkpoint, release or deletion sees the names in between.
/// Retention passes the partition by meanwhile.
extension FilePartitionLog {
    /// - Parameters:
    ///   - replaced: neighbours, none of which is the active segment.
    ///   - cleanedEnd: where the run will end.
    /// - Returns: `false` when the partition or one of the segments is gone: nothing is changed then.
    /// - Throws: when nothing is changed, or when the partition had to go offline.
    func swap(
        _ cleaned: CleanedSegmentWriter.Finished,
        _ entry: CleanedSegments.Entry,
        for replaced: [SegmentFiles],
        cleanedEnd: Offset
    ) throws(FileError) -> Bool {
        try self.engine.checkpointing.withLock { () throws(FileError) in
            guard let (folder, manifest) = self.beginSwap(entry, replaced, cleanedEnd) else {
                self.discardLocked(entry.baseOffset)
                return false
            }
            defer { self.files.withLock { $0.isSwapping = false } }
            do throws(FileError) {
                try folder.replace(FileNames.cleanedSegments, with: manifest)
                try Self.commit(cleaned, entry.baseOffset, in: folder)
            } catch {
                self.files.withLock { $0.cleaned.abandoned() }
                self.discardLocked(entry.baseOffset)
                throw error
            }
            let segment = SegmentFiles(
                folder: folder,
                baseOffset: entry.baseOffset,
                openFiles: self.engine.openFiles,
                held: cleaned.files
            )
            self.publish(segment, cleaned, entry, replaced)
            do throws(FileError) {
                try self.complete(cleaned, replaced, entry.baseOffset, in: folder)
            } catch {
                // The next start completes it. Until then nobody may write names here.
                self.goOffline(LogError(.storage, error.description))
                throw error
            }
            segment.releaseHeld()
            self.noteSwapped(in: folder)
            self.engine.cachedLogs.forced(segment, to: entry.sizeBytes, isClosed: true)
            return true
        }
    }

    /// Whether nobody else uses the files as they are; retention keeps away from here on.
    private func beginSwap(
        _ entry: CleanedSegments.Entry,
        _ replaced: [SegmentFiles],
        _ cleanedEnd: Offset
    ) -> (folder: Directory, manifest: [UInt8])? {
        guard self.isServedByEngine else { return nil }
        return self.files.withLock { files -> (Directory, [UInt8])? in
            guard files.hasFolder, self.mayWrite, !replaced.contains(where: { files.unforced.contains($0) }),
                self.head.withLock({ $0.layout.range(of: replaced) != nil })
            else { return nil }
            files.isSwapping = true
            files.cleaned.cleanedEnd = max(files.cleaned.cleanedEnd, cleanedEnd)
            if let first = self.head.withLock({ $0.layout.firstOffset }) { files.cleaned.removeBefore(first) }
            files.cleaned.willSwap(entry)
            return (files.folder, files.cleaned.encoded())
        }
    }

    /// Neither deleted nor released, so that the folder's names are this log's.
    var isServedByEngine: Bool {
        self.engine.registry.withLock { $0.logs[self.partition] === self && !$0.isClosed }
            && !self.engine.isAbandoned.load(ordering: .relaxed)
    }

    private static func commit(
        _ cleaned: CleanedSegmentWriter.Finished,
        _ base: Offset,
        in folder: Directory
    ) throws(FileError) {
        for kind in cleaned.kinds where kind != .log {
            let name = FileNames.file(kind, base: base)
            try folder.rename(name + FileNames.cleanedSuffix, to: name + FileNames.swapSuffix)
        }
        let log = FileNames.file(.log, base: base)
        try folder.rename(log + FileNames.cleanedSuffix, to: log + FileNames.swapSuffix)
        try folder.synchronize()
    }

    /// Shows the new segment to readers. Those who have an old one open read on in it and look again.
    private func publish(
        _ segment: SegmentFiles,
        _ cleaned: CleanedSegmentWriter.Finished,
        _ entry: CleanedSegments.Entry,
        _ replaced: [SegmentFiles]
    ) {
        var info = cleaned.info
        info.cleaned = entry
        self.files.withLock { files in
            files.cleaned.swapped()
            self.head.withLock { head in
                guard let range = head.layout.range(of: replaced) else { return }
                head.layout.replace(range, with: SegmentLayout.Segment(info: info, files: segment))
                head.compactionCount += 1
                head.readHints = ReadHints()
                // What memory has of it is as it was before, and so are the transactions that memory knows.
                _ = head.state.evict(before: entry.end)
                head.state.forgetAborted(before: entry.end)
            }
        }
        for files in replaced { files.retire() }
    }

    /// Lists the segment as one that is there: one that is to come is known by its size alone, and would be a stranger
    /// once something cuts it.
    private func noteSwapped(in folder: Directory) {
        let manifest = self.files.withLock { $0.cleaned.encoded() }
        do throws(FileError) {
            try folder.replace(FileNames.cleanedSegments, with: manifest)
        } catch {
            // What is there holds too, while the segment has its size.
            self.engine.logger.debug("the list of compacted segments stays as it was", metadata: ["error": "\(error)"])
        }
    }

    private func complete(
        _ cleaned: CleanedSegmentWriter.Finished,
        _ replaced: [SegmentFiles],
        _ base: Offset,
        in folder: Directory
    ) throws(FileError) {
        var triesLeft = Self.completionsMax
        while true {
            do throws(FileError) {
                return try SegmentFiles.completeSwap(
                    base,
                    kinds: cleaned.kinds,
                    replacing: replaced.map(\.baseOffset),
                    in: folder
                )
            } catch {
                triesLeft -= 1
                guard error.isTransient, triesLeft > 0 else { throw error }
                self.engine.environment.threads.sleep(nanoseconds: 50_000_000)
            }
        }
    }

    /// Want of descriptors passes; two seconds are given to it.
    private static let completionsMax = 40

    /// Removes what a run has written and not swapped in.
    func discardCleaned(_ base: Offset) {
        self.engine.checkpointing.withLock { self.discardLocked(base) }
    }

    private func discardLocked(_ base: Offset) {
        let folder = self.files.withLock { $0.hasFolder ? $0.folder : nil }
        guard let folder, self.isServedByEngine else { return }
        CleanedSegmentWriter.discard(base, in: folder)
    }
}

extension SegmentFiles {
    /// The part of a swap after its names count: also what a start does for one that a crash interrupted. Blocking. May
    /// be repeated when it failed: names that have changed already are passed by.
    ///
    /// - Parameters:
    ///   - kinds: the files that have the suffix `.swap`.
    ///   - bases: of the segments that go; the one at `base` is replaced.
    static func completeSwap(
        _ base: Offset,
        kinds: [FileNames.Kind],
        replacing bases: [Offset],
        in folder: Directory
    ) throws(FileError) {
        for old in bases where old != base {
            for kind in Self.kinds { try folder.remove(FileNames.file(kind, base: old)) }
        }
        for kind in Self.kinds where kind != .log {
            let name = FileNames.file(kind, base: base)
            if kinds.contains(kind) {
                try Self.renameIfThere(name + FileNames.swapSuffix, to: name, in: folder)
            } else if kind == .transactionIndex {
                try folder.remove(name)
            }
        }
        try folder.synchronize()
        let log = FileNames.file(.log, base: base)
        try Self.renameIfThere(log + FileNames.swapSuffix, to: log, in: folder)
        try folder.synchronize()
    }

    private static func renameIfThere(_ name: String, to target: String, in folder: Directory) throws(FileError) {
        do throws(FileError) {
            try folder.rename(name, to: target)
        } catch {
            guard error.isNotFound else { throw error }
        }
    }

    private static let kinds: [FileNames.Kind] = [.log, .offsetIndex, .timeIndex, .transactionIndex]
}
