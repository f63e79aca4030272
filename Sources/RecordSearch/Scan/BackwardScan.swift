package import Model
internal import NIOCore

/// Looks through partitions from their ends: the newest records first. Sans-IO, window by window:
///
/// ```
///  nextWindow ──► ScanMachine over the window of each partition, run to its end ── finished ──► nextWindow … ──► nil
/// ```
///
/// A window is read forward, as a log can only be, and all of its matches are kept until it is done; then they are
/// taken from its end. A window has few records at first and four times as many each time, up to what the limits
/// leave, so that the newest records come at once and a rare match is found by long reads. A window whose matches take
/// too much memory is done again with a quarter of it.
///
/// Within a partition the order is that of its offsets; partitions are merged by the times of their records.
package struct BackwardScan: Sendable {
    /// Where a partition is looked at: down to `start`, from below `end`.
    package typealias Range = (partition: Int32, start: Offset, end: Offset)

    private static let windowFirst: Int64 = 64
    private static let windowMax: Int64 = 1 << 18
    /// Bytes of keys and values that the matches of one window may have.
    package static let windowBytesMax = 64 << 20

    private var ranges: [Range]
    private let filter: RecordFilter?
    private let limits: ScanMachine.Limits
    private var window: Int64
    private var lowers: [Offset] = []
    private var reason: ScanMachine.EndReason?
    private var resultBytes = 0
    /// By partition, from its end on.
    private var taken: [Int32: [SearchRecord]] = [:]
    private var matched = 0
    private var total = ScanMachine.Progress()

    /// - Parameter ranges: a partition at most once.
    package init(_ ranges: [Range], filter: RecordFilter?, limits: ScanMachine.Limits) {
        self.ranges = ranges
        self.filter = filter
        self.limits = limits
        // Without a filter one window holds all that is asked for.
        let share = min(Int64(limits.results) / Int64(max(1, ranges.count)), Self.windowMax - 1) + 1
        self.window = filter == nil ? max(Self.windowFirst, share) : Self.windowFirst
    }

    /// What was found, the newest first. Windows of several partitions are of different times, so that their matches
    /// are merged once more.
    package var records: [SearchRecord] {
        var places = self.taken.mapValues { $0[...] }
        var records: [SearchRecord] = []
        records.reserveCapacity(self.matched)
        while let newest = places.values.compactMap(\.first).max(by: { $0.isBefore($1) }) {
            records.append(newest)
            places[newest.partition]?.removeFirst()
        }
        return records
    }

    /// What was looked at; `left` is what was not, in offsets.
    package var progress: ScanMachine.Progress {
        var progress = self.total
        progress.left = self.ranges.reduce(0) { $0 + max(0, $1.end - $1.start) }
        progress.matched = self.matched
        return progress
    }

    /// Why it ended; `nil` before that.
    package var endReason: ScanMachine.EndReason? { self.reason }

    /// Where each partition is continued: below these offsets.
    package var positions: [(partition: Int32, end: Offset)] { self.ranges.map { ($0.partition, $0.end) } }

    /// The next window to be run to its end, or `nil` when the scan has ended.
    package mutating func nextWindow() -> ScanMachine? {
        guard self.reason == nil else { return nil }
        let open = self.ranges.count { $0.end > $0.start }
        guard open > 0 else {
            self.reason = .end
            return nil
        }
        let recordsLeft = self.limits.scannedRecords - self.total.scanned
        guard recordsLeft > 0 else {
            self.reason = .scannedRecords
            return nil
        }
        guard self.total.bytes < self.limits.scannedBytes else {
            self.reason = .scannedBytes
            return nil
        }
        let length = max(1, min(self.window, recordsLeft / Int64(open)))
        self.lowers = self.ranges.map { max($0.start, $0.end - length) }
        return ScanMachine(
            zip(self.ranges, self.lowers).map {
                ScanMachine.Position(partition: $0.partition, next: $1, end: max($1, $0.end))
            },
            filter: self.filter,
            limits: ScanMachine.Limits(
                results: .max,
                scannedRecords: .max,
                scannedBytes: .max,
                resultBytes: length > 1 ? Self.windowBytesMax : .max
            )
        )
    }

    /// A window was run to its end.
    ///
    /// - Parameter found: its matches, in the order in which it gave them.
    package mutating func finished(_ machine: ScanMachine, _ found: [SearchRecord]) {
        guard case .end(let ended) = machine.next() else { preconditionFailure("the window is not done") }
        self.total.bytes += machine.progress.bytes
        guard ended != .resultBytes else {
            self.window = max(1, (zip(self.ranges, self.lowers).map { $0.end - $1 }.max() ?? 1) / 4)
            return
        }
        self.total.scanned += machine.progress.scanned
        self.total.errors += machine.progress.errors
        self.total.tooMuchWork += machine.progress.tooMuchWork
        self.total.unreadable += machine.progress.unreadable
        self.merge(found)
        self.window = min(self.window * 4, Self.windowMax)
    }

    /// Takes matches from the ends of their partitions until there are enough. Parts of one record stay together.
    private mutating func merge(_ found: [SearchRecord]) {
        var waiting: [Int32: [SearchRecord]] = [:]
        for record in found { waiting[record.partition, default: []].append(record) }
        while self.reason == nil,
            let newest = waiting.values.compactMap(\.last).max(by: { $0.isBefore($1) })
        {
            let partition = newest.partition
            var parts: [SearchRecord] = []
            while let last = waiting[partition]?.last, last.offset == newest.offset {
                parts.append(last)
                waiting[partition]?.removeLast()
            }
            if waiting[partition]?.isEmpty ?? false { waiting[partition] = nil }
            for part in parts {
                self.resultBytes += (part.key?.readableBytes ?? 0) + (part.value?.readableBytes ?? 0)
            }
            self.taken[partition, default: []] += parts
            self.matched += parts.count
            if self.matched >= self.limits.results {
                self.reason = .results
            } else if self.resultBytes >= self.limits.resultBytes {
                self.reason = .resultBytes
            }
        }
        for index in self.ranges.indices {
            // What was not taken is found again when the scan is continued.
            let rest = waiting[self.ranges[index].partition]?.last
            self.ranges[index].end = rest.map { $0.offset + 1 } ?? self.lowers[index]
        }
    }
}

extension SearchRecord {
    fileprivate func isBefore(_ other: SearchRecord) -> Bool {
        (self.timestamp, other.partition) < (other.timestamp, self.partition)
    }
}
