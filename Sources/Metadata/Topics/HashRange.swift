/// An inclusive range of the 128-bit hash key space of a stream (MD5 of the partition key).
package struct HashRange: Hashable, Sendable {
    package var lower: UInt128
    package var upper: UInt128

    /// Our bug when `lower` is above `upper`.
    package init(lower: UInt128, upper: UInt128) {
        precondition(lower <= upper, "a hash range never ends before it begins")
        self.lower = lower
        self.upper = upper
    }

    /// 0 … 2^128 − 1
    package static let full = HashRange(lower: 0, upper: .max)

    package func contains(_ hash: UInt128) -> Bool { self.lower <= hash && hash <= self.upper }

    /// The number of keys less one, since the full range has 2^128 of them.
    package var span: UInt128 { self.upper - self.lower }

    /// Where the right half begins when split evenly (of an odd number of keys it gets the odd one); `nil` when there
    /// is one key only.
    package var middle: UInt128? {
        self.span == 0 ? nil : self.lower + self.span / 2 + (self.span & 1)
    }

    /// The two parts when the right one begins at `hash`; `nil` when that is not strictly inside.
    package func split(at hash: UInt128) -> (left: HashRange, right: HashRange)? {
        guard hash > self.lower, hash <= self.upper else { return nil }
        return (HashRange(lower: self.lower, upper: hash - 1), HashRange(lower: hash, upper: self.upper))
    }

    /// The ranges AWS gives `count` new shards: shard *i* begins at *i* · ⌊2^128 / count⌋, the last ends at 2^128 − 1.
    package static func uniform(count: Int) -> [HashRange] {
        precondition(count > 0, "a stream has at least one shard")
        guard count > 1 else { return [.full] }
        let divisor = UInt128(count)
        let (quotient, remainder) = UInt128.max.quotientAndRemainder(dividingBy: divisor)
        let width = remainder == divisor - 1 ? quotient + 1 : quotient
        return (0..<count).map { index in
            let lower = UInt128(index) * width
            return HashRange(lower: lower, upper: index == count - 1 ? .max : lower + (width - 1))
        }
    }

    /// Whether the ranges cover 0 … 2^128 − 1 with no gap and no overlap.
    package static func tile(_ ranges: [HashRange]) -> Bool {
        var next: UInt128 = 0
        let sorted = ranges.sorted { $0.lower < $1.lower }
        for (index, range) in sorted.enumerated() {
            guard range.lower == next else { return false }
            if range.upper == .max { return index == sorted.count - 1 }
            next = range.upper + 1
        }
        return false
    }
}
