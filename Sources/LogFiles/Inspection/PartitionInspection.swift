internal import LogCore
internal import Model
internal import NIOCore
internal import RecordBatch

/// Reads all that one partition's folder holds and says what differs from what was written. Never writes. Memory is
/// bounded by the largest index, the partition's producers and one batch.
struct PartitionInspection {
    struct Expectation {
        /// The topic that the metadata has under the folder's name; `nil` when the metadata is not known.
        var topicID: TopicID?
        /// Everything below was forced to disk.
        var recoveryPoint: Offset?
        /// There is no telling what was forced: the checkpoint that says so is damaged.
        var isRecoveryPointLost = false
        /// Without a checkpoint's word the first segment tells.
        var logStart: Offset?
        /// Where compaction may have left gaps.
        var cleaned = CleanedSegments()
        var wasClosedCleanly = false
        /// What earlier repairs took out.
        var lost = LostOffsets()
    }

    static let indexBytesMax = 64 << 20

    let folder: Directory
    let expected: Expectation
    /// Called with the bytes that were read since the last call.
    let progress: (Int64) -> Void
    private(set) var report: PartitionReport
    private(set) var stored = StoredState(endOffset: 0)
    /// The leader epochs in `partition.metadata`.
    private var checkedEpochs: LeaderEpochs?
    /// Snapshots cover the batches before this offset.
    private var snapshots: [Offset] = []
    /// Segments that compaction has swapped in, whose log a crash kept from getting its name.
    private var swapped: Set<Offset> = []

    init(_ folder: Directory, name: String, _ expected: Expectation, progress: @escaping (Int64) -> Void) {
        self.folder = folder
        self.expected = expected
        self.progress = progress
        self.report = PartitionReport(name: name)
    }

    mutating func run() -> PartitionReport {
        self.checkOwner()
        do throws(FileError) {
            try self.checkSegments(try self.inventory())
        } catch {
            self.report.add(error, file: "")
        }
        for offset in self.snapshots { self.checkSnapshot(at: offset) }
        self.checkEpochs()
        return self.report
    }

    /// The segments' base offsets in order.
    private mutating func inventory() throws(FileError) -> [Offset] {
        var bases: [Offset] = []
        let names = try self.folder.entries().map(\.name)
        for name in names {
            guard let (kind, base) = FileNames.parse(name) else { continue }
            if kind == .log { bases.append(base) }
            if kind == .snapshot { self.snapshots.append(base) }
        }
        for swap in SwapRecovery(names).swaps { try self.complete(swap, in: &bases) }
        return bases.sorted()
    }

    /// Makes the list of segments what a start makes of it.
    private mutating func complete(_ swap: SwapRecovery.Swap, in bases: inout [Offset]) throws(FileError) {
        let base = swap.baseOffset
        let pending = self.expected.cleaned.pending
        let end = pending?.baseOffset == base ? pending?.end : try self.folder.end(ofSwap: base)
        bases.removeAll { $0 >= base && $0 < end ?? base + 1 }
        bases.append(base)
        self.swapped.insert(base)
        self.report.add(
            .unfinished,
            .note,
            .start,
            file: FileNames.file(.log, base: base) + FileNames.swapSuffix,
            "a crash interrupted the compaction that wrote this segment"
        )
    }

    private mutating func checkOwner() {
        let name = FileNames.partitionMetadata
        let bytes: [UInt8]?
        do throws(FileError) {
            bytes = try self.folder.ownerFile()
        } catch {
            return self.report.add(error, file: name)
        }
        let metadata = bytes.flatMap { PartitionMetadata(decoding: $0, folder: self.report.name) }
        self.checkedEpochs = metadata?.epochs
        guard let owner = metadata?.topicID else {
            let reason = bytes == nil ? "the file is missing" : "the file is not whole, or fails its checksum"
            let isNew = self.expected.recoveryPoint == nil && !self.expected.wasClosedCleanly
            // A power cut may take it before anything of the partition was forced.
            if isNew, !self.expected.isRecoveryPointLost {
                return self.report.add(.owner, .note, .start, file: name, reason)
            }
            return self.report.add(
                .owner,
                .damage,
                self.expected.topicID == nil ? .restore : .rebuild,
                file: name,
                reason
            )
        }
        self.report.topicID = owner
        if let topicID = self.expected.topicID, topicID != owner {
            self.report.add(
                .owner,
                .damage,
                .start,
                file: name,
                "the folder belongs to topic \(owner), the metadata has \(topicID) under this name; a start sets it aside"
            )
        }
    }

    private mutating func checkSegments(_ bases: [Offset]) throws(FileError) {
        self.report.segmentCount = bases.count
        let logStart = self.expected.logStart
        guard let first = bases.first else {
            self.report.start = logStart ?? 0
            self.report.end = logStart ?? 0
            self.stored = StoredState(endOffset: logStart ?? 0)
            return
        }
        self.report.start = first
        self.beginState(at: first)
        if let logStart, first > logStart { self.foundNoStart(logStart..<first) }
        for (index, base) in bases.enumerated() {
            let next = index + 1 < bases.count ? bases[index + 1] : nil
            var segment = SegmentInspection(
                folder: self.folder,
                base: base,
                end: next,
                expected: self.expected,
                isAfterDamage: !self.report.damage.isEmpty,
                isSwapped: self.swapped.contains(base),
                progress: self.progress
            )
            let isFollowed = try segment.run(&self.report, &self.stored)
            if !isFollowed { break }
        }
        self.report.end = max(self.stored.endOffset, first)
        self.report.segmentsEnd = self.report.end
        self.report.largestProducerID = self.stored.producers.sorted.last?.0.rawValue ?? -1
    }

    /// The producers at the first segment's base: transactions may have begun before.
    private mutating func beginState(at first: Offset) {
        let name = FileNames.file(.snapshot, base: first)
        let bytes = (try? self.folder.contents(of: name, bytesMax: 1 << 30)).flatMap { $0 }
        let table = bytes.flatMap { ProducerSnapshot.decode(ByteBuffer(bytes: $0)) }
        self.stored = StoredState(endOffset: first, producers: table ?? ProducerTable())
    }

    /// Retention makes the log start offset durable before it removes a segment.
    private mutating func foundNoStart(_ missing: Range<Offset>) {
        let file = FileNames.file(.log, base: missing.upperBound)
        if self.expected.lost.covers(missing) {
            return self.report.add(
                .lost,
                .note,
                .nothing,
                file: file,
                offsets: missing,
                "lost before an earlier repair"
            )
        }
        self.report.missingStart = missing.lowerBound
        self.report.add(
            .missingOffsets,
            .damage,
            .quarantine,
            file: file,
            offsets: missing,
            "the log begins at offset \(missing.upperBound) instead of \(missing.lowerBound)"
        )
    }

    private mutating func checkSnapshot(at offset: Offset) {
        let name = FileNames.file(.snapshot, base: offset)
        do throws(FileError) {
            guard let bytes = try self.folder.contents(of: name, bytesMax: 1 << 30) else { return }
            self.progress(Int64(bytes.count))
            guard ProducerSnapshot.decode(ByteBuffer(bytes: bytes)) == nil else { return }
        } catch {
            return self.report.add(error, file: name)
        }
        self.report.flawedSnapshots.append(offset)
        self.report.add(.snapshot, .damage, .rebuild, file: name, "the producers' state fails its checksum")
    }

    private mutating func checkEpochs() {
        let name = FileNames.leaderEpochs
        guard self.report.batchCount > 0 else { return }
        let bytes: [UInt8]?
        do throws(FileError) {
            bytes = try self.folder.contents(of: name, bytesMax: 16 << 20)
        } catch {
            return self.report.add(error, file: name)
        }
        let computed = self.stored.epochs
        guard let found = bytes.flatMap({ LeaderEpochs(decoding: $0) }) else {
            // It is written by checkpoints, so a process that was killed may have none.
            guard bytes != nil || self.expected.wasClosedCleanly else { return }
            self.report.rebuiltEpochs = computed
            return self.report.add(.leaderEpochs, .damage, .rebuild, file: name, "the file is missing or unreadable")
        }
        if let checkedEpochs, checkedEpochs != found, self.expected.wasClosedCleanly {
            self.report.rebuiltEpochs = checkedEpochs
            return self.report.add(
                .leaderEpochs,
                .damage,
                .rebuild,
                file: name,
                "the file differs from what \(FileNames.partitionMetadata) has"
            )
        }
        guard self.expected.wasClosedCleanly, self.report.damage.isEmpty else { return }
        for entry in computed.entries where found.epoch(at: entry.startOffset) != entry.epoch {
            self.report.rebuiltEpochs = computed
            return self.report.add(
                .leaderEpochs,
                .damage,
                .rebuild,
                file: name,
                "offset \(entry.startOffset) was written in leader epoch \(entry.epoch), the file says otherwise"
            )
        }
    }
}
