package import Model

/// Where to begin in each partition and where to stop, as `--from` and `--until` have it: rpk's grammar, and kcat's
/// words for the same.
///
/// | text | begins | stops before |
/// | --- | --- | --- |
/// | `start`, `earliest`, `beginning` | the first record | |
/// | `end`, `latest` | after the last one | |
/// | `:end` | the first record | the present end |
/// | `47`, `47:` | offset 47 | |
/// | `:47`, `12:47` | the first record, offset 12 | offset 47 |
/// | `+5` | 5 after the first offset | |
/// | `-5` | 5 before the present end | |
/// | `@T`, `@T:`, `s@T` | the first record of this time or later | |
/// | `@:T`, `e@T` | the first record | the first record of this time or later |
/// | `@T1:T2` | the first | the second; `end`, and a span after T1 such as `1h`, are taken too |
package struct OffsetRange: Equatable, Sendable {
    package enum Point: Equatable, Sendable {
        case start
        case end
        case offset(Offset)
        /// So many offsets after the first one.
        case afterStart(Int64)
        /// So many offsets before the end.
        case beforeEnd(Int64)
        case time(Timestamp)

        /// The offset of this point in a partition.
        ///
        /// - Parameters:
        ///   - start: the partition's first offset.
        ///   - end: the offset after its last record.
        ///   - time: of the first record that is as late as the point's time; the end where none is.
        package func offset(start: Offset, end: Offset, time: Offset?) -> Offset {
            switch self {
            case .start: start
            case .end: end
            case .offset(let offset): offset
            case .afterStart(let count): start + min(count, max(0, end - start))
            case .beforeEnd(let count): max(start, end - min(count, end))
            case .time: time ?? end
            }
        }

        /// The time that ListOffsets is asked for.
        package var timestamp: Timestamp? { if case .time(let timestamp) = self { timestamp } else { nil } }
    }

    package var from: Point
    /// `nil`: it does not stop.
    package var until: Point?

    package init(from: Point, until: Point? = nil) {
        self.from = from
        self.until = until
    }

    package static let grammar =
        "start, end, an offset, +N, -N, A:B, :end, @TIME or @TIME:TIME; a time is 2026-01-31, 2026-01-31T12:00:00Z, "
        + "milliseconds, or -2h for two hours ago"

    /// - Parameter now: what times such as `-2h` count from.
    package init(_ text: String, now: Timestamp) throws(OptionError) {
        guard let range = Self.parse(text, now: now) else {
            throw OptionError("'\(text)' is not a position; it is \(Self.grammar).")
        }
        self = range
    }

    /// What `--until` adds to `--from`.
    package mutating func stop(before text: String?, now: Timestamp) throws(OptionError) {
        guard let text else { return }
        guard self.until == nil else { throw OptionError("--from says already where to stop.") }
        let point = try OffsetRange(text, now: now)
        guard point.until == nil else { throw OptionError("--until takes one position, not a range.") }
        self.until = point.from
    }

    private static func parse(_ text: String, now: Timestamp) -> OffsetRange? {
        if text.hasPrefix("s@") { return Self.times(text.dropFirst(2), now).flatMap { $0.until == nil ? $0 : nil } }
        if text.hasPrefix("e@") { return Self.times(":" + text.dropFirst(2), now) }
        if text.hasPrefix("@") { return Self.times(text.dropFirst(), now) }
        guard let colon = text.firstIndex(of: ":") else {
            return Self.point(text[...]).map { OffsetRange(from: $0) }
        }
        let (left, right) = (text[..<colon], text[text.index(after: colon)...])
        guard !left.isEmpty || !right.isEmpty else { return nil }
        guard let from = left.isEmpty ? .start : Self.point(left) else { return nil }
        if right.isEmpty { return OffsetRange(from: from) }
        guard let until = Self.point(right) else { return nil }
        if case .offset(let first) = from, case .offset(let last) = until, last < first { return nil }
        return OffsetRange(from: from, until: until)
    }

    private static func point(_ text: Substring) -> Point? {
        switch text {
        case "start", "earliest", "beginning", "oldest": return .start
        case "end", "latest", "newest": return .end
        default: break
        }
        let digits = text.first == "+" || text.first == "-" ? text.dropFirst() : text
        guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int64(digits) else {
            return nil
        }
        switch text.first {
        case "+": return .afterStart(number)
        case "-": return .beforeEnd(number)
        default: return .offset(number)
        }
    }

    /// `T`, `T:`, `:T`, `T1:T2`; a time may have colons itself.
    private static func times(_ text: some StringProtocol, _ now: Timestamp) -> OffsetRange? {
        if text.first == ":" {
            if text.dropFirst() == "end" { return OffsetRange(from: .start, until: .end) }
            return TimeText.timestamp(text.dropFirst(), before: now)
                .map { OffsetRange(from: .start, until: .time($0)) }
        }
        if let single = TimeText.timestamp(text, before: now) { return OffsetRange(from: .time(single)) }
        if text.last == ":", let single = TimeText.timestamp(text.dropLast(), before: now) {
            return OffsetRange(from: .time(single))
        }
        for colon in text.indices where text[colon] == ":" {
            let right = text[text.index(after: colon)...]
            guard let from = TimeText.timestamp(text[..<colon], before: now) else { continue }
            if right == "end" { return OffsetRange(from: .time(from), until: .end) }
            guard let until = TimeText.timestamp(right, before: now, after: from) else { continue }
            return until < from ? nil : OffsetRange(from: .time(from), until: .time(until))
        }
        return nil
    }
}
