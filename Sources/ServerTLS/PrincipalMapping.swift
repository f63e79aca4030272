/// Makes the name of a principal out of the name in a client's certificate: Kafka's `ssl.principal.mapping.rules`.
///
/// A list of rules with commas between them; the first that matches decides. `DEFAULT` takes the name as it is.
/// `RULE:PATTERN/REPLACEMENT/` matches the whole name and has `$1` and so on in the replacement stand for groups; `L`
/// or `U` behind it makes the result lower or upper case. A slash in a rule is written `\/`.
///
/// Patterns are those of Swift's `Regex`, which are Java's for what names need. The distinguished name is written as
/// RFC 2253 has it (`CertificateSubject`). Rules are from the operator; names are vouched for by an authority and
/// bounded, so that matching is too.
package struct PrincipalMapping: Sendable, Equatable {
    enum Rule: Sendable, Equatable {
        case asIs
        case pattern(String, replacement: String, letters: Letters)
    }

    enum Letters: Sendable, Equatable {
        case unchanged
        case lower
        case upper
    }

    /// Bytes of a name that is looked at; longer ones match nothing.
    package static let nameBytesMax = 2_048

    let rules: [Rule]

    /// Without rules: the distinguished name itself.
    package static let distinguishedName = PrincipalMapping(rules: [.asIs])

    private init(rules: [Rule]) { self.rules = rules }

    /// - Throws: for what is not a list of rules, for a pattern or a replacement that is malformed.
    package init(_ text: String) throws(ServerTLSFailure) {
        var parser = RuleParser(text)
        self.rules = try parser.parse()
        for rule in self.rules { try Self.check(rule) }
    }

    /// The name of the principal, or `nil` when no rule matches, with which the client is refused.
    package func principal(of name: String) -> String? {
        guard name.utf8.count <= Self.nameBytesMax else { return nil }
        for rule in self.rules {
            if let principal = Self.apply(rule, to: name) { return principal }
        }
        return nil
    }

    // MARK: One rule

    private static func check(_ rule: Rule) throws(ServerTLSFailure) {
        guard case .pattern(let pattern, let replacement, _) = rule else { return }
        let groups: Int
        do {
            // Together with the empty alternative it matches the empty text, and tells its groups.
            let any = try Regex("(?:\(pattern))|")
            _ = try Regex(pattern)
            groups = max(0, (("".firstMatch(of: any))?.output.count ?? 1) - 1)
        } catch {
            throw ServerTLSFailure("ssl.principal.mapping.rules: \(pattern) is not a regular expression")
        }
        guard Replacement(replacement, groups: groups) != nil else {
            throw ServerTLSFailure(
                "ssl.principal.mapping.rules: the replacement \(replacement) is malformed: $ stands before the number of "
                    + "a group, \\ before a character"
            )
        }
    }

    private static func apply(_ rule: Rule, to name: String) -> String? {
        guard case .pattern(let pattern, let text, let letters) = rule else { return name }
        // A compiled pattern cannot be shared between threads, and few connections have certificates of clients.
        guard let regex = try? Regex(pattern).matchingSemantics(.unicodeScalar),
            let whole = try? regex.wholeMatch(in: name),
            let replacement = Replacement(text, groups: whole.output.count - 1)
        else { return nil }
        var result = ""
        var position = name.startIndex
        // As Java replaces: every place where the pattern matches, not the whole name alone.
        for match in name.matches(of: regex) {
            result += name[position..<match.range.lowerBound]
            replacement.append(match.output, to: &result)
            position = match.range.upperBound
        }
        result += name[position...]
        return switch letters {
        case .unchanged: result
        case .lower: result.lowercased()
        case .upper: result.uppercased()
        }
    }

    /// What is put in the place of a match.
    private struct Replacement {
        private enum Part {
            case text(String)
            case group(Int)
        }

        private var parts: [Part] = []

        /// - Parameter groups: how many the pattern has. A number beyond them is taken as text, as far as one digit
        ///   less does not make it a group; without any group it is malformed.
        init?(_ text: String, groups: Int) {
            var rest = text[...]
            while let character = rest.popFirst() {
                switch character {
                case "\\":
                    guard let escaped = rest.popFirst() else { return nil }
                    self.parts.append(.text(String(escaped)))
                case "$":
                    let digits = rest.prefix { ("0"..."9").contains($0) }
                    guard let part = Self.reference(digits, groups) else { return nil }
                    self.parts.append(part.part)
                    rest = rest.dropFirst(part.digits)
                default: self.parts.append(.text(String(character)))
                }
            }
        }

        /// - Returns: what `$` with the digits behind it stands for, and how many of them are used.
        private static func reference(_ digits: Substring, _ groups: Int) -> (part: Part, digits: Int)? {
            guard let first = digits.first?.wholeNumberValue else { return nil }
            guard first <= groups else { return groups > 0 ? (.text("$"), 0) : nil }
            var number = first
            var used = 1
            for digit in digits.dropFirst() {
                let longer = number * 10 + (digit.wholeNumberValue ?? 0)
                guard longer <= groups else { break }
                number = longer
                used += 1
            }
            return (.group(number), used)
        }

        func append(_ output: AnyRegexOutput, to result: inout String) {
            for part in self.parts {
                switch part {
                case .text(let text): result += text
                case .group(let number): result += output[number].substring ?? ""
                }
            }
        }
    }
}

/// Cuts `ssl.principal.mapping.rules` into rules, as Kafka does.
private struct RuleParser {
    private var rest: Substring

    init(_ text: String) { self.rest = text[...] }

    mutating func parse() throws(ServerTLSFailure) -> [PrincipalMapping.Rule] {
        var rules: [PrincipalMapping.Rule] = []
        while true {
            self.skipSpaces()
            guard !self.rest.isEmpty else { return rules }
            if let rule = try self.rule() { rules.append(rule) }
            self.skipSpaces()
            guard let next = self.rest.popFirst() else { return rules }
            guard next == "," else { throw self.invalid("\(next)\(self.rest)") }
        }
    }

    /// `nil` between two commas.
    private mutating func rule() throws(ServerTLSFailure) -> PrincipalMapping.Rule? {
        if self.rest.first == "," { return nil }
        if self.rest.hasPrefix("DEFAULT") {
            self.rest.removeFirst("DEFAULT".count)
            return .asIs
        }
        guard self.rest.hasPrefix("RULE:") else { throw self.invalid(String(self.rest)) }
        let whole = self.rest
        self.rest.removeFirst("RULE:".count)
        guard let pattern = self.untilSlash(), let replacement = self.untilSlash() else {
            throw self.invalid(String(whole))
        }
        switch self.rest.first {
        case "L":
            self.rest.removeFirst()
            return .pattern(pattern, replacement: replacement, letters: .lower)
        case "U":
            self.rest.removeFirst()
            return .pattern(pattern, replacement: replacement, letters: .upper)
        default: return .pattern(pattern, replacement: replacement, letters: .unchanged)
        }
    }

    /// What stands before the next slash without a backslash, which is taken too.
    private mutating func untilSlash() -> String? {
        var text = ""
        while let character = self.rest.popFirst() {
            if character == "/" { return text }
            text.append(character)
            if character == "\\" {
                guard let escaped = self.rest.popFirst() else { return nil }
                text.append(escaped)
            }
        }
        return nil
    }

    private mutating func skipSpaces() { self.rest = self.rest.drop { $0.isWhitespace } }

    private func invalid(_ text: String) -> ServerTLSFailure {
        ServerTLSFailure(
            "ssl.principal.mapping.rules: \(text) is not a rule; there are DEFAULT and RULE:PATTERN/REPLACEMENT/ with L "
                + "or U behind it"
        )
    }
}
