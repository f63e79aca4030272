package import Serving

/// An administrative act on the admin port, or an attempt at one: for the audit log.
package struct AdminAct: Sendable, Equatable {
    package enum Kind: Sendable {
        /// Somebody logged in or out, or could not.
        case login
        /// Something was changed.
        case change
        /// Somebody may not do what they asked for.
        case access
    }

    package var kind: Kind
    /// For example `login` or `create access key`.
    package var action: String
    /// Whose act it is; empty when that is not known.
    package var user: String
    package var remote: Endpoint
    /// What it was done to, for example the ID of an access key. Never a secret.
    package var resource: String
    /// Why it was refused; `nil` when it was done.
    package var refusal: String?

    init(
        _ kind: Kind,
        _ action: String,
        by user: String,
        _ request: AdminRequest,
        on resource: String = "",
        refusal: String? = nil
    ) {
        self.kind = kind
        self.action = action
        self.user = user
        self.remote = request.remote
        self.resource = resource
        self.refusal = refusal
    }
}

/// Writes an act down. Called on event loops and off them; must not block.
package typealias AdminAudit = @Sendable (AdminAct) -> Void

/// The times of the admin port.
package struct AdminClock: Sendable {
    /// Milliseconds since the epoch.
    package var now: @Sendable () -> Int64
    package var monotonicMilliseconds: @Sendable () -> Int64

    package init(now: @escaping @Sendable () -> Int64, monotonicMilliseconds: @escaping @Sendable () -> Int64) {
        self.now = now
        self.monotonicMilliseconds = monotonicMilliseconds
    }
}
