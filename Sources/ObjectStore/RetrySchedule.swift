/// When a call is made again: pauses that double, each with a random part, within a time for all of them. Sans-IO.
package struct RetrySchedule: Sendable, Equatable {
    package var pauseMin: Duration
    package var pauseMax: Duration
    /// From the first attempt to the beginning of the last.
    package var timeMax: Duration

    package init(
        pauseMin: Duration = .milliseconds(25),
        pauseMax: Duration = .seconds(2),
        timeMax: Duration = .seconds(30)
    ) {
        self.pauseMin = pauseMin
        self.pauseMax = pauseMax
        self.timeMax = timeMax
    }

    /// How long to wait before the next attempt; `nil` when there is none.
    ///
    /// - Parameters:
    ///   - attemptCount: how many were made.
    ///   - elapsed: since the first began.
    ///   - error: what the last one failed with.
    ///   - random: spreads the callers; between half of the pause and the whole.
    package func pause(
        afterAttempt attemptCount: Int,
        elapsed: Duration,
        error: ObjectStoreError,
        random: UInt64
    ) -> Duration? {
        guard error.isTransient else { return nil }
        var pause = self.pauseMin * (1 << min(max(attemptCount - 1, 0), 20))
        // A store that asks for less load gets it at once.
        if error.code == .throttled { pause *= 4 }
        pause = min(pause, self.pauseMax)
        pause = pause / 2 + pause / 2 * (Double(random >> 11) / Double(1 << 53))
        return elapsed + pause <= self.timeMax ? pause : nil
    }
}
