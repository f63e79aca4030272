internal import LogCore
internal import Model

/// The segments of one partition that readers see, in offset order, each with its files.
struct SegmentLayout {
    struct Segment {
        /// What the files hold.
        var info: SegmentInfo
        let files: SegmentFiles
    }

    private(set) var segments: [Segment]
    /// Of all logs; indexes are not counted.
    private(set) var sizeBytes: Int64

    init(_ segments: [Segment] = []) {
        self.segments = segments
        self.sizeBytes = segments.reduce(0) { $0 + $1.info.sizeBytes }
    }

    var firstOffset: Offset? { self.segments.first?.info.baseOffset }

    var infos: [SegmentInfo] { self.segments.map(\.info) }

    /// How long the transaction indexes are, of the newest segments that have one.
    var transactionIndexes: [ProducerCheckpoint.IndexLength] {
        let infos = self.segments.lazy.map(\.info).filter { $0.transactionIndexCount > 0 }
        return infos.suffix(ProducerCheckpoint.transactionIndexesMax).map { info in
            ProducerCheckpoint.IndexLength(
                baseOffset: info.baseOffset,
                logSizeBytes: info.sizeBytes,
                entryCount: Int32(clamping: info.transactionIndexCount)
            )
        }
    }

    /// Makes a new segment visible, or the growth of the last one.
    mutating func publish(_ info: SegmentInfo, _ files: SegmentFiles) {
        if let last = self.segments.last, last.files === files {
            self.update(info)
        } else {
            precondition((self.segments.last?.info.baseOffset ?? -1) < info.baseOffset, "segments must grow")
            self.segments.append(Segment(info: info, files: files))
            self.sizeBytes += info.sizeBytes
        }
    }

    /// Makes what the files of the last segment hold visible; does nothing when it is another one.
    mutating func update(_ info: SegmentInfo) {
        guard let last = self.segments.last, last.info.baseOffset == info.baseOffset else { return }
        self.segments[self.segments.count - 1].info = info
        self.sizeBytes += info.sizeBytes - last.info.sizeBytes
    }

    /// Index of the segment in which a search for `offset` begins: the last that begins at or before it, or the first.
    /// `nil` when there are none.
    func index(for offset: Offset) -> Int? {
        var low = 0
        var high = self.segments.count
        while low < high {
            let middle = (low + high) / 2
            if self.segments[middle].info.baseOffset <= offset { low = middle + 1 } else { high = middle }
        }
        return self.segments.isEmpty ? nil : max(0, low - 1)
    }

    /// Where these segments are, one after the other; `nil` when they are not, or when the last one is among them.
    func range(of files: [SegmentFiles]) -> Range<Int>? {
        guard let first = files.first, let start = self.segments.firstIndex(where: { $0.files === first }),
            start + files.count < self.segments.count
        else { return nil }
        let range = start..<(start + files.count)
        return zip(range, files).allSatisfy { self.segments[$0].files === $1 } ? range : nil
    }

    /// Puts one segment in the place of several.
    mutating func replace(_ range: Range<Int>, with segment: Segment) {
        precondition(segment.info.baseOffset == self.segments[range.lowerBound].info.baseOffset, "offsets stay")
        self.sizeBytes += segment.info.sizeBytes - self.segments[range].reduce(0) { $0 + $1.info.sizeBytes }
        self.segments.replaceSubrange(range, with: [segment])
    }

    /// Notes which segments compaction wrote.
    mutating func note(_ cleaned: CleanedSegments) {
        for index in self.segments.indices {
            let info = self.segments[index].info
            self.segments[index].info.cleaned = cleaned.entry(base: info.baseOffset, sizeBytes: info.sizeBytes)
        }
    }

    /// Takes leading segments out of the readers' sight. The active one stays.
    ///
    /// - Returns: their files, which are the caller's to remove.
    mutating func removeFirst(_ count: Int) -> [SegmentFiles] {
        let removed = self.segments.prefix(min(count, max(0, self.segments.count - 1)))
        self.sizeBytes -= removed.reduce(0) { $0 + $1.info.sizeBytes }
        self.segments.removeFirst(removed.count)
        return removed.map(\.files)
    }

    /// Lets go of all segments.
    mutating func removeAll() -> [SegmentFiles] {
        defer { self = SegmentLayout() }
        return self.segments.map(\.files)
    }
}
