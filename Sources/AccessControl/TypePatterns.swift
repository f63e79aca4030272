/// The patterns of the ACLs about one type of resource, for the question whether anything at all is allowed.
struct TypePatterns: Sendable {
    private struct Patterns: Sendable {
        var everything = false
        var literal: Set<ExactText> = []
        var prefixed: Set<ExactText> = []
    }

    private var allowed: [ACLOperation: Patterns] = [:]
    private var denied: [ACLOperation: Patterns] = [:]

    mutating func add(_ acl: ACL) {
        switch acl.permission {
        case .allow: Self.add(acl, to: &self.allowed[acl.operation, default: Patterns()])
        case .deny: Self.add(acl, to: &self.denied[acl.operation, default: Patterns()])
        }
    }

    private static func add(_ acl: ACL, to patterns: inout Patterns) {
        switch acl.patternType {
        case .literal where acl.isWildcard: patterns.everything = true
        case .literal: patterns.literal.insert(ExactText(acl.resourceName))
        case .prefixed: patterns.prefixed.insert(ExactText(acl.resourceName))
        }
    }

    /// Whether some pattern allows the operation and no other one denies all of it.
    func leavesSomething(to operation: ACLOperation) -> Bool {
        let denying = [operation, .all].compactMap { self.denied[$0] }
        if denying.contains(where: \.everything) { return false }
        let allowing = [operation, .all].compactMap { self.allowed[$0] }
        if allowing.contains(where: \.everything) { return true }
        func isDominated(_ name: ExactText) -> Bool {
            denying.contains { patterns in
                guard !patterns.prefixed.isEmpty else { return false }
                return patterns.prefixed.contains { name.text.utf8.starts(with: $0.text.utf8) }
            }
        }
        return allowing.contains { patterns in
            patterns.literal.contains { name in
                !denying.contains { $0.literal.contains(name) } && !isDominated(name)
            } || patterns.prefixed.contains { !isDominated($0) }
        }
    }
}
