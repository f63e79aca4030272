package import Metadata
package import NIOCore
package import Serving

/// Methods that the admin port serves.
package enum AdminMethod: String, Sendable, CaseIterable {
    case get = "GET"
    case post = "POST"
    case put = "PUT"
    case delete = "DELETE"

    /// Whether it may change something.
    var isChange: Bool { self != .get }
}

/// Who sends a request to the admin port.
package struct AdminIdentity: Sendable, Equatable {
    /// How the client showed who it is.
    package enum Proof: Sendable, Equatable {
        /// It did not.
        case none
        /// A cookie that a login gave.
        case session(id: String)
        /// `Authorization: Bearer`, with a stored token.
        case token(id: String)
        /// `Authorization: Bearer`, with the token that the server left in its data directory.
        case localToken
        /// A signature by an access key.
        case signature(accessKeyID: String)
    }

    /// A user's name, as in `User:alice`.
    package var user: String
    /// `nil`: may do nothing that asks for a role.
    package var role: AdminRole?
    package var proof: Proof

    package init(user: String, role: AdminRole?, proof: Proof) {
        self.user = user
        self.role = role
        self.proof = proof
    }
}

/// A whole request, as a handler gets it: admitted, with its body.
package struct AdminRequest: Sendable {
    package var method: AdminMethod
    /// Decoded, without the query.
    package var path: String
    /// What the route's `{names}` stand for.
    package var parameters: [String: String] = [:]
    package var query: [(name: String, value: String)] = []
    package var body: ByteBuffer
    package var identity: AdminIdentity
    package var remote: Endpoint
    /// The connection has TLS.
    package var isSecure: Bool

    /// The first value of a query parameter.
    package func query(_ name: String) -> String? { self.query.first { $0.name == name }?.value }
}
