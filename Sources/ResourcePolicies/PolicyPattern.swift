/// A text of a policy: `*` stands for any text, `?` for any character, `${key}` for what the request has of a key (in
/// documents of version 2012-10-17). `${*}`, `${?}` and `${$}` are the characters themselves.
struct PolicyPattern: Hashable, Sendable {
    enum Part: Hashable, Sendable {
        case character(Unicode.Scalar)
        case anyCharacter
        case anyText
        /// A key in lower case, and what stands for it where the request lacks it.
        case variable(String, default: String?)
    }

    private let parts: [Part]
    /// As it is written.
    let text: String

    /// - Parameters:
    ///   - hasWildcards: without, `*` and `?` are themselves.
    ///   - hasVariables: without, `${` is itself.
    init(_ text: String, hasWildcards: Bool, hasVariables: Bool) throws(PolicyRefusal) {
        self.text = text
        var parts: [Part] = []
        var rest = Substring(text).unicodeScalars
        while let character = rest.popFirst() {
            if hasVariables, character == "$", rest.first == "{" {
                guard let end = rest.firstIndex(of: "}") else {
                    throw PolicyRefusal("\(text) has a policy variable without an end.")
                }
                parts.append(try Self.variable(Substring(rest[rest.index(after: rest.startIndex)..<end]), in: text))
                rest = rest[rest.index(after: end)...]
            } else if hasWildcards, character == "*" {
                if parts.last != .anyText { parts.append(.anyText) }
            } else if hasWildcards, character == "?" {
                parts.append(.anyCharacter)
            } else {
                parts.append(.character(character))
            }
        }
        self.parts = parts
    }

    /// `key` or `key, 'default'`, or an escaped character.
    private static func variable(_ body: Substring, in text: String) throws(PolicyRefusal) -> Part {
        if body == "*" || body == "?" || body == "$", let scalar = body.unicodeScalars.first {
            return .character(scalar)
        }
        let halves = body.split(separator: ",", maxSplits: 1, omittingEmptySubsequences: false)
        let key = halves[0].filter { $0 != " " }
        guard !key.isEmpty else { throw PolicyRefusal("\(text) has a policy variable without a name.") }
        guard halves.count == 2 else { return .variable(key.lowercased(), default: nil) }
        let quoted = halves[1].drop { $0 == " " }
        guard quoted.count >= 2, quoted.first == "'", quoted.last == "'" else {
            throw PolicyRefusal("\(text) has a policy variable whose default is not in quotes.")
        }
        return .variable(key.lowercased(), default: String(quoted.dropFirst().dropLast()))
    }

    /// - Parameter ignoringCase: of ASCII and other letters.
    func matches(_ value: String, _ request: PolicyRequest, ignoringCase: Bool = false) -> Bool {
        guard let parts = self.resolved(request) else { return false }
        return Self.matches(
            ignoringCase ? parts.map(\.lowercased) : parts,
            Array((ignoringCase ? value.lowercased() : value).unicodeScalars)
        )
    }

    /// With the request's values in place of variables; `nil` when it lacks one.
    private func resolved(_ request: PolicyRequest) -> [Part]? {
        var resolved: [Part] = []
        resolved.reserveCapacity(self.parts.count)
        for part in self.parts {
            guard case .variable(let key, let fallback) = part else {
                resolved.append(part)
                continue
            }
            guard let value = request.values(of: key)?.first ?? fallback else { return nil }
            resolved += value.unicodeScalars.map { .character($0) }
        }
        return resolved
    }

    /// Takes at most the product of both lengths: after a text that `*` stands for did not fit, only the last `*` is
    /// tried with one more character.
    private static func matches(_ parts: [Part], _ value: [Unicode.Scalar]) -> Bool {
        var (part, character) = (0, 0)
        var retry: (part: Int, character: Int)?
        while character < value.count {
            if part < parts.count, parts[part] == .anyText {
                part += 1
                retry = (part, character)
            } else if part < parts.count, parts[part] == .anyCharacter || parts[part] == .character(value[character]) {
                part += 1
                character += 1
            } else if let last = retry {
                retry = (last.part, last.character + 1)
                (part, character) = (last.part, last.character + 1)
            } else {
                return false
            }
        }
        return parts[part...].allSatisfy { $0 == .anyText }
    }
}

extension PolicyPattern.Part {
    fileprivate var lowercased: Self {
        guard case .character(let character) = self,
            let lower = character.properties.lowercaseMapping.unicodeScalars.first
        else { return self }
        return .character(lower)
    }
}
