package import Model
package import RecordBatch

/// Follows the batches of one segment and sees that no offset is missing between them.
///
/// A checksum proves a batch's content, but not its place: base offset and length lie outside of it, and a file that
/// was cut, or is missing, has no wrong checksum at all. What proves the place is that each batch begins where the one
/// before ended, the first one at the segment's base offset and the last one's end at the next segment's.
///
/// Compaction removes whole batches. Below `gapsBefore` offsets may therefore be missing, and a batch may have fewer
/// records than offsets: to the end of a segment that compaction wrote (`CleanedSegments`) and nowhere in others.
package struct SegmentWalk: Sendable, Equatable {
    /// What is wrong with a batch, or with what follows the last one.
    package struct Flaw: Error, Sendable, Equatable {
        package var reason: String

        package init(_ reason: String) { self.reason = reason }
    }

    /// The base offset that the next batch must have; `nil` at an index entry, where it is unknown.
    package private(set) var expected: Offset?
    /// The last offset of a batch that an index entry promises.
    private var promised: Offset?
    /// The base offset of the next segment, or the end of what is stored.
    package let end: Offset
    package let gapsBefore: Offset

    /// Begins where the base offset is known: at a segment's start, or where an earlier walk ended.
    package init(from expected: Offset, end: Offset, gapsBefore: Offset) {
        self.expected = expected
        self.end = end
        self.gapsBefore = gapsBefore
    }

    /// Begins at an index entry, which is a hint: it holds when a batch ends at the offset that it names.
    package init(atIndexEntryFor promised: Offset, end: Offset, gapsBefore: Offset) {
        self.promised = promised
        self.end = end
        self.gapsBefore = gapsBefore
    }

    /// Whether an index entry led here and no batch has proved it yet.
    package var isUnproved: Bool { self.promised != nil }

    /// Takes the next batch's header, or says why the batch cannot be here; then nothing changes.
    package mutating func follow(_ header: RecordBatchHeader) throws(Flaw) {
        let base = header.baseOffset
        guard base >= 0, header.lastOffsetDelta >= 0, base <= Offset.max - Offset(header.lastOffsetDelta) - 1 else {
            throw Flaw("a batch has offsets that cannot be")
        }
        let next = header.nextOffset
        guard next <= self.end else {
            throw Flaw("a batch ends at offset \(next - 1), the segment before offset \(self.end)")
        }
        let spanned = Int64(header.lastOffsetDelta) + 1
        let hasAll = Int64(header.recordCount) == spanned
        let mayHaveFewer = base < self.gapsBefore && header.recordCount >= 0 && Int64(header.recordCount) < spanned
        guard hasAll || mayHaveFewer else { throw Flaw("\(header.recordCount) records in \(spanned) offsets") }
        if let expected = self.expected, base != expected {
            guard base > expected else { throw Flaw("offset \(base) follows \(expected - 1)") }
            guard base <= self.gapsBefore else { throw Flaw("offsets \(expected) to \(base - 1) are missing") }
        }
        if let promised = self.promised, header.lastOffset >= promised {
            guard header.lastOffset == promised else { throw Flaw("the index promises a batch that is not there") }
            self.promised = nil
        }
        self.expected = next
    }

    /// The offsets that are missing when the segment has no more batches; `nil` when there are none.
    package var missingAtEnd: Range<Offset>? {
        guard let expected = self.expected else { return nil }
        let start = max(expected, self.gapsBefore)
        return start < self.end ? start..<self.end : nil
    }

    /// The offsets that are missing when a segment's log ends at `size`: also those of a segment that compaction wrote
    /// and that was longer.
    package func missing(atEnd size: Int64, of info: SegmentInfo) -> Range<Offset>? {
        if let cleaned = info.cleaned, size < cleaned.sizeBytes, let expected, expected < min(cleaned.end, self.end) {
            return expected..<self.end
        }
        return self.missingAtEnd
    }

    /// The same walk behind damage.
    package func resumed(at offset: Offset) -> SegmentWalk {
        SegmentWalk(from: offset, end: self.end, gapsBefore: self.gapsBefore)
    }
}
