internal import LogObjects
internal import Model
internal import Synchronization

/// Who writes objects for heads. Each of them does one thing at a time, beside the others.
enum MaintenanceJob: Sendable {
    /// And merges, which follow it.
    case checkpoint
    case compaction
    case logStarts
}

/// The window of an incarnation's commit records that are not removed yet, and the task that folds them into heads.
///
/// A checkpoint begins when there are many records, when the oldest has waited long, and when it is asked for. One runs
/// at a time. At `commitRecordsMax` records the flush thread commits nothing more until some are removed.
final class Checkpoints: Sendable {
    /// What a checkpoint did.
    enum Result: Sendable, Equatable {
        case removedRecords
        case nothing
        /// etcd or the store did not do what was asked; it is tried again a second later.
        case failed
    }

    private struct State {
        var window: [CommittedFlush] = []
        /// Partitions whose topics were deleted while this engine had them.
        var deleted: Set<TopicPartition> = []
        var nextObject: Int64 = 0
        /// Objects that were registered, and of which the heads have nothing.
        var unfinished: [CompactedObjectName: MaintenanceJob] = [:]
        var task: Task<Void, Never>?
        var timer: Task<Void, Never>?
        var hasEnded = false
        var runCount = 0
        /// Callers of `run` that the next checkpoint is for, and those whose checkpoint runs.
        var waiting: [CheckedContinuation<Void, Never>] = []
        var served: [CheckedContinuation<Void, Never>] = []
    }

    private let settings: ObjectEngineSettings
    private let state = Mutex(State())
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    init(_ settings: ObjectEngineSettings) {
        self.settings = settings
        (self.signals, self.signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Checkpoints so far.
    var runCount: Int { self.state.withLock { $0.runCount } }
    var window: [CommittedFlush] { self.state.withLock { $0.window } }
    var deletedPartitions: Set<TopicPartition> { self.state.withLock { $0.deleted } }

    /// Starts the task. Once.
    func start(_ engine: ObjectLogEngine) {
        let signals = self.signals
        let signal = self.signal
        let settings = self.settings
        let task = Task {
            for await _ in signals {
                if Task.isCancelled { break }
                self.begin()
                let result = await engine.checkpoint()
                self.finish(result)
                if result == .removedRecords, let merges = settings.merges { await engine.merge(merges) }
                if result == .removedRecords { engine.compactions.wake() }
                guard result == .failed else { continue }
                do {
                    try await Task.sleep(for: .seconds(1))
                } catch {
                    break
                }
            }
        }
        let timer = Task {
            while !Task.isCancelled {
                do {
                    try await Task.sleep(for: settings.checkpointInterval)
                } catch {
                    return
                }
                signal.yield()
            }
        }
        let hasEnded = self.state.withLock { state in
            state.task = task
            state.timer = timer
            return state.hasEnded
        }
        if hasEnded { self.stop() }
    }

    /// A checkpoint that runs is cut short where it waits next; the next owner makes it again.
    func stop() {
        let (task, timer, waiting) = self.state.withLock { state in
            state.hasEnded = true
            defer {
                state.task = nil
                state.timer = nil
                state.waiting = []
                state.served = []
            }
            return (state.task, state.timer, state.waiting + state.served)
        }
        task?.cancel()
        timer?.cancel()
        self.signal.finish()
        for continuation in waiting { continuation.resume() }
    }

    var hasEnded: Bool { self.state.withLock { $0.hasEnded } }

    /// Makes a checkpoint of what is committed now, and waits for its end.
    func run() async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let hasEnded = self.state.withLock { state in
                if !state.hasEnded { state.waiting.append(continuation) }
                return state.hasEnded
            }
            if hasEnded { continuation.resume() } else { self.signal.yield() }
        }
    }

    private func begin() {
        self.state.withLock { state in
            state.runCount += 1
            state.served = state.waiting
            state.waiting = []
        }
    }

    private func finish(_ result: Result) {
        let (served, isFull) = self.state.withLock { state in
            defer { state.served = [] }
            return (state.served, state.window.count >= self.settings.checkpointRecords)
        }
        for continuation in served { continuation.resume() }
        // Those that could not be removed now wait for the next occasion.
        if isFull, result != .nothing { self.signal.yield() }
    }

    func committed(_ flush: CommittedFlush) {
        let isDue = self.state.withLock { state in
            state.window.append(flush)
            return state.window.count == self.settings.checkpointRecords
        }
        if isDue { self.signal.yield() }
    }

    func deleted(_ partitions: [TopicPartition]) {
        self.state.withLock { $0.deleted.formUnion(partitions) }
    }

    /// The first records of the window were removed from etcd.
    ///
    /// - Returns: how many are left.
    func removed(_ count: Int) -> Int {
        self.state.withLock { state in
            state.window.removeFirst(count)
            if state.window.isEmpty { state.deleted = [] }
            return state.window.count
        }
    }

    /// A name for an object that nobody has used.
    func nextName(_ writer: Incarnation, for job: MaintenanceJob) -> CompactedObjectName {
        self.state.withLock { state in
            defer { state.nextObject += 1 }
            let name = CompactedObjectName(writer: writer, number: state.nextObject)
            state.unfinished[name] = job
            return name
        }
    }

    /// Heads have all of an object that they will have.
    func finished(_ names: some Collection<CompactedObjectName>) {
        self.state.withLock { state in for name in names { state.unfinished[name] = nil } }
    }

    /// What was begun and is not ended.
    var unfinished: [CompactedObjectName] { self.state.withLock { $0.unfinished.keys.sorted() } }

    /// What a job has begun and not ended: while it does nothing, what it has given up.
    func unfinished(of job: MaintenanceJob) -> [CompactedObjectName] {
        self.state.withLock { $0.unfinished.filter { $0.value == job }.keys.sorted() }
    }
}
