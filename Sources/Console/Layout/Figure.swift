/// Numbers as people read them.
package enum Figure {
    /// With a thin space between groups of three digits from 10,000 on: `1 234 567`.
    package static func count(_ value: some BinaryInteger) -> String {
        let digits = String(value.magnitude)
        guard digits.utf8.count > 4 else { return (value < 0 ? "-" : "") + digits }
        var text = value < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.utf8.count - index) % 3 == 0 { text += "\u{202F}" }
            text.append(digit)
        }
        return text
    }

    /// `812 B`, `1.5 kB`, `23 MB`: powers of 1,000.
    package static func bytes(_ value: some BinaryInteger) -> String { Self.bytes(Double(value)) }

    package static func bytes(_ value: Double) -> String {
        let (scaled, unit) = Self.scaled(value, ["B", "kB", "MB", "GB", "TB", "PB"])
        return "\(scaled)\u{A0}\(unit)"
    }

    /// Per second: `0`, `0.4`, `1.5 k`.
    package static func rate(_ value: Double) -> String {
        let (scaled, unit) = Self.scaled(value, ["", "k", "M", "G"])
        return unit.isEmpty ? scaled : "\(scaled)\u{A0}\(unit)"
    }

    /// Three digits: `0.04`, `1.5`, `23`, `999`.
    package static func decimal(_ value: Double) -> String {
        guard value.isFinite else { return "–" }
        let magnitude = abs(value)
        if magnitude == 0 { return "0" }
        if magnitude < 0.995 { return Self.fixed(value, 2) }
        if magnitude < 99.95 { return Self.fixed(value, 1) }
        return Self.fixed(value, 0)
    }

    /// With so many digits behind the point, without zeros at its end.
    package static func fixed(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "–" }
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let scaled = Int64((abs(value) * scale).rounded())
        let sign = value < 0 && scaled > 0 ? "-" : ""
        let whole = scaled / Int64(scale)
        guard digits > 0 else { return sign + String(whole) }
        var rest = String(scaled % Int64(scale))
        rest = String(repeating: "0", count: digits - rest.utf8.count) + rest
        while rest.hasSuffix("0") { rest.removeLast() }
        return sign + String(whole) + (rest.isEmpty ? "" : "." + rest)
    }

    /// `0 s`, `0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`, `4 d 3 h`.
    package static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite else { return "–" }
        if seconds < 9.95 { return "\(Self.fixed(max(0, seconds), 1))\u{A0}s" }
        guard seconds < 1e12 else { return "–" }
        let whole = Int64(seconds.rounded())
        func pair(_ first: Int64, _ unit: String, _ second: Int64, _ other: String) -> String {
            second == 0 ? "\(first)\u{A0}\(unit)" : "\(first)\u{A0}\(unit) \(second)\u{A0}\(other)"
        }
        if whole < 60 { return "\(whole)\u{A0}s" }
        if whole < 3600 { return pair(whole / 60, "min", whole % 60, "s") }
        if whole < 86_400 { return pair(whole / 3600, "h", whole % 3600 / 60, "min") }
        return pair(whole / 86_400, "d", whole % 86_400 / 3600, "h")
    }

    package static func duration(milliseconds: some BinaryInteger) -> String {
        Self.duration(Double(milliseconds) / 1000)
    }

    /// `1 topic`, `2 topics`.
    package static func plural(_ value: some BinaryInteger, _ one: String, _ many: String? = nil) -> String {
        "\(Self.count(value)) \(value == 1 ? one : many ?? one + "s")"
    }

    /// Of a picture: two digits behind the point.
    static func coordinate(_ value: Double) -> String { Self.fixed(value, 2) }

    private static func scaled(_ value: Double, _ units: [String]) -> (String, String) {
        var value = value
        var unit = 0
        while abs(value) >= 999.5, unit + 1 < units.count {
            value /= 1000
            unit += 1
        }
        return (unit == 0 && value == value.rounded() ? Self.fixed(value, 0) : Self.decimal(value), units[unit])
    }
}
