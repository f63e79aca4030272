internal import LogCore
internal import Model
internal import NIOCore
internal import RecordBatch

/// What a partition's folder holds, after everything that no checkpoint vouches for was checked.
struct RecoveredPartition {
    var folder: Directory
    var hasFolder: Bool
    var stored: StoredState
    var planner = SegmentPlanner()
    var layout = SegmentLayout()
    var snapshots: [Offset] = []
    var unforced = Unforced()
    /// What the index files lack of the last segment.
    var unwrittenIndex = UnwrittenIndex()
    var recoveryPoint: Offset
    /// What is damaged, while the rest serves.
    var quarantine = Quarantine()
    var gapsBefore: Offset = 0
    /// For the log: what was cut off, or why the partition must stay offline.
    var cutBytes: Int64 = 0
    var failure: LogError?
    /// `false` when nobody could look at the folder.
    var wasOpened = true

    /// A partition without files.
    init(folder: Directory, hasFolder: Bool, at offset: Offset) {
        self.folder = folder
        self.hasFolder = hasFolder
        self.stored = StoredState(endOffset: offset)
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
    /// Compaction may have removed offsets below this one, see `SegmentWalk`.
    let gapsBefore: Offset
    /// What the last checkpoint saved of the producers.
    let producers: ProducerCheckpoint.Entry?
    let now: Timestamp

    func run() throws(FileError) -> RecoveredPartition {
        guard try self.folder.isDirectory() else {
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
        let files = bases.map {
            SegmentFiles(folder: self.folder, baseOffset: $0, openFiles: self.openFiles, isNew: false)
        }
        recovered.snapshots = snapshots
        recovered.gapsBefore = self.gapsBefore
        let epochs = try self.folder.contents(of: FileNames.leaderEpochs, bytesMax: 16 << 20)
            .flatMap { LeaderEpochs(decoding: $0) }
        guard let firstBase = bases.first else {
            recovered.stored = StoredState(endOffset: self.logStart, epochs: epochs ?? LeaderEpochs())
            if let point = self.recoveryPoint, point > self.logStart {
                recovered.failure = LogError(
                    .corruptBatch,
                    "\(self.folder.path) has no segments, but offsets up to \(point) were forced to disk"
                )
            }
            return recovered
        }
        let vouched = max(self.recoveryPoint ?? firstBase, firstBase)
        let start = try self.startingState(&recovered, files, vouched: vouched, epochs: epochs ?? LeaderEpochs())
        try self.scan(&recovered, files, from: start, vouched: vouched)
        if recovered.stored.epochs != (epochs ?? LeaderEpochs()) { recovered.unforced.epochsChanged = true }
        for segment in files { segment.closeIdle() }
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
        _ files: [SegmentFiles],
        vouched: Offset,
        epochs: LeaderEpochs
    ) throws(FileError) -> Start {
        var producers = ProducerTable()
        var producersFrom = files[0].baseOffset
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
        var index = files.lastIndex { $0.baseOffset <= scanStart } ?? 0
        for (position, segment) in files[..<index].enumerated() {
            guard let info = try self.describe(segment) else {
                // An index is missing: read this segment and all after it to make it once more.
                index = position
                break
            }
            recovered.layout.publish(info, segment)
        }
        recovered.stored = StoredState(endOffset: files[index].baseOffset, producers: producers, epochs: epochs)
        return Start(producersFrom: producersFrom, segmentIndex: index)
    }

    /// A closed segment that the recovery point vouches for; `nil` when an index is missing.
    private func describe(_ handle: SegmentFiles) throws(FileError) -> SegmentInfo? {
        guard let log = try handle.status(.log), let index = try handle.status(.offsetIndex)?.sizeBytes,
            let timeIndex = try handle.status(.timeIndex)?.sizeBytes
        else { return nil }
        var info = SegmentInfo(
            baseOffset: handle.baseOffset,
            sizeBytes: log.sizeBytes,
            offsetIndexCount: Int(index) / OffsetIndexEntry.sizeBytes,
            timeIndexCount: Int(timeIndex) / TimeIndexEntry.sizeBytes,
            transactionIndexCount: Int(try handle.status(.transactionIndex)?.sizeBytes ?? 0)
                / AbortedTransactions.Entry.sizeBytes,
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
        isLast: Bool,
        vouched: Offset
    ) {
        let isUnforced = scan.stored.endOffset > vouched || self.recoveryPoint == nil
        guard scan.changed || isUnforced else { return }
        recovered.unforced.add(
            scan.files,
            isClosed: scan.changed || !isLast,
            hasTransactions: scan.info.transactionIndexCount > 0
        )
    }

    private func scan(
        _ recovered: inout RecoveredPartition,
        _ files: [SegmentFiles],
        from start: Start,
        vouched: Offset
    ) throws(FileError) {
        var index = start.segmentIndex
        while index < files.count {
            // A power cut may keep the name of a segment and lose the end of the one before.
            if index > start.segmentIndex, files[index].baseOffset > recovered.stored.endOffset,
                recovered.stored.endOffset >= vouched
            {
                break
            }
            var scan = SegmentScan(
                files: files[index],
                recovery: self,
                stored: recovered.stored,
                vouched: vouched,
                producersFrom: start.producersFrom
            )
            let isSound = try scan.run(
                isFirst: index == start.segmentIndex,
                isLast: index == files.count - 1
            )
            recovered.stored = scan.stored
            recovered.planner = scan.planner
            recovered.layout.publish(scan.info, files[index])
            self.markUnforced(&recovered, scan, isLast: index == files.count - 1, vouched: vouched)
            if let failure = scan.failure {
                // Nothing is cut from data that was acknowledged and forced.
                recovered.failure = failure
                return
            }
            recovered.cutBytes += scan.cutBytes
            recovered.unwrittenIndex = scan.unwrittenIndex
            index += 1
            guard isSound else { break }
        }
        if recovered.stored.endOffset > self.recoveryPoint ?? -1 {
            recovered.unforced.folderChanged = true
            recovered.unforced.epochsChanged = true
            recovered.unforced.isNew = self.recoveryPoint == nil
        }
        // Behind a torn segment nothing counts: its offsets would leave a hole.
        for segment in files[index...] {
            recovered.cutBytes += try segment.status(.log)?.sizeBytes ?? 0
            try segment.remove()
            recovered.unforced.folderChanged = true
        }
        let end = recovered.stored.endOffset
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
