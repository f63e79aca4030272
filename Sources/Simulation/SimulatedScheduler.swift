internal import Synchronization
package import Threads

/// Threads of which one runs at a time, chosen by a seed, and a clock that moves when all of them wait.
///
/// Each is a thread of the system, so that the engine's code runs as it is; all but one are parked. Another one is
/// chosen where a thread waits (a semaphore, a sleep, a join) and where `switchThreads` is called, as by the simulated
/// disk. So a run of a seed is always the same one, if nothing else decides: no hash order, no address, no clock.
///
/// The thread that makes the scheduler is its first one. All calls come from threads of the scheduler.
package final class SimulatedScheduler: ThreadScheduler, TimeSource {
    /// A thread and what it does.
    fileprivate final class Thread: Sendable {
        let number: Int
        let name: String
        /// Signalled when it is its turn.
        let turn = Semaphore()

        init(number: Int, name: String) {
            self.number = number
            self.name = name
        }
    }

    private enum Status: Equatable {
        case ready
        case waiting(for: String, until: Int64?)
        case ended
    }

    private struct State {
        var threads: [Thread]
        var status: [Status]
        /// Threads whose last wait ended by its deadline.
        var timedOut: Set<Int> = []
        var current = 0
        var now: Int64 = 1_000_000_000
        var switchCount = 0
        var hash = EventHash()
    }

    private let state: Mutex<State>
    private let random: SeededRandom
    /// For the message of a deadlock.
    private let seed: UInt64

    /// Receives every note, with the thread that made it.
    private let trace: (@Sendable (String) -> Void)?

    package init(seed: UInt64, trace: (@Sendable (String) -> Void)? = nil) {
        self.seed = seed
        self.trace = trace
        self.random = SeededRandom(seed: seed)
        self.state = Mutex(State(threads: [Thread(number: 0, name: "driver")], status: [.ready]))
    }

    /// What has happened so far: every switch of threads and everything that was noted.
    package var eventHash: UInt64 { self.state.withLock { $0.hash.value } }

    package var switchCount: Int { self.state.withLock { $0.switchCount } }

    /// Puts something that happened into the event hash.
    package func note(_ event: String, _ number: Int64 = 0) {
        let name = self.state.withLock { state -> String in
            state.hash.add(event)
            state.hash.add(UInt64(bitPattern: number))
            return state.threads[state.current].name
        }
        self.trace?("\(name): \(event) \(number)")
    }

    /// The number of the running thread.
    package var currentThread: Int { self.state.withLock { $0.current } }

    /// Lets any thread that is ready run next, this one included. Do not call it with a lock held.
    package func switchThreads() { self.pass(.ready) }

    // MARK: TimeSource

    package var wallMilliseconds: Int64 { 1_700_000_000_000 + self.monotonicMilliseconds }

    package var monotonicNanoseconds: Int64 { self.state.withLock { $0.now } }

    // MARK: ThreadScheduler

    package func start(name: String, _ run: @escaping @Sendable () -> Void) -> any RunningThread {
        let thread = self.state.withLock { state -> Thread in
            let thread = Thread(number: state.threads.count, name: name)
            state.threads.append(thread)
            state.status.append(.ready)
            return thread
        }
        let real = NamedThread(name: name) {
            thread.turn.wait()
            run()
            self.pass(.ended)
        }
        return SimulatedThread(thread: thread, real: real, scheduler: self)
    }

    package func makeSemaphore() -> any ThreadSemaphore { SimulatedSemaphore(scheduler: self) }

    package func sleep(nanoseconds: Int64) {
        let until = self.monotonicNanoseconds + max(0, nanoseconds)
        self.pass(.waiting(for: "sleep", until: until))
    }

    // MARK: Choosing

    /// Waits until `wake` is called with the number of this thread, or until the deadline.
    ///
    /// - Returns: whether it was woken.
    fileprivate func wait(for what: String, until deadline: Int64?) -> Bool {
        let number = self.currentThread
        self.pass(.waiting(for: what, until: deadline))
        return self.state.withLock { $0.timedOut.remove(number) == nil }
    }

    /// Lets a waiting thread run again, some time.
    fileprivate func wake(_ number: Int) {
        self.state.withLock { state in
            guard case .waiting = state.status[number] else { return }
            state.status[number] = .ready
        }
    }

    fileprivate func hasEnded(_ number: Int) -> Bool { self.state.withLock { $0.status[number] == .ended } }

    /// Gives up the processor.
    private func pass(_ status: Status) {
        let (own, next) = self.state.withLock { state -> (Thread, Thread) in
            let own = state.current
            state.status[own] = status
            let next = self.choose(&state)
            state.current = next
            state.switchCount += 1
            state.now += 1_000
            state.hash.add(UInt64(next))
            return (state.threads[own], state.threads[next])
        }
        if own === next { return }
        next.turn.signal()
        if status != .ended { own.turn.wait() }
    }

    private func choose(_ state: inout State) -> Int {
        let ready = state.status.indices.filter { state.status[$0] == .ready }
        // Now and then a timer fires although a thread is ready, as if that thread were slow.
        if !ready.isEmpty, !self.random.oneIn(64) { return ready[self.random.below(ready.count)] }
        var first: (number: Int, deadline: Int64)?
        for (number, status) in state.status.enumerated() {
            guard case .waiting(_, let deadline?) = status, deadline < first?.deadline ?? .max else { continue }
            first = (number, deadline)
        }
        guard let first else {
            if let number = ready.first { return number }
            fatalError("simulation seed \(self.seed): all threads wait: \(Self.waits(state))")
        }
        state.now = max(state.now, first.deadline)
        state.status[first.number] = .ready
        state.timedOut.insert(first.number)
        return first.number
    }

    private static func waits(_ state: State) -> String {
        zip(state.threads, state.status).compactMap { thread, status in
            if case .waiting(let what, _) = status { return "\(thread.name) for \(what)" }
            return nil
        }.joined(separator: ", ")
    }
}

private final class SimulatedThread: RunningThread {
    private let thread: SimulatedScheduler.Thread
    private let real: NamedThread
    private let scheduler: SimulatedScheduler

    init(thread: SimulatedScheduler.Thread, real: NamedThread, scheduler: SimulatedScheduler) {
        self.thread = thread
        self.real = real
        self.scheduler = scheduler
    }

    func join() {
        while !self.scheduler.hasEnded(self.thread.number) { self.scheduler.sleep(nanoseconds: 1_000_000) }
        self.real.join()
    }
}

private final class SimulatedSemaphore: ThreadSemaphore {
    private struct State {
        var count = 0
        /// Threads that wait, first come first.
        var waiting: [Int] = []
    }

    private let scheduler: SimulatedScheduler
    private let state = Mutex(State())

    init(scheduler: SimulatedScheduler) { self.scheduler = scheduler }

    func signal() {
        let woken = self.state.withLock { state -> Int? in
            if state.waiting.isEmpty {
                state.count += 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        if let woken { self.scheduler.wake(woken) }
    }

    func wait() { _ = self.wait(until: nil) }

    func wait(nanosecondsMax: Int64) -> Bool {
        let (deadline, overflow) = self.scheduler.monotonicNanoseconds
            .addingReportingOverflow(max(0, nanosecondsMax))
        return self.wait(until: overflow ? .max : deadline)
    }

    private func wait(until deadline: Int64?) -> Bool {
        let number = self.scheduler.currentThread
        let isOpen = self.state.withLock { state -> Bool in
            if state.count > 0 {
                state.count -= 1
                return true
            }
            state.waiting.append(number)
            return false
        }
        if isOpen {
            self.scheduler.switchThreads()
            return true
        }
        if self.scheduler.wait(for: "a semaphore", until: deadline) { return true }
        // A signal that came between the deadline and now counts.
        return self.state.withLock { state in
            guard let index = state.waiting.firstIndex(of: number) else { return true }
            state.waiting.remove(at: index)
            return false
        }
    }
}
