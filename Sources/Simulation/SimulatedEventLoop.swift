@preconcurrency package import Dispatch
package import NIOCore
internal import Synchronization
internal import Threads

/// An event loop on a thread of the scheduler. It runs what `execute` gives it, one after the other; it has no timers.
package final class SimulatedEventLoop: EventLoop {
    private struct Queue {
        var tasks: [@Sendable () -> Void] = []
        var isStopped = false
    }

    private let scheduler: SimulatedScheduler
    private let queue = Mutex(Queue())
    private let wake: any ThreadSemaphore
    /// The number of the thread; 0, which no loop has, until it runs.
    private let number = Mutex(0)
    private let thread = Mutex<(any RunningThread)?>(nil)

    package init(name: String, on scheduler: SimulatedScheduler) {
        self.scheduler = scheduler
        self.wake = scheduler.makeSemaphore()
        let thread = scheduler.start(name: name) { self.run() }
        self.thread.withLock { $0 = thread }
    }

    private func run() {
        let number = self.scheduler.currentThread
        self.number.withLock { $0 = number }
        while true {
            self.wake.wait()
            let (task, isStopped) = self.queue.withLock { queue -> ((@Sendable () -> Void)?, Bool) in
                (queue.tasks.isEmpty ? nil : queue.tasks.removeFirst(), queue.isStopped)
            }
            if let task { task() } else if isStopped { return }
        }
    }

    /// Ends the thread once the tasks are done. Not from the loop itself.
    package func stop() {
        self.queue.withLock { $0.isStopped = true }
        self.wake.signal()
        let thread = self.thread.withLock { $0.take() }
        thread?.join()
    }

    package var inEventLoop: Bool { self.scheduler.currentThread == self.number.withLock { $0 } }

    package func execute(_ task: @escaping @Sendable () -> Void) {
        self.queue.withLock { $0.tasks.append(task) }
        self.wake.signal()
    }

    package var now: NIODeadline { .uptimeNanoseconds(UInt64(self.scheduler.monotonicNanoseconds)) }

    package func scheduleTask<T>(
        deadline: NIODeadline,
        _ task: @escaping @Sendable () throws -> T
    ) -> Scheduled<T> {
        preconditionFailure("a simulated event loop has no timers")
    }

    package func scheduleTask<T>(in delay: TimeAmount, _ task: @escaping @Sendable () throws -> T) -> Scheduled<T> {
        preconditionFailure("a simulated event loop has no timers")
    }

    package func shutdownGracefully(queue: DispatchQueue, _ callback: @escaping @Sendable ((any Error)?) -> Void) {
        preconditionFailure("a simulated event loop is stopped by `stop`")
    }
}
