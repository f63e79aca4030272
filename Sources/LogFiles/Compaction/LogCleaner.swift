package import LogCore
internal import Logging
package import Model
internal import Synchronization
internal import Threads

/// Compacts the partitions of an engine on threads of its own, the dirtiest one first (decision 0034).
///
/// A partition that cannot be cleaned, because its segments are damaged or a write failed, is left alone until the next
/// start; the others are cleaned. A full disk is tried again.
final class LogCleaner: Sendable {
    struct State {
        var settings: CleanerSettings
        /// By number, those that have ended until their number is wanted again.
        var threads: [Int: any RunningThread] = [:]
        /// Numbers of threads that run; those at or above the settings' count end.
        var running: Set<Int> = []
        /// In the hands of a thread.
        var inProgress: Set<TopicPartition> = []
        var uncleanable: [TopicPartition: String] = [:]
        var metrics = CleanerMetrics()
        var lookedAt: Int64 = 0
        var isStopping = false
    }

    let state: Mutex<State>
    let throttle: Throttle
    private let environment: EngineEnvironment
    private let wakeup: any ThreadSemaphore
    /// Looked at between two pieces of work.
    private let isStopping = Atomic<Bool>(false)
    /// `wakeup` was signalled, and nobody has looked since.
    private let isWoken = Atomic<Bool>(false)

    init(_ settings: CleanerSettings, _ environment: EngineEnvironment) {
        self.state = Mutex(State(settings: settings))
        self.throttle = Throttle(environment)
        self.environment = environment
        self.wakeup = environment.threads.makeSemaphore()
    }

    /// Starts the threads, once the engine's logs are open.
    func start(_ engine: FileLogEngine) {
        let ended = self.state.withLock { state -> [any RunningThread] in
            guard !state.isStopping else { return [] }
            var ended: [any RunningThread] = []
            for number in 0..<state.settings.threadCount where state.running.insert(number).inserted {
                let thread = self.environment.threads.start(name: "log-cleaner-\(number)") {
                    self.work(engine, number)
                }
                if let earlier = state.threads.updateValue(thread, forKey: number) { ended.append(earlier) }
            }
            return ended
        }
        for thread in ended { thread.join() }
    }

    /// Takes changed settings: runs that begin from now on follow them.
    func update(_ settings: CleanerSettings, of engine: FileLogEngine) {
        self.state.withLock { $0.settings = settings }
        self.start(engine)
        self.wake()
    }

    /// There may be something to clean.
    func wake() {
        if !self.isWoken.exchange(true, ordering: .sequentiallyConsistent) { self.wakeup.signal() }
    }

    /// Ends the threads, in the middle of a run if need be: what it has written so far is removed by the next start.
    func stop() {
        self.isStopping.store(true, ordering: .sequentiallyConsistent)
        let threads = self.state.withLock { state -> [any RunningThread] in
            state.isStopping = true
            defer { state.threads = [:] }
            return state.threads.sorted { $0.key < $1.key }.map(\.value)
        }
        for _ in threads { self.wakeup.signal() }
        for thread in threads { thread.join() }
    }

    var isEnding: Bool { self.isStopping.load(ordering: .relaxed) }

    private func work(_ engine: FileLogEngine, _ number: Int) {
        self.environment.threads.lowerPriority()
        while !self.isEnding {
            // One step with the decision, so that a thread that is wanted again meanwhile is started again.
            let settings = self.state.withLock { state -> CleanerSettings? in
                if number < state.settings.threadCount { return state.settings }
                state.running.remove(number)
                return nil
            }
            guard let settings else { return }
            self.isWoken.store(false, ordering: .sequentiallyConsistent)
            if engine.cleanDirtiestLog() { continue }
            _ = self.wakeup.wait(nanosecondsMax: min(max(1, settings.backoffMilliseconds), 86_400_000) * 1_000_000)
        }
        self.state.withLock { _ = $0.running.remove(number) }
    }
}

extension FileLogEngine {
    /// What the cleaner counts.
    package var cleanerMetrics: CleanerMetrics {
        let now = self.time.monotonicMilliseconds
        let open = self.registry.withLock { Set($0.logs.keys) }
        return self.cleaner.state.withLock { state in
            // Partitions that are gone are nobody's concern.
            state.uncleanable = state.uncleanable.filter { open.contains($0.key) }
            var metrics = state.metrics
            metrics.uncleanablePartitions = state.uncleanable.count
            metrics.idleMilliseconds = state.lookedAt == 0 ? 0 : now - state.lookedAt
            return metrics
        }
    }

    package var compactionMetrics: CleanerMetrics? { self.cleanerMetrics }

    /// See `LogEngine.update`.
    package func update(_ settings: CleanerSettings) { self.cleaner.update(settings, of: self) }

    /// Partitions that are not compacted until the next start, and why.
    package var uncleanable: [TopicPartition: String] { self.cleaner.state.withLock { $0.uncleanable } }

    /// Cleans the partition that needs it most. Blocking.
    ///
    /// - Returns: whether to look for another one at once: this one was cleaned, or is found to be uncleanable.
    package func cleanDirtiestLog() -> Bool {
        let now = self.time.wallMilliseconds
        guard let (log, subject) = self.takeDirtiest(now: now) else { return false }
        let settings = self.cleaner.state.withLock { $0.settings }
        let start = self.time.monotonicMilliseconds
        var run = CompactionRun(log, subject, settings: settings, throttle: self.cleaner.throttle, now: now) {
            self.cleaner.isEnding || self.isAbandoned.load(ordering: .relaxed) || !log.mayWrite
        }
        var isDone = false
        var isNewlyUncleanable = false
        do throws(CompactionRun.Stop) {
            let end = try run.run()
            isDone = log.noteCleaned(to: end)
        } catch {
            isNewlyUncleanable = self.stopped(error, log)
        }
        let elapsed = self.time.monotonicMilliseconds - start
        let statistics = run.statistics
        self.cleaner.state.withLock { state in
            state.inProgress.remove(log.partition)
            state.metrics.bytesRead += statistics.bytesRead
            state.metrics.bytesWritten += statistics.bytesWritten
            state.metrics.recordsRead += statistics.recordsRead
            state.metrics.recordsKept += statistics.recordsKept
            guard isDone else { return }
            state.metrics.runs += 1
            state.metrics.runMillisecondsMax = max(state.metrics.runMillisecondsMax, elapsed)
            state.metrics.bufferPercentMax = max(state.metrics.bufferPercentMax, statistics.bufferPercent)
        }
        if isDone { self.report(log, statistics, elapsed) }
        return isDone || isNewlyUncleanable
    }

    /// The partition that needs cleaning most, marked as being cleaned.
    private func takeDirtiest(now: Timestamp) -> (FilePartitionLog, CompactionRun.Subject)? {
        let (busy, uncleanable) = self.cleaner.state.withLock { state in
            state.lookedAt = self.time.monotonicMilliseconds
            return (state.inProgress, Set(state.uncleanable.keys))
        }
        var ratioMax = 0.0
        var overdueMax: Int64 = 0
        var due: [(log: FilePartitionLog, ratio: Double)] = []
        for log in self.logs.sorted(by: { $0.isBefore($1) })
        where !busy.contains(log.partition) && !uncleanable.contains(log.partition) {
            do throws(FileError) {
                guard let plan = try log.compactionPlan(now: now) else { continue }
                ratioMax = max(ratioMax, plan.dirtyRatio)
                overdueMax = max(overdueMax, plan.overdueMilliseconds)
                if plan.isDue { due.append((log, plan.dirtyRatio)) }
            } catch {
                _ = self.stopped(.file(error), log)
            }
        }
        self.cleaner.state.withLock { state in
            state.metrics.dirtyPercentMax = Int(ratioMax * 100)
            state.metrics.overdueMillisecondsMax = overdueMax
        }
        // The first of equals, so that a seeded run repeats itself.
        due.sort { $0.ratio == $1.ratio ? $0.log.isBefore($1.log) : $0.ratio > $1.ratio }
        for (log, _) in due {
            guard self.cleaner.state.withLock({ $0.inProgress.insert(log.partition).inserted }) else { continue }
            // Once more, now that nobody else cleans it.
            if let subject = try? log.compactionSubject(now: now) { return (log, subject) }
            self.cleaner.state.withLock { _ = $0.inProgress.remove(log.partition) }
        }
        return nil
    }

    /// - Returns: whether the partition is uncleanable from now on.
    private func stopped(_ stop: CompactionRun.Stop, _ log: FilePartitionLog) -> Bool {
        let reason: String
        switch stop {
        case .cancelled: return false
        case .uncleanable(let why): reason = why
        case .file(let error):
            if self.cleaner.isEnding || !log.mayWrite { return false }
            if error.isDiskFull || error.isTransient {
                self.logger.warning(
                    "a partition could not be compacted now; it is tried again",
                    metadata: ["partition": "\(log.name)", "error": "\(error)"]
                )
                return false
            }
            reason = error.description
        }
        self.cleaner.state.withLock { $0.uncleanable[log.partition] = reason }
        self.logger.error(
            "a partition is not compacted until the next start; it serves as before",
            metadata: ["partition": "\(log.name)", "reason": "\(reason)"]
        )
        return true
    }

    private func report(_ log: FilePartitionLog, _ statistics: CompactionRun.Statistics, _ milliseconds: Int64) {
        self.logger.debug(
            "compacted",
            metadata: [
                "partition": "\(log.name)", "bytesRead": "\(statistics.bytesRead)",
                "bytesWritten": "\(statistics.bytesWritten)", "recordsRead": "\(statistics.recordsRead)",
                "recordsKept": "\(statistics.recordsKept)", "milliseconds": "\(milliseconds)",
                "segments": "\(statistics.segmentsBefore) to \(statistics.segmentsAfter)",
            ]
        )
        if statistics.keyless > 0 {
            self.logger.warning(
                "compaction removed records without keys",
                metadata: ["partition": "\(log.name)", "records": "\(statistics.keyless)"]
            )
        }
    }
}
