/// The SASL mechanisms that are served. GSSAPI, Kafka's other one, needs a Kerberos library and is not served.
package enum SaslMechanism: String, Sendable, CaseIterable {
    /// RFC 4616: the password itself.
    case plain = "PLAIN"
    /// RFC 7677
    case scramSHA256 = "SCRAM-SHA-256"
    /// RFC 5802's exchange with SHA-512.
    case scramSHA512 = "SCRAM-SHA-512"
    /// RFC 7628 with a JSON Web Token.
    case oauthBearer = "OAUTHBEARER"

    /// What a SCRAM mechanism hashes with.
    package var scramHash: ScramHash? {
        switch self {
        case .scramSHA256: .sha256
        case .scramSHA512: .sha512
        case .plain, .oauthBearer: nil
        }
    }
}
