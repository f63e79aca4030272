internal import CLinuxShim
internal import Glibc

/// A counting semaphore that parks a thread in the kernel, with waits that end by the monotonic clock.
///
/// glibc's own: a futex call to sleep and one to wake. A condition variable costs a third, since the mutex that a
/// waiter gets back counts as contended.
///
/// With an `isSleeping` flag kept under the queue's own mutex it is signalled only when a thread sleeps, so a busy
/// queue costs no system call.
package final class Semaphore: ThreadSemaphore {
    // SAFETY: glibc's functions may be called on it from any thread; the memory stays put and lives as long as this
    // object.
    private nonisolated(unsafe) let semaphore: UnsafeMutablePointer<sem_t>

    package init() {
        self.semaphore = .allocate(capacity: 1)
        self.semaphore.initialize(to: sem_t())
        let result = sem_init(self.semaphore, 0, 0)
        precondition(result == 0, "a semaphore that starts at 0 can be made")
    }

    deinit {
        sem_destroy(self.semaphore)
        self.semaphore.deallocate()
    }

    package func signal() {
        // Fails at SEM_VALUE_MAX only, two thousand million signals ahead of their waits.
        let result = sem_post(self.semaphore)
        precondition(result == 0, "a semaphore overflowed")
    }

    package func wait() {
        // The only other end of a wait is a signal handler's.
        while sem_wait(self.semaphore) != 0 {}
    }

    /// Waits at most this long. Returns whether it was signalled in time.
    package func wait(nanosecondsMax: Int64) -> Bool {
        var deadline = timespec()
        clock_gettime(CLOCK_MONOTONIC, &deadline)
        let (seconds, rest) = max(nanosecondsMax, 0).quotientAndRemainder(dividingBy: 1_000_000_000)
        let nanoseconds = Int64(deadline.tv_nsec) + rest
        deadline.tv_sec += Int(seconds + nanoseconds / 1_000_000_000)
        deadline.tv_nsec = Int(nanoseconds % 1_000_000_000)
        while millrace_semaphore_wait_until(self.semaphore, &deadline) != 0 {
            if errno == ETIMEDOUT { return false }
        }
        return true
    }
}
