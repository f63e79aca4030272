internal import LogCore
internal import Model
internal import NIOCore
internal import RecordBatch

/// What a partition's folder holds, after everything that no checkpoint vouches for was checked.
struct RecoveredPartition {
    var folder: Directory
    var hasFolder: Bool
    var written: WrittenState
    var segments: [SegmentInfo] = []
    var handles: [SegmentFiles] = []
    var snapshots: [Offset] = []
    var dirty: [FilePartitionLog.DirtySegment] = []
    var folderChanged = false
    /// No checkpoint has forced the folder's small files.
    var isNew = false
    /// The batches tell of epochs that `leader-epoch-checkpoint` lacks.
    var epochsChanged = false
    /// What the index files lack of the last segment.
    var unwrittenIndex = UnwrittenIndex()
    var recoveryPoint: Offset
    /// For the log: what was cut off, or why the partition must stay offline.
    var cutBytes: Int64 = 0
    var failure: LogError?

    /// A partition without files.
    init(folder: Directory, hasFolder: Bool, at offset: Offset) {
        self.folder = folder
        self.hasFolder = hasFolder
        self.written = WrittenState(endOffset: offset)
        self.recoveryPoint = offset
    }
}

/// Reads a partition's folder.
///
/// 1. Segments below the recovery point are taken as they are.
/// 2. From the recovery point on (or from the newest usable producer snapshot, if that is older) batches are read one
///    after the other; behind the recovery point their CRCs are checked, and the first that is not whole and sound
///    ends the log: it was never acknowledged, or the journal has it.
/// 3. Indexes, producers and leader epochs are rebuilt for the part that was read.
///
/// Damage *before* the recovery point is not a torn tail. It takes the partition offline; nothing is cut.
struct PartitionRecovery {
    let folder: Directory
    let openFiles: OpenFiles
    let settings: LogSettings
    /// Everything below was forced to disk; `nil` vouches for nothing.
    let recoveryPoint: Offset?
    let logStart: Offset
    /// What the last checkpoint saved of the producers.
    let producers: ProducerCheckpoint.Entry?
    let now: Timestamp

    func run() throws(FileError) -> RecoveredPartition {
        guard self.folder.isDirectory else {
            var missing = RecoveredPartition(folder: self.folder, hasFolder: false, at: self.logStart)
            if let point = self.recoveryPoint, point > self.logStart {
                missing.failure = LogError(
                    .corruptBatch,
                    "\(self.folder.path) is missing, but offsets up to \(point) were forced to disk"
                )
            }
            return missing
        }
        var bases: [Offset] = []
        var snapshots: [Offset] = []
        for entry in try self.folder.entries() {
            if entry.name.hasSuffix(".tmp") || entry.name.hasSuffix(".deleted") {
                try self.folder.remove(entry.name)
            }
            guard let (kind, base) = FileNames.parse(entry.name) else { continue }
            if kind == .log { bases.append(base) }
            if kind == .snapshot { snapshots.append(base) }
        }
        bases.sort()
        snapshots.sort()
        var recovered = RecoveredPartition(folder: self.folder, hasFolder: true, at: self.logStart)
        recovered.handles = bases.map {
            SegmentFiles(folder: self.folder, baseOffset: $0, openFiles: self.openFiles, isNew: false)
        }
        recovered.snapshots = snapshots
        let epochs = try self.folder.contents(of: FileNames.leaderEpochs, bytesMax: 16 << 20)
            .flatMap { LeaderEpochs(decoding: $0) }
        guard let firstBase = bases.first else {
            recovered.written = WrittenState(endOffset: self.logStart, epochs: epochs ?? LeaderEpochs())
            if let point = self.recoveryPoint, point > self.logStart {
                recovered.failure = LogError(
                    .corruptBatch,
                    "\(self.folder.path) has no segments, but offsets up to \(point) were forced to disk"
                )
            }
            return recovered
        }
        let vouched = max(self.recoveryPoint ?? firstBase, firstBase)
        let start = try self.startingState(&recovered, vouched: vouched, epochs: epochs ?? LeaderEpochs())
        try self.scan(&recovered, from: start, vouched: vouched)
        if recovered.written.epochs != (epochs ?? LeaderEpochs()) { recovered.epochsChanged = true }
        for handle in recovered.handles { handle.closeIdle() }
        return recovered
    }

    private struct Start {
        /// Batches from here on count for producers.
        var producersFrom: Offset
        var segmentIndex: Int
    }

    /// Loads the newest snapshot at or below the recovery point and describes the segments that need no reading.
    private func startingState(
        _ recovered: inout RecoveredPartition,
        vouched: Offset,
        epochs: LeaderEpochs
    ) throws(FileError) -> Start {
        var producers = ProducerTable()
        var producersFrom = recovered.handles[0].baseOffset
        var snapshots = recovered.snapshots[...]
        if let saved = self.producers, saved.offset <= vouched, let table = ProducerSnapshot.decode(saved.snapshot) {
            producers = table
            producersFrom = max(saved.offset, producersFrom)
            snapshots = snapshots.drop { $0 <= saved.offset }
        }
        for offset in snapshots.reversed() where offset <= vouched {
            let bytes = try self.folder.contents(
                of: FileNames.file(.snapshot, base: offset),
                bytesMax: 1 << 30
            )
            guard let bytes, let table = ProducerSnapshot.decode(ByteBuffer(bytes: bytes)) else { continue }
            producers = table
            producersFrom = max(offset, producersFrom)
            break
        }
        let scanStart = min(producersFrom, vouched)
        var index = recovered.handles.lastIndex { $0.baseOffset <= scanStart } ?? 0
        for (position, handle) in recovered.handles[..<index].enumerated() {
            guard let info = try self.describe(handle) else {
                // An index is missing: read this segment and all after it to make it anew.
                index = position
                break
            }
            recovered.segments.append(info)
        }
        let base = recovered.handles[index].baseOffset
        var aborted = AbortedTransactions()
        for handle in recovered.handles where handle.status(.transactionIndex)?.sizeBytes ?? 0 > 0 {
            for entry in try handle.transactionEntries() where entry.lastOffset < producersFrom {
                aborted.append(entry)
            }
        }
        recovered.written = WrittenState(
            endOffset: base,
            producers: producers,
            epochs: epochs,
            aborted: aborted
        )
        return Start(producersFrom: producersFrom, segmentIndex: index)
    }

    /// A closed segment that the recovery point vouches for; `nil` when an index is missing.
    private func describe(_ handle: SegmentFiles) throws(FileError) -> SegmentInfo? {
        guard let log = handle.status(.log), let index = handle.status(.offsetIndex)?.sizeBytes,
            let timeIndex = handle.status(.timeIndex)?.sizeBytes
        else { return nil }
        var info = SegmentInfo(
            baseOffset: handle.baseOffset,
            sizeBytes: log.sizeBytes,
            offsetIndexCount: Int(index) / OffsetIndexEntry.sizeBytes,
            timeIndexCount: Int(timeIndex) / TimeIndexEntry.sizeBytes,
            modifiedAt: log.modifiedAt
        )
        if info.timeIndexCount > 0 {
            let last = try handle.timeEntry(info.timeIndexCount - 1)
            info.largestTimestamp = last.timestamp
            info.offsetOfLargestTimestamp = handle.baseOffset + Offset(last.relativeOffset)
        }
        return info
    }

    /// What lies behind the recovery point may be in the page cache only, where a process that was killed left it. The
    /// next checkpoint must force it, for it gives the journal's copy back.
    private func markUnforced(
        _ recovered: inout RecoveredPartition,
        _ scan: SegmentScan,
        _ index: Int,
        vouched: Offset
    ) {
        let isUnforced = scan.written.endOffset > vouched || self.recoveryPoint == nil
        guard scan.changed || isUnforced else { return }
        let handle = recovered.handles[index]
        recovered.dirty.append(
            FilePartitionLog.DirtySegment(
                files: handle,
                isClosed: scan.changed || index < recovered.handles.count - 1,
                hasTransactions: scan.written.aborted.entries.contains { $0.lastOffset >= handle.baseOffset }
            )
        )
    }

    private func scan(
        _ recovered: inout RecoveredPartition,
        from start: Start,
        vouched: Offset
    ) throws(FileError) {
        var index = start.segmentIndex
        while index < recovered.handles.count {
            let handle = recovered.handles[index]
            // A power cut may keep the name of a segment and lose the end of the one before.
            if index > start.segmentIndex, handle.baseOffset > recovered.written.endOffset,
                recovered.written.endOffset >= vouched
            {
                break
            }
            var scan = SegmentScan(
                handle: handle,
                recovery: self,
                written: recovered.written,
                vouched: vouched,
                producersFrom: start.producersFrom
            )
            let isSound = try scan.run(
                isFirst: index == start.segmentIndex,
                isLast: index == recovered.handles.count - 1
            )
            recovered.written = scan.written
            recovered.segments.append(scan.info)
            self.markUnforced(&recovered, scan, index, vouched: vouched)
            if let failure = scan.failure {
                // Nothing is cut from data that was acknowledged and forced.
                recovered.failure = failure
                recovered.handles.removeLast(recovered.handles.count - recovered.segments.count)
                return
            }
            recovered.cutBytes += scan.cutBytes
            recovered.unwrittenIndex = scan.unwrittenIndex
            index += 1
            guard isSound else { break }
        }
        if recovered.written.endOffset > self.recoveryPoint ?? -1 {
            recovered.folderChanged = true
            recovered.epochsChanged = true
            recovered.isNew = self.recoveryPoint == nil
        }
        // Behind a torn segment nothing counts: its offsets would leave a hole.
        for handle in recovered.handles[index...] {
            recovered.cutBytes += handle.status(.log)?.sizeBytes ?? 0
            try handle.remove()
            recovered.folderChanged = true
        }
        recovered.handles.removeLast(recovered.handles.count - index)
        let end = recovered.written.endOffset
        for offset in recovered.snapshots where offset > end {
            try self.folder.remove(FileNames.file(.snapshot, base: offset))
        }
        recovered.snapshots.removeAll { $0 > end }
        recovered.recoveryPoint = min(vouched, end)
        if let point = self.recoveryPoint, end < point {
            recovered.failure = LogError(
                .corruptBatch,
                "\(self.folder.path) ends at offset \(end), but it was forced to disk up to \(point)"
            )
        }
    }
}
