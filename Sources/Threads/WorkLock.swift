/// Mutual exclusion for work that itself waits for other threads, such as a checkpoint.
///
/// Made of the scheduler's semaphore, so that a simulation sees the waiting threads. Not recursive. For state that is
/// held for a few instructions use `Mutex`.
package final class WorkLock: Sendable {
    private let free: any ThreadSemaphore

    package init(on threads: any ThreadScheduler) {
        self.free = threads.makeSemaphore()
        self.free.signal()
    }

    package func withLock<Value, Failure: Error>(_ work: () throws(Failure) -> Value) throws(Failure) -> Value {
        self.free.wait()
        defer { self.free.signal() }
        return try work()
    }
}
