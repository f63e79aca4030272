internal import NIOCore
internal import Synchronization

/// The owner of what the broker does beside the requests of its callers: acquiring logs, writing notes to the metadata,
/// creating a coordinator's topic. It ends with the broker, within a bound.
final class BackgroundTasks: Sendable {
    private struct State {
        var tasks: [UInt64: Task<Void, Never>] = [:]
        var lastID: UInt64 = 0
        var isEnded = false
        /// Callers of `end`, until the last task has ended.
        var waiters: [Resumption] = []
    }

    private let state = Mutex(State())
    private let eventLoop: any EventLoop

    /// - Parameter eventLoop: its clock bounds the end.
    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    /// Tasks under way.
    var count: Int { self.state.withLock { $0.tasks.count } }

    /// Starts a task, on no particular executor.
    ///
    /// - Returns: `false` once the end has begun; nothing is started then.
    @discardableResult
    func start(_ body: @escaping @Sendable () async -> Void) -> Bool {
        self.state.withLock { state in
            guard !state.isEnded else { return false }
            state.lastID += 1
            let id = state.lastID
            // It cannot finish before it is noted: `finished` waits for the lock.
            state.tasks[id] = Task {
                await body()
                self.finished(id)
            }
            return true
        }
    }

    /// Refuses new tasks, cancels those under way and waits for them. What has not ended after `limit` is left to the
    /// end of the process.
    ///
    /// - Returns: whether all of them have ended.
    @discardableResult
    func end(within limit: TimeAmount) async -> Bool {
        let tasks = self.state.withLock { state in
            state.isEnded = true
            return state.tasks.values.map { $0 }
        }
        for task in tasks { task.cancel() }
        await withCheckedContinuation { continuation in
            let resumption = Resumption(continuation)
            let isEmpty = self.state.withLock { state in
                if !state.tasks.isEmpty { state.waiters.append(resumption) }
                return state.tasks.isEmpty
            }
            if isEmpty { return resumption.resume() }
            resumption.resume(after: limit, on: self.eventLoop)
        }
        return self.count == 0
    }

    private func finished(_ id: UInt64) {
        let waiters = self.state.withLock { state -> [Resumption] in
            state.tasks[id] = nil
            guard state.tasks.isEmpty else { return [] }
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}

/// Resumes a continuation once: for what is waited for, or when the time is up.
final class Resumption: Sendable {
    private struct State {
        var continuation: CheckedContinuation<Void, Never>?
        var timer: Scheduled<Void>?
    }

    private let state: Mutex<State>

    init(_ continuation: CheckedContinuation<Void, Never>) {
        self.state = Mutex(State(continuation: continuation))
    }

    /// Resumes unless that has happened.
    func resume() {
        let state = self.state.withLock { state in
            defer { state = State() }
            return state
        }
        state.timer?.cancel()
        state.continuation?.resume()
    }

    /// Resumes after a time at the latest.
    func resume(after limit: TimeAmount, on eventLoop: any EventLoop) {
        let timer = eventLoop.scheduleTask(in: limit) { self.resume() }
        let isLate = self.state.withLock { state in
            if state.continuation != nil { state.timer = timer }
            return state.continuation == nil
        }
        if isLate { timer.cancel() }
    }
}
