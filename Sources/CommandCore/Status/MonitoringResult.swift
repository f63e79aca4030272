/// The answer of a monitoring plug-in, as Nagios, Icinga and Sensu read it: one line, figures after a bar, and an exit
/// code.
package struct MonitoringResult: Equatable, Sendable {
    package enum State: Int32, Comparable, Sendable {
        case ok = 0
        case warning = 1
        case critical = 2
        case unknown = 3

        var name: String {
            switch self {
            case .ok: "OK"
            case .warning: "WARNING"
            case .critical: "CRITICAL"
            case .unknown: "UNKNOWN"
            }
        }

        package static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }

        /// What is unknown is worse than a warning, and a critical state is certain.
        private var rank: Int {
            switch self {
            case .ok: 0
            case .warning: 1
            case .unknown: 2
            case .critical: 3
            }
        }
    }

    /// A limit of two steps; either may be missing.
    package struct Limit: Equatable, Sendable {
        package var warning: Int64?
        package var critical: Int64?

        package init(warning: Int64?, critical: Int64?) {
            self.warning = warning
            self.critical = critical
        }
    }

    package private(set) var state = State.ok
    private var reasons: [String] = []
    private var summary: [String] = []
    private var figures: [String] = []

    package init() {}

    /// What is said when all is well.
    package mutating func note(_ text: String) { self.summary.append(text) }

    /// Something that is not well.
    package mutating func add(_ state: State, _ reason: String) {
        self.state = max(self.state, state)
        self.reasons.append(reason)
    }

    /// A figure that is well below its limits.
    package mutating func measure(_ name: String, _ value: Int64, unit: String = "", _ limit: Limit, _ reason: String) {
        self.figures.append(
            "\(name)=\(value)\(unit);\(limit.warning.map { "\($0)" } ?? "");\(limit.critical.map { "\($0)" } ?? "");0"
        )
        if let critical = limit.critical, value >= critical {
            self.add(.critical, reason)
        } else if let warning = limit.warning, value >= warning {
            self.add(.warning, reason)
        }
    }

    /// `MILLRACE WARNING - group billing is 1200 records behind | lag=1200;1000;;0`
    package var line: String {
        let text = self.reasons.isEmpty ? self.summary : self.reasons
        // A bar would begin the figures.
        let words = text.joined(separator: "; ").replacing("|", with: "/").replacing("\n", with: " ")
        let figures = self.figures.isEmpty ? "" : " | " + self.figures.joined(separator: " ")
        return "MILLRACE \(self.state.name) - \(words)\(figures)\n"
    }
}
