/// What a Kafka listener speaks, under Kafka's names.
package enum SecurityProtocol: String, Sendable, Hashable, CaseIterable {
    case plaintext = "PLAINTEXT"
    case ssl = "SSL"
    case saslPlaintext = "SASL_PLAINTEXT"
    case saslSSL = "SASL_SSL"

    /// Whether everything on the connection is inside TLS.
    package var usesTLS: Bool {
        switch self {
        case .plaintext, .saslPlaintext: false
        case .ssl, .saslSSL: true
        }
    }

    /// Whether a client authenticates by SASL before anything else.
    package var usesSASL: Bool {
        switch self {
        case .plaintext, .ssl: false
        case .saslPlaintext, .saslSSL: true
        }
    }
}
