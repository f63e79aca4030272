package import Model
internal import Text

/// Points in time as people write them.
package enum TimeText {
    /// Milliseconds since the epoch of
    /// - 13 digits: as they are; 9 or 10 digits: seconds,
    /// - `2026-11-30`, `2026-11-30T12:00:00Z`, with a fraction or an offset as `+02:00`,
    /// - `now`,
    /// - `-90m`: so long before `base`, `90m` and `+90m`: after it, when `base` is given.
    ///
    /// - Parameters:
    ///   - before: what `-90m` counts back from.
    ///   - after: what `90m` counts from; `nil` where that means nothing.
    package static func timestamp(
        _ text: some StringProtocol,
        before: Timestamp,
        after: Timestamp? = nil
    ) -> Timestamp? {
        if text == "now" { return before }
        if text.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int64(text) {
            switch text.count {
            case 9, 10: return number * 1000
            // Few digits were never a time; they are milliseconds, as they always were here.
            default: return number
            }
        }
        if text.first == "-" { return DurationText.milliseconds(text.dropFirst()).map { before - $0 } }
        if let after {
            let span = text.first == "+" ? String(text.dropFirst()) : String(text)
            if let milliseconds = DurationText.milliseconds(span) { return after + milliseconds }
        }
        return Self.calendar(text)
    }

    /// ISO 8601's extended form.
    private static func calendar(_ text: some StringProtocol) -> Timestamp? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            [bytes[0..<4], bytes[5..<7], bytes[8..<10]].allSatisfy({ Self.number($0) != nil })
        else { return nil }
        var clock = "000000"
        var fraction: Int64 = 0
        var zone: Int64 = 0
        if bytes.count > 10 {
            guard bytes[10] == UInt8(ascii: "T") || bytes[10] == UInt8(ascii: " "), bytes.count >= 16,
                bytes[13] == UInt8(ascii: ":"), Self.number(bytes[11..<13]) != nil, Self.number(bytes[14..<16]) != nil
            else { return nil }
            clock = String(decoding: bytes[11..<13], as: UTF8.self) + String(decoding: bytes[14..<16], as: UTF8.self)
            var rest = bytes[16...]
            if rest.first == UInt8(ascii: ":") {
                let second = rest.dropFirst().prefix(2)
                guard second.count == 2, Self.number(second) != nil else { return nil }
                clock += String(decoding: second, as: UTF8.self)
                rest = rest.dropFirst(3)
            } else {
                clock += "00"
            }
            if rest.first == UInt8(ascii: ".") {
                let digits = rest.dropFirst().prefix { (48...57).contains($0) }
                guard !digits.isEmpty else { return nil }
                fraction = Self.number((Array(digits.prefix(3)) + [48, 48]).prefix(3)[...]) ?? 0
                rest = rest.dropFirst(1 + digits.count)
            }
            guard let offset = Self.zone(rest) else { return nil }
            zone = offset
        }
        let basic =
            String(decoding: bytes[0..<4], as: UTF8.self) + String(decoding: bytes[5..<7], as: UTF8.self)
            + String(decoding: bytes[8..<10], as: UTF8.self) + "T" + clock + "Z"
        return CalendarTime.timestamp(basicISO8601: basic).map { $0 + fraction - zone }
    }

    /// Milliseconds east of Greenwich; `nil` for anything but `Z`, nothing and `+02:00`.
    private static func zone(_ bytes: ArraySlice<UInt8>) -> Int64? {
        if bytes.isEmpty || bytes.elementsEqual([UInt8(ascii: "Z")]) { return 0 }
        let bytes = Array(bytes)
        guard bytes.count == 6, bytes[3] == UInt8(ascii: ":"), let hours = Self.number(bytes[1..<3]),
            let minutes = Self.number(bytes[4..<6]), hours < 24, minutes < 60
        else { return nil }
        let span = (hours * 60 + minutes) * 60_000
        switch bytes[0] {
        case UInt8(ascii: "+"): return span
        case UInt8(ascii: "-"): return -span
        default: return nil
        }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int64? {
        guard bytes.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int64(String(decoding: bytes, as: UTF8.self))
    }
}
