internal import LogCore
internal import Synchronization
internal import Threads

/// Keeps background work below a number of bytes a second, over all threads that share it.
final class Throttle: Sendable {
    private let environment: EngineEnvironment
    private let window = Mutex(ThroughputWindow())

    init(_ environment: EngineEnvironment) { self.environment = environment }

    /// The longest sleep at a time: who works looks between two of them whether to stop.
    private static let sleepNanosecondsMax: Int64 = 50_000_000

    /// Counts bytes and sleeps as long as they are too many.
    ///
    /// - Parameter isStopping: ends the sleep early.
    func passed(_ bytes: Int, perSecond: Double, isStopping: () -> Bool) {
        guard perSecond.isFinite else { return }
        let now = self.environment.time.monotonicNanoseconds
        var left = self.window.withLock { $0.passed(bytes, bytesPerSecondMax: perSecond, now: now) }
        while left > 0, !isStopping() {
            let step = min(left, Self.sleepNanosecondsMax)
            self.environment.threads.sleep(nanoseconds: step)
            left -= step
        }
    }
}
