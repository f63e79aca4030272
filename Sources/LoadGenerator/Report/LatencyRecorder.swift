internal import Histogram

/// What is known of a population of latencies, in milliseconds.
package struct LatencySummary: Sendable, Equatable {
    package var count: Int
    package var p50: Double
    package var p90: Double
    package var p99: Double
    package var p999: Double
    package var max: Double
}

/// One second of a load.
package struct TimelineSecond: Sendable, Equatable {
    /// Counted from 0, the second in which the load began.
    package var second: Int
    package var records: Int
    package var p50: Double
    package var p99: Double
}

/// Collects latencies in an HdrHistogram of three significant digits, from a microsecond to an hour.
///
/// Call it with times that never fall; all times are nanoseconds on the monotonic clock.
package struct LatencyRecorder: Sendable {
    private static let longestMicroseconds: UInt64 = 3_600_000_000

    private var all = Self.emptyHistogram()
    private var warmupRecordsLeft: Int
    private let warmupEnd: UInt64
    private let start: UInt64
    private var timeline: Timeline?

    fileprivate struct Timeline: Sendable {
        var seconds: [TimelineSecond] = []
        var current = LatencyRecorder.emptyHistogram()
        var second = 0
    }

    /// - Parameters:
    ///   - start: when the load began.
    ///   - hasTimeline: also keep a row for every second.
    package init(start: UInt64, volume: LoadVolume, hasTimeline: Bool = false) {
        self.start = start
        self.warmupRecordsLeft = volume.warmupRecords
        self.warmupEnd = start + UInt64(volume.warmupSeconds * 1e9)
        self.timeline = hasTimeline ? Timeline() : nil
    }

    fileprivate static func emptyHistogram() -> Histogram<UInt64> {
        Histogram(highestTrackableValue: self.longestMicroseconds, numberOfSignificantValueDigits: .three)
    }

    /// Notes `count` records of one latency that ended at `now`. Latencies of more than an hour count as an hour.
    package mutating func record(nanoseconds: UInt64, count: Int = 1, at now: UInt64) {
        let value = min((nanoseconds + 500) / 1000, Self.longestMicroseconds)
        if self.timeline != nil { self.recordTimeline(value, count, now) }
        var count = count
        if self.warmupRecordsLeft > 0 {
            let skipped = min(count, self.warmupRecordsLeft)
            self.warmupRecordsLeft -= skipped
            count -= skipped
        }
        guard count > 0, now >= self.warmupEnd else { return }
        self.all.record(value, count: UInt64(count))
    }

    private mutating func recordTimeline(_ value: UInt64, _ count: Int, _ now: UInt64) {
        let second = now < self.start ? 0 : Int((now - self.start) / 1_000_000_000)
        self.timeline?.move(to: second)
        self.timeline?.current.record(value, count: UInt64(count))
    }

    /// `nil` when nothing was recorded after the warm-up.
    package var summary: LatencySummary? {
        guard self.all.totalCount > 0 else { return nil }
        let milliseconds = { (percentile: Double) in Double(self.all.valueAtPercentile(percentile)) / 1000 }
        return LatencySummary(
            count: Int(self.all.totalCount),
            p50: milliseconds(50),
            p90: milliseconds(90),
            p99: milliseconds(99),
            p999: milliseconds(99.9),
            max: Double(self.all.maxRecorded) / 1000
        )
    }

    /// The seconds so far, empty ones included; the last may not be whole. `nil` without a timeline.
    package var seconds: [TimelineSecond]? {
        guard var timeline = self.timeline else { return nil }
        timeline.close()
        return timeline.seconds
    }
}

extension LatencyRecorder.Timeline {
    fileprivate mutating func move(to second: Int) {
        while self.second < second {
            self.close()
            self.second += 1
        }
    }

    fileprivate mutating func close() {
        let count = Int(self.current.totalCount)
        self.seconds.append(
            TimelineSecond(
                second: self.second,
                records: count,
                p50: count == 0 ? 0 : Double(self.current.valueAtPercentile(50)) / 1000,
                p99: count == 0 ? 0 : Double(self.current.valueAtPercentile(99)) / 1000
            )
        )
        if count > 0 { self.current.reset() }
    }
}
