/// The latencies of the last calls, from which the moment follows at which a second one is worth its cost. Sans-IO.
package struct LatencyWindow: Sendable {
    private var samples: [Duration] = []
    private var next = 0
    private let sampleCountMax: Int

    package init(sampleCountMax: Int = 128) {
        precondition(sampleCountMax > 0, "a window has samples")
        self.sampleCountMax = sampleCountMax
    }

    package mutating func record(_ latency: Duration) {
        if self.samples.count < self.sampleCountMax {
            self.samples.append(latency)
        } else {
            self.samples[self.next] = latency
            self.next = (self.next + 1) % self.sampleCountMax
        }
    }

    /// The latency that this share of the calls did not pass; `nil` before the first.
    package func percentile(_ share: Double) -> Duration? {
        guard !self.samples.isEmpty else { return nil }
        let sorted = self.samples.sorted()
        let index = Int((Double(sorted.count) * share).rounded(.up)) - 1
        return sorted[min(max(index, 0), sorted.count - 1)]
    }

    /// When to hedge a call that has not been answered: after twice what 99 in 100 took, within bounds.
    ///
    /// - Parameter bounds: the lower one also keeps an idle or fresh client from hedging at each hiccup.
    package func hedgeDelay(within bounds: ClosedRange<Duration>) -> Duration {
        guard self.samples.count >= 8, let slow = self.percentile(0.99) else { return bounds.upperBound }
        return min(max(slow * 2, bounds.lowerBound), bounds.upperBound)
    }
}
