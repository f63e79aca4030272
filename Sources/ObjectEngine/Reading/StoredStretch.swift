internal import LogCore
internal import LogObjects
internal import Model

/// A stretch of a partition's log in one object: a run of a flush, or an extent of a compacted object.
struct StoredStretch: Sendable, Equatable {
    enum Source: Sendable, Hashable {
        /// Batches as they were received: offsets follow from where the run begins, and the leader epoch is the run's.
        case run(FlushObjectName, LeaderEpoch)
        /// Batches as readers get them.
        case extent(CompactedObjectName, mayMissOffsets: Bool)
    }

    var source: Source
    /// In the object.
    var position: Int
    var length: Int
    var baseOffset: Offset
    /// The next stretch begins here.
    var endOffset: Offset
    /// `-1` when no record has one.
    var maxTimestamp: Timestamp

    init(_ run: FlushRun, in object: FlushObjectName) {
        self.source = .run(object, run.leaderEpoch)
        self.position = run.position
        self.length = run.length
        self.baseOffset = run.baseOffset
        self.endOffset = run.endOffset
        self.maxTimestamp = run.maxTimestamp
    }

    init(_ extent: Extent) {
        self.source = .extent(extent.section.object, mayMissOffsets: extent.isCompacted)
        self.position = extent.section.position
        self.length = extent.section.length
        self.baseOffset = extent.baseOffset
        self.endOffset = extent.endOffset
        self.maxTimestamp = extent.maxTimestamp
    }

    var objectName: String {
        switch self.source {
        case .run(let name, _): name.description
        case .extent(let name, _): name.description
        }
    }
}

/// Where the stored batches of a partition are, in offset order, without a gap.
struct StoredIndex: Sendable {
    private(set) var stretches: [StoredStretch] = []
    private(set) var bytes: Int64 = 0
    /// Changes whenever stretches are replaced or removed: who failed to read one that is gone looks again.
    private(set) var generation = 0

    /// Adds what follows the last one.
    mutating func append(_ stretch: StoredStretch) {
        precondition(
            self.stretches.last.map { $0.endOffset == stretch.baseOffset } ?? true,
            "stretches follow each other"
        )
        self.stretches.append(stretch)
        self.bytes += Int64(stretch.length)
    }

    /// The stretch that covers an offset; `nil` when none does.
    func index(covering offset: Offset) -> Int? {
        var (low, high) = (0, self.stretches.count)
        while low < high {
            let middle = (low + high) / 2
            if self.stretches[middle].endOffset <= offset { low = middle + 1 } else { high = middle }
        }
        return low < self.stretches.count && self.stretches[low].baseOffset <= offset ? low : nil
    }

    /// Drops the stretches that end at or before the log start offset.
    ///
    /// - Returns: how many there were.
    @discardableResult
    mutating func removeBefore(_ logStart: Offset) -> Int {
        let count = self.stretches.prefix { $0.endOffset <= logStart }.count
        if count == 0 { return 0 }
        self.bytes -= self.stretches[..<count].reduce(0) { $0 + Int64($1.length) }
        self.stretches.removeFirst(count)
        self.generation += 1
        return count
    }

    /// Puts others in the place of all that lie before `end`, where a stretch ends; they cover the same offsets.
    mutating func replace(before end: Offset, by others: [StoredStretch]) {
        let count = self.stretches.prefix { $0.endOffset <= end }.count
        self.stretches.replaceSubrange(..<count, with: others)
        self.bytes = self.stretches.reduce(0) { $0 + Int64($1.length) }
        self.generation += 1
    }
}
