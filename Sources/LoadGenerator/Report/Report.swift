internal import Text

/// A value of a report. Numbers carry how many places of them mean something.
package indirect enum ReportValue: Sendable, Equatable {
    case text(String)
    case integer(Int)
    case decimal(Double, places: Int)
    case flag(Bool)
    case object(Report)
    case list([Report])
    case null
}

/// What a load found out: named values in the order in which people read them, as JSON or as a table.
package struct Report: Sendable, Equatable {
    package struct Member: Sendable, Equatable {
        package var name: String
        package var value: ReportValue
    }

    package private(set) var members: [Member] = []
    /// What a reader of the table must know to read it right.
    package var notes: [String] = []

    package init() {}

    package subscript(name: String) -> ReportValue? { self.members.first { $0.name == name }?.value }

    /// Adds a member; the name must be new.
    package mutating func add(_ name: String, _ value: ReportValue) {
        precondition(self[name] == nil, "a report has one \(name)")
        self.members.append(Member(name: name, value: value))
    }

    // MARK: - JSON

    /// One JSON object on one line, without its end.
    package var json: String {
        var json = JSONLine()
        self.write(to: &json)
        return String(decoding: json.bytes, as: UTF8.self)
    }

    private func write(to json: inout JSONLine) {
        json.object { json in
            for member in self.members {
                json.key(member.name)
                Self.write(member.value, to: &json)
            }
        }
    }

    private static func write(_ value: ReportValue, to json: inout JSONLine) {
        switch value {
        case .text(let text): json.string(text)
        case .integer(let number): json.number(number)
        case .decimal(let number, let places):
            if number.isFinite { json.literal(self.number(number, places: places)) } else { json.null() }
        case .flag(let flag): json.boolean(flag)
        case .object(let report): report.write(to: &json)
        case .list(let reports): json.array { json in for report in reports { report.write(to: &json) } }
        case .null: json.null()
        }
    }

    // MARK: - Text

    /// A table for people: a line for each value, one for all values of an object, and the notes.
    package var text: String {
        let width = self.members.map(\.name.count).max() ?? 0
        var text = ""
        for member in self.members {
            let title = member.name + String(repeating: " ", count: width - member.name.count) + "  "
            switch member.value {
            case .null: continue
            case .object(let report) where report.holdsObjects:
                text += member.name + "\n"
                let names = report.members.map(\.name.count).max() ?? 0
                for row in report.members {
                    let padding = String(repeating: " ", count: names - row.name.count)
                    text += "  \(row.name)\(padding)  \(Self.plain(row.value))\n"
                }
            case .object(let report): text += title + report.inline + "\n"
            case .list(let reports):
                text += member.name + "\n"
                for report in reports { text += "  " + report.inline + "\n" }
            default: text += title + Self.plain(member.value) + "\n"
            }
        }
        for note in self.notes { text += note + "\n" }
        return text
    }

    private var holdsObjects: Bool {
        self.members.contains { if case .object = $0.value { true } else { false } }
    }

    private var inline: String {
        self.members.filter { $0.value != .null }
            .map { "\($0.name) \(Self.plain($0.value))" }
            .joined(separator: "  ")
    }

    private static func plain(_ value: ReportValue) -> String {
        switch value {
        case .text(let text): text
        case .integer(let number): self.grouped("\(number)")
        case .decimal(let number, let places): number.isFinite ? self.number(number, places: places) : "-"
        case .flag(let flag): flag ? "yes" : "no"
        case .object(let report): report.inline
        case .list, .null: "-"
        }
    }

    // MARK: - Numbers

    /// A number with at most this many places, without zeros at its end.
    static func number(_ value: Double, places: Int) -> String {
        var scale: Double = 1
        for _ in 0..<places { scale *= 10 }
        let scaled = (value * scale).rounded()
        // Beyond this a double has no places anyway.
        guard scaled.magnitude < 9e15 else { return "\(value)" }
        let digits = String(Int(scaled).magnitude)
        let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
        var text = String(padded.dropLast(places))
        if places > 0 {
            text += "." + padded.suffix(places)
            while text.last == "0" { text.removeLast() }
            if text.last == "." { text.removeLast() }
        }
        return Int(scaled) < 0 ? "-" + text : text
    }

    /// Thousands apart by commas.
    private static func grouped(_ digits: String) -> String {
        guard digits.count > 4, digits.first != "-" else { return digits }
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return text
    }
}

extension Report {
    package static func latency(_ summary: LatencySummary?) -> ReportValue {
        guard let summary else { return .null }
        var report = Report()
        report.add("p50_ms", .decimal(summary.p50, places: 3))
        report.add("p90_ms", .decimal(summary.p90, places: 3))
        report.add("p99_ms", .decimal(summary.p99, places: 3))
        report.add("p999_ms", .decimal(summary.p999, places: 3))
        report.add("max_ms", .decimal(summary.max, places: 3))
        return .object(report)
    }

    package static func timeline(_ seconds: [TimelineSecond]) -> ReportValue {
        .list(
            seconds.map { second in
                var row = Report()
                row.add("second", .integer(second.second))
                row.add("records", .integer(second.records))
                row.add("p50_ms", .decimal(second.p50, places: 3))
                row.add("p99_ms", .decimal(second.p99, places: 3))
                return row
            }
        )
    }
}
