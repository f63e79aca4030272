internal import LogCore
internal import Logging
internal import Model
internal import NIOCore
internal import Synchronization
internal import Threads

extension FilePartitionLog {
    /// One write to a segment with the index entries that it brings, ready to be carried out or repeated.
    struct PendingWrite {
        var segment: SegmentFiles
        var logPosition: Int64
        var logBytes: [ByteBuffer]
        var byteCount: Int64
        var offsetIndex = ByteBuffer()
        var offsetIndexPosition: Int64
        var timeIndex = ByteBuffer()
        var timeIndexPosition: Int64
        var transactionIndex = ByteBuffer()
        var transactionIndexPosition: Int64
        var epochsChanged = false
        var records: Int64 = 0
        var end: Offset
    }

    enum WriteOutcome {
        case done
        /// There is more, which the event loop leaves to the writer.
        case left
        /// The disk is full; the write is kept for another try.
        case stalled
        /// The partition went offline.
        case failed
    }

    /// Writes everything that is ready to the segments. Blocking; for the writer thread and for start and close.
    @discardableResult
    func writePending() -> WriteOutcome {
        self.files.withLock { files in Attempt(self, &files, bytesMax: .max) }.end(self)
    }

    /// Writes what is ready on an event loop, which saves the way to the writer and back, and finds the bytes in the
    /// cache of the core that received them. What may take long is left to the writer.
    private func writeOnLoop() {
        if self.engine.isAbandoned.load(ordering: .relaxed) { return }
        let start = self.engine.time.monotonicMilliseconds
        let attempt = self.files.withLockIfAvailable { files in
            Attempt(self, &files, bytesMax: self.engine.settings.loopWriteBytesMax)
        }
        let outcome = attempt?.end(self)
        let now = self.engine.time.monotonicMilliseconds
        self.engine.loopWrites.ended(after: now - start, now: now)
        if outcome == nil || outcome == .left { self.engine.write(self) }
    }

    /// Has what was appended written: by the loop that appended it, once it has taken in what else has arrived, or by
    /// the writer.
    func write(_ bytes: Int64, for waiter: (any DurabilityWaiter)?) {
        guard bytes <= self.engine.settings.loopWriteBytesMax / 4,
            let eventLoop = waiter?.eventLoop, eventLoop.inEventLoop,
            self.engine.loopWrites.areAllowed(now: self.engine.time.monotonicMilliseconds)
        else {
            self.engine.write(self)
            return
        }
        eventLoop.execute { self.writeOnLoop() }
    }

    /// What came of writing, with what is to be done about it once the lock is given back.
    private struct Attempt {
        private let outcome: Result<WriteOutcome, FileError>
        private let isDirty: Bool
        private var wakeups = Wakeups()

        init(_ log: FilePartitionLog, _ files: inout Files, bytesMax: Int64) {
            do throws(FileError) {
                self.outcome = .success(try log.writeAll(&files, bytesMax: bytesMax, &self.wakeups))
            } catch {
                self.outcome = .failure(error)
            }
            self.isDirty = !files.unforced.segments.isEmpty
        }

        @discardableResult
        consuming func end(_ log: FilePartitionLog) -> WriteOutcome {
            if self.isDirty { log.engine.markDirty(log) }
            let outcome = log.concluded(self.outcome, &self.wakeups)
            self.wakeups.send()
            return outcome
        }
    }

    private func concluded(_ outcome: Result<WriteOutcome, FileError>, _ wakeups: inout Wakeups) -> WriteOutcome {
        switch outcome {
        case .success(let outcome):
            return outcome
        case .failure(let error) where error.isRetriable:
            let failure = LogError(error)
            let isNews = self.head.withLock { head -> Bool in
                if !head.state.isJournaled { head.failAppends(failure, &wakeups) }
                return head.lifecycle.writeStalled()
            }
            if isNews {
                self.engine.logger.error(
                    error.isDiskFull ? "disk full" : "a write is tried again",
                    metadata: ["partition": "\(self.name)", "error": "\(error)"]
                )
            }
            // The writer comes back by itself.
            self.engine.addStalled(self)
            return .stalled
        case .failure(let error):
            self.goOffline(LogError(.storage, error.description))
            return .failed
        }
    }

    /// - Parameter bytesMax: for an event loop, which then does nothing else that may take long either.
    private func writeAll(
        _ files: inout Files,
        bytesMax: Int64,
        _ wakeups: inout Wakeups
    ) throws(FileError) -> WriteOutcome {
        let isOnLoop = bytesMax < .max
        // It met a full disk, or is in other hands.
        if isOnLoop, files.pending != nil { return .left }
        var bytesLeft = bytesMax
        while true {
            if let pending = files.pending, self.mayWrite {
                try self.carryOut(pending, &files)
                files.pending = nil
                self.publish(pending, files, &wakeups)
                continue
            }
            let (batches, settings) = self.head.withLock { head -> ([TailBatch], LogSettings) in
                guard head.lifecycle.isServing else { return ([], head.state.settings) }
                let batches = head.state.storable(bytesMax: self.engine.settings.writeBytesMax)
                if batches.isEmpty { head.lifecycle.wroteAll() }
                return (batches, head.state.settings)
            }
            guard let first = batches.first else { return .done }
            let beginsSegment = files.planner.mustBegin(
                for: first.summary,
                appendedAt: first.appendedAt,
                settings: settings
            )
            if isOnLoop {
                bytesLeft -= batches.reduce(0) { $0 + Int64($1.summary.sizeBytes) }
                if beginsSegment || !files.hasFolder || bytesLeft < 0 { return .left }
            }
            try self.makeFolder(&files)
            if beginsSegment {
                try self.closeActive(&files)
                try self.createSegment(at: first.summary.baseOffset, createdAt: first.appendedAt, &files)
            }
            files.pending = self.prepare(batches, settings, &files)
        }
    }

    /// Turns the batches that go to the active segment into bytes and positions; from here on `stored` includes them.
    private func prepare(_ batches: [TailBatch], _ settings: LogSettings, _ files: inout Files) -> PendingWrite {
        guard let segment = files.active, let frontier = files.planner.active else {
            preconditionFailure("a write needs a segment")
        }
        var write = PendingWrite(
            segment: segment,
            logPosition: frontier.sizeBytes,
            logBytes: [],
            byteCount: 0,
            offsetIndexPosition: Int64(frontier.offsetIndexCount * OffsetIndexEntry.sizeBytes),
            timeIndexPosition: Int64(frontier.timeIndexCount * TimeIndexEntry.sizeBytes),
            transactionIndexPosition: Int64(frontier.transactionIndexCount * AbortedTransactions.Entry.sizeBytes),
            end: files.stored.endOffset
        )
        write.logBytes.reserveCapacity(batches.count * 2)
        for (index, batch) in batches.enumerated() {
            let mustBegin =
                index > 0
                && files.planner.mustBegin(for: batch.summary, appendedAt: batch.appendedAt, settings: settings)
            if mustBegin { break }
            let step = files.stored.apply(batch.summary)
            let placement = files.planner.place(
                batch.summary,
                abortsTransaction: step.aborted != nil,
                settings: settings
            )
            write.logBytes.append(batch.header)
            write.logBytes.append(batch.payload)
            write.byteCount += Int64(batch.summary.sizeBytes)
            placement.offsetEntry?.encode(into: &write.offsetIndex)
            placement.timeEntry?.encode(into: &write.timeIndex)
            step.aborted?.encode(into: &write.transactionIndex)
            write.epochsChanged = write.epochsChanged || step.epochsChanged
            write.end = batch.summary.lastOffset + 1
            write.records += Int64(batch.summary.offsetDelta) + 1
        }
        return write
    }

    private func carryOut(_ write: PendingWrite, _ files: inout Files) throws(FileError) {
        files.unforced.add(write.segment)
        // After every checkpoint once more, as it unpins what it has forced.
        write.segment.pin()
        let log = try write.segment.file(.log)
        self.reserveBlocks(of: log, for: write, &files)
        try log.write(write.logBytes, at: write.logPosition)
        let gathersIndex = files.unwrittenIndex.hasRoom(for: write)
        if !gathersIndex { try self.writeIndex(upTo: write, &files) }
        if write.transactionIndex.readableBytes > 0 {
            let index = try write.segment.file(.transactionIndex)
            try index.write([write.transactionIndex], at: write.transactionIndexPosition)
            files.unforced.folderChanged = true
            files.unforced.add(write.segment, hasTransactions: true)
        }
        if write.epochsChanged { files.unforced.epochsChanged = true }
        files.unforced.records += write.records
        // Last, so that a write that is tried again adds its entries once.
        if gathersIndex { files.unwrittenIndex.add(write) }
    }

    /// Reserves blocks in large steps, which makes the writes into them a third cheaper. Only for segments that have
    /// grown already: most never do.
    private func reserveBlocks(of log: File, for write: PendingWrite, _ files: inout Files) {
        let end = write.logPosition + write.byteCount
        guard end > files.reservedEnd, write.logPosition >= Self.reservingFrom else { return }
        let step = min(max(write.logPosition, write.byteCount), Self.reservingBytesMax)
        let limit = max(end, self.head.withLock { $0.state.settings.segmentBytes })
        files.reservedEnd = min(write.logPosition + step, limit)
        log.reserveBlocks(from: write.logPosition, count: files.reservedEnd - write.logPosition)
    }

    private static let reservingFrom: Int64 = 1 << 20
    private static let reservingBytesMax: Int64 = 16 << 20

    /// Makes a finished write visible to readers.
    private func publish(_ write: PendingWrite, _ files: Files, _ wakeups: inout Wakeups) {
        guard let frontier = files.planner.active else { preconditionFailure("a write has a segment") }
        let info = SegmentInfo(frontier, lacking: files.unwrittenIndex, modifiedAt: self.engine.time.wallMilliseconds)
        let (recordsMax, millisecondsMax) = self.head.withLock { head -> (Int64, Int64) in
            head.layout.publish(info, write.segment)
            let (_, moved) = head.state.stored(to: write.end)
            head.lifecycle.wrote()
            if moved { head.collect(&wakeups) }
            return (head.state.flushRecordsMax, head.state.flushMillisecondsMax)
        }
        self.engine.wrote(self, end: write.end, bytes: write.byteCount)
        if files.unforced.records >= recordsMax {
            self.engine.requestCheckpoint()
        } else if millisecondsMax < .max {
            self.engine.requestFlush(of: self, within: millisecondsMax)
        }
    }

    /// Begins an empty segment, which is the active one from here on. The one before it is closed already.
    func createSegment(at base: Offset, createdAt: Timestamp, _ files: inout Files) throws(FileError) {
        let segment = SegmentFiles(
            folder: files.folder,
            baseOffset: base,
            openFiles: self.engine.openFiles,
            isNew: true
        )
        // A leftover of a crash would show through behind what is written. The indexes come with their first entries:
        // most partitions never have enough for one.
        try segment.file(.log).truncate(to: 0)
        for kind in [FileNames.Kind.offsetIndex, .timeIndex, .transactionIndex] {
            try files.folder.remove(FileNames.file(kind, base: base))
        }
        files.unforced.folderChanged = true
        files.unforced.add(segment)
        files.active = segment
        let settings = self.head.withLock { $0.state.settings }
        files.planner.began(
            at: base,
            createdAt: createdAt,
            rollJitterMilliseconds: settings.rollJitter(random: self.engine.environment.random)
        )
        files.reservedEnd = 0
        if settings.preallocates {
            files.reservedEnd = settings.segmentBytes
            try segment.file(.log).reserveBlocks(from: 0, count: settings.segmentBytes)
        }
    }

    /// Ends the segment that was being filled: its time index covers it whole, and a snapshot has the producers.
    func closeActive(_ files: inout Files) throws(FileError) {
        try self.writeIndex(&files)
        guard let active = files.active, let frontier = files.planner.active else { return }
        // An empty one too, or a start would take it for lost and read the segment.
        _ = try active.file(.offsetIndex)
        // Gives back blocks that were reserved behind the end, also those of an earlier run.
        try active.file(.log).truncate(to: frontier.sizeBytes)
        files.reservedEnd = 0
        let position = Int64(frontier.timeIndexCount * TimeIndexEntry.sizeBytes)
        let timeIndex = try active.file(.timeIndex)
        if let closing = files.planner.closing() {
            var buffer = ByteBuffer()
            closing.entry.encode(into: &buffer)
            try timeIndex.write([buffer], at: position)
            files.planner.resume(closing.active)
            self.publishIndex(closing.active)
        }
        files.unforced.folderChanged = true
        files.unforced.add(active, isClosed: true)
        try self.writeSnapshot(&files)
    }

    /// Saves the producers as of the end of the files. Not forced here: a damaged one is noticed, and an older one
    /// with more of the log serves.
    func writeSnapshot(_ files: inout Files) throws(FileError) {
        let end = files.stored.endOffset
        guard files.snapshots.last != end else { return }
        let name = FileNames.file(.snapshot, base: end)
        let file = try files.folder.open(name, options: [.write, .create, .truncate])
        try file.write([ProducerSnapshot.encode(files.stored.producers)], at: 0)
        files.snapshots.append(end)
        files.unforced.folderChanged = true
    }

    /// Creates the folder without waiting for the disk; the next checkpoint forces it. A folder that a power cut leaves
    /// without its metadata is empty, or has batches that the journal has too.
    func makeFolder(_ files: inout Files) throws(FileError) {
        if files.hasFolder { return }
        try files.folder.make()
        let metadata = PartitionMetadata(topicID: self.partition.topicID)
        try files.folder.write(FileNames.partitionMetadata, metadata.encoded(folder: self.name))
        files.hasFolder = true
        files.unforced.isNew = true
    }
}

extension SegmentInfo {
    init(_ frontier: SegmentFrontier, lacking index: UnwrittenIndex = UnwrittenIndex(), modifiedAt: Timestamp) {
        self.init(
            baseOffset: frontier.baseOffset,
            sizeBytes: frontier.sizeBytes,
            offsetIndexCount: frontier.offsetIndexCount - index.offsetCount,
            timeIndexCount: frontier.timeIndexCount - index.timeCount,
            transactionIndexCount: frontier.transactionIndexCount,
            largestTimestamp: frontier.largestTimestamp,
            offsetOfLargestTimestamp: frontier.offsetOfLargestTimestamp,
            modifiedAt: modifiedAt
        )
    }
}
