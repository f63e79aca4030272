package import Model

/// All ACLs of one moment, found by principal. Immutable.
package final class ACLSnapshot: Sendable {
    /// What the configuration says about everybody.
    package struct Settings: Sendable, Equatable {
        /// `super.users`: these may do everything.
        package var superUsers: Set<Principal>
        /// `allow.everyone.if.no.acl.found`
        package var allowsEveryoneWithoutACL: Bool

        package init(superUsers: Set<Principal> = [], allowsEveryoneWithoutACL: Bool = false) {
            self.superUsers = superUsers
            self.allowsEveryoneWithoutACL = allowsEveryoneWithoutACL
        }
    }

    /// In no order.
    package let acls: Set<ACL>
    package let settings: Settings
    /// Grows with each change.
    package let version: UInt64
    private let byPrincipal: [ExactText: [ACL]]
    private let superUsers: Set<ExactText>
    private let literal: [ResourceType: Set<ExactText>]
    private let prefixed: [ResourceType: PrefixTable<Void>]

    package init(_ acls: Set<ACL> = [], settings: Settings = Settings(), version: UInt64 = 1) {
        self.acls = acls
        self.settings = settings
        self.version = version
        self.superUsers = Set(settings.superUsers.map { ExactText($0.description) })
        var byPrincipal: [ExactText: [ACL]] = [:]
        var literal: [ResourceType: Set<ExactText>] = [:]
        var prefixed: [ResourceType: [ExactText: Void]] = [:]
        for acl in acls {
            byPrincipal[ExactText(acl.principal.description), default: []].append(acl)
            switch acl.patternType {
            case .literal: literal[acl.resourceType, default: []].insert(ExactText(acl.resourceName))
            case .prefixed: prefixed[acl.resourceType, default: [:]][ExactText(acl.resourceName)] = ()
            }
        }
        self.byPrincipal = byPrincipal
        self.literal = literal
        self.prefixed = prefixed.mapValues { PrefixTable($0) { _, _ in } }
    }

    var allowsEveryoneWithoutACL: Bool { self.settings.allowsEveryoneWithoutACL }

    /// What a principal may do from a host: its own ACLs and those of `User:*`.
    package func rights(of principal: Principal, from host: String) -> Rights {
        let name = ExactText(principal.description)
        if self.superUsers.contains(name) {
            return Rights(unrestricted: principal, host: host, version: self.version)
        }
        let everybody = ExactText(Principal.everybody.description)
        var acls = self.byPrincipal[name] ?? []
        if name != everybody { acls += self.byPrincipal[everybody] ?? [] }
        let host = ExactText(host)
        let matching = acls.lazy.filter { $0.host == ACL.anyHost || ExactText($0.host) == host }
        return Rights(of: principal, host: host.text, acls: matching, in: self)
    }

    /// Whether an ACL of any principal is about the resource.
    func hasACL(on type: ResourceType, _ name: String) -> Bool {
        if let literal = self.literal[type] {
            if literal.contains(ExactText(name)) || literal.contains(ExactText(ResourceType.wildcard)) { return true }
        }
        return self.prefixed[type]?.value(of: name) != nil
    }

    /// The ACLs that a filter means, in a steady order.
    package func acls(matching filter: ACLFilter) -> [ACL] {
        self.acls.filter(filter.matches).sorted { $0.description < $1.description }
    }
}
