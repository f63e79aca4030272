package import Model

/// A moment in UTC by the Gregorian calendar, in the two forms that HTTP and AWS print.
package struct CalendarTime: Sendable, CustomStringConvertible {
    package var year: Int64
    package var month: Int
    package var day: Int
    package var hour: Int
    package var minute: Int
    package var second: Int
    /// 0 is Sunday.
    package var weekday: Int

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    package init(_ timestamp: Timestamp) {
        let seconds = Self.divided(timestamp, by: 1000).quotient
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
