/// One setting of a topic or of the broker: its name, type, default, range and meaning.
package struct ConfigDefinition: Sendable, Equatable {
    /// Kafka's types, with the numbers that DescribeConfigs gives them.
    package enum ValueType: Int8, Sendable {
        case boolean = 1
        case string = 2
        case int = 3
        case short = 4
        case long = 5
        case double = 6
        case list = 7
        case `class` = 8
        case password = 9
    }

    /// What a value must satisfy beyond its type.
    package enum Rule: Sendable, Equatable {
        case any
        case atLeast(Int64)
        case between(Int64, Int64)
        /// A range, or one value outside it.
        case betweenOr(Int64, Int64, Int64)
        /// A double from 0 to 1.
        case fraction
        case oneOf([String])
        /// Each element of a list; no element twice.
        case listOf([String])
        /// `*`, or partitions with brokers as `0:1,0:2`.
        case replicas
        /// `off`, `all`, or `top:N` with N from 1 to 10,000.
        case partitionSeries
    }

    package var name: String
    package var type: ValueType
    /// As text, as DescribeConfigs shows it; `nil` means not set.
    package var defaultValue: String?
    package var rule: Rule
    /// One or two sentences for people.
    package var documentation: String
    /// Shown as null to clients.
    package var isSensitive: Bool { self.type == .password }

    package init(
        _ name: String,
        _ type: ValueType,
        _ defaultValue: String?,
        _ rule: Rule,
        _ documentation: String
    ) {
        self.name = name
        self.type = type
        self.defaultValue = defaultValue
        self.rule = rule
        self.documentation = documentation
    }

    /// Any value of the type.
    package init(_ name: String, _ type: ValueType, _ defaultValue: String?, _ documentation: String) {
        self.init(name, type, defaultValue, .any, documentation)
    }

    /// Throws `ConfigError` with a message like Kafka's when the text is not a value of this setting.
    package func validate(_ text: String) throws(ConfigError) {
        let value = ConfigText.trimmed(text)
        switch self.type {
        case .boolean:
            guard ConfigText.boolean(value) != nil else {
                throw self.invalid(text, "Expected value to be either true or false")
            }
        case .string, .class, .password: try self.checkString(value)
        case .list: try self.checkList(ConfigText.list(value), text: text)
        case .double: try self.checkDouble(value, text: text)
        case .short: try self.checkInteger(Int16(value).map(Int64.init), text: text)
        case .int: try self.checkInteger(Int32(value).map(Int64.init), text: text)
        case .long: try self.checkInteger(Int64(value), text: text)
        }
    }

    private func checkString(_ value: String) throws(ConfigError) {
        if case .oneOf(let choices) = self.rule, !choices.contains(value) {
            throw self.invalid(value, "String must be one of: \(choices.joined(separator: ", "))")
        }
        if self.rule == .partitionSeries, !Self.isPartitionSeries(value) {
            throw self.invalid(value, "String must be off, all or top:N with N from 1 to 10000")
        }
    }

    private static func isPartitionSeries(_ value: String) -> Bool {
        if value == "off" || value == "all" { return true }
        guard value.hasPrefix("top:"), let count = Int(value.dropFirst(4)) else { return false }
        return (1...10_000).contains(count)
    }

    private func checkList(_ items: [String], text: String) throws(ConfigError) {
        guard Set(items).count == items.count else {
            throw ConfigError(
                .invalidValue,
                self.name,
                "Configuration '\(self.name)' values must not be duplicated."
            )
        }
        guard !items.contains("") else {
            throw ConfigError(.invalidValue, self.name, "Configuration '\(self.name)' values must not be empty.")
        }
        if self.rule == .replicas, items != ["*"], !items.allSatisfy(Self.isReplica) {
            throw self.invalid(
                text,
                "\(self.name) must be the literal '*' or a list of replicas in the following format: "
                    + "[partitionId]:[brokerId],[partitionId]:[brokerId],..."
            )
        }
        guard case .listOf(let choices) = self.rule else { return }
        for item in items where !choices.contains(item) {
            throw self.invalid(item, "String must be one of: \(choices.joined(separator: ", "))")
        }
    }

    private static func isReplica(_ text: String) -> Bool {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { Int32($0).map { $0 >= 0 } ?? false }
    }

    private func checkDouble(_ value: String, text: String) throws(ConfigError) {
        guard let number = Double(value), number.isFinite else {
            throw self.invalid(text, "Not a number of type DOUBLE")
        }
        guard self.rule == .fraction else { return }
        if number < 0 { throw self.invalid(text, "Value must be at least 0") }
        if number > 1 { throw self.invalid(text, "Value must be no more than 1") }
    }

    private func checkInteger(_ value: Int64?, text: String) throws(ConfigError) {
        guard let value else { throw self.invalid(text, "Not a number of type \(self.type.name)") }
        switch self.rule {
        case .atLeast(let minimum):
            if value < minimum { throw self.invalid(text, "Value must be at least \(minimum)") }
        case .between(let minimum, let maximum):
            if value < minimum { throw self.invalid(text, "Value must be at least \(minimum)") }
            if value > maximum { throw self.invalid(text, "Value must be no more than \(maximum)") }
        case .betweenOr(let minimum, let maximum, let other):
            if value != other, value < minimum || value > maximum {
                throw self.invalid(
                    text,
                    "Value must be between \(minimum) and \(maximum) or equal to \(other)"
                )
            }
        case .any, .fraction, .oneOf, .listOf, .replicas, .partitionSeries: break
        }
    }

    private func invalid(_ value: String, _ reason: String) -> ConfigError {
        ConfigError(.invalidValue, self.name, "Invalid value \(value) for configuration \(self.name): \(reason)")
    }
}

extension ConfigDefinition.ValueType {
    /// Kafka's name of the type.
    package var name: String {
        switch self {
        case .boolean: "BOOLEAN"
        case .string: "STRING"
        case .int: "INT"
        case .short: "SHORT"
        case .long: "LONG"
        case .double: "DOUBLE"
        case .list: "LIST"
        case .class: "CLASS"
        case .password: "PASSWORD"
        }
    }
}

/// Why a setting is refused.
package struct ConfigError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: Sendable, Hashable {
        case unknownName
        case invalidValue
    }

    package var code: Code
    /// The setting it is about.
    package var name: String
    package var message: String

    package init(_ code: Code, _ name: String, _ message: String) {
        self.code = code
        self.name = name
        self.message = message
    }

    package var description: String { self.message }
}

/// How the text of settings is read.
enum ConfigText {
    static func trimmed(_ text: String) -> String {
        var view = Substring(text)
        while let first = view.first, first.isWhitespace { view.removeFirst() }
        while let last = view.last, last.isWhitespace { view.removeLast() }
        return String(view)
    }

    static func boolean(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true": true
        case "false": false
        default: nil
        }
    }

    /// Comma-separated; the empty text is the empty list.
    static func list(_ text: String) -> [String] {
        let value = self.trimmed(text)
        guard !value.isEmpty else { return [] }
        return value.split(separator: ",", omittingEmptySubsequences: false).map { self.trimmed(String($0)) }
    }

    /// The known name that needs the fewest edits, unless it needs more than a third of the name's length.
    static func nearest(to name: String, among known: some Sequence<String>) -> String? {
        let wanted = Array(name.utf8.prefix(256))
        var best: (name: String, distance: Int)?
        for candidate in known.sorted() {
            let distance = self.editDistance(wanted, Array(candidate.utf8))
            if distance < best?.distance ?? Int.max { best = (candidate, distance) }
        }
        guard let best, best.distance <= max(2, wanted.count / 3) else { return nil }
        return best.name
    }

    private static func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let substitution = diagonal + (a == b ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substitution, diagonal + 1, row[j] + 1)
            }
        }
        return row[right.count]
    }
}
