internal import CLinuxShim
internal import Glibc

/// The times that background work reads. Passed in, so that a test or a simulation can own them.
package protocol TimeSource: AnyObject, Sendable {
    /// Milliseconds since the epoch.
    var wallMilliseconds: Int64 { get }
    /// Nanoseconds that only grow, positive, from an origin that means nothing.
    var monotonicNanoseconds: Int64 { get }
}

extension TimeSource {
    /// Milliseconds that only grow, see `monotonicNanoseconds`.
    package var monotonicMilliseconds: Int64 { self.monotonicNanoseconds / 1_000_000 }
}

/// The system's clocks.
package final class SystemTime: TimeSource {
    package static let shared = SystemTime()

    private init() {}

    package var wallMilliseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// CPU time that the calling thread has used, in nanoseconds.
    package static var threadNanoseconds: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    package var monotonicNanoseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
