package import LogCore
internal import Logging
package import Model
internal import NIOCore
internal import Synchronization

/// One partition of a `FileLogEngine`.
///
/// Two locks. `head` guards everything that appends and memory reads touch; it is held for microseconds and never
/// across I/O. `files` guards what is on disk; the writer, checkpoint, retention and recovery hold it while they
/// write, and an event loop takes it only when it is free. Order: `files` before `head`, `head` before the journal's
/// queue.
package final class FilePartitionLog: PartitionLog {
    /// What event loops see.
    struct Head: ~Copyable {
        var state: PartitionState
        /// The files of `state.segments`, in the same order.
        var handles: [SegmentFiles]
        /// In offset order, because appends register in offset order.
        var appendWaiters = FIFO<AppendWaiter>()
        var readWaiters: [WaitingRead] = []
        /// A write of batches that skip the journal waits for the writer or an event loop, or is in its hands.
        var isQueuedForWriting = false
        /// It is among those that wait until there is enough to write.
        var isGathered = false
        /// Journal entries that were not answered yet.
        var journalEntries = 0
        /// The journal refused entries for want of room: nothing is taken until the rest was answered and taken back.
        var refusedByJournal = false
        /// The segment files cannot grow; appends are refused until the writer gets on.
        var isDiskFull = false
        var readHints = ReadHints()
        /// Storage failed: the files are not touched any more, whatever `availability` becomes at the end.
        var hasFailed = false
        /// Everything that the journal has and the files may lack is in the salvage file.
        var isSalvaged = false
    }

    struct AppendWaiter {
        var end: Offset
        var waiter: any DurabilityWaiter
    }

    struct WaitingRead {
        var waiter: ReadWaiter
        var offset: Offset
        var isolation: IsolationLevel
    }

    /// What the I/O threads work on.
    struct Files {
        var folder: Directory
        var hasFolder: Bool
        var written: WrittenState
        /// The segment that grows; `nil` before the first batch.
        var active: SegmentFiles?
        /// Blocks of the active segment are reserved up to here.
        var reservedEnd: Int64 = 0
        /// Entries of the active segment that its index files do not have yet.
        var unwrittenIndex = UnwrittenIndex()
        /// Segments with unsynced data; a closed one needs its indexes synced too.
        var dirty: [DirtySegment] = []
        var isDirty: Bool { !self.dirty.isEmpty }
        /// Names were created or removed since the folder was synced.
        var folderChanged = false
        /// The folder was created since the last checkpoint.
        var isNew = false
        /// `leader-epoch-checkpoint` is behind. Recovery learns epochs after the recovery point from the batches.
        var epochsChanged = false
        /// Producer snapshots in the folder, by offset.
        var snapshots: [Offset] = []
        /// A write that met a full disk and is tried again.
        var pending: PendingWrite?
        var recoveryPoint: Offset
        var recordsSinceSync: Int64 = 0
        /// The end of what came from the salvage file of an earlier run; it goes once that is forced.
        var salvageEnd: Offset?
        var isGone = false
        var reportedCorruption = false
    }

    struct DirtySegment {
        var files: SegmentFiles
        var isClosed: Bool
        /// Its transaction index has unsynced entries.
        var hasTransactions = false
    }

    package let partition: TopicPartition
    let topicName: String
    /// A cycle on purpose: `close` of the engine empties its registry.
    let engine: FileLogEngine
    let head: Mutex<Head>
    let files: Mutex<Files>

    init(
        partition: TopicPartition,
        topicName: String,
        engine: FileLogEngine,
        settings: LogSettings,
        availability: PartitionState.Availability,
        logStart: Offset,
        recovered: RecoveredPartition
    ) {
        self.partition = partition
        self.topicName = topicName
        self.engine = engine
        self.head = Mutex(
            Head(
                state: PartitionState(
                    partition: partition,
                    settings: settings,
                    availability: availability,
                    logStart: logStart,
                    segments: recovered.segments,
                    written: recovered.written
                ),
                handles: recovered.handles,
                hasFailed: recovered.failure != nil
            )
        )
        self.files = Mutex(
            Files(
                folder: recovered.folder,
                hasFolder: recovered.hasFolder,
                written: recovered.written,
                active: recovered.handles.last,
                unwrittenIndex: recovered.unwrittenIndex,
                dirty: recovered.dirty,
                folderChanged: recovered.folderChanged,
                isNew: recovered.isNew,
                epochsChanged: recovered.epochsChanged,
                snapshots: recovered.snapshots,
                recoveryPoint: recovered.recoveryPoint
            )
        )
    }

    var salvageName: String { FileNames.salvage(topic: self.topicName, partition: self.partition) }

    /// For messages.
    var name: String { FileNames.folder(topic: self.topicName, partition: self.partition.partition) }

    package var offsets: LogOffsets { self.head.withLock { $0.state.offsets } }

    package var sizeBytes: Int64 { self.head.withLock { $0.state.sizeBytes } }

    package var producers: [ProducerStateSnapshot] {
        let table = self.head.withLock { $0.state.producers }
        return table.sorted.map { id, entry in
            ProducerStateSnapshot(
                producerID: id,
                producerEpoch: entry.epoch,
                lastSequence: entry.lastSequence,
                lastTimestamp: entry.lastTimestamp,
                coordinatorEpoch: entry.coordinatorEpoch,
                currentTransactionFirstOffset: entry.transactionFirstOffset
            )
        }
    }

    package func endOffset(for epoch: LeaderEpoch) -> (epoch: LeaderEpoch, endOffset: Offset)? {
        self.head.withLock { $0.state.epochs.endOffset(for: epoch, logEnd: $0.state.highWatermark) }
    }

    package func leaderEpoch(at offset: Offset) -> LeaderEpoch? {
        self.head.withLock { $0.state.epochs.epoch(at: offset) }
    }

    package func update(_ settings: LogSettings) {
        let awaitsSync = self.head.withLock { head -> Bool in
            head.state.update(settings)
            return head.state.awaitsSyncForJournal
        }
        if awaitsSync { self.engine.requestCheckpoint() }
    }

    package func deleteRecords(before offset: Offset) throws(LogError) -> Offset {
        var wakeups = Wakeups()
        let result = self.head.withLock { head -> Result<(Offset, Bool), LogError> in
            do throws(LogError) {
                let moved = try head.state.deleteRecords(before: offset)
                if moved { head.collectAllReads(&wakeups) }
                return .success((head.state.logStart, moved))
            } catch {
                return .failure(error)
            }
        }
        wakeups.send()
        let (start, moved) = try result.get()
        if moved { self.engine.logStartMoved() }
        return start
    }

    package func addReadWaiter(_ waiter: ReadWaiter, after offset: Offset, isolation: IsolationLevel) {
        var wakeups = Wakeups()
        self.head.withLock { head in
            guard case .online = head.state.availability,
                head.state.readLimit(isolation) <= offset, head.state.logStart <= offset
            else {
                wakeups.add(waiter)
                return
            }
            head.readWaiters.append(WaitingRead(waiter: waiter, offset: offset, isolation: isolation))
        }
        wakeups.send()
    }

    package func removeReadWaiter(_ waiter: ReadWaiter) {
        self.head.withLock { head in
            head.readWaiters.removeAll { $0.waiter === waiter || $0.waiter.isClaimed }
        }
    }

    /// Ends the partition's service for good and tells everybody who waits.
    func end(_ availability: PartitionState.Availability, error: LogError) {
        var wakeups = Wakeups()
        self.head.withLock { head in
            head.state.makeAvailable(availability)
            head.failAppends(error, &wakeups)
            for read in head.readWaiters { wakeups.add(read.waiter) }
            head.readWaiters = []
        }
        wakeups.send()
    }

    /// Storage failed: the partition answers with this until the process restarts.
    func goOffline(_ error: LogError) {
        self.engine.logger.error(
            "partition is offline",
            metadata: ["partition": "\(self.name)", "error": "\(error.message)"]
        )
        self.head.withLock { $0.hasFailed = true }
        self.end(.offline(error), error: error)
        // Its part of the journal must go elsewhere before the ring is full.
        self.engine.requestCheckpoint()
    }
}

extension FilePartitionLog.Head {
    /// Gathers everybody whom the high watermark or the log start offset concerns.
    mutating func collect(_ wakeups: inout Wakeups) {
        self.collectAppends(&wakeups)
        self.collectReads(&wakeups)
    }

    mutating func collectAppends(_ wakeups: inout Wakeups) {
        while let first = self.appendWaiters.first, first.end <= self.state.highWatermark {
            self.appendWaiters.removeFirst()
            wakeups.add(first.waiter, nil)
        }
    }

    mutating func collectReads(_ wakeups: inout Wakeups) {
        if self.readWaiters.isEmpty { return }
        let uncommitted = self.state.readLimit(.readUncommitted)
        let committed = self.state.readLimit(.readCommitted)
        let start = self.state.logStart
        self.readWaiters.removeAll { read in
            let limit = read.isolation == .readCommitted ? committed : uncommitted
            guard limit > read.offset || start > read.offset else { return read.waiter.isClaimed }
            wakeups.add(read.waiter)
            return true
        }
    }

    /// The log start offset moved: even those whom it gives nothing to read tell it to their clients.
    mutating func collectAllReads(_ wakeups: inout Wakeups) {
        for read in self.readWaiters { wakeups.add(read.waiter) }
        self.readWaiters = []
    }

    mutating func failAppends(_ error: LogError, _ wakeups: inout Wakeups) {
        while !self.appendWaiters.isEmpty { wakeups.add(self.appendWaiters.removeFirst().waiter, error) }
    }
}
