/// What may be done to a resource. Raw values are those of Kafka's protocol (`AclOperation`).
package enum ACLOperation: Int8, Sendable, Hashable, CaseIterable {
    /// Of an ACL: every operation.
    case all = 2
    case read = 3
    case write = 4
    case create = 5
    case delete = 6
    case alter = 7
    case describe = 8
    /// What brokers do among each other.
    case clusterAction = 9
    case describeConfigs = 10
    case alterConfigs = 11
    case idempotentWrite = 12
    case createTokens = 13
    case describeTokens = 14
    case twoPhaseCommit = 15

    /// As in Kafka's tools and messages.
    package var name: String {
        switch self {
        case .all: "ALL"
        case .read: "READ"
        case .write: "WRITE"
        case .create: "CREATE"
        case .delete: "DELETE"
        case .alter: "ALTER"
        case .describe: "DESCRIBE"
        case .clusterAction: "CLUSTER_ACTION"
        case .describeConfigs: "DESCRIBE_CONFIGS"
        case .alterConfigs: "ALTER_CONFIGS"
        case .idempotentWrite: "IDEMPOTENT_WRITE"
        case .createTokens: "CREATE_TOKENS"
        case .describeTokens: "DESCRIBE_TOKENS"
        case .twoPhaseCommit: "TWO_PHASE_COMMIT"
        }
    }

    /// What an ACL that allows this operation allows: reading, writing, deleting and altering imply describing,
    /// altering settings implies describing them. An ACL that denies implies nothing.
    var implied: OperationSet {
        switch self {
        case .all: .everything
        case .read, .write, .delete, .alter: [OperationSet(self), .describe]
        case .alterConfigs: [.alterConfigs, .describeConfigs]
        default: OperationSet(self)
        }
    }

    /// What an ACL that denies this operation denies.
    var denied: OperationSet { self == .all ? .everything : OperationSet(self) }
}

/// A set of operations, as the bits of Kafka's fields of authorized operations (KIP-430): bit *n* is operation *n*.
package struct OperationSet: OptionSet, Sendable, Hashable {
    package let rawValue: Int32
    package init(rawValue: Int32) { self.rawValue = rawValue }

    /// One operation. `all` is the whole set.
    package init(_ operation: ACLOperation) {
        self.rawValue = operation == .all ? Self.everything.rawValue : 1 << Int32(operation.rawValue)
    }

    package static let read = OperationSet(rawValue: 1 << 3)
    package static let write = OperationSet(rawValue: 1 << 4)
    package static let create = OperationSet(rawValue: 1 << 5)
    package static let delete = OperationSet(rawValue: 1 << 6)
    package static let alter = OperationSet(rawValue: 1 << 7)
    package static let describe = OperationSet(rawValue: 1 << 8)
    package static let clusterAction = OperationSet(rawValue: 1 << 9)
    package static let describeConfigs = OperationSet(rawValue: 1 << 10)
    package static let alterConfigs = OperationSet(rawValue: 1 << 11)
    package static let idempotentWrite = OperationSet(rawValue: 1 << 12)
    package static let createTokens = OperationSet(rawValue: 1 << 13)
    package static let describeTokens = OperationSet(rawValue: 1 << 14)
    package static let twoPhaseCommit = OperationSet(rawValue: 1 << 15)
    /// Every operation there is.
    package static let everything = OperationSet(rawValue: 0xFFF8)

    /// Whether the operation is in the set.
    package func allows(_ operation: ACLOperation) -> Bool { self.contains(OperationSet(operation)) }
}
