package import Model
internal import RecordBatch

/// Offsets of a partition that a repair found damaged or missing, so that a later inspection can tell them from new
/// damage. Only inspections read it: the server finds the gaps in the segments themselves.
///
/// Text: version line `1`, the CRC-32C of what follows in decimal digits, a line with the count, then
/// `<first offset> <offset after the last>` lines in offset order.
package struct LostOffsets: Sendable, Equatable {
    /// The file's name.
    package static let fileName = "lost-offsets"
    package static let fileBytesMax = 16 << 20

    /// In order of their beginnings; they may overlap.
    package private(set) var ranges: [Range<Offset>] = []

    package init() {}

    /// Adds a range; one that is there already, or is empty, changes nothing.
    package mutating func add(_ range: Range<Offset>) {
        guard !range.isEmpty, !self.ranges.contains(range) else { return }
        let index = self.ranges.firstIndex { $0.lowerBound > range.lowerBound }
        self.ranges.insert(range, at: index ?? self.ranges.count)
    }

    /// Whether every one of these offsets is known to be lost.
    package func covers(_ offsets: Range<Offset>) -> Bool {
        var start = offsets.lowerBound
        for range in self.ranges where range.lowerBound <= start { start = max(start, range.upperBound) }
        return start >= offsets.upperBound
    }

    package func encoded() -> [UInt8] {
        var text = "\(self.ranges.count)\n"
        for range in self.ranges { text += "\(range.lowerBound) \(range.upperBound)\n" }
        let body = Array(text.utf8)
        return Array("1\n\(Self.checksum(body[...]))\n".utf8) + body
    }

    /// `nil` when the text is not whole.
    package init?(decoding bytes: [UInt8]) {
        var reader = TextReader(bytes)
        guard reader.line().map({ Array($0) }) == Array("1".utf8), let checksumLine = reader.line(),
            let checksum = UInt32(String(decoding: checksumLine, as: UTF8.self)),
            Self.checksum(bytes.dropFirst(2 + checksumLine.count + 1)) == checksum,
            let countLine = reader.line(), let count = Int(String(decoding: countLine, as: UTF8.self)), count >= 0
        else { return nil }
        while let line = reader.line() {
            let fields = TextReader.fields(line)
            guard fields.count == 2, let start = Offset(fields[0]), let end = Offset(fields[1]), start < end else {
                return nil
            }
            self.ranges.append(start..<end)
        }
        guard self.ranges.count == count else { return nil }
    }

    private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.withUnsafeBytes { CRC32C.checksum($0) }
    }
}
