package import Model

/// Writes the text exposition format 0.0.4 of Prometheus, family by family, and counts the series.
package struct MetricsText: Sendable {
    package enum Kind: String, Sendable {
        case counter
        case gauge
        case histogram
    }

    package private(set) var text = ""
    private var family = ""

    package init() { self.text.reserveCapacity(64 << 10) }

    /// Begins a family; what follows until the next one is of it.
    package mutating func family(_ name: String, _ help: String, _ kind: Kind) {
        self.family = name
        self.text += BrokerMetrics.head(name, help, kind.rawValue)
    }

    /// One series.
    ///
    /// - Parameter labels: as `topic="t",partition="0"`; empty for none.
    package mutating func value(_ labels: String = "", _ value: some CustomStringConvertible) {
        self.text += self.family
        if !labels.isEmpty {
            self.text += "{"
            self.text += labels
            self.text += "}"
        }
        self.text += " "
        self.text += value.description
        self.text += "\n"
    }

    /// A family with one series.
    package mutating func gauge(_ name: String, _ help: String, _ value: some CustomStringConvertible) {
        self.family(name, help, .gauge)
        self.value("", value)
    }

    package mutating func counter(_ name: String, _ help: String, _ value: some CustomStringConvertible) {
        self.family(name, help, .counter)
        self.value("", value)
    }

    /// The series of one histogram.
    package mutating func histogram(_ labels: String = "", _ counts: DurationCounts) {
        let prefix = labels.isEmpty ? "" : labels + ","
        let braces = labels.isEmpty ? "" : "{\(labels)}"
        var sum: UInt64 = 0
        for (bound, count) in zip(DurationCounts.bounds, counts.buckets) {
            sum += count
            self.text += "\(self.family)_bucket{\(prefix)le=\"\(bound)\"} \(sum)\n"
        }
        let total = counts.total
        self.text += "\(self.family)_bucket{\(prefix)le=\"+Inf\"} \(total)\n"
        self.text += "\(self.family)_sum\(braces) \(Double(counts.nanoseconds) / 1e9)\n"
        self.text += "\(self.family)_count\(braces) \(total)\n"
    }

    /// Families that are text already.
    package mutating func append(_ text: String) { self.text += text }

    /// `name="value"`, escaped.
    package static func label(_ name: String, _ value: String) -> String {
        "\(name)=\"\(BrokerMetrics.labelValue(value))\""
    }
}
