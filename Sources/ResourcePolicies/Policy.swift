/// A policy of a resource, as PutResourcePolicy takes it: statements that allow or deny. Evaluated as AWS does: a
/// statement that denies wins, one that allows gives what nobody else gave, and without either nothing is said.
///
/// Bounded: `bytesMax` of text, `statementsMax` statements; evaluation takes no more than the text's length times that
/// of the request's values.
package struct Policy: Hashable, Sendable {
    package enum Decision: Sendable, Hashable {
        /// No statement is for the request.
        case silent
        case allow
        case deny
    }

    /// AWS's limit for a policy of a stream or a consumer.
    package static let bytesMax = 20_480
    package static let statementsMax = 200

    private let statements: [PolicyStatement]

    /// - Throws: for what AWS refuses: unknown elements, operators and versions, values of a wrong type, elements that
    ///   exclude each other.
    package init(_ text: String) throws(PolicyRefusal) {
        guard text.utf8.count <= Self.bytesMax else {
            throw PolicyRefusal("The policy has more than \(Self.bytesMax) bytes.")
        }
        guard case .object(var members) = try PolicyValue(text) else {
            throw PolicyRefusal("The policy is not a JSON object.")
        }
        var hasVariables = false
        switch members.removeValue(forKey: "Version") {
        case nil, .string("2008-10-17")?: break
        case .string("2012-10-17")?: hasVariables = true
        default: throw PolicyRefusal("The Version of a policy is 2012-10-17 or 2008-10-17.")
        }
        if let id = members.removeValue(forKey: "Id"), id.text == nil { throw PolicyRefusal("Id is not a string.") }
        let values: [PolicyValue]
        switch members.removeValue(forKey: "Statement") {
        case .array(let elements)?: values = elements
        case .object(let statement)?: values = [.object(statement)]
        default: throw PolicyRefusal("The policy has no Statement.")
        }
        if let unknown = members.keys.min() { throw PolicyRefusal("Unknown element \(unknown) in the policy.") }
        guard values.count <= Self.statementsMax else {
            throw PolicyRefusal("A policy has at most \(Self.statementsMax) statements.")
        }
        var statements: [PolicyStatement] = []
        var ids: Set<String> = []
        for value in values {
            let statement = try PolicyStatement(value, hasVariables: hasVariables)
            if let id = statement.id, !ids.insert(id).inserted { throw PolicyRefusal("The Sid \(id) is there twice.") }
            statements.append(statement)
        }
        self.statements = statements
    }

    package func decide(_ request: PolicyRequest) -> Decision {
        var decision = Decision.silent
        for statement in self.statements where statement.applies(to: request) {
            if statement.denies { return .deny }
            decision = .allow
        }
        return decision
    }
}

extension PolicyValue {
    var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// One string or several.
    func texts(_ name: String) throws(PolicyRefusal) -> [String] {
        switch self {
        case .string(let text): return [text]
        case .array(let elements):
            var texts: [String] = []
            for element in elements {
                guard let text = element.text else { throw PolicyRefusal("\(name) is a string or a list of strings.") }
                texts.append(text)
            }
            guard !texts.isEmpty else { throw PolicyRefusal("\(name) is an empty list.") }
            return texts
        default: throw PolicyRefusal("\(name) is a string or a list of strings.")
        }
    }
}
