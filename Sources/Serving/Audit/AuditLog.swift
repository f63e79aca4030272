package import Model

/// Where administrative acts and refusals are noted: who did what from where, and what came of it.
///
/// Call it once for each act and for each refusal, from any thread; it never blocks and never fails. An event holds no
/// secret: no password, key, token, signature or record.
package protocol AuditLog: Sendable {
    /// `false` when nobody reads: then there is no need to make events.
    var isEnabled: Bool { get }

    /// Notes an event.
    func record(_ event: AuditEvent)
}

/// A server that keeps no audit log.
package struct NoAuditLog: AuditLog {
    package init() {}
    package var isEnabled: Bool { false }
    package func record(_ event: AuditEvent) {}
}

/// One act or refusal.
package struct AuditEvent: Sendable, Equatable {
    /// What it is.
    package enum Kind: String, Sendable, CaseIterable {
        /// Something was created, deleted or changed, or was to be.
        case administration
        /// Somebody could not show who they are.
        case authentication
        /// Somebody may not do what they asked for.
        case authorization
    }

    /// What came of it.
    package enum Outcome: String, Sendable {
        case succeeded
        /// Allowed, and it went wrong.
        case failed
        case refused
    }

    package var kind: Kind
    package var principal: Principal
    /// `nil` for what the server or a command does by itself.
    package var session: Session?
    /// `kafka`, `kinesis`, `admin` or `command`.
    package var face: String
    /// The protocol's own name, for example `CreateTopics`.
    package var operation: String
    /// For example `TOPIC:orders`; empty when the operation is about none.
    package var resource: String
    package var outcome: Outcome
    /// A sentence or an error's name; `nil` when there is nothing to add.
    package var reason: String?

    package init(
        _ kind: Kind,
        principal: Principal? = nil,
        session: Session?,
        face: String,
        operation: String,
        resource: String = "",
        outcome: Outcome,
        reason: String? = nil
    ) {
        self.kind = kind
        self.principal = principal ?? session?.principal ?? .anonymous
        self.session = session
        self.face = face
        self.operation = operation
        self.resource = resource
        self.outcome = outcome
        self.reason = reason
    }

    /// Clients make such events as fast as they like, also those who may do nothing. What was done is always written.
    var isLimited: Bool { self.outcome != .succeeded }

    /// The session is compared by identity.
    package static func == (left: AuditEvent, right: AuditEvent) -> Bool {
        left.kind == right.kind && left.principal == right.principal && left.session === right.session
            && left.face == right.face && left.operation == right.operation && left.resource == right.resource
            && left.outcome == right.outcome && left.reason == right.reason
    }
}
