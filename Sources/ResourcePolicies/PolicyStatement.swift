/// One statement of a policy.
struct PolicyStatement: Hashable, Sendable {
    /// Whom it names.
    private enum Principal: Hashable, Sendable {
        case everybody
        /// All of an account.
        case account(String)
        case arn(String)
        /// A service of AWS, or somebody of an identity provider: nobody here.
        case foreign

        func matches(_ request: PolicyRequest) -> Bool {
            switch self {
            case .everybody: true
            case .account(let account): request.principalAccount == account
            case .arn(let arn): request.principalARN == arn
            case .foreign: false
            }
        }
    }

    /// An element, or its negation.
    private struct Selection<Element: Hashable & Sendable>: Hashable, Sendable {
        var elements: [Element]
        var isNegated: Bool

        func includes(_ matches: (Element) -> Bool) -> Bool { self.elements.contains(where: matches) != self.isNegated }
    }

    let id: String?
    let denies: Bool
    private let principals: Selection<Principal>
    private let actions: Selection<PolicyPattern>
    private let resources: Selection<[PolicyPattern]>
    private let conditions: [PolicyCondition]

    init(_ value: PolicyValue, hasVariables: Bool) throws(PolicyRefusal) {
        guard case .object(var members) = value else { throw PolicyRefusal("A Statement is not a JSON object.") }
        let id = members.removeValue(forKey: "Sid")
        guard id == nil || id?.text != nil else { throw PolicyRefusal("Sid is not a string.") }
        self.id = id?.text
        switch members.removeValue(forKey: "Effect") {
        case .string("Allow")?: self.denies = false
        case .string("Deny")?: self.denies = true
        default: throw PolicyRefusal("The Effect of a statement is Allow or Deny.")
        }
        let principal = try Self.element("Principal", of: &members)
        self.principals = Selection(elements: try Self.principals(principal.value), isNegated: principal.isNegated)
        let action = try Self.element("Action", of: &members)
        self.actions = Selection(elements: try Self.actions(action.value), isNegated: action.isNegated)
        let resource = try Self.element("Resource", of: &members)
        var resources: [[PolicyPattern]] = []
        for text in try resource.value.texts("Resource") {
            resources.append(try ARNPattern.segments(text, hasVariables: hasVariables))
        }
        self.resources = Selection(elements: resources, isNegated: resource.isNegated)
        self.conditions = try Self.conditions(members.removeValue(forKey: "Condition"), hasVariables)
        if let unknown = members.keys.min() { throw PolicyRefusal("Unknown element \(unknown) in a statement.") }
    }

    /// An element or its form with `Not`: exactly one of them.
    private static func element(
        _ name: String,
        of members: inout [String: PolicyValue]
    ) throws(PolicyRefusal) -> (value: PolicyValue, isNegated: Bool) {
        switch (members.removeValue(forKey: name), members.removeValue(forKey: "Not" + name)) {
        case (let value?, nil): return (value, false)
        case (nil, let value?): return (value, true)
        case (nil, nil): throw PolicyRefusal("A statement has no \(name).")
        case (_?, _?): throw PolicyRefusal("A statement has both \(name) and Not\(name).")
        }
    }

    private static func principals(_ value: PolicyValue) throws(PolicyRefusal) -> [Principal] {
        if value == .string("*") { return [.everybody] }
        guard case .object(let members) = value, !members.isEmpty else {
            throw PolicyRefusal("Principal is \"*\" or an object.")
        }
        var principals: [Principal] = []
        for (type, names) in members.sorted(by: { $0.key < $1.key }) {
            switch type {
            case "AWS": for name in try names.texts("Principal") { principals.append(try Self.principal(name)) }
            case "Service", "Federated", "CanonicalUser":
                _ = try names.texts("Principal")
                principals.append(.foreign)
            default: throw PolicyRefusal("Unknown kind of principal \(type).")
            }
        }
        return principals
    }

    private static func principal(_ name: String) throws(PolicyRefusal) -> Principal {
        if name == "*" { return .everybody }
        if name.utf8.count == 12, name.utf8.allSatisfy({ (0x30...0x39).contains($0) }) { return .account(name) }
        let parts = name.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "arn", parts[2] == "iam" || parts[2] == "sts", !name.contains("*"),
            !name.contains("?")
        else { throw PolicyRefusal("Invalid principal in policy: \(name)") }
        return parts[5] == "root" ? .account(String(parts[4])) : .arn(name)
    }

    private static func actions(_ value: PolicyValue) throws(PolicyRefusal) -> [PolicyPattern] {
        var actions: [PolicyPattern] = []
        for text in try value.texts("Action") {
            guard text == "*" || text.lowercased().hasPrefix("kinesis:") else {
                throw PolicyRefusal("\(text) is not an action of kinesis.")
            }
            actions.append(try PolicyPattern(text, hasWildcards: true, hasVariables: false))
        }
        return actions
    }

    private static func conditions(
        _ value: PolicyValue?,
        _ hasVariables: Bool
    ) throws(PolicyRefusal) -> [PolicyCondition] {
        guard let value else { return [] }
        guard case .object(let operators) = value else { throw PolicyRefusal("Condition is not a JSON object.") }
        var conditions: [PolicyCondition] = []
        for (name, keys) in operators.sorted(by: { $0.key < $1.key }) {
            guard case .object(let keys) = keys, !keys.isEmpty else {
                throw PolicyRefusal("The condition \(name) is not a JSON object of keys.")
            }
            for (key, values) in keys.sorted(by: { $0.key < $1.key }) {
                guard !key.isEmpty else { throw PolicyRefusal("The condition \(name) has a key without a name.") }
                conditions.append(
                    try PolicyCondition(name, key: key, try Self.values(values, key), hasVariables: hasVariables)
                )
            }
        }
        return conditions
    }

    /// Numbers and booleans may be without quotes.
    private static func values(_ value: PolicyValue, _ key: String) throws(PolicyRefusal) -> [String] {
        let elements: [PolicyValue] = if case .array(let elements) = value { elements } else { [value] }
        var values: [String] = []
        for element in elements {
            switch element {
            case .string(let text), .number(let text): values.append(text)
            case .bool(let bool): values.append(bool ? "true" : "false")
            case .object, .array, .null: throw PolicyRefusal("The condition on \(key) has a value of a wrong type.")
            }
        }
        return values
    }

    func applies(to request: PolicyRequest) -> Bool {
        self.principals.includes { $0.matches(request) }
            && self.actions.includes { $0.matches(request.action, request, ignoringCase: true) }
            && self.resources.includes { ARNPattern.matches($0, request.resource, request) }
            && self.conditions.allSatisfy { $0.holds(request) }
    }
}
