/// What a user may do on the admin port; each role may do what those before it may.
package enum AdminRole: String, Sendable, CaseIterable, Comparable {
    /// Sees topics, groups, settings and metrics, and nothing of what records hold.
    case viewerWithoutRecords = "viewer-without-records"
    /// Sees records too.
    case viewer
    /// Changes topics, groups and settings.
    case `operator`
    /// Changes who may do what: users, access keys, tokens, roles.
    case admin

    /// Where roles are kept; the name of an entry is the user's, the value the role's raw value.
    package static let space = "admin-roles"

    package static func < (left: AdminRole, right: AdminRole) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .viewerWithoutRecords: 0
        case .viewer: 1
        case .operator: 2
        case .admin: 3
        }
    }

    /// - Throws: `.corrupt` for a role that this version does not know.
    package static func decode(_ bytes: [UInt8]) throws(MetadataError) -> AdminRole {
        guard let text = String(validating: bytes, as: UTF8.self), let role = AdminRole(rawValue: text) else {
            throw MetadataError(.corrupt, "A stored role of the admin port is not known.")
        }
        return role
    }

    /// All of them, for messages.
    package static var names: String { Self.allCases.map(\.rawValue).joined(separator: ", ") }
}
