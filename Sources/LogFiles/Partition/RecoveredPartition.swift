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
    /// The first offset that may be read, or would be if it were not lost.
    var logStart: Offset
    /// What is damaged, while the rest serves.
    var quarantine = Quarantine()
    /// Offsets up to here were given, although the files end before: what the journal does not bring of them is lost.
    var promised: Promised?
    var cleaned = CleanedSegments()
    /// For the log: what was cut off, or why the partition must stay offline.
    var cutBytes: Int64 = 0
    /// Files of the folder that have what was cut off. They are not needed when the journal proves to be whole.
    var setAside: [String] = []
    /// They are needed in any state of the journal.
    var keepsSetAside = false
    var failure: LogError?
    /// Side files that were not believed, and why.
    var flaws: [String] = []
    /// Transaction indexes of which a part is lost: of what the saved producers cover only a repair makes it again.
    var damagedIndexes: [String] = []
    /// `false` when nobody could look at the folder.
    var wasOpened = true

    /// A partition without files.
    init(folder: Directory, hasFolder: Bool, at offset: Offset) {
        self.folder = folder
        self.hasFolder = hasFolder
        self.stored = StoredState(endOffset: offset)
        self.recoveryPoint = offset
        self.logStart = offset
    }

    struct Promised {
        var end: Offset
        /// Where and why.
        var path: String
        var bytes: Range<Int64>
        var reason: String

        func range(from start: Offset) -> DamagedRange {
            DamagedRange(offsets: start..<self.end, path: self.path, bytes: self.bytes, reason: self.reason)
        }
    }

    fileprivate mutating func promise(_ end: Offset, _ range: DamagedRange) {
        self.promised = Promised(end: end, path: range.path, bytes: range.bytes, reason: range.reason)
    }
}

/// What is known to have been forced to disk of a partition.
enum Vouched {
    /// Everything below this offset.
    case below(Offset)
    /// Nothing: no checkpoint has seen the partition. The journal has all that was acknowledged.
    case nothing
    /// The checkpoint is lost. What the journal does not have was forced: what lies before its first entry of the
    /// partition or, without one, everything.
    case lost(journalFrom: Offset?)
}

/// Reads a partition's folder.
///
/// 1. Segments below the recovery point are taken as they are; their names and sizes must leave nothing out.
/// 2. From the recovery point on (or from the newest usable producer snapshot, if that is older) batches are read one
///    after the other; behind the recovery point their CRCs are checked, and the first that is not whole and sound
///    ends the log: it was never acknowledged, or the journal has it.
/// 3. Indexes, producers and leader epochs are rebuilt for the part that was read.
///
/// Damage *before* the recovery point is not a torn tail. Nothing is cut: those offsets are refused to readers and
/// given to nobody again, and the rest serves (decision 0039).
struct PartitionRecovery {
    let folder: Directory
    let openFiles: OpenFiles
    let settings: LogSettings
    let vouched: Vouched
    /// `nil` when no checkpoint names it: then the first segment tells.
    let logStart: Offset?
    /// The partition's entry in `cleaner-offset-checkpoint`.
    let cleanerOffset: Offset?
    /// What the last checkpoint saved of the producers.
    let producers: ProducerCheckpoint.Entry?
    /// The partition's leader epoch, if it is known.
    let epoch: LeaderEpoch?
    let now: Timestamp
    /// Which segments compaction wrote; known once `run` has begun.
    private(set) var cleaned = CleanedSegments()
    /// What said so is damaged.
    private var lostCleanedSegments = false

    init(
        folder: Directory,
        openFiles: OpenFiles,
        settings: LogSettings,
        vouched: Vouched,
        logStart: Offset?,
        cleanerOffset: Offset?,
        producers: ProducerCheckpoint.Entry?,
        epoch: LeaderEpoch?,
        now: Timestamp
    ) {
        self.folder = folder
        self.openFiles = openFiles
        self.settings = settings
        self.vouched = vouched
        self.logStart = logStart
        self.cleanerOffset = cleanerOffset
        self.producers = producers
        self.epoch = epoch
        self.now = now
    }

    /// What a checkpoint says was forced.
    private var recoveryPoint: Offset? {
        if case .below(let point) = self.vouched { point } else { nil }
    }

    /// Everything before this was forced, as far as is known.
    private func forcedEnd(firstBase: Offset) -> Offset {
        switch self.vouched {
        case .below(let point): max(point, firstBase)
        case .nothing: firstBase
        case .lost(let journalFrom): max(journalFrom ?? .max, firstBase)
        }
    }

    func run() throws(FileError) -> RecoveredPartition {
        guard try self.folder.isDirectory() else {
            let start = self.logStart ?? 0
            var missing = RecoveredPartition(folder: self.folder, hasFolder: false, at: start)
            if let point = self.recoveryPoint, point > start {
                missing.failure = LogError(
                    .corruptBatch,
                    "\(self.folder.path) is missing, but offsets up to \(point) were forced to disk"
                )
            }
            return missing
        }
        var recovery = self
        (recovery.cleaned, recovery.lostCleanedSegments) = try self.completeSwaps()
        return try recovery.readFolder()
    }

    private func readFolder() throws(FileError) -> RecoveredPartition {
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
        var recovered = RecoveredPartition(folder: self.folder, hasFolder: true, at: self.logStart ?? 0)
        let files = bases.map {
            SegmentFiles(folder: self.folder, baseOffset: $0, openFiles: self.openFiles, isNew: false)
        }
        recovered.snapshots = snapshots
        recovered.cleaned = self.cleaned
        if self.lostCleanedSegments {
            recovered.flaws.append(
                "\(FileNames.cleanedSegments) is not whole; gaps below its offset count as compacted"
            )
        }
        let epochs = try self.epochs(&recovered)
        guard let firstBase = bases.first else {
            recovered.stored = StoredState(endOffset: recovered.logStart, epochs: epochs)
            if let point = self.recoveryPoint, point > recovered.logStart {
                let range = self.missing(recovered.logStart..<point, "the folder has no segments")
                recovered.promise(point, range)
            }
            return recovered
        }
        if let start = self.logStart, start < firstBase {
            _ = recovered.quarantine.add(self.missing(start..<firstBase, "the first segments are missing"))
        } else {
            recovered.logStart = max(recovered.logStart, firstBase)
        }
        let vouched = self.forcedEnd(firstBase: firstBase)
        let start = try self.startingState(&recovered, files, vouched: vouched, epochs: epochs)
        try self.scan(&recovered, files, from: start, vouched: vouched)
        recovered.layout.note(self.cleaned)
        if recovered.stored.epochs != epochs { recovered.unforced.epochsChanged = true }
        if let epoch, recovered.stored.removeEpochs(above: epoch) {
            recovered.unforced.epochsChanged = true
            recovered.flaws.append("a leader epoch is above the partition's, which is \(epoch)")
        }
        for segment in files { segment.closeIdle() }
        return recovered
    }

    /// The leader epochs of the folder. Those in `partition.metadata` have a checksum and count. A crash between the
    /// two files leaves the older ones there; then the batches behind the recovery point have the newer ones.
    private func epochs(_ recovered: inout RecoveredPartition) throws(FileError) -> LeaderEpochs {
        let name = self.folder.path.split(separator: "/").last.map(String.init) ?? ""
        let owner = try self.folder.ownerFile().flatMap { PartitionMetadata(decoding: $0, folder: name) }
        let bytes = try self.folder.contents(of: FileNames.leaderEpochs, bytesMax: 16 << 20)
        let found = bytes.flatMap { LeaderEpochs(decoding: $0) }
        guard let checked = owner?.epochs else {
            if bytes != nil, found == nil { recovered.flaws.append("\(FileNames.leaderEpochs) is not whole") }
            // From now on they have a checksum.
            recovered.unforced.epochsChanged = true
            return found ?? LeaderEpochs()
        }
        if found != checked {
            recovered.unforced.epochsChanged = true
            recovered.flaws.append("\(FileNames.leaderEpochs) differs from what \(FileNames.partitionMetadata) has")
        }
        return checked
    }

    private func missing(_ offsets: Range<Offset>, _ reason: String) -> DamagedRange {
        DamagedRange(offsets: offsets, path: self.folder.path, bytes: 0..<0, reason: reason)
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
            let next = files[position + 1].baseOffset
            guard let info = try self.describe(segment, end: next, &recovered) else {
                // An index is missing: read this segment and all after it to make it once more.
                index = position
                break
            }
            if info.sizeBytes == 0, next > self.cleaned.gapsBefore(inSegmentAt: segment.baseOffset, sizeBytes: 0) {
                let offsets = segment.baseOffset..<next
                let reason = "the file is empty"
                _ = recovered.quarantine.add(
                    DamagedRange(offsets: offsets, path: segment.path(.log), bytes: 0..<0, reason: reason)
                )
            }
            recovered.layout.publish(info, segment)
        }
        recovered.stored = StoredState(endOffset: files[index].baseOffset, producers: producers, epochs: epochs)
        return Start(producersFrom: producersFrom, segmentIndex: index)
    }

    /// A closed segment that the recovery point vouches for; `nil` when an index is missing.
    ///
    /// - Parameter end: where the next segment begins.
    private func describe(
        _ handle: SegmentFiles,
        end: Offset,
        _ recovered: inout RecoveredPartition
    ) throws(FileError) -> SegmentInfo? {
        guard let log = try handle.status(.log), let index = try handle.status(.offsetIndex)?.sizeBytes,
            let timeIndex = try handle.status(.timeIndex)?.sizeBytes
        else { return nil }
        var info = SegmentInfo(
            baseOffset: handle.baseOffset,
            sizeBytes: log.sizeBytes,
            offsetIndexCount: Int(index) / OffsetIndexEntry.sizeBytes,
            timeIndexCount: Int(timeIndex) / TimeIndexEntry.sizeBytes,
            modifiedAt: log.modifiedAt
        )
        try self.lookAtTransactions(of: handle, end: end, &info, &recovered)
        if info.timeIndexCount > 0 {
            let last = try handle.timeEntry(info.timeIndexCount - 1)
            info.largestTimestamp = last.timestamp
            info.offsetOfLargestTimestamp = handle.baseOffset + Offset(last.relativeOffset)
        }
        return info
    }

    /// Counts the entries of a closed segment's transaction index, with those that are cut or missing: readers must
    /// meet them.
    private func lookAtTransactions(
        of handle: SegmentFiles,
        end: Offset,
        _ info: inout SegmentInfo,
        _ recovered: inout RecoveredPartition
    ) throws(FileError) {
        let promised = self.promisedTransactions(inSegmentAt: handle.baseOffset, logBytes: info.sizeBytes)
        let size = try handle.status(.transactionIndex)?.sizeBytes ?? 0
        guard size > 0 || promised > 0 else { return }
        let index = size > 0 ? try handle.transactionIndex() : TransactionIndex(reading: ByteBuffer())
        let offsets = handle.baseOffset..<max(end, handle.baseOffset)
        let count = index.slots.count + (index.trailingBytes > 0 ? 1 : 0)
        let flaw = promised > count ? TransactionIndex.missing(promised - count) : index.flaw(in: offsets)
        if let flaw { recovered.damagedIndexes.append("\(handle.path(.transactionIndex)): \(flaw)") }
        info.transactionIndexCount = max(count, promised)
        info.hasForeignTransactionIndex = index.isForeign(in: offsets)
    }

    /// Entries that a segment's transaction index had when the last checkpoint noted it; 0 when it did not, or when
    /// the segment is another one by now: compaction or a repair wrote it again.
    func promisedTransactions(inSegmentAt base: Offset, logBytes: Int64) -> Int {
        guard let noted = self.producers?.transactionIndexes.first(where: { $0.baseOffset == base }),
            noted.logSizeBytes == logBytes
                || noted.logSizeBytes < logBytes && self.cleaned.entry(base: base, sizeBytes: logBytes) == nil
        else { return 0 }
        return Int(noted.entryCount)
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
        scanning: while index < files.count {
            let segment = files[index]
            // A power cut may keep the name of a segment and lose the end of the one before.
            if index > start.segmentIndex, segment.baseOffset > recovered.stored.endOffset {
                if recovered.stored.endOffset >= vouched { break }
                recovered.stored.skip(to: segment.baseOffset)
            }
            let nextBase = index + 1 < files.count ? files[index + 1].baseOffset : nil
            var scan = SegmentScan(
                files: segment,
                recovery: self,
                stored: recovered.stored,
                vouched: vouched,
                producersFrom: start.producersFrom
            )
            let ending = try scan.run(isFirst: index == start.segmentIndex, nextBase: nextBase)
            recovered.stored = scan.stored
            recovered.planner = scan.planner
            for range in scan.damaged { _ = recovered.quarantine.add(range) }
            if let name = scan.setAside { recovered.setAside.append(name) }
            if let flaw = scan.indexFlaw {
                recovered.damagedIndexes.append("\(segment.path(.transactionIndex)): \(flaw)")
            }
            recovered.cutBytes += scan.cutBytes
            recovered.unwrittenIndex = scan.unwrittenIndex
            index += 1
            if case .damaged(let range) = ending, nextBase ?? .max > vouched,
                scan.stored.endOffset == segment.baseOffset
            {
                // The log continues under the same base: the whole file makes room.
                recovered.planner = SegmentPlanner()
                recovered.promise(vouched, range)
                try self.setAside(segment, ".damaged", &recovered)
                recovered.keepsSetAside = true
                break scanning
            }
            recovered.layout.publish(scan.info, segment)
            self.markUnforced(&recovered, scan, isLast: nextBase == nil, vouched: vouched)
            switch ending {
            case .sound:
                continue
            case .cut:
                break scanning
            case .damaged(var range):
                if let nextBase, nextBase <= vouched {
                    range.offsets = scan.stored.endOffset..<nextBase
                    _ = recovered.quarantine.add(range)
                    recovered.stored.skip(to: nextBase)
                    continue
                }
                recovered.planner = SegmentPlanner()
                recovered.promise(vouched, range)
                break scanning
            }
        }
        if recovered.stored.endOffset > self.recoveryPoint ?? -1 {
            recovered.unforced.folderChanged = true
            recovered.unforced.epochsChanged = true
            if case .nothing = self.vouched { recovered.unforced.isNew = true }
        }
        // Behind a torn segment nothing counts: its offsets would leave a hole.
        for segment in files[index...] {
            recovered.cutBytes += try segment.status(.log)?.sizeBytes ?? 0
            try self.setAside(segment, ".cut", &recovered)
        }
        let end = recovered.stored.endOffset
        for offset in recovered.snapshots where offset > end {
            try self.folder.remove(FileNames.file(.snapshot, base: offset))
        }
        recovered.snapshots.removeAll { $0 > end }
        recovered.recoveryPoint = min(vouched, end)
        if let point = self.recoveryPoint, end < point, recovered.promised == nil {
            let path = files[files.count - 1].path(.log)
            let reason = "it was forced to disk up to offset \(point)"
            recovered.promise(point, DamagedRange(offsets: end..<point, path: path, bytes: 0..<0, reason: reason))
        }
        if case .lost = self.vouched { recovered.keepsSetAside = true }
    }

    /// Takes a segment out of the log and keeps its batches under another name.
    private func setAside(
        _ segment: SegmentFiles,
        _ suffix: String,
        _ recovered: inout RecoveredPartition
    ) throws(FileError) {
        let name = FileNames.file(.log, base: segment.baseOffset)
        segment.retire()
        try self.folder.rename(name, to: name + suffix)
        try segment.remove()
        recovered.setAside.append(name + suffix)
        recovered.unforced.folderChanged = true
    }
}
