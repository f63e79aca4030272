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
    /// What is damaged although it was forced, and followed by sound batches.
    private(set) var damaged: [DamagedRange] = []
    /// The file that has the bytes that were cut off, if they may be worth something.
    private(set) var setAside: String?
    /// What the index files lack of the last segment.
    private(set) var unwrittenIndex = UnwrittenIndex()
    /// When the log was last written, as of the begin of the scan.
    private var modifiedAt: Timestamp
    /// What compaction made of the segment, if it wrote it.
    private var cleaned: CleanedSegments.Entry?
    /// What the transaction index must hold.
    private var aborted = ByteBuffer()
    /// What of the transaction index could not be made again.
    private(set) var indexFlaw: String?

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

    /// What a scan found of the file.
    enum Ending {
        /// Batches to the end of the file; damaged ranges between them are named.
        case sound
        /// The file was cut behind what was forced.
        case cut
        /// Damage reaches to the end of the file, which stays as it is: the log has to continue in another one.
        case damaged(DamagedRange)
    }

    /// Reads the batches from the last index entry that can be trusted on.
    ///
    /// Damage at offsets that were forced is passed and named; nothing is cut for it. Damage behind them ends the log:
    /// the journal has what was acknowledged there.
    ///
    /// - Parameter nextBase: the base offset of the segment after this one; `nil` for the last.
    mutating func run(isFirst: Bool, nextBase: Offset?) throws(FileError) -> Ending {
        let log = try self.files.file(.log)
        let size = try log.size()
        let (start, walk) = try self.begin(log: log, size: size, trustsIndex: isFirst, end: nextBase ?? .max)
        var scanner = BatchScanner(file: log, from: start, limit: size, following: walk)
        var entries = Entries()
        let offsetPosition = self.info.offsetIndexCount * OffsetIndexEntry.sizeBytes
        let timePosition = self.info.timeIndexCount * TimeIndexEntry.sizeBytes
        let ending = try self.read(&scanner, &entries, size)
        let index = UnwrittenIndex(offsets: entries.offsets, times: entries.times)
        if case .damaged = ending {
            self.planner.skip(to: size)
            if let closing = self.planner.closing() {
                closing.entry.encode(into: &entries.times)
                self.planner.resume(closing.active)
            }
        } else if nextBase == nil, index.hasRoom {
            // The segment grows: its writer can bring them with the next ones.
            try self.cut(.offsetIndex, to: Int64(offsetPosition))
            try self.cut(.timeIndex, to: Int64(timePosition))
            self.unwrittenIndex = index
            try self.rewriteTransactions()
            return ending
        }
        try self.rewrite(.offsetIndex, entries.offsets, at: Int64(offsetPosition))
        try self.rewrite(.timeIndex, entries.times, at: Int64(timePosition))
        try self.rewriteTransactions()
        return ending
    }

    /// Index entries of the batches that were read.
    private struct Entries {
        var offsets = ByteBuffer()
        var times = ByteBuffer()
    }

    private mutating func read(
        _ scanner: inout BatchScanner,
        _ entries: inout Entries,
        _ size: Int64
    ) throws(FileError) -> Ending {
        // Where the batch before begins, when its checksum was not looked at.
        var lastBatch: Int64?
        while true {
            let position = scanner.position
            guard let walk = scanner.walk else { preconditionFailure("a segment is read with a walk") }
            switch try scanner.next(checksFrom: self.vouched) {
            case .end:
                return self.ended(walk, size)
            case .damaged(let reason):
                switch try self.met(reason, at: position, lastBatch: lastBatch, walk, size) {
                case .resumed(let resumption):
                    lastBatch = nil
                    self.planner.skip(to: resumption.position)
                    scanner.resume(at: resumption.position, following: walk.resumed(at: resumption.baseOffset))
                case .ended(let ending):
                    return ending
                }
            case .batch(let header, _, let whole):
                lastBatch = header.lastOffset >= self.vouched ? nil : position
                let summary = BatchSummary(header, batch: whole)
                let step = self.stored.apply(summary, countsProducer: summary.baseOffset >= self.producersFrom)
                let placement = self.planner.place(
                    summary,
                    abortsTransaction: step.aborted != nil,
                    settings: self.recovery.settings
                )
                placement.offsetEntry?.encode(into: &entries.offsets)
                placement.timeEntry?.encode(into: &entries.times)
                step.aborted?.encode(into: &self.aborted)
            }
        }
    }

    /// The file has no more batches.
    private func ended(_ walk: SegmentWalk, _ size: Int64) -> Ending {
        var info = self.info
        info.cleaned = self.cleaned
        guard walk.end < .max, let missing = walk.missing(atEnd: size, of: info), self.stored.endOffset < self.vouched
        else { return .sound }
        let reason = "the file ends before offset \(missing.upperBound)"
        let path = self.files.path(.log)
        return .damaged(DamagedRange(offsets: missing, path: path, bytes: size..<size, reason: reason))
    }

    private enum Met {
        case resumed(DamageSurvey.Resumption)
        case ended(Ending)
    }

    /// There is no whole, sound batch at `position`.
    private mutating func met(
        _ reason: String,
        at position: Int64,
        lastBatch: Int64?,
        _ walk: SegmentWalk,
        _ size: Int64
    ) throws(FileError) -> Met {
        let expected = self.stored.endOffset
        var survey = DamageSurvey(
            file: try self.files.file(.log),
            limit: size,
            walk: walk.resumed(at: expected),
            // Of the last segment the recovery point tells where a batch ends.
            end: walk.end < .max ? walk.end : self.vouched < .max ? self.vouched : nil
        )
        let (range, resumption) = try survey.run(at: position, lastBatch: lastBatch, reason: reason)
        if expected >= self.vouched {
            // A write that was cut off looks like this. With sound batches behind it, it needs a second look.
            return .ended(try self.cutTail(at: position, size, keepsBytes: resumption != nil))
        }
        if let resumption, resumption.baseOffset <= self.vouched {
            if !range.offsets.isEmpty { self.damaged.append(range) }
            self.stored.skip(to: resumption.baseOffset)
            return .resumed(resumption)
        }
        if self.vouched == .max, walk.end == .max {
            // Nobody knows whether it was forced.
            return .ended(try self.cutTail(at: position, size, keepsBytes: true))
        }
        return .ended(.damaged(range))
    }

    private mutating func cutTail(at position: Int64, _ size: Int64, keepsBytes: Bool) throws(FileError) -> Ending {
        let log = try self.files.file(.log)
        if keepsBytes {
            let name = FileNames.cutTail(base: self.files.baseOffset, position: position)
            try self.recovery.folder.copy(from: log, position..<size, to: name)
            self.setAside = name
        }
        self.cutBytes = size - position
        try log.truncate(to: position)
        self.changed = true
        return .cut
    }

    /// Sets the frontier to the last index entry that can be trusted.
    ///
    /// - Returns: the position to read from, and what the batches from there on must follow.
    private mutating func begin(
        log: File,
        size: Int64,
        trustsIndex: Bool,
        end: Offset
    ) throws(FileError) -> (Int64, SegmentWalk) {
        let base = self.files.baseOffset
        self.modifiedAt = try self.files.status(.log)?.modifiedAt ?? self.recovery.now
        let created = self.modifiedAt
        var frontier = SegmentFrontier(baseOffset: base, createdAt: created)
        defer { self.planner.resume(frontier) }
        frontier.transactionIndexCount = try self.takeTransactions(logBytes: size)
        self.cleaned = self.recovery.cleaned.entry(base: base, sizeBytes: size)
        let gapsBefore = self.cleaned?.end ?? self.recovery.cleaned.gapsBefore
        let fromStart = (Int64(0), SegmentWalk(from: base, end: end, gapsBefore: gapsBefore))
        guard trustsIndex else { return fromStart }
        let transactionIndexCount = frontier.transactionIndexCount
        let limit = min(self.vouched, self.producersFrom) - base
        let entries = try self.files.offsetEntries()
        let sound = entries[..<IndexSearch.soundPrefix(entries, logBytes: size)]
        guard let last = sound.lastIndex(where: { Offset($0.relativeOffset) < limit }),
            let firstTimestamp = try Self.header(log, at: 0)?.maxTimestamp,
            let header = try Self.header(log, at: Int64(sound[last].position)),
            header.lastOffset == base + Offset(sound[last].relativeOffset), header.baseOffset >= base
        else { return fromStart }
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
        // The batches before the entry are not read: the log has them.
        self.stored.skip(to: header.baseOffset)
        return (Int64(sound[last].position), fromStart.1.resumed(at: header.baseOffset))
    }

    /// Keeps the entries of the transaction index that the saved producers cover: they come from the index alone.
    ///
    /// One that is damaged or missing keeps its place: readers get an error there until a repair makes the index again.
    ///
    /// - Returns: how many entries there are.
    private mutating func takeTransactions(logBytes: Int64) throws(FileError) -> Int {
        let base = self.files.baseOffset
        let index = try self.files.transactionIndex()
        // The checkpoint that saved the producers knows how many there were.
        let isNoted = self.recovery.producers.map { $0.offset <= self.producersFrom } ?? false
        let promised = isNoted ? self.recovery.promisedTransactions(inSegmentAt: base, logBytes: logBytes) : 0
        let known = index.prefix(endingBefore: self.producersFrom)
        var count = 0
        for slot in index.slots.prefix(max(known.count, promised)) {
            if case .damaged = slot { self.indexFlaw = "an entry is damaged" }
            if case .entry(let entry) = slot, !(base..<self.producersFrom).contains(entry.lastOffset) { continue }
            slot.encode(into: &self.aborted)
            count += 1
        }
        guard promised > count else { return count }
        self.indexFlaw = TransactionIndex.missing(promised - count)
        for _ in count..<promised { TransactionIndex.Slot.unreadable.encode(into: &self.aborted) }
        return promised
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
