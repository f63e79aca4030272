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
    /// The headers `Accept`, `Content-Type` and `Last-Event-ID` as they came.
    package var accept: String?
    package var contentType: String?
    package var lastEventID: String?

    /// Whether the client names this media type among those that it takes.
    package func accepts(_ type: String) -> Bool {
        guard let accept else { return false }
        return accept.split(separator: ",").contains { part in
            part.prefix { $0 != ";" }.filter { $0 != " " }.lowercased() == type
        }
    }

    /// The media type of the body, without its parameters, in lower case.
    package var bodyType: String? {
        self.contentType.map { $0.prefix { $0 != ";" }.filter { $0 != " " }.lowercased() }
    }

    /// The first value of a query parameter.
    package func query(_ name: String) -> String? { self.query.first { $0.name == name }?.value }
}
