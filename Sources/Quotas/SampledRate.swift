/// How a rate is measured: over so many samples, each of so many milliseconds.
package struct QuotaWindow: Hashable, Sendable {
    /// At least 1: `quota.window.num`.
    package var samples: Int
    /// Of one sample: `quota.window.size.seconds`.
    package var sampleMilliseconds: Int64

    package init(samples: Int = 11, sampleMilliseconds: Int64 = 1000) {
        precondition(samples >= 1 && sampleMilliseconds >= 1, "a window has a length")
        self.samples = samples
        self.sampleMilliseconds = sampleMilliseconds
    }

    /// After so long without an event nothing of it is left.
    package var milliseconds: Int64 { Int64(self.samples) * self.sampleMilliseconds }
}

/// A rate over the last few samples, as Kafka's `Rate` measures it. Sans-IO.
///
/// A sample begins with the first event after the one before was complete, so time without events makes none. The rate
/// is taken over all samples that had an event within the window, and over at least all of the window except for one
/// sample: at the start of the traffic it is not overrated.
package struct SampledRate: Sendable {
    private struct Sample {
        var start: Int64
        var lastEvent: Int64
        var value = 0.0
    }

    private var samples: [Sample] = []
    private var current = 0

    package init() {}

    /// - Parameters:
    ///   - value: may be negative, to take back what was recorded and then not done.
    ///   - now: milliseconds of a clock that does not go back.
    package mutating func record(_ value: Double, now: Int64, _ window: QuotaWindow) {
        if self.samples.isEmpty {
            self.samples.append(Sample(start: now, lastEvent: now))
        } else if now - self.samples[self.current].start >= window.sampleMilliseconds {
            // One more than the window has: the oldest may lie in it with its end only.
            self.current = (self.current + 1) % (window.samples + 1)
            let sample = Sample(start: now, lastEvent: now)
            if self.current < self.samples.count {
                self.samples[self.current] = sample
            } else {
                self.samples.append(sample)
            }
        }
        self.samples[self.current].value += value
        self.samples[self.current].lastEvent = now
    }

    /// - Returns: the rate a second, and over how many milliseconds it was taken.
    package mutating func measure(now: Int64, _ window: QuotaWindow) -> (rate: Double, milliseconds: Int64) {
        var sum = 0.0
        var oldest = now
        for index in self.samples.indices {
            if now - self.samples[index].lastEvent >= window.milliseconds {
                self.samples[index] = Sample(start: now, lastEvent: now)
            }
            sum += self.samples[index].value
            oldest = min(oldest, self.samples[index].start)
        }
        var elapsed = now - oldest
        let missing = Int64(window.samples - 1) - elapsed / window.sampleMilliseconds
        if missing > 0 { elapsed += missing * window.sampleMilliseconds }
        elapsed = max(elapsed, 1)
        return (sum * 1000 / Double(elapsed), elapsed)
    }

    /// How long nothing more may be recorded until the rate is within a bound.
    ///
    /// - Returns: milliseconds; 0 when it is.
    package mutating func excess(over bound: Double, now: Int64, _ window: QuotaWindow) -> Int64 {
        let (rate, milliseconds) = self.measure(now: now, window)
        guard rate > bound else { return 0 }
        let time = ((rate - bound) / bound * Double(milliseconds)).rounded()
        return time < Double(Int32.max) ? Int64(time) : Int64(Int32.max)
    }

    /// Whether nothing of it is within the window any more: it is as good as a new one.
    package func isIdle(now: Int64, _ window: QuotaWindow) -> Bool {
        self.samples.allSatisfy { now - $0.lastEvent >= window.milliseconds }
    }
}
