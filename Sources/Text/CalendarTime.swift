/// A moment in UTC by the Gregorian calendar, in the forms that HTTP, AWS and RFC 3339 print. Without Foundation.
package struct CalendarTime: Sendable, CustomStringConvertible {
    package var year: Int64
    package var month: Int
    package var day: Int
    package var hour: Int
    package var minute: Int
    package var second: Int
    package var millisecond: Int
    /// 0 is Sunday.
    package var weekday: Int

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// - Parameter milliseconds: since the Unix epoch.
    package init(_ milliseconds: Int64) {
        let (seconds, millisecond) = Self.divided(milliseconds, by: 1000)
        self.millisecond = Int(millisecond)
        let (days, secondOfDay) = Self.divided(seconds, by: 86_400)
        self.hour = Int(secondOfDay / 3600)
        self.minute = Int(secondOfDay / 60 % 60)
        self.second = Int(secondOfDay % 60)
        self.weekday = Int(Self.divided(days + 4, by: 7).remainder)
        // Days since 1 March of year 0, in eras of 400 years: months then have a regular pattern.
        let (era, dayOfEra) = Self.divided(days + 719_468, by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthIndex = (5 * dayOfYear + 2) / 153
        self.day = Int(dayOfYear - (153 * monthIndex + 2) / 5 + 1)
        self.month = Int(monthIndex < 10 ? monthIndex + 3 : monthIndex - 9)
        self.year = yearOfEra + era * 400 + (self.month <= 2 ? 1 : 0)
    }

    /// Floored, so that moments before 1970 come out right.
    private static func divided(_ value: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    private static func padded(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }

    private var time: String {
        "\(Self.padded(self.hour)):\(Self.padded(self.minute)):\(Self.padded(self.second))"
    }

    /// As in AWS's messages: `Thu Jan 22 01:22:02 UTC 2015`.
    package var description: String {
        "\(Self.weekdays[self.weekday]) \(Self.months[self.month - 1]) \(Self.padded(self.day)) \(self.time) UTC "
            + "\(self.year)"
    }

    /// As in HTTP's `Date` (RFC 9110): `Thu, 22 Jan 2015 01:22:02 GMT`.
    package var httpDate: String {
        "\(Self.weekdays[self.weekday]), \(Self.padded(self.day)) \(Self.months[self.month - 1]) \(self.year) "
            + "\(self.time) GMT"
    }

    /// As in the `X-Amz-Date` header: `20150122T012202Z`.
    package var basicISO8601: String {
        "\(self.year)\(Self.padded(self.month))\(Self.padded(self.day))T\(Self.padded(self.hour))"
            + "\(Self.padded(self.minute))\(Self.padded(self.second))Z"
    }
}

extension CalendarTime {
    /// As in RFC 3339, with milliseconds: `2026-11-30T11:30:05.123Z`.
    package var rfc3339: String {
        "\(Self.padded(Int(self.year), to: 4))-\(Self.padded(self.month))-\(Self.padded(self.day))T\(self.time)."
            + "\(Self.padded(self.millisecond, to: 3))Z"
    }

    private static func padded(_ value: Int, to width: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
}

// MARK: Reading

extension CalendarTime {
    /// Milliseconds since the epoch, of the form of the `X-Amz-Date` header: `20150122T012202Z`.
    ///
    /// - Returns: `nil` for another form, and for a day or a time that there is not.
    package static func timestamp(basicISO8601 text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count == 16, bytes[8] == UInt8(ascii: "T"), bytes[15] == UInt8(ascii: "Z"),
            let year = Self.number(bytes[0..<4]), let month = Self.number(bytes[4..<6]),
            let day = Self.number(bytes[6..<8]), let hour = Self.number(bytes[9..<11]),
            let minute = Self.number(bytes[11..<13]), let second = Self.number(bytes[13..<15])
        else { return nil }
        return Self.timestamp(year, month, day, hour, minute, second)
    }

    /// Milliseconds since the epoch, of the form of HTTP's `Date`: `Thu, 22 Jan 2015 01:22:02 GMT`.
    package static func timestamp(httpDate text: String) -> Int64? {
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", let month = Self.months.firstIndex(of: String(parts[2])),
            let day = Self.number(Array(parts[1].utf8)[...]), let year = Self.number(Array(parts[3].utf8)[...])
        else { return nil }
        let time = parts[4].split(separator: ":").map { Self.number(Array($0.utf8)[...]) }
        guard time.count == 3, let hour = time[0], let minute = time[1], let second = time[2] else { return nil }
        return Self.timestamp(year, Int64(month) + 1, day, hour, minute, second)
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
        guard !digits.isEmpty, digits.count <= 4 else { return nil }
        var number: Int64 = 0
        for digit in digits {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
            number = number * 10 + Int64(digit - UInt8(ascii: "0"))
        }
        return number
    }

    private static func timestamp(
        _ year: Int64,
        _ month: Int64,
        _ day: Int64,
        _ hour: Int64,
        _ minute: Int64,
        _ second: Int64
    ) -> Int64? {
        guard (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 61 else { return nil }
        // As in `init`, the other way round: years begin in March.
        let shifted = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = Self.divided(shifted, by: 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - 719_468
        let timestamp = ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000
        // A day that the month has not would be one of the next month.
        guard CalendarTime(timestamp - second * 1000).day == Int(day) else { return nil }
        return timestamp
    }
}
