package import Model

/// What one principal may do from one host: the ACLs that concern it, merged. Immutable, so an event loop asks it
/// without a lock; when ACLs change there are new rights (`ACLSnapshot.rights`).
///
/// The rules are those of Kafka's `StandardAuthorizer`: a super user may do everything; an ACL that denies wins over
/// every ACL that allows; without an ACL of any principal about a resource, `allow.everyone.if.no.acl.found` decides.
package final class Rights: Sendable {
    /// What ACLs of one pattern, or of several, say.
    struct Verdict: Sendable {
        var allowed: OperationSet = []
        var denied: OperationSet = []

        mutating func add(_ acl: ACL) {
            switch acl.permission {
            case .allow: self.allowed.formUnion(acl.operation.implied)
            case .deny: self.denied.formUnion(acl.operation.denied)
            }
        }

        mutating func add(_ other: Verdict) {
            self.allowed.formUnion(other.allowed)
            self.denied.formUnion(other.denied)
        }
    }

    /// The ACLs about one type of resource.
    private struct Table: Sendable {
        var everything = Verdict()
        var literal: [ExactText: Verdict] = [:]
        var prefixed: PrefixTable<Verdict>
        /// Of the allowing and denying ACLs by themselves, without what they imply.
        var patterns = TypePatterns()
    }

    package let principal: Principal
    package let host: String
    /// May do everything: a super user, or a server without an authorizer.
    package let isUnrestricted: Bool
    /// Which snapshot these rights are of.
    package let version: UInt64
    private let tables: [ResourceType: Table]
    private let topics: Table
    private let snapshot: ACLSnapshot?

    /// Of a server without an authorizer: everybody may do everything.
    package static let unrestricted = Rights(unrestricted: .anonymous, host: ACL.anyHost, version: 0)

    init(unrestricted principal: Principal, host: String, version: UInt64) {
        self.principal = principal
        self.host = host
        self.isUnrestricted = true
        self.version = version
        self.tables = [:]
        self.topics = Table(prefixed: PrefixTable([:]) { $0.add($1) })
        self.snapshot = nil
    }

    /// - Parameter acls: those whose principal and host match.
    init(of principal: Principal, host: String, acls: some Sequence<ACL>, in snapshot: ACLSnapshot) {
        self.principal = principal
        self.host = host
        self.isUnrestricted = false
        self.version = snapshot.version
        self.snapshot = snapshot
        var byType: [ResourceType: [ACL]] = [:]
        for acl in acls { byType[acl.resourceType, default: []].append(acl) }
        self.tables = byType.mapValues(Self.table)
        self.topics = self.tables[.topic] ?? Self.table([])
    }

    private static func table(_ acls: [ACL]) -> Table {
        var everything = Verdict()
        var literal: [ExactText: Verdict] = [:]
        var prefixed: [ExactText: Verdict] = [:]
        var patterns = TypePatterns()
        for acl in acls {
            patterns.add(acl)
            let name = ExactText(acl.resourceName)
            switch acl.patternType {
            case .literal where acl.isWildcard: everything.add(acl)
            case .literal: literal[name, default: Verdict()].add(acl)
            case .prefixed: prefixed[name, default: Verdict()].add(acl)
            }
        }
        return Table(
            everything: everything,
            literal: literal,
            prefixed: PrefixTable(prefixed) { $0.add($1) },
            patterns: patterns
        )
    }

    /// Whether the principal may do this. Takes no lock and allocates nothing.
    package func allows(_ operation: ACLOperation, on type: ResourceType, _ name: String) -> Bool {
        self.isUnrestricted || self.operations(on: type, name).allows(operation)
    }

    /// Whether the principal may do this to the topic.
    package func allows(_ operation: ACLOperation, onTopic name: String) -> Bool {
        self.isUnrestricted || self.operations(self.topics, .topic, name).allows(operation)
    }

    /// Whether the principal may do this to the cluster as a whole.
    package func allowsOnCluster(_ operation: ACLOperation) -> Bool {
        self.allows(operation, on: .cluster, ResourceType.clusterName)
    }

    /// All that the principal may do to a resource.
    package func operations(on type: ResourceType, _ name: String) -> OperationSet {
        if self.isUnrestricted { return .everything }
        if type == .topic { return self.operations(self.topics, type, name) }
        guard let table = self.tables[type] else { return self.withoutOwnACLs(type, name) }
        return self.operations(table, type, name)
    }

    private func operations(_ table: Table, _ type: ResourceType, _ name: String) -> OperationSet {
        var verdict = table.everything
        if !table.literal.isEmpty, let own = table.literal[ExactText(name)] { verdict.add(own) }
        // A resource that is called `*` falls under the wildcard as well.
        if !table.prefixed.isEmpty, let own = table.prefixed.value(of: name) { verdict.add(own) }
        let allowed = verdict.allowed.subtracting(verdict.denied)
        if self.snapshot?.allowsEveryoneWithoutACL != true { return allowed }
        return allowed.union(self.withoutOwnACLs(type, name).subtracting(verdict.denied))
    }

    /// What holds where no ACL about the resource, of any principal, exists.
    private func withoutOwnACLs(_ type: ResourceType, _ name: String) -> OperationSet {
        guard let snapshot, snapshot.allowsEveryoneWithoutACL, !snapshot.hasACL(on: type, name) else { return [] }
        return .everything
    }

    /// Whether the principal may do this to at least one resource of the type, existing or not: what an idempotent
    /// producer needs (KIP-679). As Kafka's default method decides it: nothing is implied.
    package func allowsAny(_ operation: ACLOperation, of type: ResourceType) -> Bool {
        // Kafka asks for this name first, for super users and for `allow.everyone.if.no.acl.found`.
        if self.allows(operation, on: type, "hardcode") { return true }
        return self.tables[type]?.patterns.leavesSomething(to: operation) ?? false
    }
}
