package import LogCore
internal import LogObjects
internal import Logging
package import Model
internal import NIOCore
internal import Synchronization

/// One partition of an `ObjectLogEngine`.
///
/// One lock, `head`: it is held for microseconds and never while something is awaited. The flush driver's `intake` may
/// be taken under it, and nothing else.
///
/// What is committed is stored, so the two moments of `PartitionState`, durable and stored, are one here; memory keeps
/// the newest batches all the same, which is the write cache.
package final class ObjectPartitionLog: PartitionLog {
    struct Head: ~Copyable {
        var state: PartitionState
        var waiters = PartitionWaiters()
        /// Where what is stored is.
        var index: StoredIndex
        /// The state up to what is stored, from which checkpoints and successors start.
        var stored: StoredState
        /// All aborted transactions of what is stored, in the order of their markers.
        var aborted: [AbortedTransactions.Entry]
        var hints = StretchHints()
        /// The head that etcd has, as this owner wrote or read it.
        var durable: StoredHead
        /// Runs of owners before that the head does not cover.
        var inherited: [CommittedRun]
        /// Incarnations that the assignment names because of such runs.
        var predecessors: [Incarnation]
        /// The bytes of a section of producers that was read or written last: mostly the head's.
        var producerSnapshot: (section: ObjectSection, bytes: ByteBuffer)?
        /// What compaction has written and is about to swap in.
        var cleaned: CleanedExtent?
        /// Changes when compaction replaced stretches: an answer has what is stored and what is known of aborted
        /// transactions from the same side of it.
        var cleanings = 0

        init(
            partition: TopicPartition,
            settings: LogSettings,
            recovered: RecoveredLog
        ) {
            self.state = PartitionState(
                partition: partition,
                settings: ObjectPartitionLog.effective(settings),
                availability: .online,
                logStart: recovered.logStart,
                stored: recovered.stored,
                forcedEnd: recovered.stored.endOffset
            )
            self.index = recovered.index
            self.stored = recovered.stored
            self.aborted = recovered.aborted
            self.durable = recovered.durable
            self.inherited = recovered.inherited
            self.predecessors = recovered.predecessors
        }
    }

    package let partition: TopicPartition
    let topicName: String
    /// A cycle on purpose: `release` and `close` of the engine end it.
    let engine: ObjectLogEngine
    let head: Mutex<Head>

    init(_ wanted: LogAcquisition, engine: ObjectLogEngine, recovered: RecoveredLog) {
        self.partition = wanted.partition
        self.topicName = wanted.topicName
        self.engine = engine
        self.head = Mutex(Head(partition: wanted.partition, settings: wanted.settings, recovered: recovered))
    }

    /// Every append is committed before it is acknowledged: `flush.messages` means nothing here.
    static func effective(_ settings: LogSettings) -> LogSettings {
        var settings = settings
        settings.flushMessages = 1
        return settings
    }

    /// For messages.
    var name: String { "\(self.topicName)-\(self.partition.partition)" }

    package var offsets: LogOffsets { self.head.withLock { $0.state.offsets } }

    package var sizeBytes: Int64 { self.head.withLock { $0.index.bytes + $0.state.tail.unstoredBytes } }

    package var damagedRanges: [DamagedRange] { self.head.withLock { $0.state.quarantine.ranges } }

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
        self.head.withLock { $0.state.update(Self.effective(settings)) }
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
                if try head.state.deleteRecords(before: offset) { head.logStartMoved(&wakeups) }
                return .success(head.state.logStart)
            } catch {
                return .failure(error)
            }
        }
        wakeups.send()
        return try result.get()
    }

    /// Forgets producers that were silent for long, and moves the log start offset past extents that retention lets go.
    func applyRetention(now: Timestamp) {
        var wakeups = Wakeups()
        self.head.withLock { head in
            let settings = head.state.settings
            head.state.removeExpiredProducers(now: now)
            head.stored.removeExpiredProducers(now: now, age: settings.producerIDExpirationMilliseconds)
            let indexedBytes = head.durable.extents.extents.reduce(0) { $0 + $1.sizeBytes }
            let start = ExtentRetention.logStart(
                head.durable.extents,
                tailBytes: max(0, head.index.bytes - indexedBytes),
                highWatermark: head.state.highWatermark,
                settings: settings,
                now: now
            )
            if let start, head.state.moveLogStart(to: start) { head.logStartMoved(&wakeups) }
        }
        wakeups.send()
    }

    package func addReadWaiter(_ waiter: ReadWaiter, after offset: Offset, isolation: IsolationLevel) -> Bool {
        var wakeups = Wakeups()
        let isRegistered = self.head.withLock { head in
            head.waiters.addRead(waiter, after: offset, isolation: isolation, head.state, &wakeups)
        }
        wakeups.send()
        return isRegistered
    }

    package func removeReadWaiter(_ waiter: ReadWaiter) { self.head.withLock { $0.waiters.removeRead(waiter) } }

    /// Lets go of everything in memory, once the service has ended.
    func forget() {
        self.head.withLock { head in
            head.state.forgetData()
            head.index = StoredIndex()
            head.stored = StoredState(endOffset: head.state.logEnd)
            head.aborted = []
        }
    }

    /// Ends the partition's service for good and tells everybody who waits.
    func end(_ availability: PartitionState.Availability, error: LogError) {
        var wakeups = Wakeups()
        self.head.withLock { head in
            head.state.makeAvailable(availability)
            head.waiters.failAppends(error, &wakeups)
            head.waiters.collectAllReads(&wakeups)
        }
        wakeups.send()
    }
}

extension ObjectPartitionLog.Head {
    /// Nothing before the log start offset is read any more.
    mutating func logStartMoved(_ wakeups: inout Wakeups) {
        let start = self.state.logStart
        _ = self.state.evict(before: start)
        self.index.removeBefore(start)
        self.stored.removeBefore(start)
        self.state.quarantine.removeBefore(start)
        self.aborted.removeFirst(self.aborted.prefix { $0.lastOffset < start }.count)
        self.waiters.collectAllReads(&wakeups)
    }
}

/// Where recent reads of stretches ended, so that a sequential reader needs no search from the beginning of a stretch.
struct StretchHints: Sendable {
    private struct Hint {
        var offset: Offset = -1
        var stretchBase: Offset = -1
        var position = 0
    }

    private var slots = InlineArray<4, Hint>(repeating: Hint())
    private var next = 0

    /// The position of the batch that begins at `offset`, if known.
    func position(of offset: Offset, in stretchBase: Offset) -> Int? {
        for index in self.slots.indices {
            let hint = self.slots[index]
            if hint.offset == offset && hint.stretchBase == stretchBase { return hint.position }
        }
        return nil
    }

    mutating func add(_ offset: Offset, in stretchBase: Offset, position: Int) {
        self.slots[self.next] = Hint(offset: offset, stretchBase: stretchBase, position: position)
        self.next = (self.next + 1) & 3
    }

    /// Stretches were replaced.
    mutating func removeAll() { self = Self() }
}
