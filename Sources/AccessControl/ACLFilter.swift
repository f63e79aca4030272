internal import Model

/// Which ACLs are meant: Kafka's `AclBindingFilter`. What is `nil` matches everything.
package struct ACLFilter: Sendable, Hashable {
    /// How names of resources are matched.
    package enum Pattern: Int8, Sendable, Hashable, CaseIterable {
        /// A literal or prefixed pattern of exactly that name.
        case any = 1
        /// Every pattern that a resource of that name falls under: literal, wildcard or prefixed.
        case match = 2
        case literal = 3
        case prefixed = 4
    }

    package var resourceType: ResourceType?
    package var resourceName: String?
    package var pattern: Pattern
    /// Compared as a text, as Kafka does.
    package var principal: String?
    package var host: String?
    package var operation: ACLOperation?
    package var permission: Permission?

    package init(
        resourceType: ResourceType? = nil,
        resourceName: String? = nil,
        pattern: Pattern = .any,
        principal: String? = nil,
        host: String? = nil,
        operation: ACLOperation? = nil,
        permission: Permission? = nil
    ) {
        self.resourceType = resourceType
        self.resourceName = resourceName
        self.pattern = pattern
        self.principal = principal
        self.host = host
        self.operation = operation
        self.permission = permission
    }

    /// Whether the ACL is among those that are meant.
    package func matches(_ acl: ACL) -> Bool {
        if let resourceType, resourceType != acl.resourceType { return false }
        guard self.matchesName(of: acl) else { return false }
        if let principal, ExactText(principal) != ExactText(acl.principal.description) { return false }
        if let host, ExactText(host) != ExactText(acl.host) { return false }
        if let operation, operation != acl.operation { return false }
        if let permission, permission != acl.permission { return false }
        return true
    }

    private func matchesName(of acl: ACL) -> Bool {
        switch self.pattern {
        case .any, .match: break
        case .literal: guard acl.patternType == .literal else { return false }
        case .prefixed: guard acl.patternType == .prefixed else { return false }
        }
        guard let name = self.resourceName else { return true }
        if self.pattern != .match { return ExactText(name) == ExactText(acl.resourceName) }
        return switch acl.patternType {
        case .literal: ExactText(name) == ExactText(acl.resourceName) || acl.isWildcard
        case .prefixed: name.utf8.starts(with: acl.resourceName.utf8)
        }
    }
}
