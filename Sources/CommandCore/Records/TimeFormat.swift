internal import Model
internal import Text

/// Timestamps, in UTC, by strftime's conversions and by Go's layouts.
enum TimeFormat {
    private static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]

    /// Conversions that there are not stay as they are.
    static func strftime(_ format: String, _ timestamp: Timestamp) -> String {
        let time = CalendarTime(timestamp)
        var text = ""
        var rest = format[...]
        while let character = rest.popFirst() {
            guard character == "%", let verb = rest.popFirst() else {
                text.append(character)
                continue
            }
            text += Self.conversion(verb, time, timestamp) ?? "%\(verb)"
        }
        return text
    }

    private static func conversion(_ verb: Character, _ time: CalendarTime, _ timestamp: Timestamp) -> String? {
        func both(_ format: String) -> String { Self.strftime(format, timestamp) }
        switch verb {
        case "%": return "%"
        case "n": return "\n"
        case "t": return "\t"
        case "Y": return "\(time.year)"
        case "C": return Self.padded(Int(time.year / 100), 2)
        case "y": return Self.padded(Int(time.year % 100), 2)
        case "m": return Self.padded(time.month, 2)
        case "d": return Self.padded(time.day, 2)
        case "e": return Self.padded(time.day, 2, with: " ")
        case "H": return Self.padded(time.hour, 2)
        case "I": return Self.padded((time.hour + 11) % 12 + 1, 2)
        case "M": return Self.padded(time.minute, 2)
        case "S": return Self.padded(time.second, 2)
        case "f": return Self.padded(time.millisecond, 3) + "000"
        case "L": return Self.padded(time.millisecond, 3)
        case "p": return time.hour < 12 ? "AM" : "PM"
        case "j": return Self.padded(Self.dayOfYear(time), 3)
        case "a": return String(Self.weekdays[time.weekday].prefix(3))
        case "A": return Self.weekdays[time.weekday]
        case "b", "h": return String(Self.months[time.month - 1].prefix(3))
        case "B": return Self.months[time.month - 1]
        case "u": return "\(time.weekday == 0 ? 7 : time.weekday)"
        case "w": return "\(time.weekday)"
        case "s": return "\(Self.floored(timestamp, by: 1000))"
        case "Z": return "UTC"
        case "z": return "+0000"
        case "F": return both("%Y-%m-%d")
        case "T": return both("%H:%M:%S")
        case "R": return both("%H:%M")
        case "D", "x": return both("%m/%d/%y")
        case "X": return both("%H:%M:%S")
        case "r": return both("%I:%M:%S %p")
        case "c": return both("%a %b %e %H:%M:%S %Y")
        default: return nil
        }
    }

    /// Go's layouts name a moment, Mon Jan 2 15:04:05 2006, as it shall look.
    static func go(_ layout: String, _ timestamp: Timestamp) -> String {
        let time = CalendarTime(timestamp)
        var text = ""
        var rest = layout[...]
        next: while !rest.isEmpty {
            for (token, conversion) in Self.goTokens where rest.hasPrefix(token) {
                text += conversion(time)
                rest = rest.dropFirst(token.count)
                continue next
            }
            text.append(rest.removeFirst())
        }
        return text
    }

    /// Longer ones first.
    private static let goTokens: [(String, @Sendable (CalendarTime) -> String)] = [
        ("January", { Self.months[$0.month - 1] }), ("Jan", { String(Self.months[$0.month - 1].prefix(3)) }),
        ("Monday", { Self.weekdays[$0.weekday] }), ("Mon", { String(Self.weekdays[$0.weekday].prefix(3)) }),
        ("MST", { _ in "UTC" }), ("2006", { "\($0.year)" }), ("Z07:00", { _ in "Z" }), ("-07:00", { _ in "+00:00" }),
        ("Z0700", { _ in "Z" }), ("-0700", { _ in "+0000" }),
        (".000000000", { "." + Self.padded($0.millisecond, 3) + "000000" }),
        (".000000", { "." + Self.padded($0.millisecond, 3) + "000" }),
        (".000", { "." + Self.padded($0.millisecond, 3) }),
        (".999999999", { Self.fraction($0) }), (".999999", { Self.fraction($0) }), (".999", { Self.fraction($0) }),
        ("15", { Self.padded($0.hour, 2) }), ("PM", { $0.hour < 12 ? "AM" : "PM" }),
        ("pm", { $0.hour < 12 ? "am" : "pm" }), ("01", { Self.padded($0.month, 2) }),
        ("02", { Self.padded($0.day, 2) }), ("03", { Self.padded(($0.hour + 11) % 12 + 1, 2) }),
        ("04", { Self.padded($0.minute, 2) }), ("05", { Self.padded($0.second, 2) }),
        ("06", { Self.padded(Int($0.year % 100), 2) }), ("_2", { Self.padded($0.day, 2, with: " ") }),
        ("1", { "\($0.month)" }), ("2", { "\($0.day)" }), ("3", { "\(($0.hour + 11) % 12 + 1)" }),
        ("4", { "\($0.minute)" }), ("5", { "\($0.second)" }),
    ]

    /// Without zeroes at its end, and nothing for a whole second.
    private static func fraction(_ time: CalendarTime) -> String {
        guard time.millisecond > 0 else { return "" }
        var digits = Self.padded(time.millisecond, 3)
        while digits.last == "0" { digits.removeLast() }
        return "." + digits
    }

    private static func dayOfYear(_ time: CalendarTime) -> Int {
        let isLeap = time.year % 4 == 0 && (time.year % 100 != 0 || time.year % 400 == 0)
        let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return lengths.prefix(time.month - 1).reduce(time.day, +)
    }

    private static func padded(_ value: Int, _ width: Int, with fill: Character = "0") -> String {
        let text = String(value)
        return String(repeating: fill, count: max(0, width - text.count)) + text
    }

    private static func floored(_ value: Int64, by divisor: Int64) -> Int64 {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
