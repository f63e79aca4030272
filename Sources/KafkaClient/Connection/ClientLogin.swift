package import Authentication

/// As whom a client authenticates by SASL, with which mechanism.
package struct ClientLogin: Sendable, Equatable {
    package var user: String
    package var password: String
    /// One with a password; OAUTHBEARER is not spoken by this client.
    package var mechanism: SaslMechanism
    /// The user is the ID of a delegation token, the password its HMAC in base64.
    package var isToken: Bool

    package init(user: String, password: String, mechanism: SaslMechanism = .scramSHA256, isToken: Bool = false) {
        self.user = user
        self.password = password
        self.mechanism = mechanism
        self.isToken = isToken
    }
}

extension ClientLogin: CustomStringConvertible {
    package var description: String { "\(self.mechanism.rawValue) as \(self.user)" }
}
