package import Model

/// Offsets of a partition that cannot be read: their bytes are damaged, or missing.
package struct DamagedRange: Error, Sendable, Equatable {
    /// Never empty in a `Quarantine`.
    package var offsets: Range<Offset>
    /// The file that the offsets belong to.
    package var path: String
    /// The damaged part of the file; empty where bytes are missing.
    package var bytes: Range<Int64>
    /// What is wrong, for people.
    package var reason: String

    package init(offsets: Range<Offset>, path: String, bytes: Range<Int64>, reason: String) {
        self.offsets = offsets
        self.path = path
        self.bytes = bytes
        self.reason = reason
    }

    /// What readers of the range are answered.
    package var error: LogError {
        LogError(
            .corruptBatch,
            "offsets \(self.offsets.lowerBound) to \(self.offsets.upperBound - 1) are damaged: \(self.reason)"
        )
    }
}

/// The damaged ranges of one partition, in offset order. The rest of the partition serves.
///
/// Every damage is in the files to be found again, so nothing of this is stored: a read notes what it meets, and a
/// restart forgets it until a read comes by.
package struct Quarantine: Sendable, Equatable {
    package private(set) var ranges: [DamagedRange] = []

    /// More ranges than this are joined with their neighbours: sound offsets between them are refused then.
    package static let countMax = 1_000

    package init() {}

    package var isEmpty: Bool { self.ranges.isEmpty }

    /// Adds a range; one that overlaps known ones grows them.
    ///
    /// - Returns: whether it has offsets that were not known.
    package mutating func add(_ range: DamagedRange) -> Bool {
        if range.offsets.isEmpty { return false }
        var merged = range
        var kept: [DamagedRange] = []
        for known in self.ranges {
            let (start, end) = (known.offsets.lowerBound, known.offsets.upperBound)
            if start <= range.offsets.lowerBound, end >= range.offsets.upperBound { return false }
            if known.offsets.overlaps(merged.offsets) { merged = merged.joined(known) } else { kept.append(known) }
        }
        let index = kept.firstIndex { $0.offsets.lowerBound > merged.offsets.lowerBound } ?? kept.count
        kept.insert(merged, at: index)
        if kept.count > Self.countMax {
            let last = kept.removeLast()
            kept[kept.count - 1] = kept[kept.count - 1].joined(last)
        }
        self.ranges = kept
        return true
    }

    /// The range that an offset lies in.
    package func range(at offset: Offset) -> DamagedRange? {
        self.ranges.first { $0.offsets.contains(offset) }
    }

    /// Where the first range after `offset` begins; `Offset.max` when there is none.
    package func start(after offset: Offset) -> Offset {
        self.ranges.first { $0.offsets.lowerBound > offset }?.offsets.lowerBound ?? .max
    }

    /// Replaces what is known of `offsets` by what was found there.
    ///
    /// - Returns: the found ranges that were not known.
    package mutating func replace(in offsets: Range<Offset>, by found: [DamagedRange]) -> [DamagedRange] {
        let before = self.ranges
        self.ranges.removeAll { offsets.contains($0.offsets.lowerBound) && $0.offsets.upperBound <= offsets.upperBound }
        var news: [DamagedRange] = []
        for range in found {
            let isKnown = before.contains { $0.offsets == range.offsets && $0.path == range.path }
            if self.add(range), !isKnown { news.append(range) }
        }
        return news
    }

    /// Forgets what lies before the log start offset.
    package mutating func removeBefore(_ start: Offset) {
        self.ranges.removeAll { $0.offsets.upperBound <= start }
    }
}

extension DamagedRange {
    fileprivate func joined(_ other: DamagedRange) -> DamagedRange {
        let (first, last) = self.offsets.lowerBound <= other.offsets.lowerBound ? (self, other) : (other, self)
        var joined = first
        joined.offsets = first.offsets.lowerBound..<max(first.offsets.upperBound, last.offsets.upperBound)
        if first.path == last.path {
            let end = max(first.bytes.upperBound, last.bytes.upperBound)
            joined.bytes = min(first.bytes.lowerBound, last.bytes.lowerBound)..<end
        }
        return joined
    }
}
