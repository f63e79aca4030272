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
        /// What readers of files look at.
        var layout: SegmentLayout
        /// What is under way for the batches.
        var lifecycle: BatchLifecycle
        var waiters = PartitionWaiters()
        var readHints = ReadHints()
        /// Swaps of segments so far: what was read before one does not go with what is read after it.
        var compactionCount = 0

        var sizeBytes: Int64 { self.layout.sizeBytes + self.state.tail.unstoredBytes }

        init(
            partition: TopicPartition,
            settings: LogSettings,
            availability: PartitionState.Availability,
            recovered: RecoveredPartition
        ) {
            self.state = PartitionState(
                partition: partition,
                settings: settings,
                availability: availability,
                logStart: recovered.logStart,
                stored: recovered.stored,
                forcedEnd: recovered.recoveryPoint,
                quarantine: recovered.quarantine,
                gapsBefore: recovered.cleaned.gapsBefore
            )
            self.layout = recovered.layout
            self.lifecycle = BatchLifecycle(hasFailed: recovered.failure != nil)
        }
    }

    /// What the I/O threads work on.
    struct Files {
        var folder: Directory
        var hasFolder: Bool
        /// With what `pending` brings, while there is one.
        var stored: StoredState
        var planner: SegmentPlanner
        /// The segment that grows; `nil` before the first batch.
        var active: SegmentFiles?
        /// Blocks of the active segment are reserved up to here.
        var reservedEnd: Int64 = 0
        /// Entries of the active segment that its index files do not have yet.
        var unwrittenIndex = UnwrittenIndex()
        var unforced: Unforced
        /// Producer snapshots in the folder, by offset.
        var snapshots: [Offset] = []
        /// A write that met a full disk and is tried again.
        var pending: PendingWrite?
        /// The end of what came from the salvage file of an earlier run; it goes once that is forced.
        var salvageEnd: Offset?
        var reportedIndexDamage = false
        /// Which segments compaction wrote.
        var cleaned: CleanedSegments
        /// Names of segments are being changed; nobody else may.
        var isSwapping = false
        /// `false` while the start could not look at the folder.
        var wasOpened: Bool
        /// Offsets that the recovery has yet to bring or to give up, see `RecoveredPartition`. No checkpoint is made
        /// before.
        var promised: RecoveredPartition.Promised?
        /// Files with what the recovery cut off.
        var setAside: [String]
        var keepsSetAside: Bool

        init(_ recovered: RecoveredPartition) {
            self.folder = recovered.folder
            self.hasFolder = recovered.hasFolder
            self.stored = recovered.stored
            self.planner = recovered.planner
            // Damage at its end makes the last segment a closed one.
            self.active = recovered.planner.active == nil ? nil : recovered.layout.segments.last?.files
            self.unwrittenIndex = recovered.unwrittenIndex
            self.unforced = recovered.unforced
            self.snapshots = recovered.snapshots
            self.cleaned = recovered.cleaned
            self.wasOpened = recovered.wasOpened
            self.promised = recovered.promised
            self.setAside = recovered.setAside
            self.keepsSetAside = recovered.keepsSetAside
        }
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
        recovered: RecoveredPartition
    ) {
        self.partition = partition
        self.topicName = topicName
        self.engine = engine
        self.head = Mutex(
            Head(
                partition: partition,
                settings: settings,
                availability: availability,
                recovered: recovered
            )
        )
        self.files = Mutex(Files(recovered))
    }

    var salvageName: String { FileNames.salvage(topic: self.topicName, partition: self.partition) }

    /// For messages.
    var name: String { FileNames.folder(topic: self.topicName, partition: self.partition.partition) }

    package var offsets: LogOffsets { self.head.withLock { $0.state.offsets } }

    package var sizeBytes: Int64 { self.head.withLock { $0.sizeBytes } }

    /// Storage failed: the partition is offline and takes no appends, and its files are not touched any more, also when
    /// `availability` changes at the end.
    package var hasFailed: Bool { self.head.withLock { $0.lifecycle.hasFailed } }

    /// Whether the files may be written: the partition has neither failed nor been deleted.
    var mayWrite: Bool { self.head.withLock { $0.lifecycle.isServing } }

    package var producers: [ProducerStateSnapshot] {
        let table = self.head.withLock { $0.state.producers }
        return table.sorted.map { id, entry in ProducerStateSnapshot(id, entry) }
    }

    package func producerState(of id: ProducerID) -> ProducerStateSnapshot? {
        self.head.withLock { $0.state.producers[id] }.map { ProducerStateSnapshot(id, $0) }
    }

    package func endOffset(for epoch: LeaderEpoch) -> (epoch: LeaderEpoch, endOffset: Offset)? {
        self.head.withLock { $0.state.epochs.endOffset(for: epoch, logEnd: $0.state.highWatermark) }
    }

    package func leaderEpoch(at offset: Offset) -> LeaderEpoch? {
        self.head.withLock { $0.state.epochs.epoch(at: offset) }
    }

    package func update(_ settings: LogSettings) {
        let awaitsForcing = self.head.withLock { head -> Bool in
            head.state.update(settings)
            return head.state.awaitsForcingForJournal
        }
        if awaitsForcing { self.engine.requestCheckpoint() }
    }

    @discardableResult
    package func setSealed(_ isSealed: Bool) -> Offset {
        self.head.withLock { head in
            head.state.isSealed = isSealed
            return head.state.logEnd
        }
    }

    package func deleteRecords(before offset: Offset) throws(LogError) -> Offset {
        var wakeups = Wakeups()
        let result = self.head.withLock { head -> Result<Offset, LogError> in
            do throws(LogError) {
                if try head.state.deleteRecords(before: offset) { head.collectAllReads(&wakeups) }
                return .success(head.state.logStart)
            } catch {
                return .failure(error)
            }
        }
        wakeups.send()
        return try result.get()
    }

    package func addReadWaiter(_ waiter: ReadWaiter, after offset: Offset, isolation: IsolationLevel) -> Bool {
        var wakeups = Wakeups()
        let isRegistered = self.head.withLock { head -> Bool in
            head.waiters.addRead(waiter, after: offset, isolation: isolation, head.state, &wakeups)
        }
        wakeups.send()
        return isRegistered
    }

    package func removeReadWaiter(_ waiter: ReadWaiter) {
        self.head.withLock { $0.waiters.removeRead(waiter) }
    }

    /// Ends the partition's service for good and tells everybody who waits.
    func end(_ availability: PartitionState.Availability, error: LogError) {
        var wakeups = Wakeups()
        self.head.withLock { head in
            head.state.makeAvailable(availability)
            head.failAppends(error, &wakeups)
            head.collectAllReads(&wakeups)
        }
        wakeups.send()
    }

    /// A file could not be read. That takes nothing out of service: damaged offsets have answers of their own, an index
    /// is needed for few reads, and for want of descriptors or memory the same read may succeed a moment later.
    ///
    /// - Returns: what to answer.
    func readFailed(_ error: FileError) -> LogError {
        if !error.isRetriable { self.engine.reportUnreadable(error, of: self) }
        return LogError(error)
    }

    /// Storage failed: the partition answers with this until the process restarts.
    func goOffline(_ error: LogError) {
        let isNews = self.head.withLock { $0.lifecycle.failed() }
        if isNews {
            self.engine.logger.error(
                "partition is offline",
                metadata: ["partition": "\(self.name)", "error": "\(error.message)"]
            )
        }
        self.end(.offline(error), error: error)
        // Its part of the journal must go elsewhere before the ring is full.
        self.engine.requestCheckpoint()
    }
}

extension FilePartitionLog.Head {
    /// Gathers everybody whom the high watermark or the log start offset concerns.
    mutating func collect(_ wakeups: inout Wakeups) { self.waiters.collect(self.state, &wakeups) }

    mutating func collectAllReads(_ wakeups: inout Wakeups) { self.waiters.collectAllReads(&wakeups) }

    mutating func failAppends(_ error: LogError, _ wakeups: inout Wakeups) {
        self.waiters.failAppends(error, &wakeups)
    }
}
