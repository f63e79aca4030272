internal import LogCore
internal import Model
internal import NIOCore
internal import RecordBatch

/// Reads one segment's batches on recovery and makes its indexes agree with them.
struct SegmentScan {
    let files: SegmentFiles
    let recovery: PartitionRecovery
    private(set) var stored: StoredState
    private(set) var planner = SegmentPlanner()
    let vouched: Offset
    let producersFrom: Offset
    private(set) var cutBytes: Int64 = 0
    private(set) var changed = false
    private(set) var failure: LogError?
    /// What the index files lack of the last segment.
    private(set) var unwrittenIndex = UnwrittenIndex()
    /// When the log was last written, as of the begin of the scan.
    private var modifiedAt: Timestamp
    /// What the transaction index must hold.
    private var aborted = ByteBuffer()

    init(
        files: SegmentFiles,
        recovery: PartitionRecovery,
        stored: StoredState,
        vouched: Offset,
        producersFrom: Offset
    ) {
        self.files = files
        self.recovery = recovery
        self.stored = stored
        self.vouched = vouched
        self.producersFrom = producersFrom
        self.modifiedAt = recovery.now
    }

    var info: SegmentInfo {
        guard let frontier = self.planner.active else { preconditionFailure("a scanned segment has a frontier") }
        return SegmentInfo(
            frontier,
            lacking: self.unwrittenIndex,
            modifiedAt: self.modifiedAt
        )
    }

    /// - Returns: whether the whole file was sound; if not it was cut, or `failure` says why not.
    mutating func run(isFirst: Bool, isLast: Bool) throws(FileError) -> Bool {
        let log = try self.files.file(.log)
        let size = try log.size()
        let start = try self.begin(log: log, size: size, trustsIndex: isFirst)
        var scanner = BatchScanner(file: log, from: start, limit: size)
        var offsetIndex = ByteBuffer()
        var timeIndex = ByteBuffer()
        let offsetPosition = self.info.offsetIndexCount * OffsetIndexEntry.sizeBytes
        let timePosition = self.info.timeIndexCount * TimeIndexEntry.sizeBytes
        var damage: String?
        scanning: while true {
            switch try scanner.next(checksFrom: self.vouched) {
            case .end:
                break scanning
            case .damaged(let reason):
                damage = reason
                break scanning
            case .batch(let header, _, let whole):
                let summary = BatchSummary(header, batch: whole)
                guard summary.baseOffset >= self.stored.endOffset,
                    summary.lastOffset - self.files.baseOffset <= Offset(Int32.max)
                else {
                    damage = "offset \(summary.baseOffset) follows \(self.stored.endOffset - 1)"
                    break scanning
                }
                let step = self.stored.apply(summary, countsProducer: summary.baseOffset >= self.producersFrom)
                let placement = self.planner.place(
                    summary,
                    abortsTransaction: step.aborted != nil,
                    settings: self.recovery.settings
                )
                placement.offsetEntry?.encode(into: &offsetIndex)
                placement.timeEntry?.encode(into: &timeIndex)
                step.aborted?.encode(into: &self.aborted)
            }
        }
        let end = self.info.sizeBytes
        if let damage {
            if self.stored.endOffset < self.vouched {
                self.failure = LogError(
                    .corruptBatch,
                    """
                    \(log.path) is damaged at position \(end), after offset \
                    \(self.stored.endOffset - 1), although it was forced to disk up to \
                    \(self.vouched): \(damage)
                    """
                )
                return false
            }
            self.cutBytes = size - end
            try log.truncate(to: end)
            self.changed = true
        }
        let index = UnwrittenIndex(offsets: offsetIndex, times: timeIndex)
        if isLast && index.hasRoom {
            // The segment goes on: its writer can bring them with the next ones.
            try self.cut(.offsetIndex, to: Int64(offsetPosition))
            try self.cut(.timeIndex, to: Int64(timePosition))
            self.unwrittenIndex = index
        } else {
            try self.rewrite(.offsetIndex, offsetIndex, at: Int64(offsetPosition))
            try self.rewrite(.timeIndex, timeIndex, at: Int64(timePosition))
        }
        try self.rewriteTransactions()
        return damage == nil
    }

    /// Sets the frontier to the last index entry that can be trusted.
    ///
    /// - Returns: the position to read from.
    private mutating func begin(log: File, size: Int64, trustsIndex: Bool) throws(FileError) -> Int64 {
        let base = self.files.baseOffset
        self.modifiedAt = try self.files.status(.log)?.modifiedAt ?? self.recovery.now
        let created = self.modifiedAt
        var frontier = SegmentFrontier(baseOffset: base, createdAt: created)
        defer { self.planner.resume(frontier) }
        // What the saved producers cover comes from the index alone.
        for entry in try self.files.transactionEntries() where entry.lastOffset < self.producersFrom {
            guard entry.lastOffset >= base else { continue }
            entry.encode(into: &self.aborted)
            frontier.transactionIndexCount += 1
        }
        guard trustsIndex else { return 0 }
        let transactionIndexCount = frontier.transactionIndexCount
        let limit = min(self.vouched, self.producersFrom) - base
        let entries = try self.files.offsetEntries()
        let sound = entries[..<IndexSearch.soundPrefix(entries, logBytes: size)]
        guard let last = sound.lastIndex(where: { Offset($0.relativeOffset) < limit }),
            let firstTimestamp = try Self.header(log, at: 0)?.maxTimestamp,
            let header = try Self.header(log, at: Int64(sound[last].position)),
            header.lastOffset == base + Offset(sound[last].relativeOffset)
        else { return 0 }
        let times = try self.files.timeEntries()
        let soundTimes = times[..<IndexSearch.soundPrefix(times)]
        // An entry for the batch at the start is kept: it holds for the batches up to and including that one.
        let timeCount = soundTimes.count { $0.relativeOffset <= sound[last].relativeOffset }
        let time = timeCount > 0 ? soundTimes[timeCount - 1] : nil
        frontier = SegmentFrontier(
            baseOffset: base,
            createdAt: created,
            sizeBytes: Int64(sound[last].position),
            firstTimestamp: firstTimestamp,
            largestTimestamp: time?.timestamp ?? -1,
            offsetOfLargestTimestamp: base + Offset(time?.relativeOffset ?? 0),
            offsetIndexCount: last + 1,
            timeIndexCount: timeCount,
            lastTimeEntry: time?.timestamp ?? -1,
            bytesSinceIndexEntry: 0
        )
        frontier.transactionIndexCount = transactionIndexCount
        return Int64(sound[last].position)
    }

    private static func header(_ log: File, at position: Int64) throws(FileError) -> RecordBatchHeader? {
        var buffer = ByteBuffer()
        _ = try log.read(into: &buffer, count: RecordBatchHeader.encodedLength, at: position)
        return try? RecordBatchHeader(reading: buffer, at: buffer.readerIndex)
    }

    /// Makes an index end with `tail` at `position`, touching the file only where it differs.
    private mutating func rewrite(
        _ kind: FileNames.Kind,
        _ tail: ByteBuffer,
        at position: Int64
    ) throws(FileError) {
        let file = try self.files.file(kind)
        let end = position + Int64(tail.readableBytes)
        if try file.size() == end {
            var current = ByteBuffer()
            _ = try file.read(into: &current, count: tail.readableBytes, at: position)
            if current == tail { return }
        }
        try file.truncate(to: position)
        try file.write([tail], at: position)
        self.changed = true
    }

    /// Makes an index end at `end`, if there is one.
    private mutating func cut(_ kind: FileNames.Kind, to end: Int64) throws(FileError) {
        guard let size = try self.files.status(kind)?.sizeBytes, size != end else { return }
        try self.files.file(kind).truncate(to: end)
        self.changed = true
    }

    private mutating func rewriteTransactions() throws(FileError) {
        let size = try self.files.status(.transactionIndex)?.sizeBytes ?? 0
        if self.aborted.readableBytes == 0 && size == 0 { return }
        try self.rewrite(.transactionIndex, self.aborted, at: 0)
    }
}
