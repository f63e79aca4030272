/// Keeps background work below a number of bytes a second: says after each piece of it how long to pause.
package struct ThroughputWindow: Sendable {
    private var start: Int64 = 0
    private var bytes: Double = 0

    package init() {}

    /// - Parameters:
    ///   - bytes: that were read or written just now.
    ///   - bytesPerSecondMax: infinite means no limit.
    ///   - now: monotonic, in nanoseconds.
    /// - Returns: how long to pause, in nanoseconds.
    package mutating func passed(_ bytes: Int, bytesPerSecondMax: Double, now: Int64) -> Int64 {
        guard bytesPerSecondMax.isFinite else { return 0 }
        let elapsed = Double(now - self.start) / 1e9
        // What was not used in the last second is not made up for.
        if elapsed > 1 || self.start == 0 {
            self.bytes = max(0, self.start == 0 ? 0 : self.bytes - elapsed * bytesPerSecondMax)
            self.start = now
        }
        self.bytes += Double(bytes)
        let due = self.bytes / max(1, bytesPerSecondMax) - Double(now - self.start) / 1e9
        return due > 0.001 ? Int64(min(due, 3600) * 1e9) : 0
    }
}
