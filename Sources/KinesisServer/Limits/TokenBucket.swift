internal import Model

/// What may be used up in a second, and what may be saved up.
struct TokenRate: Equatable {
    var perSecond: Int64
    /// The most that a bucket holds: what a client that has waited may use at once.
    var capacity: Int64

    /// A second's worth may be saved up.
    static func perSecond(_ count: Int64) -> TokenRate { TokenRate(perSecond: count, capacity: count) }
}

/// A budget that refills with time. Its rate is the caller's, so that a table of buckets keeps each rate once.
///
/// A clock that goes back refills nothing, and one that leaps forward no more than the bucket holds.
struct TokenBucket: Equatable {
    /// In thousandths of a token, as time comes in milliseconds. Below zero it is owed.
    private var level: Int64
    private var refilledAt: Timestamp

    /// A full bucket.
    init(_ rate: TokenRate, now: Timestamp) {
        self.level = rate.capacity * 1000
        self.refilledAt = now
    }

    mutating func refill(_ rate: TokenRate, now: Timestamp) {
        let missing = rate.capacity * 1000 - self.level
        let elapsed = max(0, now - self.refilledAt)
        self.refilledAt = now
        // Not multiplied where that might overflow.
        self.level = elapsed > missing / rate.perSecond ? rate.capacity * 1000 : self.level + elapsed * rate.perSecond
    }

    func isFull(_ rate: TokenRate) -> Bool { self.level >= rate.capacity * 1000 }

    /// Whether there is as much. More than the bucket can hold is there when it is full: the rest is owed.
    func holds(_ count: Int64, _ rate: TokenRate) -> Bool { self.level >= min(count, rate.capacity) * 1000 }

    mutating func take(_ count: Int64) { self.level -= count * 1000 }

    /// Takes what is known only after the fact. What is more than was saved up is owed in full.
    mutating func charge(_ count: Int64) {
        let cost = count * 1000
        self.level = cost > self.level ? min(self.level, 0) - cost : self.level - cost
    }

    /// Until nothing is owed, in milliseconds.
    func millisecondsUntilSettled(_ rate: TokenRate) -> Int64 {
        self.level >= 0 ? 0 : (-self.level + rate.perSecond - 1) / rate.perSecond
    }
}
