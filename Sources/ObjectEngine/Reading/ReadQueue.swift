internal import LogCore
internal import NIOCore
internal import Synchronization
internal import Threads

/// Reads that wait for the store: so many at a time, so many more in a queue, and none beyond that.
final class ReadQueue: Sendable {
    typealias Job = @Sendable () async -> Void

    private struct State {
        var jobs = FIFO<Job>()
        var workerCount = 0
    }

    private let workersMax: Int
    private let jobsMax: Int
    private let state = Mutex(State())
    private let relief = ReliefQueue()

    init(workersMax: Int, jobsMax: Int) {
        self.workersMax = workersMax
        self.jobsMax = jobsMax
    }

    /// Queues jobs, all of them or none.
    ///
    /// - Returns: `false` when there is no room.
    func submit(_ jobs: [Job]) -> Bool {
        let newWorkers = self.state.withLock { state -> Int? in
            guard state.jobs.isEmpty || state.jobs.count + jobs.count <= self.jobsMax else { return nil }
            for job in jobs { state.jobs.append(job) }
            let count = max(0, min(self.workersMax - state.workerCount, state.jobs.count))
            state.workerCount += count
            return count
        }
        guard let newWorkers else { return false }
        for _ in 0..<newWorkers { Task { await self.work() } }
        return true
    }

    /// Reads that are carried out now.
    var runningCount: Int { self.state.withLock { $0.workerCount } }

    func onRelief(on eventLoop: any EventLoop, _ action: @escaping @Sendable () -> Void) {
        self.relief.wait(on: eventLoop, action) { self.state.withLock { $0.jobs.count < self.jobsMax } }
    }

    private func work() async {
        while true {
            let job = self.state.withLock { state -> Job? in
                if !state.jobs.isEmpty { return state.jobs.removeFirst() }
                state.workerCount -= 1
                return nil
            }
            guard let job else { return }
            self.relief.roomAppeared()
            await job()
        }
    }
}

/// Collects the results of a request's parts, which come in any order, and answers once with all of them.
final class Gathering<Value: Sendable>: Sendable {
    private struct State {
        var results: [Result<Value, LogError>?]
        var missing: Int
    }

    private let state: Mutex<State>
    private let completion: @Sendable ([Result<Value, LogError>]) -> Void

    init(_ count: Int, _ completion: @escaping @Sendable ([Result<Value, LogError>]) -> Void) {
        self.state = Mutex(State(results: Array(repeating: nil, count: count), missing: count))
        self.completion = completion
    }

    func finish(_ index: Int, _ result: Result<Value, LogError>) {
        let all = self.state.withLock { state -> [Result<Value, LogError>?]? in
            state.results[index] = result
            state.missing -= 1
            return state.missing == 0 ? state.results : nil
        }
        if let all { self.completion(all.compactMap { $0 }) }
    }
}
