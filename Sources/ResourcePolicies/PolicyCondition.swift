internal import Model

/// One operator of a `Condition` on one key: `"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}`.
struct PolicyCondition: Hashable, Sendable {
    private enum Comparison: Hashable, Sendable {
        case text([PolicyPattern], ignoresCase: Bool)
        case arn([[PolicyPattern]])
        case number(Relation, [Double])
        case date(Relation, [Double])
        case bool([Bool])
        case address([Network])
        /// Whether the key must be missing.
        case null(Bool)
    }

    private struct Network: Hashable, Sendable {
        var address: NetworkAddress
        /// Of 128 bits.
        var prefixLength: Int
    }

    private enum Relation: String, CaseIterable {
        case equals = "Equals"
        case less = "LessThan"
        case lessOrEqual = "LessThanEquals"
        case greater = "GreaterThan"
        case greaterOrEqual = "GreaterThanEquals"

        func holds(_ left: Double, _ right: Double) -> Bool {
            switch self {
            case .equals: left == right
            case .less: left < right
            case .lessOrEqual: left <= right
            case .greater: left > right
            case .greaterOrEqual: left >= right
            }
        }
    }

    private enum Quantifier: Hashable, Sendable {
        case one
        case all
        case any
    }

    /// In lower case.
    private let key: String
    private let comparison: Comparison
    private let isNegated: Bool
    private let isIfExists: Bool
    private let quantifier: Quantifier

    /// - Throws: for an operator that AWS does not have, and values that the operator cannot compare with.
    init(_ name: String, key: String, _ values: [String], hasVariables: Bool) throws(PolicyRefusal) {
        guard !values.isEmpty else { throw PolicyRefusal("The condition on \(key) has no values.") }
        var rest = Substring(name)
        var quantifier = Quantifier.one
        if rest.hasPrefix("ForAllValues:") {
            quantifier = .all
            rest = rest.dropFirst("ForAllValues:".count)
        } else if rest.hasPrefix("ForAnyValue:") {
            quantifier = .any
            rest = rest.dropFirst("ForAnyValue:".count)
        }
        let isIfExists = rest.hasSuffix("IfExists") && rest != "IfExists"
        if isIfExists { rest = rest.dropLast("IfExists".count) }
        self.key = key.lowercased()
        self.quantifier = quantifier
        self.isIfExists = isIfExists
        (self.comparison, self.isNegated) = try Self.comparison(String(rest), name, values, hasVariables)
        if case .null = self.comparison, isIfExists { throw PolicyRefusal("Null cannot be combined with IfExists.") }
    }

    private static func comparison(
        _ name: String,
        _ whole: String,
        _ values: [String],
        _ hasVariables: Bool
    ) throws(PolicyRefusal) -> (Comparison, isNegated: Bool) {
        func patterns(hasWildcards: Bool) throws(PolicyRefusal) -> [PolicyPattern] {
            var patterns: [PolicyPattern] = []
            for value in values {
                patterns.append(try PolicyPattern(value, hasWildcards: hasWildcards, hasVariables: hasVariables))
            }
            return patterns
        }
        switch name {
        case "StringEquals", "StringNotEquals", "BinaryEquals":
            return (.text(try patterns(hasWildcards: false), ignoresCase: false), name == "StringNotEquals")
        case "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase":
            return (.text(try patterns(hasWildcards: false), ignoresCase: true), name.hasPrefix("StringNot"))
        case "StringLike", "StringNotLike":
            return (.text(try patterns(hasWildcards: true), ignoresCase: false), name == "StringNotLike")
        case "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike":
            var arns: [[PolicyPattern]] = []
            for value in values { arns.append(try ARNPattern.segments(value, hasVariables: hasVariables)) }
            return (.arn(arns), name.hasPrefix("ArnNot"))
        case "Bool": return (.bool(try values.mapRefusing { Self.bool($0) }), false)
        case "Null":
            guard values.count == 1, let isNull = Self.bool(values[0]) else {
                throw PolicyRefusal("Null takes true or false.")
            }
            return (.null(isNull), false)
        case "IpAddress", "NotIpAddress":
            return (.address(try values.mapRefusing { Self.network($0) }), name == "NotIpAddress")
        default: break
        }
        for (prefix, isDate) in [("Numeric", false), ("Date", true)] where name.hasPrefix(prefix) {
            let relation = String(name.dropFirst(prefix.count))
            let isNegated = relation == "NotEquals"
            guard let relation = isNegated ? .equals : Relation(rawValue: relation) else { break }
            if isDate {
                return (.date(relation, try values.mapRefusing { PolicyDate.seconds($0) }), isNegated)
            }
            return (.number(relation, try values.mapRefusing { Double($0) }), isNegated)
        }
        throw PolicyRefusal("Unknown condition operator \(whole).")
    }

    private static func bool(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true": true
        case "false": false
        default: nil
        }
    }

    /// `10.0.0.0/8`, or a single address.
    private static func network(_ text: String) -> Network? {
        let halves = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let network = NetworkAddress(halves[0]) else { return nil }
        guard halves.count == 2 else { return Network(address: network, prefixLength: 128) }
        // An IPv4 address has its prefix in the last 32 of 128 bits.
        let base = network.isIPv4 && !halves[0].contains(":") ? 96 : 0
        guard let length = Int(halves[1]), (0...(128 - base)).contains(length), halves[1].allSatisfy(\.isNumber) else {
            return nil
        }
        return Network(address: network, prefixLength: base + length)
    }

    // MARK: Evaluation

    func holds(_ request: PolicyRequest) -> Bool {
        let values = request.values(of: self.key)
        if case .null(let isNull) = self.comparison { return isNull == (values == nil) }
        guard let values else {
            if self.isIfExists { return true }
            switch self.quantifier {
            case .one: return self.isNegated
            case .all: return true
            case .any: return false
            }
        }
        func holds(_ value: String) -> Bool { self.compares(value, request) != self.isNegated }
        switch self.quantifier {
        case .one, .all: return values.allSatisfy(holds)
        case .any: return values.contains(where: holds)
        }
    }

    /// Whether a value of the request is like any of the policy's.
    private func compares(_ value: String, _ request: PolicyRequest) -> Bool {
        switch self.comparison {
        case .text(let patterns, let ignoresCase):
            return patterns.contains { $0.matches(value, request, ignoringCase: ignoresCase) }
        case .arn(let patterns): return patterns.contains { ARNPattern.matches($0, value, request) }
        case .number(let relation, let numbers):
            guard let number = Double(value) else { return false }
            return numbers.contains { relation.holds(number, $0) }
        case .date(let relation, let dates):
            guard let date = PolicyDate.seconds(value) else { return false }
            return dates.contains { relation.holds(date, $0) }
        case .bool(let wanted): return Self.bool(value).map(wanted.contains) ?? false
        case .address(let networks):
            guard let address = NetworkAddress(value) else { return false }
            return networks.contains { address.isIn($0.address, prefixLength: $0.prefixLength) }
        case .null: return false
        }
    }
}

extension [String] {
    /// Refuses the whole list for the first element that cannot be read.
    fileprivate func mapRefusing<Value>(_ read: (String) -> Value?) throws(PolicyRefusal) -> [Value] {
        var values: [Value] = []
        for text in self {
            guard let value = read(text) else { throw PolicyRefusal("A condition cannot compare with \(text).") }
            values.append(value)
        }
        return values
    }
}

/// Dates of conditions: seconds since the Unix epoch, or ISO 8601 in UTC.
enum PolicyDate {
    static func seconds(_ text: String) -> Double? {
        if let seconds = Double(text) { return seconds.isFinite ? seconds : nil }
        guard text.utf8.count <= 32, text.hasSuffix("Z") else { return nil }
        let halves = text.dropLast().split(separator: "T", omittingEmptySubsequences: false)
        let date = halves[0].split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard halves.count == 2, date.count == 3, let year = date[0], let month = date[1], let day = date[2],
            (1...9999).contains(year), (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        let time = halves[1].split(separator: ":", omittingEmptySubsequences: false)
        guard time.count == 2 || time.count == 3, let hour = Int(time[0]), let minute = Int(time[1]),
            let second = time.count == 3 ? Double(time[2]) : 0, (0..<24).contains(hour), (0..<60).contains(minute),
            second >= 0, second < 61
        else { return nil }
        return Double(Self.days(year, month, day)) * 86_400 + Double(hour * 3600 + minute * 60) + second
    }

    /// Since the Unix epoch, in the Gregorian calendar: years begin in March, so that leap days end them.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let era = year / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

/// ARNs with wildcards: each of the six parts is compared by itself, so that none stands for text of another.
enum ARNPattern {
    static func segments(_ text: String, hasVariables: Bool) throws(PolicyRefusal) -> [PolicyPattern] {
        var segments: [PolicyPattern] = []
        for part in Self.split(text) {
            segments.append(try PolicyPattern(String(part), hasWildcards: true, hasVariables: hasVariables))
        }
        guard segments.count == 6 || text == "*" else { throw PolicyRefusal("\(text) is not an ARN.") }
        return segments
    }

    static func matches(_ segments: [PolicyPattern], _ arn: String, _ request: PolicyRequest) -> Bool {
        // `*` alone.
        if segments.count == 1 { return true }
        let parts = Self.split(arn)
        guard parts.count == segments.count else { return false }
        return zip(segments, parts).allSatisfy { $0.matches(String($1), request) }
    }

    /// The last part may have colons.
    private static func split(_ text: String) -> [Substring] {
        // A variable has a colon in its name.
        var parts: [Substring] = []
        var start = text.startIndex
        var isInVariable = false
        for index in text.indices where parts.count < 5 {
            switch text[index] {
            case "{": isInVariable = true
            case "}": isInVariable = false
            case ":" where !isInVariable:
                parts.append(text[start..<index])
                start = text.index(after: index)
            default: break
            }
        }
        return parts + [text[start...]]
    }
}
