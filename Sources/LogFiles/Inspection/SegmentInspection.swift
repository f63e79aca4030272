internal import LogCore
internal import Model
internal import NIOCore
internal import RecordBatch

/// Reads every batch of one segment, follows their offsets, looks into their records and compares the indexes.
struct SegmentInspection {
    let folder: Directory
    let base: Offset
    /// The base offset of the next segment; `nil` for the last one.
    let end: Offset?
    let expected: PartitionInspection.Expectation
    /// Batches before this segment are damaged, so what they said of transactions is not known.
    let isAfterDamage: Bool
    /// The log has not got its name yet, and which indexes are its own is not known.
    let isSwapped: Bool
    let progress: (Int64) -> Void

    /// Of a larger batch only the checksum is looked at, piece by piece.
    private static let batchBytesMax = 64 << 20

    private var name: String {
        FileNames.file(.log, base: self.base) + (self.isSwapped ? FileNames.swapSuffix : "")
    }
    /// Transactions that this segment's markers aborted.
    private var aborted: [AbortedTransactions.Entry] = []
    private var isDamaged = false

    init(
        folder: Directory,
        base: Offset,
        end: Offset?,
        expected: PartitionInspection.Expectation,
        isAfterDamage: Bool,
        isSwapped: Bool,
        progress: @escaping (Int64) -> Void
    ) {
        self.folder = folder
        self.base = base
        self.end = end
        self.expected = expected
        self.isAfterDamage = isAfterDamage
        self.isSwapped = isSwapped
        self.progress = progress
    }

    /// - Returns: whether what lies in later segments counts. Behind the torn end of a process that was killed nothing
    ///   does.
    mutating func run(_ report: inout PartitionReport, _ stored: inout StoredState) throws(FileError) -> Bool {
        let file = try self.folder.open(self.name)
        let size = try file.size()
        report.logBytes += size
        var offsets = self.isSwapped ? nil : self.offsetIndex(&report)
        var times = self.isSwapped ? nil : self.timeIndex(&report)
        let gapsBefore = self.expected.cleaned.gapsBefore(inSegmentAt: self.base, sizeBytes: size)
        let walk = SegmentWalk(from: self.base, end: self.end ?? .max, gapsBefore: gapsBefore)
        var scanner = BatchScanner(file: file, from: 0, limit: size, following: walk, wholeBytesMax: Self.batchBytesMax)
        scanning: while true {
            let position = scanner.position
            switch try scanner.next(checksFrom: 0) {
            case .end:
                break scanning
            case .batch(let header, _, let whole):
                self.take(header, whole, at: position, &report, &stored)
                offsets?.passed(header, at: position)
                times?.passed(header)
                self.progress(Int64(header.sizeInBytes))
            case .damaged(let reason):
                let before = scanner.walk ?? walk
                if self.isTorn(before) {
                    report.add(
                        .unfinished,
                        .note,
                        .start,
                        file: self.name,
                        bytes: position..<size,
                        "a process was killed while it wrote; what was acknowledged is in the journal"
                    )
                    self.checkTransactions(&report)
                    return false
                }
                guard let next = try self.survey(file, size, before, position, reason, &report) else { break scanning }
                scanner.resume(at: next.position, following: before.resumed(at: next.baseOffset))
                offsets?.skipped(to: next.position)
                times?.skipped()
            }
        }
        if let walk = scanner.walk, let missing = walk.missingAtEnd, self.end != nil,
            !self.isDamagedUpToEnd(report, size)
        {
            // A power cut may keep the name of a segment and lose the end of the one before.
            if self.isTorn(walk) {
                let reason = "a process was killed while it wrote; what was acknowledged is in the journal"
                report.add(.unfinished, .note, .start, file: self.name, bytes: size..<size, reason)
                return false
            }
            self.found(
                DamagedRange(
                    offsets: missing,
                    path: file.path,
                    bytes: size..<size,
                    reason: "the file ends before offset \(missing.upperBound)"
                ),
                &report
            )
        }
        self.finish(&offsets, &times, stored, &report)
        return true
    }

    /// The last range of this segment reaches its end already.
    private func isDamagedUpToEnd(_ report: PartitionReport, _ size: Int64) -> Bool {
        guard self.isDamaged, let last = report.damage.last else { return false }
        return last.bytes.upperBound == size && last.offsets.upperBound == self.end
    }

    /// Behind what was forced, a process that was killed may leave a part of a batch.
    private func isTorn(_ walk: SegmentWalk) -> Bool {
        guard !self.expected.wasClosedCleanly, !self.expected.isRecoveryPointLost else { return false }
        return (walk.expected ?? self.base) >= self.expected.recoveryPoint ?? 0
    }

    private mutating func survey(
        _ file: File,
        _ size: Int64,
        _ walk: SegmentWalk,
        _ position: Int64,
        _ reason: String,
        _ report: inout PartitionReport
    ) throws(FileError) -> DamageSurvey.Resumption? {
        var survey = DamageSurvey(file: file, limit: size, walk: walk, end: self.end)
        var (range, resumption) = try survey.run(at: position, lastBatch: nil, reason: reason)
        if resumption == nil, self.end == nil, let point = self.expected.recoveryPoint, point > range.offsets.upperBound
        {
            range.offsets = range.offsets.lowerBound..<point
        }
        self.progress(Int64(range.bytes.count))
        self.found(range, &report)
        return resumption
    }

    private mutating func found(_ range: DamagedRange, _ report: inout PartitionReport) {
        if range.bytes.isEmpty, self.expected.lost.covers(range.offsets) {
            report.add(
                .lost,
                .note,
                .nothing,
                file: self.name,
                offsets: range.offsets,
                "lost since an earlier repair; readers are answered with an error"
            )
            return
        }
        self.isDamaged = true
        // Where damage spans the recovery point, the journal may have a part of it: a start knows.
        // A segment that was swapped in gets its name from a start first.
        let isSettled =
            !self.isSwapped
            && (self.expected.wasClosedCleanly || self.expected.isRecoveryPointLost
                || range.offsets.upperBound <= self.expected.recoveryPoint ?? 0)
        if isSettled { report.damage.append(range) }
        report.add(
            range.bytes.isEmpty ? .missingOffsets : .batch,
            .damage,
            isSettled ? .quarantine : .start,
            file: self.name,
            bytes: range.bytes,
            offsets: range.offsets,
            range.reason
        )
    }

    private mutating func take(
        _ header: RecordBatchHeader,
        _ whole: ByteBuffer,
        at position: Int64,
        _ report: inout PartitionReport,
        _ stored: inout StoredState
    ) {
        report.batchCount += 1
        report.recordCount += Int64(header.recordCount)
        let summary = BatchSummary(header, batch: whole)
        if summary.baseOffset >= stored.endOffset {
            if let entry = stored.apply(summary).aborted { self.aborted.append(entry) }
        }
        guard whole.readableBytes > 0 else { return }
        do throws(RecordBatchError) {
            _ = try RecordBatchValidation.validate(whole, limits: .unlimited, context: .replay)
        } catch {
            // Its checksum holds: so it came, on a topic whose records are not looked into.
            report.add(
                .undecodable,
                .note,
                .nothing,
                file: self.name,
                bytes: position..<(position + Int64(header.sizeInBytes)),
                offsets: header.baseOffset..<header.nextOffset,
                "the batch is as its producer sent it, and its records cannot be read: \(error.message)"
            )
        }
    }
}

// MARK: Indexes

extension SegmentInspection {
    /// Whether the indexes were forced: those of an active segment are made again by a start.
    private func isSettled(_ stored: StoredState) -> Bool {
        self.expected.wasClosedCleanly
            || (self.end != nil && stored.endOffset <= self.expected.recoveryPoint ?? 0)
    }

    private func finish(
        _ offsets: inout OffsetIndexCheck?,
        _ times: inout TimeIndexCheck?,
        _ stored: StoredState,
        _ report: inout PartitionReport
    ) {
        let isSettled = self.isSettled(stored)
        let isClosed = isSettled && self.end != nil && !self.isDamaged
        let index = FileNames.file(.offsetIndex, base: self.base)
        let hasOffsets = ((try? self.folder.status(of: index)) ?? nil)?.sizeBytes ?? 0 > 0
        offsets?.ended(isClosed: isClosed)
        times?.ended(isClosed: isClosed, isIndexed: hasOffsets)
        self.report(.offsetIndex, .offsetIndex, offsets?.flaw, isSettled: isSettled, &report)
        self.report(.timeIndex, .timeIndex, times?.flaw, isSettled: isSettled, &report)
        self.checkTransactions(&report)
    }

    private func report(
        _ finding: Finding.Kind,
        _ kind: FileNames.Kind,
        _ flaw: String?,
        isSettled: Bool,
        _ report: inout PartitionReport
    ) {
        guard let flaw else { return }
        let file = FileNames.file(kind, base: self.base)
        guard isSettled else { return report.add(finding, .note, .start, file: file, flaw) }
        report.flawedIndexes.insert(self.base)
        report.add(finding, .damage, .rebuild, file: file, flaw)
    }

    private func offsetIndex(_ report: inout PartitionReport) -> OffsetIndexCheck? {
        guard var bytes = self.index(.offsetIndex, .offsetIndex, OffsetIndexEntry.sizeBytes, &report) else {
            return nil
        }
        var entries: [OffsetIndexEntry] = []
        while let entry = OffsetIndexEntry(from: &bytes) { entries.append(entry) }
        return OffsetIndexCheck(entries, baseOffset: self.base)
    }

    private func timeIndex(_ report: inout PartitionReport) -> TimeIndexCheck? {
        guard var bytes = self.index(.timeIndex, .timeIndex, TimeIndexEntry.sizeBytes, &report) else { return nil }
        var entries: [TimeIndexEntry] = []
        while let entry = TimeIndexEntry(from: &bytes) { entries.append(entry) }
        return TimeIndexCheck(entries, baseOffset: self.base)
    }

    /// The bytes of an index, none where it is missing; `nil` when it cannot be compared.
    private func index(
        _ finding: Finding.Kind,
        _ kind: FileNames.Kind,
        _ entryBytes: Int,
        _ report: inout PartitionReport
    ) -> ByteBuffer? {
        let file = FileNames.file(kind, base: self.base)
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try self.folder.contents(of: file, bytesMax: PartitionInspection.indexBytesMax) ?? []
        } catch {
            if error.isDiskFull {
                self.report(finding, kind, "the file is larger than an index can be", isSettled: true, &report)
            } else {
                report.add(error, file: file)
            }
            return nil
        }
        self.progress(Int64(bytes.count))
        guard bytes.count % entryBytes == 0 else {
            self.report(finding, kind, "the file ends within an entry", isSettled: self.isIndexSettled, &report)
            return nil
        }
        return ByteBuffer(bytes: bytes)
    }

    /// Nothing more is written to the segment, so that a start makes its indexes no more.
    private var isIndexSettled: Bool { self.expected.wasClosedCleanly || self.end != nil }

    private func checkTransactions(_ report: inout PartitionReport) {
        if self.isSwapped { return }
        let file = FileNames.file(.transactionIndex, base: self.base)
        guard let bytes = self.index(.transactionIndex, .transactionIndex, 1, &report) else {
            report.flawedTransactionIndexes[self.base] = self.aborted
            return
        }
        let index = TransactionIndex(reading: bytes)
        guard let flaw = self.flaw(of: index, report) else { return }
        guard self.isIndexSettled || self.hasLostEntries(index) else {
            return report.add(.transactionIndex, .note, .start, file: file, flaw)
        }
        report.flawedTransactionIndexes[self.base] = self.aborted
        report.add(.transactionIndex, .damage, .rebuild, file: file, flaw)
    }

    /// Whether entries are missing that a start does not make again: their markers lie before the recovery point.
    private func hasLostEntries(_ index: TransactionIndex) -> Bool {
        let indexed = Set(index.entries.map(\.transaction))
        let point = self.expected.recoveryPoint ?? 0
        return self.aborted.contains { $0.lastOffset < point && !indexed.contains($0.transaction) }
    }

    private func flaw(of index: TransactionIndex, _ report: PartitionReport) -> String? {
        if let flaw = index.flaw(in: self.base..<max(self.base, self.end ?? .max)) { return flaw }
        let entries = index.entries
        if self.isAfterDamage || self.isDamaged { return nil }
        let indexed = Set(entries.map(\.transaction))
        for entry in self.aborted where !indexed.contains(entry.transaction) {
            return "the transaction that offset \(entry.lastOffset) aborted is missing"
        }
        let found = Set(self.aborted.map(\.transaction))
        // What began before the log's start, or whose marker is lost, is known from the index alone.
        for entry in entries where entry.firstOffset >= report.start && !found.contains(entry.transaction) {
            if self.expected.lost.covers(entry.lastOffset..<entry.lastOffset + 1) { continue }
            return "no marker aborted the transaction of offsets \(entry.firstOffset) to \(entry.lastOffset)"
        }
        return nil
    }
}

extension AbortedTransactions.Entry {
    fileprivate var transaction: [Int64] { [self.producerID.rawValue, self.firstOffset, self.lastOffset] }
}
