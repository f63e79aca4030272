internal import CLinuxShim
internal import Glibc

/// Where threads come from and what they wait on: the system's, or those of a simulation that lets one run at a time
/// and chooses which by a seed.
///
/// Code that is to run under both starts its threads here and waits on nothing but what `makeSemaphore` and `sleep`
/// give. A plain `Mutex` may be held only where nothing waits.
package protocol ThreadScheduler: AnyObject, Sendable {
    /// Starts a thread. It ends when `run` returns; someone must call `join` then.
    ///
    /// - Parameter name: what tools show; the kernel keeps 15 bytes of it.
    func start(name: String, _ run: @escaping @Sendable () -> Void) -> any RunningThread

    /// A counting semaphore that starts at 0.
    func makeSemaphore() -> any ThreadSemaphore

    /// Blocks the calling thread for so long. For background work only.
    func sleep(nanoseconds: Int64)

    /// Has the calling thread run after others that are ready, for good.
    func lowerPriority()
}

extension ThreadScheduler {
    package func lowerPriority() {}
}

package protocol RunningThread: AnyObject, Sendable {
    /// Waits for the thread's end. Call it once, from another thread.
    func join()
}

/// What a thread waits on until another one signals it.
package protocol ThreadSemaphore: AnyObject, Sendable {
    /// Lets one wait end, the present one or the next. Never blocks.
    func signal()

    func wait()

    /// Waits at most this long. Returns whether it was signalled in time.
    func wait(nanosecondsMax: Int64) -> Bool
}

/// The system's threads.
package final class SystemThreads: ThreadScheduler {
    package static let shared = SystemThreads()

    private init() {}

    package func start(name: String, _ run: @escaping @Sendable () -> Void) -> any RunningThread {
        NamedThread(name: name, run: run)
    }

    package func makeSemaphore() -> any ThreadSemaphore { Semaphore() }

    package func lowerPriority() {
        // Linux keeps a nice value for each thread. Where it may not be changed the work is done all the same.
        _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
    }

    package func sleep(nanoseconds: Int64) {
        guard nanoseconds > 0 else { return }
        let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        var wanted = timespec(tv_sec: Int(seconds), tv_nsec: Int(rest))
        var left = timespec()
        while nanosleep(&wanted, &left) != 0 && errno == EINTR { wanted = left }
    }
}
