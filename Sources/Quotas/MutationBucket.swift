/// The budget of controller mutations (KIP-599): a token bucket, as Kafka's `TokenBucket`. It may go below zero; then
/// it is exhausted until it is refilled. Sans-IO.
///
/// A sampled rate would hold an account back for a whole window after one large request.
package struct MutationBucket: Sendable {
    private var tokens: Double
    private var refilledAt: Int64

    /// A full one.
    ///
    /// - Parameters:
    ///   - bound: tokens a second.
    ///   - now: milliseconds of a clock that does not go back.
    package init(bound: Double, now: Int64, _ window: QuotaWindow) {
        self.tokens = Self.burst(bound, window)
        self.refilledAt = now
    }

    /// The most it holds: what comes in one window.
    private static func burst(_ bound: Double, _ window: QuotaWindow) -> Double {
        Double(window.milliseconds) / 1000 * bound
    }

    private mutating func refill(_ bound: Double, _ now: Int64, _ window: QuotaWindow) {
        let elapsed = Double(max(0, now - self.refilledAt)) / 1000
        self.tokens = min(Self.burst(bound, window), self.tokens + elapsed * bound)
        self.refilledAt = max(self.refilledAt, now)
    }

    /// How long until it is not exhausted any more.
    ///
    /// - Returns: milliseconds; 0 when it is not.
    package mutating func exhaustion(bound: Double, now: Int64, _ window: QuotaWindow) -> Int64 {
        self.refill(bound, now, window)
        guard self.tokens < 0 else { return 0 }
        let time = (-self.tokens / bound * 1000).rounded()
        return time < Double(Int32.max) ? Int64(time) : Int64(Int32.max)
    }

    /// Takes tokens, whether it has them or not.
    package mutating func take(_ count: Double, bound: Double, now: Int64, _ window: QuotaWindow) {
        self.refill(bound, now, window)
        self.tokens -= count
    }

    /// Whether it is full: as good as a new one.
    package mutating func isFull(bound: Double, now: Int64, _ window: QuotaWindow) -> Bool {
        self.refill(bound, now, window)
        return self.tokens >= Self.burst(bound, window)
    }
}
