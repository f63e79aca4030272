/// The one message of PLAIN (RFC 4616): `[authzid] NUL user NUL password`.
struct PlainMessage: Sendable, Equatable {
    var user: String
    var password: [UInt8]

    private static let passwordBytesMax = 4096

    /// - Throws: with Kafka's words.
    init(_ message: [UInt8]) throws(SaslRefusal) {
        let parts = message.split(separator: 0, maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3 else {
            throw Self.refusal("Invalid SASL/PLAIN response: expected 3 tokens, got \(parts.count)")
        }
        guard !parts[1].isEmpty else { throw Self.refusal("Authentication failed: username not specified") }
        guard !parts[2].isEmpty else { throw Self.refusal("Authentication failed: password not specified") }
        guard parts[1].count <= ScramText.nameBytesMax, parts[2].count <= Self.passwordBytesMax,
            let user = String(validating: parts[1], as: UTF8.self)
        else { throw Self.wrong(user: nil) }
        guard parts[0].isEmpty || parts[0] == parts[1] else { throw .otherIdentity(user: user) }
        self.user = user
        self.password = Array(parts[2])
    }

    static func wrong(user: String?) -> SaslRefusal {
        SaslRefusal(
            clientMessage: "Authentication failed: Invalid username or password",
            reason: "wrong user or password",
            user: user
        )
    }

    private static func refusal(_ message: String) -> SaslRefusal {
        SaslRefusal(clientMessage: message, reason: message)
    }

    /// What a client sends.
    static func encode(user: String, password: String) -> [UInt8] {
        [0] + Array(user.utf8) + [0] + Array(password.utf8)
    }
}

/// The client's side of PLAIN.
package enum PlainClient {
    package static func message(user: String, password: String) -> [UInt8] {
        PlainMessage.encode(user: user, password: password)
    }
}
