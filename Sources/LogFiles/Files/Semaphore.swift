internal import Glibc

/// A counting semaphore that parks a thread in the kernel, with waits that end by the monotonic clock (`sem_t` has
/// them by the wall clock only, which jumps).
///
/// With an `isSleeping` flag kept under the queue's own mutex it is signalled only when somebody sleeps, so a busy
/// queue costs no system call.
package final class Semaphore: Sendable {
    private struct Parts {
        var mutex = pthread_mutex_t()
        var condition = pthread_cond_t()
        var count = 0
    }

    // SAFETY: `count` is touched under `mutex` only; the memory stays put and lives as long as this object.
    private nonisolated(unsafe) let parts: UnsafeMutablePointer<Parts>
    // SAFETY: the addresses of the two stored fields, for pthread, which needs them stable.
    private nonisolated(unsafe) let mutex: UnsafeMutablePointer<pthread_mutex_t>
    // SAFETY: as above.
    private nonisolated(unsafe) let condition: UnsafeMutablePointer<pthread_cond_t>

    package init() {
        self.parts = .allocate(capacity: 1)
        self.parts.initialize(to: Parts())
        let base = UnsafeMutableRawPointer(self.parts)
        guard let conditionOffset = MemoryLayout<Parts>.offset(of: \.condition) else {
            preconditionFailure("stored fields have offsets")
        }
        self.mutex = base.assumingMemoryBound(to: pthread_mutex_t.self)
        self.condition = (base + conditionOffset).assumingMemoryBound(to: pthread_cond_t.self)
        pthread_mutex_init(self.mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(self.condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(self.condition)
        pthread_mutex_destroy(self.mutex)
        self.parts.deallocate()
    }

    package func signal() {
        pthread_mutex_lock(self.mutex)
        self.parts.pointee.count += 1
        pthread_mutex_unlock(self.mutex)
        // After unlocking, so that the woken thread does not run into the mutex.
        pthread_cond_signal(self.condition)
    }

    package func wait() {
        pthread_mutex_lock(self.mutex)
        while self.parts.pointee.count == 0 { pthread_cond_wait(self.condition, self.mutex) }
        self.parts.pointee.count -= 1
        pthread_mutex_unlock(self.mutex)
    }

    /// Waits at most this long. Returns whether it was signalled in time.
    package func wait(nanosecondsMax: Int64) -> Bool {
        var deadline = timespec()
        clock_gettime(CLOCK_MONOTONIC, &deadline)
        let (seconds, rest) = max(nanosecondsMax, 0).quotientAndRemainder(dividingBy: 1_000_000_000)
        let nanoseconds = Int64(deadline.tv_nsec) + rest
        deadline.tv_sec += Int(seconds + nanoseconds / 1_000_000_000)
        deadline.tv_nsec = Int(nanoseconds % 1_000_000_000)
        pthread_mutex_lock(self.mutex)
        defer { pthread_mutex_unlock(self.mutex) }
        while self.parts.pointee.count == 0 {
            let result = pthread_cond_timedwait(self.condition, self.mutex, &deadline)
            if result == ETIMEDOUT && self.parts.pointee.count == 0 { return false }
        }
        self.parts.pointee.count -= 1
        return true
    }
}
