/// When each record of an open-loop load is meant to leave: record `i` at `start + i / rate`, even when the
/// records before it are late.
///
/// Latency counted from these moments holds what a stalled server made later records wait, which a generator that
/// waits for answers before it sends leaves out (*coordinated omission*).
package struct SendSchedule: Sendable, Equatable {
    /// Nanoseconds on the monotonic clock.
    package let start: UInt64
    /// Records a second, above zero.
    package let rate: Double
    /// How many there are.
    package let count: Int

    package init(start: UInt64, rate: Double, count: Int) {
        precondition(rate > 0 && rate.isFinite, "a schedule has a rate")
        precondition(count >= 0, "a count is never negative")
        self.start = start
        self.rate = rate
        self.count = count
    }

    /// The moment that record `index` is meant to leave, in nanoseconds.
    package func intended(_ index: Int) -> UInt64 {
        self.start + UInt64((Double(index) * 1e9 / self.rate).rounded(.up))
    }

    /// How many records were meant to have left by `now`.
    package func due(at now: UInt64) -> Int {
        guard now >= self.start, self.count > 0 else { return 0 }
        let passed = Double(now - self.start) * self.rate / 1e9
        guard passed < Double(self.count) else { return self.count }
        var due = Int(passed) + 1
        // The two roundings may disagree by one record.
        if due < self.count, self.intended(due) <= now { due += 1 }
        if due > 0, self.intended(due - 1) > now { due -= 1 }
        return min(due, self.count)
    }
}
