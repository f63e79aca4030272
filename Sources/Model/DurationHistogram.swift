internal import Synchronization

/// How often durations were within bounds of 1, 2 and 5 from 0.5 ms to 10 s, and their sum: what a classic histogram of
/// Prometheus is made of.
package struct DurationCounts: Sendable, Equatable {
    /// The upper bounds in seconds, as they are written; what is above the last one is in a further bucket.
    package static let bounds = [
        "0.0005", "0.001", "0.002", "0.005", "0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1", "2", "5", "10",
    ]

    /// Of each bound, and last of what is above them; not cumulative.
    package var buckets = [UInt64](repeating: 0, count: Self.bounds.count + 1)
    package var nanoseconds: UInt64 = 0

    package init() {}

    package var total: UInt64 { self.buckets.reduce(0, +) }

    package static func += (left: inout Self, right: Self) {
        for index in left.buckets.indices { left.buckets[index] += right.buckets[index] }
        left.nanoseconds += right.nanoseconds
    }

    /// The index in `buckets` of a duration.
    package static func bucket(ofNanoseconds nanoseconds: Int64) -> Int {
        switch nanoseconds {
        case ...500_000: 0
        case ...1_000_000: 1
        case ...2_000_000: 2
        case ...5_000_000: 3
        case ...10_000_000: 4
        case ...20_000_000: 5
        case ...50_000_000: 6
        case ...100_000_000: 7
        case ...200_000_000: 8
        case ...500_000_000: 9
        case ...1_000_000_000: 10
        case ...2_000_000_000: 11
        case ...5_000_000_000: 12
        case ...10_000_000_000: 13
        default: 14
        }
    }
}

/// Counts durations. Two relaxed atomic additions each, no lock and no allocation; give every event loop one of its own
/// where many record, and add up what they counted.
package final class DurationHistogram: Sendable {
    private let buckets: InlineArray<15, Atomic<UInt64>>
    private let nanoseconds = Atomic<UInt64>(0)

    package init() { self.buckets = InlineArray { _ in Atomic(0) } }

    /// - Parameter nanoseconds: a clock that was set back may give less than 0, which counts as 0.
    package func record(nanoseconds: Int64) {
        self.buckets[DurationCounts.bucket(ofNanoseconds: nanoseconds)].wrappingAdd(1, ordering: .relaxed)
        self.nanoseconds.wrappingAdd(UInt64(max(0, nanoseconds)), ordering: .relaxed)
    }

    /// What was counted until now. Read part by part: one that is recorded meanwhile may be in the buckets and not yet
    /// in the sum.
    package var counts: DurationCounts {
        var counts = DurationCounts()
        for index in counts.buckets.indices { counts.buckets[index] = self.buckets[index].load(ordering: .relaxed) }
        counts.nanoseconds = self.nanoseconds.load(ordering: .relaxed)
        return counts
    }
}
