/// Why an authentication fails: what the client is told, and what the log and the audit say.
package struct SaslRefusal: Error, Sendable, Equatable {
    /// Says nothing of whether the user exists.
    package var clientMessage: String
    package var reason: String
    /// Whom the client claimed to be; `nil` when it did not come so far.
    package var user: String?

    package init(clientMessage: String, reason: String, user: String? = nil) {
        self.clientMessage = clientMessage
        self.reason = reason
        self.user = user
    }

    static func malformed(_ mechanism: SaslMechanism, _ reason: String) -> SaslRefusal {
        SaslRefusal(clientMessage: Self.invalid(mechanism), reason: reason)
    }

    static func wrongCredentials(_ mechanism: SaslMechanism, user: String) -> SaslRefusal {
        SaslRefusal(clientMessage: Self.invalid(mechanism), reason: "wrong user or password", user: user)
    }

    static func otherIdentity(user: String) -> SaslRefusal {
        SaslRefusal(
            clientMessage:
                "Authentication failed: Client requested an authorization id that is different from username",
            reason: "the client wants to act as somebody else",
            user: user
        )
    }

    private static func invalid(_ mechanism: SaslMechanism) -> String {
        "Authentication failed during authentication due to invalid credentials with SASL mechanism "
            + mechanism.rawValue
    }
}
