package import Metadata

/// One thing that the admin port serves.
///
/// `{name}` in a pattern stands for one segment of the path; all other segments are as they are written.
package struct AdminRoute: Sendable {
    /// Who may call it.
    package enum Access: Sendable, Equatable {
        /// Everybody, under every name of the server: health and, unless they are guarded, metrics.
        case open
        /// Who wants to log in or out: asks for no role, and is as guarded against other sites as a change.
        case login
        /// Who has at least this role. A route with another method than GET changes something, and is guarded so.
        case role(AdminRole)
    }

    package enum Handler: Sendable {
        /// Answers at once, on the event loop: must not block.
        case immediate(@Sendable (AdminRequest) -> AdminAnswer)
        /// Answers when it is done, off the event loop.
        case task(@Sendable (AdminRequest) async -> AdminAnswer)
    }

    /// What a body may have unless a route says otherwise, in bytes.
    package static let bodyBytesMaxDefault = 64 << 10

    /// What a body may be unless a route says otherwise.
    package static let bodyTypesDefault = ["application/json"]
    /// What another site's form can send without asking: never a body of ours.
    private static let formTypes = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"]

    package var method: AdminMethod
    package var pattern: String
    package var access: Access
    package var bodyBytesMax: Int
    /// Media types, in lower case.
    package var bodyTypes: [String]
    /// What it is for; routes under `/api/v1` have one.
    package var documentation: RouteDocumentation?
    package var handler: Handler
    /// What a page answers instead of JSON when a request is refused before its handler. The second argument is the
    /// target of the request as it came.
    package var onRefusal: (@Sendable (AdminRefusal, _ target: String) -> AdminAnswer)?

    package init(
        _ method: AdminMethod,
        _ pattern: String,
        access: Access,
        bodyBytesMax: Int = Self.bodyBytesMaxDefault,
        bodyTypes: [String] = Self.bodyTypesDefault,
        documentation: RouteDocumentation? = nil,
        handler: Handler
    ) {
        precondition(!bodyTypes.contains(where: Self.formTypes.contains), "a form of another site could send that")
        self.bodyTypes = bodyTypes
        self.documentation = documentation
        self.method = method
        self.pattern = pattern
        self.access = access
        self.bodyBytesMax = bodyBytesMax
        self.handler = handler
    }
}
