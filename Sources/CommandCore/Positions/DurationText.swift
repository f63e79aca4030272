/// Spans of time as people write them: `90s`, `1h30m`, `250ms`, `7d`.
package enum DurationText {
    private static let units: [(name: String, milliseconds: Int64)] = [
        ("ms", 1), ("s", 1000), ("sec", 1000), ("m", 60_000), ("min", 60_000), ("h", 3_600_000), ("hr", 3_600_000),
        ("d", 86_400_000), ("w", 604_800_000),
    ]

    /// Milliseconds; `nil` for anything else, such as a number without a unit.
    package static func milliseconds(_ text: some StringProtocol) -> Int64? {
        var rest = text[...]
        var total: Int64 = 0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest[digits.endIndex...]
            let name = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest[name.endIndex...]
            guard let count = Int64(digits), let unit = Self.units.first(where: { $0.name == name }) else { return nil }
            let (span, isTooLong) = count.multipliedReportingOverflow(by: unit.milliseconds)
            let (sum, isSumTooLong) = total.addingReportingOverflow(span)
            guard !isTooLong, !isSumTooLong else { return nil }
            total = sum
        }
        return total
    }

    /// For people: `850 ms`, `12 s`, `3 m 20 s`, `5 h 1 m`, `2 d 3 h`.
    package static func text(milliseconds: Int64) -> String {
        guard milliseconds >= 0 else { return "-" + Self.text(milliseconds: -max(milliseconds, -Int64.max)) }
        if milliseconds < 1000 { return "\(milliseconds) ms" }
        let seconds = milliseconds / 1000
        switch seconds {
        case ..<60: return "\(seconds) s"
        case ..<3600: return "\(seconds / 60) m \(seconds % 60) s"
        case ..<86_400: return "\(seconds / 3600) h \(seconds % 3600 / 60) m"
        default: return "\(seconds / 86_400) d \(seconds % 86_400 / 3600) h"
        }
    }
}
