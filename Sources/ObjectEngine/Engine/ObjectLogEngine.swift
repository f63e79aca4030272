package import LogCore
package import LogObjects
package import Logging
package import Metadata
internal import Model
package import NIOCore
package import ObjectStore
internal import Synchronization
package import Threads

/// The log engine of a cluster: records lie in an object store, what is committed is in etcd, and nothing is on the
/// broker.
///
/// One incarnation of a broker owns partitions. Its batches get their offsets when they are appended; a flush collects
/// those of many partitions, becomes one object, and is part of the log by one transaction that compares the
/// incarnation's ownership key. Then the high watermarks move and waiters are told. Once that compare fails everything
/// is refused, and the process is to exit: another broker has taken over (decision 0063).
///
/// Threads: *flush* (`FlushDriver`); reads, uploads and transactions are tasks on Swift's pool.
package final class ObjectLogEngine: LogEngine, FlushOutcomes {
    package let incarnation: Incarnation
    package let settings: ObjectEngineSettings
    let metadata: any MetadataStore
    let objects: any ObjectStore
    let time: any TimeSource
    let threads: any ThreadScheduler
    let logger: Logger
    let budget: Budget
    let driver: FlushDriver
    let blocks: BlockCache
    let reads: ReadQueue
    let registry = Mutex(Registry())
    let checkpoints: Checkpoints
    let compactions: Compactions
    let deletedTopics = Mutex<Set<TopicID>>([])
    private let retained = Mutex(RetainedTail())
    private let onFenced: @Sendable (String) -> Void

    struct Registry {
        var logs: [TopicPartition: ObjectPartitionLog] = [:]
        var isFenced = false
        var isClosed = false
    }

    /// Committed batches in memory, the oldest first: the write cache of all partitions.
    private struct RetainedTail {
        struct Part {
            var log: ObjectPartitionLog
            var end: Offset
            var bytes: Int64
        }

        var parts = FIFO<Part>()
        var bytes: Int64 = 0
    }

    /// Starts an engine for an incarnation that has its ownership key, in the state `active`.
    ///
    /// - Parameters:
    ///   - ownershipRevision: of the last write to the ownership key, by its owner. From now on only the engine writes
    ///     it, with the same value.
    ///   - onFenced: called once, on a thread of the engine, when another broker has taken over: nothing is
    ///     acknowledged any more, and the process should exit.
    package static func start(
        incarnation: Incarnation,
        ownershipRevision: MetadataRevision,
        metadata: any MetadataStore,
        objects: any ObjectStore,
        settings: ObjectEngineSettings = ObjectEngineSettings(),
        time: any TimeSource = SystemTime.shared,
        threads: any ThreadScheduler = SystemThreads.shared,
        logger: Logger,
        onFenced: @escaping @Sendable (String) -> Void
    ) -> RecoveringObjectEngine {
        let engine = ObjectLogEngine(
            incarnation: incarnation,
            metadata: metadata,
            objects: objects,
            settings: settings,
            time: time,
            threads: threads,
            logger: logger,
            onFenced: onFenced
        )
        engine.driver.start(ownershipRevision: ownershipRevision, outcomes: engine, on: threads)
        engine.checkpoints.start(engine)
        engine.compactions.start(engine)
        return RecoveringObjectEngine(engine)
    }

    /// Creates the ownership key of an incarnation, for those that have nothing else to write in the same transaction.
    ///
    /// - Returns: its revision.
    package static func begin(
        _ incarnation: Incarnation,
        in metadata: any MetadataStore
    ) async throws(MetadataError) -> MetadataRevision {
        let key = EngineKeys.ownership(incarnation)
        let outcome = try await metadata.commit(
            MetadataTransaction(
                compares: [.isMissing(key)],
                success: [.put(key: key, value: OwnershipState.active.value)]
            )
        )
        guard outcome.succeeded else {
            throw MetadataError(.invalidTransaction, "The incarnation \(incarnation) exists already.")
        }
        return outcome.revision
    }

    private init(
        incarnation: Incarnation,
        metadata: any MetadataStore,
        objects: any ObjectStore,
        settings: ObjectEngineSettings,
        time: any TimeSource,
        threads: any ThreadScheduler,
        logger: Logger,
        onFenced: @escaping @Sendable (String) -> Void
    ) {
        self.incarnation = incarnation
        self.settings = settings
        self.metadata = metadata
        self.objects = objects
        self.time = time
        self.threads = threads
        self.logger = logger
        self.onFenced = onFenced
        self.budget = Budget(unwrittenBytesMax: settings.uncommittedBytesMax)
        self.driver = FlushDriver(
            writer: incarnation,
            settings: settings,
            metadata: metadata,
            objects: objects,
            time: time,
            threads: threads,
            logger: logger
        )
        self.blocks = BlockCache(objects, settings)
        self.checkpoints = Checkpoints(settings)
        self.compactions = Compactions(settings.cleaner)
        self.reads = ReadQueue(workersMax: settings.readersMax, jobsMax: settings.readQueueMax)
    }

    /// Committed batches in memory.
    var retainedBytes: Int64 { self.retained.withLock { $0.bytes } }

    /// Partitions that are open.
    var logs: [ObjectPartitionLog] { self.registry.withLock { Array($0.logs.values) } }

    package var damagedRangeCount: Int { self.logs.reduce(0) { $0 + $1.damagedRanges.count } }

    package var isCongested: Bool { self.budget.isCongested }

    package func onRelief(on eventLoop: any EventLoop, _ action: @escaping @Sendable () -> Void) {
        self.budget.onRelief(on: eventLoop, action)
    }

    // MARK: Flushes

    func committed(_ flush: CommittedFlush) {
        var wakeups = Wakeups()
        var bytes: Int64 = 0
        let runs = flush.record.runs
        let logs = self.registry.withLock { registry in runs.map { registry.logs[$0.partition] } }
        for (run, log) in zip(runs, logs) {
            bytes += Int64(run.length)
            log?.committed(run, in: flush.name, &wakeups)
        }
        self.budget.release(bytes)
        self.retain(zip(runs, logs).compactMap { run, log in log.map { ($0, run) } })
        self.checkpoints.committed(flush)
        wakeups.send()
    }

    private func retain(_ runs: [(ObjectPartitionLog, FlushRun)]) {
        let dropped = self.retained.withLock { retained -> [RetainedTail.Part] in
            for (log, run) in runs {
                retained.parts.append(RetainedTail.Part(log: log, end: run.endOffset, bytes: Int64(run.length)))
                retained.bytes += Int64(run.length)
            }
            var dropped: [RetainedTail.Part] = []
            while retained.bytes > self.settings.writeCacheBytesMax, !retained.parts.isEmpty {
                let part = retained.parts.removeFirst()
                retained.bytes -= part.bytes
                dropped.append(part)
            }
            return dropped
        }
        for part in dropped { part.log.head.withLock { _ = $0.state.evict(before: part.end) } }
    }

    /// What cannot be stored now is told to those who append, rather than to have them wait.
    func stalled(_ isStalled: Bool) {
        if isStalled { self.budget.set(.fullDisk) } else { self.budget.clear(.fullDisk) }
    }

    func fenced(_ reason: String) {
        let logs = self.registry.withLock { registry in
            registry.isFenced = true
            return Array(registry.logs.values)
        }
        self.budget.set(.end)
        self.checkpoints.stop()
        self.compactions.stop()
        for log in logs { log.end(.closed, error: LogError(.closed, "another broker has taken over: \(reason)")) }
        self.onFenced(reason)
    }

    // MARK: Reading

    package func perform(
        _ reads: [DeferredRead],
        completion: @escaping @Sendable ([Result<FetchedRecords, LogError>]) -> Void
    ) {
        if reads.isEmpty { return completion([]) }
        let gathering = Gathering(reads.count, completion)
        let jobs = reads.enumerated().map { index, read -> ReadQueue.Job in
            {
                do throws(LogError) {
                    guard let log = read.log as? ObjectPartitionLog else { throw Self.otherEngine }
                    gathering.finish(index, .success(try await log.readStored(read.request)))
                } catch {
                    gathering.finish(index, .failure(error))
                }
            }
        }
        if !self.reads.submit(jobs) { completion(reads.map { _ in .failure(Self.readersBusy) }) }
    }

    package func findOffsets(
        _ searches: [OffsetSearch],
        completion: @escaping @Sendable ([Result<TimestampedOffset?, LogError>]) -> Void
    ) {
        if searches.isEmpty { return completion([]) }
        let gathering = Gathering(searches.count, completion)
        let jobs = searches.enumerated().map { index, search -> ReadQueue.Job in
            {
                do throws(LogError) {
                    guard let log = search.log as? ObjectPartitionLog else { throw Self.otherEngine }
                    let found = try await log.findOffset(search.query, isolation: search.isolation)
                    gathering.finish(index, .success(found))
                } catch {
                    gathering.finish(index, .failure(error))
                }
            }
        }
        if !self.reads.submit(jobs) { completion(searches.map { _ in .failure(Self.readersBusy) }) }
    }

    private static let readersBusy = LogError(.readersBusy, "too many reads wait")
    private static let otherEngine = LogError(.storage, "the log belongs to another engine")

    package func onReadRelief(on eventLoop: any EventLoop, _ action: @escaping @Sendable () -> Void) {
        self.reads.onRelief(on: eventLoop, action)
    }
}
