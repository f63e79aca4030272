/// One request as the gate sees it: after its head has been read, before its body is decoded.
package struct GateRequest: Sendable {
    package var session: Session
    /// The protocol's own name of the operation, for example `Produce` or `PutRecords`.
    package var operation: String
    /// What the client calls itself (Kafka's `client.id`); empty when it gives no name.
    package var clientID: String
    /// Of the whole request.
    package var bytes: Int

    package init(session: Session, operation: String, clientID: String, bytes: Int) {
        self.session = session
        self.operation = operation
        self.clientID = clientID
        self.bytes = bytes
    }
}

/// Why a request is refused. Each face has the error codes for it.
package enum GateRefusal: Sendable, Hashable, CaseIterable {
    /// The principal may not do this.
    case notAuthorized
}

/// What becomes of a request.
package enum GateDecision: Sendable, Equatable {
    case permit
    case refuse(GateRefusal)
}

/// The one place, before dispatch, where a request of either face can be refused: authorization.
///
/// Quotas do not pass here: what a request uses of them is known when it is answered (`ClientQuotas`).
///
/// What an operation touches (topics, groups) is known after its body is decoded; handlers ask for that with
/// `Session.principal`.
package protocol Gate: Sendable {
    /// Called on the connection's event loop for every request. Must not block.
    func decide(_ request: GateRequest) -> GateDecision
}

/// Permits everything: a server without access control.
package struct OpenGate: Gate {
    package init() {}
    package func decide(_ request: GateRequest) -> GateDecision { .permit }
}
