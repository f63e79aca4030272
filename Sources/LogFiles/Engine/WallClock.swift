internal import Glibc
internal import Model

/// The system's clocks, for what no caller hands in: file times and background work.
enum WallClock {
    /// Milliseconds since the epoch.
    static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(time.tv_sec) * 1000 + Timestamp(time.tv_nsec) / 1_000_000
    }

    /// Milliseconds that only grow.
    static var monotonic: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// When a file was last written, `nil` when it cannot be told.
    static func modified(_ path: String) -> Timestamp? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return Timestamp(status.st_mtim.tv_sec) * 1000 + Timestamp(status.st_mtim.tv_nsec) / 1_000_000
    }

    /// A file's size, `nil` when there is none.
    static func size(_ path: String) -> Int64? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return Int64(status.st_size)
    }
}
