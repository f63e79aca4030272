package import Model

/// Spreads the reading of a scrubber over time. Sans-IO.
package struct ScrubPace: Sendable {
    private let bytesPerSecond: Int64
    /// When what was read so far should have been read, in nanoseconds of a monotonic clock.
    private var due: Int64?

    /// A reader that fell behind does not catch up for longer than this.
    private static let burstNanoseconds: Int64 = 1_000_000_000

    package init(bytesPerSecond: Int64) { self.bytesPerSecond = max(1, bytesPerSecond) }

    /// Bytes were read.
    ///
    /// - Returns: nanoseconds to wait before more is read.
    package mutating func read(_ bytes: Int64, now: Int64) -> Int64 {
        let (product, overflow) = max(0, bytes).multipliedReportingOverflow(by: 1_000_000_000)
        let cost = overflow ? Int64.max / 4 : product / self.bytesPerSecond
        let begin = max(self.due ?? now, now - Self.burstNanoseconds)
        let due = begin.addingReportingOverflow(cost)
        self.due = due.overflow ? .max : due.partialValue
        return max(0, (self.due ?? now) - now)
    }
}

/// How far the scrubber has come since the start.
package struct ScrubProgress: Sendable, Equatable {
    package var bytesVerified: Int64 = 0
    /// Passes over everything that was there when they began.
    package var passes = 0
    /// Damaged ranges that nobody had met before.
    package var damagedRangesFound = 0
    /// Segments that the disk did not let be read, counted in each pass.
    package var unreadableSegments = 0
    /// Wall clock at the end of the last whole pass; `nil` before the first.
    package var lastPassAt: Timestamp?

    package init() {}
}
