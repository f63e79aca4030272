internal import LogCore
internal import Model
internal import Synchronization

/// The task that compacts an engine's partitions, one at a time, the dirtiest first.
///
/// It looks at the logs after each checkpoint, since only what checkpoints wrote can be cleaned, and every
/// `log.cleaner.backoff.ms`. A partition whose extents are damaged is left alone until it is acquired the next time; it
/// serves as before.
final class Compactions: Sendable {
    struct State {
        var settings: CleanerSettings
        var inProgress: TopicPartition?
        var uncleanable: [TopicPartition: String] = [:]
        var metrics = CleanerMetrics()
        var lookedAt: Int64 = 0
        var tasks: [Task<Void, Never>] = []
        var hasEnded = false
    }

    let state: Mutex<State>
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    init(_ settings: CleanerSettings) {
        self.state = Mutex(State(settings: settings))
        (self.signals, self.signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Starts the task. Once.
    func start(_ engine: ObjectLogEngine) {
        let signals = self.signals
        let work = Task {
            for await _ in signals {
                while self.isEnabled, await engine.compactDirtiestLog() {}
                if Task.isCancelled { return }
            }
        }
        let timer = Task {
            while !Task.isCancelled {
                let pause = self.state.withLock { min(max(1, $0.settings.backoffMilliseconds), 86_400_000) }
                guard (try? await Task.sleep(for: .milliseconds(pause))) != nil else { return }
                self.wake()
            }
        }
        let hasEnded = self.state.withLock { state in
            state.tasks = [work, timer]
            return state.hasEnded
        }
        if hasEnded { self.stop() }
    }

    private var isEnabled: Bool { self.state.withLock { $0.settings.threadCount > 0 && !$0.hasEnded } }

    /// There may be something to clean.
    func wake() { self.signal.yield() }

    /// A run that is under way ends where it reads or writes next; what it has not swapped in is garbage.
    func stop() {
        let tasks = self.state.withLock { state in
            state.hasEnded = true
            defer { state.tasks = [] }
            return state.tasks
        }
        for task in tasks { task.cancel() }
        self.signal.finish()
    }

    /// Compaction rewrites this partition's extents, so a merge leaves them alone.
    var inProgress: TopicPartition? { self.state.withLock { $0.inProgress } }

    /// A partition is released or gone, and so is what was known of it.
    func forget(_ partition: TopicPartition) { self.state.withLock { $0.uncleanable[partition] = nil } }
}
