internal import LogCore
internal import LogObjects
internal import Logging
internal import Metadata
internal import Model
internal import NIOCore
internal import ObjectStore
internal import Synchronization
internal import Threads

/// Who learns what became of flushes. Called on the flush thread, without a lock.
protocol FlushOutcomes: AnyObject, Sendable {
    func committed(_ flush: CommittedFlush)
    /// Uploads or transactions fail one after the other, or are carried out again: who waits for room waits in vain.
    func stalled(_ isStalled: Bool)
    /// Nothing more is committed under this incarnation.
    func fenced(_ reason: String)
}

/// Takes appended batches from event loops and has them committed: the shell around `FlushAssembler` and
/// `CommitPipeline`.
///
/// Event loops put batches into the assembler, under `intake`. One thread, *flush*, owns the pipeline: it computes the
/// checksums of sealed flushes, starts uploads and transactions as tasks, which post their ends as events, and keeps
/// the timers. Transactions that compare the ownership key go through one lane, one at a time (`FlushLoop`).
final class FlushDriver: Sendable {
    enum Event: Sendable {
        case uploaded(sequence: Int64, attempt: Int, latency: Duration)
        case uploadFailed(sequence: Int64, attempt: Int, ObjectStoreError)
        case commitAnswered(CommitDecision, ownership: MetadataError?)
        case maintenanceAnswered(Result<MetadataOutcome, MetadataError>)
        case maintenance(MaintenanceRequest)
        case drain(@Sendable (Bool) -> Void)
        /// Commit records were removed: so many are left.
        case recordsLeft(Int)
        case fenced(String)
        case end
    }

    /// What event loops and tasks hand over to the thread.
    struct Intake {
        var assembler: FlushAssembler
        /// When the open flush wants `timerFired`.
        var deadline: Duration?
        var taken: [TakenFlush] = []
        var events: [Event] = []
        /// Nothing is uploaded or committed.
        var isIdle = true
        /// The pipeline is full: flushes are sealed by size only.
        var isCongested = false
        /// What appends are refused with once nothing is committed any more.
        var refusal: LogError?
        /// The thread has ended: events are answered by who posts them.
        var hasEnded = false
        var isSleeping = false
        var wakeAt: Duration = .zero
    }

    let writer: Incarnation
    let settings: ObjectEngineSettings
    let metadata: any MetadataStore
    let objects: any ObjectStore
    let time: any TimeSource
    let logger: Logger
    let intake: Mutex<Intake>
    let wake: any ThreadSemaphore
    let outcomes = Mutex<(any FlushOutcomes)?>(nil)
    private let thread = Mutex<(any RunningThread)?>(nil)
    /// Ends without touching etcd or the store, as a crash would; for tests.
    let isAbandoned = Atomic<Bool>(false)
    let counts = FlushCounts()

    init(
        writer: Incarnation,
        settings: ObjectEngineSettings,
        metadata: any MetadataStore,
        objects: any ObjectStore,
        time: any TimeSource,
        threads: any ThreadScheduler,
        logger: Logger
    ) {
        self.writer = writer
        self.settings = settings
        self.metadata = metadata
        self.objects = objects
        self.time = time
        self.logger = logger
        self.wake = threads.makeSemaphore()
        self.intake = Mutex(Intake(assembler: FlushAssembler(writer: writer, settings: settings.flush)))
    }

    /// Starts the thread. Once.
    func start(ownershipRevision: MetadataRevision, outcomes: any FlushOutcomes, on threads: any ThreadScheduler) {
        self.outcomes.withLock { $0 = outcomes }
        let thread = threads.start(name: "flush") {
            let loop = FlushLoop(self, ownershipRevision: ownershipRevision)
            while loop.turn() {}
        }
        self.thread.withLock { $0 = thread }
    }

    var now: Duration { .nanoseconds(self.time.monotonicNanoseconds) }

    /// Takes batches that have their offsets. Called under the partition's head lock, so that the order is that of the
    /// offsets.
    ///
    /// - Throws: `.closed` when nothing is committed any more; nothing was taken then.
    func append(
        _ partition: TopicPartition,
        leaderEpoch: LeaderEpoch,
        batches: [ByteBuffer],
        summaries: [BatchSummary],
        isUrgent: Bool
    ) throws(LogError) {
        let now = self.now
        let (refusal, mustWake) = self.intake.withLock { intake -> (LogError?, Bool) in
            if let refusal = intake.refusal { return (refusal, false) }
            let wasTaken = intake.assembler.leaderEpoch(of: partition).map { $0 != leaderEpoch } ?? false
            if wasTaken { intake.takeOpenFlush() }
            let action = intake.assembler.appended(
                partition,
                leaderEpoch: leaderEpoch,
                batches: batches,
                summaries: summaries,
                isUrgent: isUrgent,
                isIdle: intake.isIdle,
                now: now
            )
            let mustWake = intake.follow(action)
            return (nil, mustWake || (wasTaken && intake.mustWake()))
        }
        if mustWake { self.wake.signal() }
        if let refusal { throw refusal }
    }

    func post(_ event: Event) {
        let (hasEnded, mustWake) = self.intake.withLock { intake -> (Bool, Bool) in
            if intake.hasEnded { return (true, false) }
            intake.events.append(event)
            return (false, intake.mustWake())
        }
        if mustWake { self.wake.signal() }
        if hasEnded { event.refuse() }
    }

    /// Has everything appended so far committed.
    ///
    /// - Returns: `false` when that can never be.
    func drain() async -> Bool {
        await withCheckedContinuation { continuation in
            self.post(.drain { continuation.resume(returning: $0) })
        }
    }

    /// Runs a transaction of the owner's beside its commits, see `MaintenanceRequest`.
    func run(_ request: @Sendable (@escaping MaintenanceRequest.Completion) -> MaintenanceRequest) async
        -> MaintenanceRequest.Decision
    {
        await withCheckedContinuation { continuation in
            self.post(.maintenance(request { continuation.resume(returning: $0) }))
        }
    }

    /// Ends the thread; what is not committed is refused. Blocking; once, and not from the thread itself.
    func end() {
        self.post(.end)
        let thread = self.thread.withLock { $0.take() }
        thread?.join()
        self.outcomes.withLock { $0 = nil }
    }
}

extension FlushDriver.Event {
    /// Answers who waits for it, once nothing is committed any more.
    func refuse() {
        switch self {
        case .drain(let completion): completion(false)
        case .maintenance(let request): request.completion(.fenced)
        default: break
        }
    }
}

extension FlushDriver.Intake {
    /// Carries out what the assembler says.
    ///
    /// - Returns: whether the thread must be woken.
    mutating func follow(_ action: FlushAssembler.Action) -> Bool {
        switch action {
        case .wait: return false
        case .setTimer(let moment):
            self.deadline = moment
            guard self.isSleeping, moment < self.wakeAt else { return false }
            return self.mustWake()
        case .seal:
            self.takeOpenFlush()
            return self.mustWake()
        }
    }

    mutating func takeOpenFlush() {
        self.deadline = nil
        if let flush = self.assembler.take() { self.taken.append(flush) }
    }

    mutating func mustWake() -> Bool {
        defer { self.isSleeping = false }
        return self.isSleeping
    }
}

/// A transaction by which the owner changes heads, or removes commit records. It holds as long as the incarnation owns
/// its partitions, and happens once: it rewrites the ownership key with the same value, so that a copy that a network
/// delivers late fails its compare, as do copies of commits that came before.
struct MaintenanceRequest: Sendable {
    typealias Completion = @Sendable (Decision) -> Void

    enum Decision: Sendable, Equatable {
        /// At this revision.
        case done(MetadataRevision)
        /// One of its own compares failed; nothing was done.
        case conflict
        /// The incarnation is fenced, or the engine ends; nothing was done, or it is not known.
        case fenced
    }

    /// Beside that of the ownership key.
    var compares: [MetadataCompare]
    var operations: [MetadataOperation]
    var completion: Completion
}
