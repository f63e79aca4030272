package import Model
internal import RecordBatch

/// `cleaned-segments` in a partition's folder: the segments that compaction wrote. In them offsets may be missing; in
/// all others, and between any two, none may.
///
/// Kafka's `cleaner-offset-checkpoint` alone says less: below its offset a segment that is missing, or whose end is,
/// would pass for compacted. Replaced as a whole before each swap of segments, so that it holds for what is there
/// before and after it.
///
/// ```
/// 1                                  version; 0 has no line for the checksum
/// <CRC-32C>                          of what follows, in decimal digits
/// <cleaned end> <gaps before>        of the log; of the segments that are not listed
/// <count>
/// <base offset> <end> <bytes>        each segment; the end is the next segment's base offset
/// <base offset> <end> <bytes>        at most one more: the segment that is about to be swapped in
/// ```
package struct CleanedSegments: Sendable, Equatable {
    package struct Entry: Sendable, Equatable {
        package var baseOffset: Offset
        /// The offset after the segment: what it covers, whether or not a batch is left there.
        package var end: Offset
        package var sizeBytes: Int64

        package init(baseOffset: Offset, end: Offset, sizeBytes: Int64) {
            self.baseOffset = baseOffset
            self.end = end
            self.sizeBytes = sizeBytes
        }
    }

    /// Where the last run ended, or the one under way will end.
    package var cleanedEnd: Offset
    /// In segments that are not listed offsets below this one may be missing: a Kafka broker compacted them.
    package var gapsBefore: Offset
    /// In offset order.
    package private(set) var entries: [Entry]
    /// Its segment is there, or will be, or never was.
    package private(set) var pending: Entry?

    package init(cleanedEnd: Offset = 0, gapsBefore: Offset = 0) {
        self.cleanedEnd = cleanedEnd
        self.gapsBefore = gapsBefore
        self.entries = []
    }

    /// What the file says about a segment of this size; `nil` when compaction did not write it.
    ///
    /// A segment that is smaller than its entry was cut, and still is that segment.
    package func entry(base: Offset, sizeBytes: Int64) -> Entry? {
        if let pending, pending.baseOffset == base, pending.sizeBytes == sizeBytes { return pending }
        guard let entry = self.entries.first(where: { $0.baseOffset == base }), sizeBytes <= entry.sizeBytes else {
            return nil
        }
        return entry
    }

    /// Before which offset any may be missing in a segment, see `SegmentWalk`.
    package func gapsBefore(inSegmentAt base: Offset, sizeBytes: Int64) -> Offset {
        self.entry(base: base, sizeBytes: sizeBytes)?.end ?? self.gapsBefore
    }

    /// A segment is about to be swapped in.
    package mutating func willSwap(_ entry: Entry) { self.pending = entry }

    /// The segment was swapped in: it has taken the place of all that it covers.
    package mutating func swapped() {
        guard let pending else { return }
        self.entries.removeAll { $0.baseOffset >= pending.baseOffset && $0.baseOffset < pending.end }
        let index = self.entries.firstIndex { $0.baseOffset > pending.baseOffset } ?? self.entries.count
        self.entries.insert(pending, at: index)
        self.pending = nil
    }

    /// The segment will not come.
    package mutating func abandoned() { self.pending = nil }

    /// Forgets segments that are gone.
    package mutating func removeBefore(_ start: Offset) { self.entries.removeAll { $0.baseOffset < start } }

    package func encoded() -> [UInt8] {
        var text = "\(self.cleanedEnd) \(self.gapsBefore)\n\(self.entries.count)\n"
        for entry in self.entries + [self.pending].compactMap({ $0 }) {
            text += "\(entry.baseOffset) \(entry.end) \(entry.sizeBytes)\n"
        }
        let body = Array(text.utf8)
        return Array("1\n\(Self.checksum(body[...]))\n".utf8) + body
    }

    private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 { bytes.withUnsafeBytes { CRC32C.checksum($0) } }

    /// `nil` when the text is not a whole file, or fails its checksum.
    package init?(decoding bytes: [UInt8]) {
        var reader = TextReader(bytes)
        guard let version = reader.line().map({ String(decoding: $0, as: UTF8.self) }), version == "0" || version == "1"
        else { return nil }
        if version == "1" {
            guard let line = reader.line(), line.endIndex < bytes.endIndex,
                UInt32(String(decoding: line, as: UTF8.self)) == Self.checksum(bytes[(line.endIndex + 1)...])
            else { return nil }
        }
        guard let limits = reader.line().map({ TextReader.fields($0) }), limits.count == 2,
            let cleanedEnd = Offset(limits[0]), let gapsBefore = Offset(limits[1]),
            let count = reader.line().flatMap({ Int(String(decoding: $0, as: UTF8.self)) }),
            count >= 0, count <= bytes.count
        else { return nil }
        self.init(cleanedEnd: cleanedEnd, gapsBefore: gapsBefore)
        while let line = reader.line() {
            let fields = TextReader.fields(line)
            guard fields.count == 3, let base = Offset(fields[0]), let end = Offset(fields[1]),
                let size = Int64(fields[2]), base >= 0, end >= base, size >= 0
            else { return nil }
            let entry = Entry(baseOffset: base, end: end, sizeBytes: size)
            if self.entries.count == count {
                guard self.pending == nil else { return nil }
                self.pending = entry
            } else {
                if let last = self.entries.last, last.end > base { return nil }
                self.entries.append(entry)
            }
        }
        guard self.entries.count == count else { return nil }
    }
}
