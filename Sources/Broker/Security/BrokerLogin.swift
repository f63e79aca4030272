package import Authentication
internal import Model

/// As whom the brokers of a cluster authenticate to each other by SCRAM, unless users of theirs are configured: with a
/// secret that is in the cluster's metadata, so both sides prove that they belong to it.
///
/// The user is of no store: nobody can make one of that name that counts as a broker.
package struct BrokerLogin: Sendable {
    package static let user = "millrace-broker"
    package static let mechanism = SaslMechanism.scramSHA256
    /// Of `Broker.secret`.
    package static let secretName = "inter-broker"
    package static let secretBytes = 32

    package let password: String
    let credential: ScramCredential

    /// Takes milliseconds; never on an event loop.
    package init(secret: [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        let password = secret.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        self.password = String(decoding: password, as: UTF8.self)
        let salt = ScramHash.sha512.code(key: secret, of: Array("salt".utf8))
        self.credential = ScramCredential(
            hash: .sha256,
            password: password,
            salt: Array(salt.prefix(ScramCredential.saltBytes)),
            iterations: ScramHash.iterations.lowerBound
        )
    }

    /// Random bytes for `init`.
    package static func makeSecret() -> [UInt8] { CredentialBytes.randomBytes(Self.secretBytes) }
}

extension SaslListener {
    /// Whether a login is that of a broker: by the secret, and by nothing else that has the user's name.
    package func isBroker(_ login: SaslMachine.Login) -> Bool {
        self.brokerLogin != nil && login.user == BrokerLogin.user && login.mechanism == BrokerLogin.mechanism
            && !login.isByToken
    }
}
