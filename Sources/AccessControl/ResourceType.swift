/// The kinds of things that rights are about. Raw values are those of Kafka's protocol (`ResourceType`).
package enum ResourceType: Int8, Sendable, Hashable, CaseIterable {
    case topic = 2
    case group = 3
    /// The cluster as a whole; its only name is `ResourceType.clusterName`.
    case cluster = 4
    case transactionalID = 5
    case delegationToken = 6
    /// A principal, as the owner of delegation tokens.
    case user = 7

    /// The one resource of type `cluster`.
    package static let clusterName = "kafka-cluster"
    /// As the name of a literal pattern: every resource of the type.
    package static let wildcard = "*"

    /// As in Kafka's tools and messages.
    package var name: String {
        switch self {
        case .topic: "TOPIC"
        case .group: "GROUP"
        case .cluster: "CLUSTER"
        case .transactionalID: "TRANSACTIONAL_ID"
        case .delegationToken: "DELEGATION_TOKEN"
        case .user: "USER"
        }
    }

    /// What can be done to such a resource, as clients are told in the fields of authorized operations (KIP-430).
    package var operations: OperationSet {
        switch self {
        case .topic:
            [.read, .write, .create, .describe, .delete, .alter, .describeConfigs, .alterConfigs]
        case .group: [.read, .describe, .delete, .describeConfigs, .alterConfigs]
        case .cluster:
            [.create, .clusterAction, .describeConfigs, .alterConfigs, .idempotentWrite, .alter, .describe]
        case .transactionalID: [.describe, .write, .twoPhaseCommit]
        case .delegationToken: [.describe]
        case .user: [.createTokens, .describeTokens]
        }
    }
}

/// How an ACL names resources. Raw values are those of Kafka's protocol (`PatternType`).
package enum PatternType: Int8, Sendable, Hashable, CaseIterable {
    /// The resource of that name, or all of them with the name `*`.
    case literal = 3
    /// All resources whose name begins so.
    case prefixed = 4

    /// As in Kafka's tools and messages.
    package var name: String {
        switch self {
        case .literal: "LITERAL"
        case .prefixed: "PREFIXED"
        }
    }
}

/// Whether an ACL grants or forbids. Raw values are those of Kafka's protocol (`AclPermissionType`).
package enum Permission: Int8, Sendable, Hashable, CaseIterable {
    case deny = 2
    case allow = 3

    /// As in Kafka's tools and messages.
    package var name: String {
        switch self {
        case .deny: "DENY"
        case .allow: "ALLOW"
        }
    }
}
