package import LogCore
package import Logging
package import Model
package import NIOCore
internal import Synchronization
internal import Threads

/// The local log engine: partitions as folders in Kafka's layout, made durable by one shared journal.
///
/// Threads, all of the engine's own: the *journal* writes rounds and tells waiters; the *writer* puts durable batches
/// into segments through the page cache; *readers* serve what memory does not hold; the *keeper* forces segments at
/// checkpoints, removes deleted folders and tries stalled writes again; *cleaners* compact. Batches that skip the
/// journal are mostly written by the event loops that appended them (`LoopWrites`).
///
/// Life: `FileLogEngine.start` gives a `RecoveringFileEngine`, whose `finish` opens every partition that the metadata
/// knows, replays the journal and gives the engine. In the end `close`.
package final class FileLogEngine: LogEngine {
    let directory: DataDirectory
    package let settings: EngineSettings
    let environment: EngineEnvironment
    let logger: Logger
    let budget: Budget
    let openFiles: OpenFiles
    let cachedLogs: CachedLogs
    let loopWrites: LoopWrites
    let journal: Journal
    /// A job is a partition with something to write.
    let writer: IOThread<FilePartitionLog>
    let readers: [IOThread<ReadJob>]
    private let nextReader = Atomic<Int>(0)
    private let readRelief = ReliefQueue()
    let registry = Mutex(Registry())
    let points: Mutex<Points>
    let retained = Mutex(RetainedTail())
    let gathered = Mutex(GatheredWrites())
    let keeperState = Mutex(KeeperState())
    let wakeKeeper: any ThreadSemaphore
    /// Held while a checkpoint runs: by the keeper, `release` or `close`.
    let checkpointing: WorkLock
    let deletions = Mutex(Deletions())
    let damageReports = Mutex(DamageReports())
    let cleaner: LogCleaner
    let scrubber: Scrubber
    let deletedBytes = DeletedBytes()
    private let keeper = Mutex<(any RunningThread)?>(nil)
    /// The end of what the journal has answered and the writer knows.
    let answeredEnd: Mutex<JournalPosition>
    let roundAnswered: any ThreadSemaphore
    /// Set when the recovery points are lost: the first offset that the journal has of each partition.
    let journalEvidence = Mutex<[TopicPartition: Offset]?>(nil)
    /// Logs that the end of the recovery has to look after: offsets were promised, or files set aside.
    let unsettled = Mutex<[FilePartitionLog]>([])
    private let journalFailure = Mutex(JournalFailure())
    /// Threads stop without touching a file; for tests of a crash.
    let isAbandoned = Atomic<Bool>(false)

    struct Registry {
        var logs: [TopicPartition: FilePartitionLog] = [:]
        var opening: Set<TopicPartition> = []
        /// The journal was replayed; no checkpoint is made before.
        var isRecovered = false
        var isClosed = false
        /// `release` waits for the journal's answers.
        var isReleasing = false
    }

    struct Points {
        var recovery: OffsetCheckpoint
        var logStarts: OffsetCheckpoint
        var producers: ProducerCheckpoint
        /// Where compaction ended.
        var cleaner: OffsetCheckpoint
        /// A file lacks a change that a later topic of the same name must not see undone.
        var isRecoveryStale = false
        var areLogStartsStale = false
        var isCleanerStale = false
    }

    /// Nothing is acknowledged any more until the process starts again.
    private struct JournalFailure {
        var reason: String?
        var observers: [@Sendable (String) -> Void] = []
    }

    struct ReadJob: Sendable {
        var run: @Sendable () -> Void
    }

    /// Hands the journal's callbacks to the engine, which does not exist yet when the journal is opened.
    private final class Relay: Sendable {
        let engine = Mutex<FileLogEngine?>(nil)
        var current: FileLogEngine? { self.engine.withLock { $0 } }
    }

    /// Locks and checks the data directory, reads its checkpoints and opens the journal. Blocking.
    ///
    /// - Parameters:
    ///   - path: created when it does not exist.
    ///   - properties: who owns the directory; one that belongs to another node or cluster is refused.
    /// - Throws: `.storage` with a message of one line, also for a directory of a newer program.
    package static func start(
        path: String,
        properties: DirectoryProperties,
        settings: EngineSettings = EngineSettings(),
        environment: EngineEnvironment = .system,
        logger: Logger
    ) throws(LogError) -> RecoveringFileEngine {
        let directory = try DataDirectory.open(
            path: path,
            properties: properties,
            settings: settings,
            environment: environment,
            logger: logger
        )
        let relay = Relay()
        var journalSettings = settings.journal
        // The budget refuses first, before offsets are assigned.
        journalSettings.queueBytesMax = max(
            journalSettings.queueBytesMax,
            Int(clamping: settings.unwrittenBytesMax * 2 + (128 << 20))
        )
        let opened: (journal: Journal, replay: JournalReplay)
        do throws(JournalError) {
            opened = try Journal.open(
                directory: directory.root.directory(FileNames.journal),
                settings: journalSettings,
                environment: environment,
                logger: logger,
                beforeFirstFile: { () throws(FileError) in try directory.makeDurable() },
                onRound: { round in relay.current?.answered(round) },
                onCheckpointWanted: { relay.current?.requestCheckpoint() }
            )
        } catch {
            throw LogError(.storage, error.description)
        }
        let engine = FileLogEngine(
            directory: directory,
            settings: settings,
            environment: environment,
            logger: logger,
            journal: opened.journal
        )
        relay.engine.withLock { $0 = engine }
        engine.startKeeper()
        return RecoveringFileEngine(engine, opened.replay)
    }

    private init(
        directory: DataDirectory,
        settings: EngineSettings,
        environment: EngineEnvironment,
        logger: Logger,
        journal: Journal
    ) {
        self.directory = directory
        self.settings = settings
        self.scrubber = Scrubber(settings, on: environment.threads)
        self.environment = environment
        self.wakeKeeper = environment.threads.makeSemaphore()
        self.roundAnswered = environment.threads.makeSemaphore()
        self.checkpointing = WorkLock(on: environment.threads)
        self.logger = logger
        self.journal = journal
        self.answeredEnd = Mutex(journal.end)
        self.points = Mutex(
            Points(
                recovery: directory.recoveryPoints,
                logStarts: directory.logStarts.offsets,
                producers: directory.producers,
                cleaner: directory.cleanerOffsets.offsets,
                // The files that are written after it vouch for its having been there.
                isRecoveryStale: directory.needsRecoveryPoints,
                areLogStartsStale: directory.logStarts.needsWriting,
                isCleanerStale: directory.cleanerOffsets.needsWriting
            )
        )
        let descriptorsMax = environment.disk.raiseOpenFilesLimit()
        self.openFiles = OpenFiles(
            countMax: descriptorsMax > 0 ? min(settings.openFilesMax, descriptorsMax / 4) : settings.openFilesMax
        )
        self.cachedLogs = CachedLogs(settings.pageCache)
        self.loopWrites = LoopWrites(longMilliseconds: settings.loopWriteMillisecondsMax)
        self.budget = Budget(unwrittenBytesMax: settings.unwrittenBytesMax)
        self.cleaner = LogCleaner(settings.cleaner, environment)
        let threads = environment.threads
        self.writer = IOThread(name: "log-writer", capacity: max(1, settings.writeQueueMax), on: threads) { logs in
            for log in logs { log.engine.writeFromQueue(log) }
        }
        let readRelief = self.readRelief
        self.readers = (0..<max(1, settings.readerCount)).map { number in
            IOThread(name: "log-reader-\(number)", capacity: settings.readQueueMax, on: threads) { jobs in
                // The queue is empty now.
                readRelief.roomAppeared()
                for job in jobs { job.run() }
            }
        }
    }

    private func startKeeper() {
        let thread = self.environment.threads.start(name: "log-keeper") { self.keep() }
        self.keeper.withLock { $0 = thread }
    }

    func joinKeeper() {
        let thread = self.keeper.withLock { $0.take() }
        thread?.join()
    }

    var time: any TimeSource { self.environment.time }

    var journalEntryBytesMax: Int { self.journal.entryBytesMax }

    func appendToJournal(_ entry: JournalEntry) -> JournalAppendOutcome { self.journal.append(entry) }

    func resumeJournal(_ log: FilePartitionLog) { self.journal.resume(log) }

    /// Partitions that are open.
    var logs: [FilePartitionLog] { self.registry.withLock { Array($0.logs.values) } }

    /// Who owns the data directory, as its `meta.properties` says.
    package var properties: DirectoryProperties { self.directory.properties }

    /// Bytes that are assigned but not in a segment yet, of all partitions. An early sign of a slow disk.
    package var unwrittenBytes: Int64 { self.budget.unwrittenBytes }

    package var isCongested: Bool { self.budget.isCongested }

    package func onRelief(on eventLoop: any EventLoop, _ action: @escaping @Sendable () -> Void) {
        self.budget.onRelief(on: eventLoop, action)
    }
}

// MARK: - Failure

extension FileLogEngine {
    /// Why nothing is acknowledged any more until the process starts again; `nil` while the journal works.
    package var failure: String? { self.journalFailure.withLock { $0.reason } }

    /// Calls `observer` once, when the journal has failed; at once, if it has. On any thread.
    package func onFailure(_ observer: @escaping @Sendable (_ reason: String) -> Void) {
        let reason = self.journalFailure.withLock { failure -> String? in
            if failure.reason == nil { failure.observers.append(observer) }
            return failure.reason
        }
        if let reason { observer(reason) }
    }

    func failed(_ reason: String) {
        let observers = self.journalFailure.withLock { failure -> [@Sendable (String) -> Void] in
            if failure.reason == nil { failure.reason = reason }
            defer { failure.observers = [] }
            return failure.observers
        }
        for observer in observers { observer(reason) }
    }
}

// MARK: - Reading

extension FileLogEngine {
    /// See `LogEngine.perform`. When every reader's queue is full, `completion` runs on the calling thread.
    package func perform(
        _ reads: [DeferredRead],
        completion: @escaping @Sendable ([Result<FetchedRecords, LogError>]) -> Void
    ) {
        let job = ReadJob {
            completion(
                reads.map { read in
                    Result { () throws(LogError) in
                        guard let log = read.log as? FilePartitionLog else {
                            throw LogError(.storage, "the log belongs to another engine")
                        }
                        return try log.readFile(read.request)
                    }
                }
            )
        }
        if !self.submit(job) {
            completion(reads.map { _ in .failure(Self.readersBusy) })
        }
    }

    /// See `LogEngine.findOffsets`. When every reader's queue is full, `completion` runs on the calling thread.
    package func findOffsets(
        _ searches: [OffsetSearch],
        completion: @escaping @Sendable ([Result<TimestampedOffset?, LogError>]) -> Void
    ) {
        let work = OffsetSearches(searches, completion: completion)
        if !self.submit(ReadJob { self.work(on: work) }) { work.refuse(Self.readersBusy) }
    }

    /// Carries out a few searches, and has the reads that wait go before the others.
    private func work(on searches: OffsetSearches) {
        repeat {
            if searches.doTurn() { return }
        } while !self.submit(ReadJob { self.work(on: searches) })
    }

    private static let readersBusy = LogError(.readersBusy, "too many reads wait")

    package func onReadRelief(on eventLoop: any EventLoop, _ action: @escaping @Sendable () -> Void) {
        self.readRelief.wait(on: eventLoop, action) { self.readers.contains { $0.depth < $0.capacity } }
    }

    private func submit(_ job: ReadJob) -> Bool {
        let first = self.nextReader.add(1, ordering: .relaxed).newValue
        for step in 0..<self.readers.count {
            if self.readers[((first & (Int.max >> 8)) + step) % self.readers.count].submit(job) { return true }
        }
        return false
    }

    package func applyRetention(now: Timestamp) {
        let expired = self.logs.sorted { $0.isBefore($1) }.map { ($0, $0.expire(now: now)) }.filter { !$1.isEmpty }
        if expired.isEmpty || self.isAbandoned.load(ordering: .relaxed) { return }
        // On a full disk the segments go all the same: they are what makes the room.
        let error = self.saveLogStarts()
        for (log, segments) in expired { log.remove(segments) }
        // And then there may be room for the offsets.
        if error != nil, let error = self.saveLogStarts() {
            self.logger.error("log start offsets are not durable yet", metadata: ["error": "\(error.message)"])
        }
    }
}
