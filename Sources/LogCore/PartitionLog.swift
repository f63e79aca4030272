package import Model
package import NIOCore
package import RecordBatch

/// One partition's log as the broker sees it, independent of the engine that stores it.
///
/// An append has two moments: *assigned* (the offsets are fixed, in order, in memory; `append` returns) and
/// *durable* (`DurabilityWaiter` is told). Readers see only what is durable: `highWatermark` follows durability.
/// A durable moment may be 100 ms away (object engine), so nothing may assume that it follows soon.
///
/// Thread-safe; every method returns without I/O unless it says otherwise.
package protocol PartitionLog: AnyObject, Sendable {
    var partition: TopicPartition { get }

    /// Offsets at this moment, read together.
    var offsets: LogOffsets { get }

    /// Assigns offsets to validated batches and hands them to the engine.
    ///
    /// - Parameter batches: whole v2 batches back to back, as `RecordBatchValidation` passed them. Record bytes
    ///   are kept by reference; base offset, leader epoch and, for LogAppendTime, timestamps are patched by the engine.
    /// - Parameter waiter: told once on its event loop when the last record is durable (or can never be);
    ///   `nil` for acks=0. Not told if this throws.
    func append(
        _ batches: ValidatedBatches,
        options: AppendOptions,
        waiter: (any DurabilityWaiter)?
    ) throws(LogError) -> AppendResult

    /// Plans a read and serves it at once when memory holds the data.
    ///
    /// A `.deferred` read is passed to `LogEngine.perform`, which carries it out where it may wait.
    func read(_ request: ReadRequest) throws(LogError) -> ReadStep

    /// Registers a one-shot waiter that fires when the read limit of `isolation` passes `offset`, the log start
    /// offset passes it, or the log closes. Fires at once when that already holds.
    ///
    /// - Returns: `false` when too many wait for this partition: the waiter will not fire for it, and its owner looks
    ///   again at a deadline of its own.
    @discardableResult
    func addReadWaiter(_ waiter: ReadWaiter, after offset: Offset, isolation: IsolationLevel) -> Bool

    /// Removes a waiter; does nothing when it has fired.
    func removeReadWaiter(_ waiter: ReadWaiter)

    /// Moves the log start offset up (DeleteRecords). `-1` means the high watermark. Returns the new log start offset,
    /// which is durable after `LogEngine.persistLogStarts`.
    func deleteRecords(before offset: Offset) throws(LogError) -> Offset

    /// Applies changed topic settings from the next append on.
    func update(_ settings: LogSettings)

    /// Refuses what clients append with `.sealed`, or takes it again. Coordinators still write: they end the
    /// transactions that are open. Lasts as long as this value; who opens a log seals it again.
    ///
    /// - Returns: the end of the log at that moment. While it is sealed, what comes after it is a coordinator's.
    @discardableResult
    func setSealed(_ isSealed: Bool) -> Offset

    /// Producers with state in this partition (DescribeProducers).
    var producers: [ProducerStateSnapshot] { get }

    /// What the partition knows of one producer, the appends that are not durable yet included.
    func producerState(of id: ProducerID) -> ProducerStateSnapshot?

    /// The end offset of the last epoch that is not larger than `epoch` (OffsetForLeaderEpoch); `nil` when unknown.
    func endOffset(for epoch: LeaderEpoch) -> (epoch: LeaderEpoch, endOffset: Offset)?

    /// The leader epoch that wrote `offset`, or `nil` when unknown.
    func leaderEpoch(at offset: Offset) -> LeaderEpoch?

    /// Bytes that the partition occupies.
    var sizeBytes: Int64 { get }

    /// What readers are refused, in offset order.
    var damagedRanges: [DamagedRange] { get }
}

extension PartitionLog {
    /// A log that finds no damage.
    package var damagedRanges: [DamagedRange] { [] }

    package func producerState(of id: ProducerID) -> ProducerStateSnapshot? {
        self.producers.first { $0.producerID == id }
    }
}

/// What a broker needs to serve a partition: the log of one that it leads from now on.
package struct LogAcquisition: Sendable {
    package var partition: TopicPartition
    /// For names and messages; the topic's ID identifies the partition.
    package var topicName: String
    package var settings: LogSettings
    /// The leadership under which the log will be written. An engine that several brokers share refuses older ones
    /// from then on.
    package var epoch: LeaderEpoch

    package init(partition: TopicPartition, topicName: String, settings: LogSettings, epoch: LeaderEpoch) {
        self.partition = partition
        self.topicName = topicName
        self.settings = settings
        self.epoch = epoch
    }
}

/// A partition whose topic is gone.
package struct LogDeletion: Sendable, Hashable {
    package var partition: TopicPartition
    package var topicName: String

    package init(partition: TopicPartition, topicName: String) {
        self.partition = partition
        self.topicName = topicName
    }
}

/// Stores partitions. One engine serves a whole broker.
package protocol LogEngine: AnyObject, Sendable {
    /// Takes partitions for their epochs: opens their logs, creating those that do not exist. All at once, so that an
    /// engine can share what it does for them.
    ///
    /// Runs on the caller's executor and may block it: never call it from the shared pool.
    ///
    /// - Returns: one result for each, in order. A partition that failed is offline; the others are not concerned.
    func acquire(_ wanted: [LogAcquisition]) async -> [Result<any PartitionLog, LogError>]

    /// Gives partitions up and keeps their data. Returns when everything that was acknowledged is where the next
    /// leader finds it. Appends under way are completed as they end; then who still waits is told, and every later
    /// call of such a log answers `.closed`. Partitions that are not open are skipped.
    ///
    /// Runs on the caller's executor and may block it, as `acquire`.
    func release(_ partitions: [TopicPartition]) async

    /// Forgets partitions and removes their data in the background; who waits is told `.partitionGone`. Also of
    /// partitions that are not open: what an earlier run left of them goes.
    ///
    /// - Parameter whenCleared: called once, on a thread of the engine, when nothing that is left can be taken for a
    ///   partition any more. Until then a stop leaves them half deleted: ask again after the next start.
    func delete(_ partitions: [LogDeletion], whenCleared: @escaping @Sendable () -> Void) async

    /// Carries out deferred reads away from the event loops, in one crossing for all of them; calls back on a thread
    /// of the engine's. Answers `.readersBusy` for each when the bounded queue is full.
    func perform(_ reads: [DeferredRead], completion: @escaping @Sendable ([Result<FetchedRecords, LogError>]) -> Void)

    /// Finds offsets by timestamp away from the event loops (ListOffsets, AT_TIMESTAMP), in one crossing for all of
    /// them; calls back on a thread of the engine's with one result each, in their order. Many are worked off in turns,
    /// between other reads. Answers `.readersBusy` for each when the bounded queue is full.
    func findOffsets(
        _ searches: [OffsetSearch],
        completion: @escaping @Sendable ([Result<TimestampedOffset?, LogError>]) -> Void
    )

    /// Removes expired data and expired producers of every open partition. Blocking.
    func applyRetention(now: Timestamp)

    /// Makes the log start offsets durable as they are now: deleted records stay deleted. Blocking.
    func persistLogStarts() throws(LogError)

    /// Makes everything appended durable and lets go of all resources. Blocking. Appends fail afterwards.
    func close() throws(LogError)

    /// What the background verification of stored data has done; `nil` when there is none.
    var scrubProgress: ScrubProgress? { get }

    /// Damaged ranges of all partitions that readers are refused now.
    var damagedRangeCount: Int { get }

    /// Whether appends come in faster than they are written, so that a face that can wait should stop reading puts
    /// until `onRelief`. Cheap; ask before each request. Never true while nothing can be written at all: appends then
    /// tell the reason. A caller that appends nevertheless may be answered `.overloaded`.
    var isCongested: Bool { get }

    /// Calls `action` once, on `eventLoop`, when appends may resume; soon, if they may now. Ask `isCongested` again
    /// there: all who wait are told at once.
    func onRelief(on eventLoop: any EventLoop, _ action: @escaping @Sendable () -> Void)

    /// Calls `action` once, on `eventLoop`, when reads that were answered `.readersBusy` may be tried again; soon, if
    /// they may now. All who wait are called at once, and may find the queue full again.
    func onReadRelief(on eventLoop: any EventLoop, _ action: @escaping @Sendable () -> Void)

    /// What compaction has done; `nil` of an engine that does not compact.
    var compactionMetrics: CleanerMetrics? { get }

    /// Changes how compaction works, for runs that begin from now on.
    func update(_ settings: CleanerSettings)

    /// What the engine counts and holds; `nil` of one that does not say.
    var statistics: LogEngineStatistics? { get }

    /// The same of an engine with an object store; `nil` of one without.
    var objectStatistics: ObjectEngineStatistics? { get }
}

extension LogEngine {
    package var compactionMetrics: CleanerMetrics? { nil }

    package var statistics: LogEngineStatistics? { nil }

    package var objectStatistics: ObjectEngineStatistics? { nil }

    package func update(_ settings: CleanerSettings) {}

    package var scrubProgress: ScrubProgress? { nil }

    package var damagedRangeCount: Int { 0 }

    /// An engine whose log start offsets are durable at once.
    package func persistLogStarts() throws(LogError) {}

    /// An engine without a bound of its own.
    package var isCongested: Bool { false }

    package func onRelief(on eventLoop: any EventLoop, _ action: @escaping @Sendable () -> Void) {
        eventLoop.execute(action)
    }

    package func onReadRelief(on eventLoop: any EventLoop, _ action: @escaping @Sendable () -> Void) {
        eventLoop.execute(action)
    }
}

/// Told on its own event loop what became of one append.
package protocol DurabilityWaiter: AnyObject, Sendable {
    var eventLoop: any EventLoop { get }
    /// `nil` when durable. Called once, on `eventLoop`.
    func appendCompleted(_ error: LogError?)
}

package enum IsolationLevel: UInt8, Sendable {
    case readUncommitted = 0
    case readCommitted = 1
}

/// The limits of what a log holds. `logStart ≤ lastStable ≤ highWatermark ≤ logEnd`.
package struct LogOffsets: Sendable, Equatable {
    package var logStart: Offset
    package var lastStable: Offset
    /// End of what is durable: the first offset that readers cannot see.
    package var highWatermark: Offset
    /// End of what is assigned.
    package var logEnd: Offset

    package init(logStart: Offset, lastStable: Offset, highWatermark: Offset, logEnd: Offset) {
        self.logStart = logStart
        self.lastStable = lastStable
        self.highWatermark = highWatermark
        self.logEnd = logEnd
    }
}

/// Who appends, and under which leadership.
package struct AppendOptions: Sendable {
    package enum Origin: Sendable {
        /// A Kafka producer: `max.message.bytes` holds for its batches.
        case client
        /// A put whose records were checked against the stream's record size; the batch around them may be larger.
        case put
        /// A coordinator's internal records or transaction markers.
        case coordinator
    }

    package var origin: Origin
    package var leaderEpoch: LeaderEpoch
    /// Wall clock, for LogAppendTime and roll by time.
    package var now: Timestamp
    /// The moment at which the waiter is called.
    package var acknowledge: Acknowledge
    /// Of a transaction marker: 2 when the coordinator bumps the producer's epoch with each marker (KIP-890), so that
    /// a marker with the current epoch is a late one. Else 0 or 1.
    package var transactionVersion: Int16 = 0

    package enum Acknowledge: Sendable {
        /// acks=1: written to the engine, not yet durable.
        case written
        /// acks=all and every Kinesis put.
        case durable
    }

    package init(origin: Origin, leaderEpoch: LeaderEpoch, now: Timestamp, acknowledge: Acknowledge) {
        self.origin = origin
        self.leaderEpoch = leaderEpoch
        self.now = now
        self.acknowledge = acknowledge
    }
}

package struct AppendResult: Sendable, Equatable {
    package var baseOffset: Offset
    package var lastOffset: Offset
    /// The append time for topics with LogAppendTime, else `-1`.
    package var logAppendTime: Timestamp
    package var logStartOffset: Offset
    /// The batches repeat the producer's last ones (KIP-98): nothing was appended, the offsets are the first ones.
    /// The waiter is still told once the original is durable.
    package var isDuplicate: Bool

    package init(
        baseOffset: Offset,
        lastOffset: Offset,
        logAppendTime: Timestamp,
        logStartOffset: Offset,
        isDuplicate: Bool
    ) {
        self.baseOffset = baseOffset
        self.lastOffset = lastOffset
        self.logAppendTime = logAppendTime
        self.logStartOffset = logStartOffset
        self.isDuplicate = isDuplicate
    }
}

package struct ReadRequest: Sendable {
    package var offset: Offset
    /// Bytes wanted at most. The first batch is returned whole even when it is larger, if `atLeastOneBatch`.
    package var bytesMax: Int
    package var atLeastOneBatch: Bool
    package var isolation: IsolationLevel
    /// The batches go to a client as they are, and nobody here decodes them: `LogSettings.verifiesFetches` says whether
    /// their checksums are looked at. Those of all other reads are.
    package var isForwarded = false

    package init(offset: Offset, bytesMax: Int, atLeastOneBatch: Bool, isolation: IsolationLevel) {
        self.offset = offset
        self.bytesMax = bytesMax
        self.atLeastOneBatch = atLeastOneBatch
        self.isolation = isolation
    }
}

package enum ReadStep: Sendable {
    /// Served from memory, or empty because nothing is there yet.
    case records(FetchedRecords)
    /// Not in memory: pass it to `LogEngine.perform`.
    case deferred(DeferredRead)
}

/// Whole batches in offset order, as slices of what the log holds. The first batch may begin before the
/// requested offset; readers skip.
///
/// A part is either whole batches back to back, or the 61-byte header of one batch whose payload is the next part (the
/// header is the broker's, the payload still lies where it was received). `forEachBatch` knows both.
package struct FetchedRecords: Sendable {
    package var parts: [ByteBuffer]
    package var bytes: Int
    package var offsets: LogOffsets
    /// Aborted transactions that overlap the answer; only for `.readCommitted`.
    package var abortedTransactions: [AbortedTransaction]

    package init(
        parts: [ByteBuffer],
        bytes: Int,
        offsets: LogOffsets,
        abortedTransactions: [AbortedTransaction] = []
    ) {
        self.parts = parts
        self.bytes = bytes
        self.offsets = offsets
        self.abortedTransactions = abortedTransactions
    }
}

package struct AbortedTransaction: Sendable, Equatable {
    package var producerID: ProducerID
    package var firstOffset: Offset

    package init(producerID: ProducerID, firstOffset: Offset) {
        self.producerID = producerID
        self.firstOffset = firstOffset
    }
}

/// A read that has to wait for a disk or a network. It holds nothing open: where the data is, is looked up when it is
/// performed.
package struct DeferredRead: Sendable {
    package var log: any PartitionLog
    package var request: ReadRequest

    package init(log: any PartitionLog, request: ReadRequest) {
        self.log = log
        self.request = request
    }
}

package enum TimestampQuery: Sendable {
    /// The first record whose timestamp is at least this.
    case atOrAfter(Timestamp)
    /// The first record that has the largest timestamp (ListOffsets -3, KIP-734).
    case maximum
}

package struct TimestampedOffset: Sendable, Equatable {
    package var offset: Offset
    package var timestamp: Timestamp
    package var leaderEpoch: LeaderEpoch?

    package init(offset: Offset, timestamp: Timestamp, leaderEpoch: LeaderEpoch?) {
        self.offset = offset
        self.timestamp = timestamp
        self.leaderEpoch = leaderEpoch
    }
}

package struct ProducerStateSnapshot: Sendable, Equatable {
    package var producerID: ProducerID
    package var producerEpoch: ProducerEpoch
    package var lastSequence: Int32
    package var lastTimestamp: Timestamp
    package var coordinatorEpoch: Int32
    package var currentTransactionFirstOffset: Offset?

    package init(
        producerID: ProducerID,
        producerEpoch: ProducerEpoch,
        lastSequence: Int32,
        lastTimestamp: Timestamp,
        coordinatorEpoch: Int32,
        currentTransactionFirstOffset: Offset?
    ) {
        self.producerID = producerID
        self.producerEpoch = producerEpoch
        self.lastSequence = lastSequence
        self.lastTimestamp = lastTimestamp
        self.coordinatorEpoch = coordinatorEpoch
        self.currentTransactionFirstOffset = currentTransactionFirstOffset
    }
}

extension ProducerStateSnapshot {
    /// What a partition remembers of a producer.
    package init(_ id: ProducerID, _ entry: ProducerEntry) {
        self.init(
            producerID: id,
            producerEpoch: entry.epoch,
            lastSequence: entry.lastSequence,
            lastTimestamp: entry.lastTimestamp,
            coordinatorEpoch: entry.coordinatorEpoch,
            currentTransactionFirstOffset: entry.transactionFirstOffset
        )
    }
}
