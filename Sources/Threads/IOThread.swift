internal import Synchronization

/// A named thread that works off a bounded queue of jobs, all that are waiting at once.
///
/// The batch hand-over is the point: under load one wake-up serves many jobs, and the worker may merge neighbours
/// (one fdatasync for ten appends). Jobs are processed in the order of `submit`.
package final class IOThread<Job: Sendable>: Sendable {
    private struct Queue {
        var jobs: [Job] = []
        var isSleeping = false
        var isShutDown = false
        /// Jobs that the worker took so far, and those of them that it has finished.
        var takenCount: UInt64 = 0
        var finishedCount: UInt64 = 0
        var drains: [Drain] = []
    }

    /// A caller of `drain`, and how many jobs must be finished before it returns.
    private struct Drain {
        var target: UInt64
        var done: any ThreadSemaphore
    }

    private enum Step {
        case work([Job])
        case sleep
        case end
    }

    private final class Shared: Sendable {
        let queue = Mutex(Queue())
        let wake: any ThreadSemaphore
        init(wake: any ThreadSemaphore) { self.wake = wake }
    }

    /// The most jobs that wait; those in the worker's hands come on top, at most as many again.
    package let capacity: Int
    private let scheduler: any ThreadScheduler
    private let shared: Shared
    private let thread: any RunningThread

    /// Starts the thread.
    ///
    /// - Parameter process: called on the thread with everything queued since the last call, never with nothing.
    ///   No lock is held. It must not throw work away: each job's owner waits for an answer.
    package init(
        name: String,
        capacity: Int,
        on scheduler: any ThreadScheduler = SystemThreads.shared,
        process: @escaping @Sendable ([Job]) -> Void
    ) {
        precondition(capacity > 0)
        let shared = Shared(wake: scheduler.makeSemaphore())
        self.capacity = capacity
        self.scheduler = scheduler
        self.shared = shared
        self.thread = scheduler.start(name: name) {
            while let jobs = Self.next(shared) {
                process(jobs)
                Self.finished(jobs.count, shared)
            }
        }
    }

    /// Queues a job. Never blocks; any thread may call it.
    ///
    /// - Returns: `false` when the queue is full or shut down; the job is then the caller's to answer.
    package func submit(_ job: Job) -> Bool {
        let (accepted, mustWake) = self.shared.queue.withLock { queue -> (Bool, Bool) in
            guard !queue.isShutDown, queue.jobs.count < self.capacity else { return (false, false) }
            queue.jobs.append(job)
            defer { queue.isSleeping = false }
            return (true, queue.isSleeping)
        }
        if mustWake { self.shared.wake.signal() }
        return accepted
    }

    /// Waits until every job that was accepted so far is finished. Not from the thread itself.
    package func drain() {
        let done = self.shared.queue.withLock { queue -> (any ThreadSemaphore)? in
            let target = queue.takenCount + UInt64(queue.jobs.count)
            guard queue.finishedCount < target else { return nil }
            let done = self.scheduler.makeSemaphore()
            queue.drains.append(Drain(target: target, done: done))
            return done
        }
        done?.wait()
    }

    /// Jobs that wait.
    package var depth: Int { self.shared.queue.withLock { $0.jobs.count } }

    /// Refuses new jobs, finishes the queued ones and waits for the thread's end. Call it once, not from the thread
    /// itself.
    package func shutdown() {
        let mustWake = self.shared.queue.withLock { queue -> Bool in
            precondition(!queue.isShutDown, "shut down twice")
            queue.isShutDown = true
            defer { queue.isSleeping = false }
            return queue.isSleeping
        }
        if mustWake { self.shared.wake.signal() }
        self.thread.join()
    }

    private static func next(_ shared: Shared) -> [Job]? {
        while true {
            let step = shared.queue.withLock { queue -> Step in
                if !queue.jobs.isEmpty {
                    var jobs: [Job] = []
                    swap(&jobs, &queue.jobs)
                    queue.takenCount += UInt64(jobs.count)
                    return .work(jobs)
                }
                if queue.isShutDown { return .end }
                queue.isSleeping = true
                return .sleep
            }
            switch step {
            case .work(let jobs): return jobs
            case .sleep: shared.wake.wait()
            case .end: return nil
            }
        }
    }

    private static func finished(_ count: Int, _ shared: Shared) {
        let drained = shared.queue.withLock { queue -> [Drain] in
            queue.finishedCount += UInt64(count)
            if queue.drains.isEmpty { return [] }
            let finishedCount = queue.finishedCount
            let drained = queue.drains.filter { $0.target <= finishedCount }
            queue.drains.removeAll { $0.target <= finishedCount }
            return drained
        }
        for drain in drained { drain.done.signal() }
    }
}
