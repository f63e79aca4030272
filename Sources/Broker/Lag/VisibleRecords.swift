internal import Model

/// How many records consumers see in a part of a partition, as far as it has been looked at. Sans-IO.
///
/// An offset is not always a record: compaction leaves gaps, the marker of a transaction takes an offset, and consumers
/// pass over aborted records. What was not looked at counts as if each offset were a record.
///
/// Bounded: neighbours in which every offset is a record, or none, are one run; of others there are `runsMax`, and the
/// oldest two are joined beyond that. A count that begins or ends within such a run is a share of it.
struct VisibleRecords: Sendable, Equatable {
    static let runsMax = 1_024

    private struct Run: Equatable {
        var range: Range<Offset>
        var records: Int64

        var isDense: Bool { self.records == self.range.upperBound - self.range.lowerBound }

        func mayJoin(_ next: Run) -> Bool {
            self.isDense && next.isDense || self.records == 0 && next.records == 0
        }
    }

    /// In offset order, without gaps between them.
    private var runs: [Run] = []
    /// The first offset that was not looked at.
    private(set) var end: Offset
    private(set) var start: Offset

    init(from start: Offset) {
        self.start = start
        self.end = start
    }

    /// The offsets from `end` to `next` hold so many records; nothing if there are none.
    mutating func looked(to next: Offset, records: Int64) {
        guard next > self.end else { return }
        let run = Run(range: self.end..<next, records: min(max(0, records), next - self.end))
        self.end = next
        if let last = self.runs.last, last.mayJoin(run) {
            self.runs[self.runs.count - 1] = Self.joined(last, run)
            return
        }
        self.runs.append(run)
        guard self.runs.count > Self.runsMax else { return }
        self.runs[1] = Self.joined(self.runs[0], self.runs[1])
        self.runs.removeFirst()
    }

    private static func joined(_ first: Run, _ second: Run) -> Run {
        Run(range: first.range.lowerBound..<second.range.upperBound, records: first.records + second.records)
    }

    /// Nobody asks about offsets before this one any more.
    mutating func forget(before offset: Offset) {
        let count = self.runs.prefix { $0.range.upperBound <= offset }.count
        guard count > 0 else { return }
        self.runs.removeFirst(count)
        self.start = self.runs.first?.range.lowerBound ?? self.end
    }

    /// Records from one offset to another; what lies outside of what was looked at counts in full.
    func count(_ range: Range<Offset>) -> Int64 {
        guard !range.isEmpty else { return 0 }
        var count = max(0, min(self.start, range.upperBound) - range.lowerBound)
        count += max(0, range.upperBound - max(self.end, range.lowerBound))
        for run in self.runs where run.range.overlaps(range) {
            let part = run.range.clamped(to: range)
            let (length, whole) = (part.upperBound - part.lowerBound, run.range.upperBound - run.range.lowerBound)
            // Neither number is large enough for the product of a share to matter beyond a record.
            count += length == whole ? run.records : Int64(Double(run.records) * Double(length) / Double(whole))
        }
        return count
    }
}
