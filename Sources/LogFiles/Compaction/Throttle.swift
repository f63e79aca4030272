internal import Synchronization
internal import Threads

/// Keeps background work below a number of bytes a second, over all threads that share it.
final class Throttle: Sendable {
    private struct Window {
        var start: Int64 = 0
        var bytes: Double = 0
    }

    private let environment: EngineEnvironment
    private let window = Mutex(Window())

    init(_ environment: EngineEnvironment) { self.environment = environment }

    /// The longest sleep at a time: who works looks between two of them whether to stop.
    private static let sleepNanosecondsMax: Int64 = 50_000_000

    /// Counts bytes and sleeps as long as they are too many.
    ///
    /// - Parameter isStopping: ends the sleep early.
    func passed(_ bytes: Int, perSecond: Double, isStopping: () -> Bool) {
        guard perSecond.isFinite else { return }
        let now = self.environment.time.monotonicNanoseconds
        var left = self.window.withLock { window -> Int64 in
            let elapsed = Double(now - window.start) / 1e9
            // What was not used in the last second is not made up for.
            if elapsed > 1 || window.start == 0 {
                window.bytes = max(0, window.start == 0 ? 0 : window.bytes - elapsed * perSecond)
                window.start = now
            }
            window.bytes += Double(bytes)
            let due = window.bytes / max(1, perSecond) - Double(now - window.start) / 1e9
            return due > 0.001 ? Int64(min(due, 3600) * 1e9) : 0
        }
        while left > 0, !isStopping() {
            let step = min(left, Self.sleepNanosecondsMax)
            self.environment.threads.sleep(nanoseconds: step)
            left -= step
        }
    }
}
