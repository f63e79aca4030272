/// A protocol that a client speaks on a port that serves another one, recognised by its first bytes.
package enum ProtocolHint: Sendable, Hashable, CaseIterable {
    /// HTTP/1: a method in capitals.
    case http
    /// HTTP/2 with prior knowledge: the connection preface.
    case http2
    /// TLS: the record of a client hello.
    case tls
    /// Kafka: a frame length below 16 MiB, then the key of ApiVersions or of another API.
    case kafka

    private static let methods = ["GET ", "POST", "PUT ", "HEAD", "OPTI", "DELE", "PATC", "CONN", "TRAC"]

    /// - Parameter bytes: the first of the connection; four tell all but Kafka, which takes six.
    package init?(firstBytes bytes: some Collection<UInt8>) {
        let bytes = Array(bytes.prefix(6))
        guard bytes.count >= 4 else { return nil }
        let letters = String(decoding: bytes.prefix(4), as: UTF8.self)
        if Self.methods.contains(letters) {
            self = .http
        } else if letters == "PRI " {
            self = .http2
        } else if bytes[0] == 0x16, bytes[1] == 0x03 {
            self = .tls
        } else if bytes.count == 6, bytes[0] == 0, bytes[4] == 0, bytes[5] < 128 {
            self = .kafka
        } else {
            return nil
        }
    }

    /// What the log says when it comes to the Kafka port; `nil`: it belongs there.
    package var adviceOnKafkaPort: String? {
        switch self {
        case .http, .http2:
            "this is HTTP, and this port speaks the Kafka protocol (Kinesis clients use the Kinesis port)"
        case .tls: "this is TLS, and this port speaks plaintext (security.protocol=PLAINTEXT or SASL_PLAINTEXT)"
        case .kafka: nil
        }
    }

    /// What the log says when it comes to a port that speaks TLS; `nil`: it belongs there.
    package var adviceOnTLSPort: String? {
        switch self {
        case .http, .http2: "this is plain HTTP, and this port speaks TLS"
        case .kafka: "this is the Kafka protocol in plain text, and this port speaks TLS (security.protocol=SSL)"
        case .tls: nil
        }
    }

    /// What the log says when it comes to the Kinesis port; `nil`: it belongs there.
    package var adviceOnKinesisPort: String? {
        switch self {
        case .http, .http2: nil
        case .tls:
            "this is TLS, and this port speaks plaintext (an endpoint URL that begins with http://, or --kinesis-tls)"
        case .kafka: "this is the Kafka protocol, and this port speaks HTTP (Kafka clients use the Kafka port)"
        }
    }
}
