internal import NIOSSL

/// What a failed handshake means, in one sentence for the operator.
struct HandshakeFailure: CustomStringConvertible {
    let description: String

    init(explaining error: any Error) {
        switch error {
        case NIOSSLError.handshakeFailed(let cause): self.description = Self.explain(cause)
        case let error as BoringSSLError: self.description = Self.explain(error)
        default: self.description = "the TLS handshake failed: \(error)"
        }
    }

    private static func explain(_ error: BoringSSLError) -> String {
        guard case .sslError(let stack) = error, let first = stack.first else {
            return "the TLS handshake failed: \(error)"
        }
        guard first != .eofDuringHandshake else {
            return "the client ended the connection during the TLS handshake, which clients do that do not trust this "
                + "server's certificate or find another name in it"
        }
        let reason = Self.reason(in: first.description)
        return "\(Self.explanations[reason] ?? "the TLS handshake failed") (\(reason))"
    }

    private static let explanations = [
        "UNSUPPORTED_PROTOCOL": "the client speaks only versions of TLS that ssl.enabled.protocols does not have",
        "INAPPROPRIATE_FALLBACK": "the client was made to speak an older version of TLS than it could",
        "NO_SHARED_CIPHER": "client and server have no cipher suite in common",
        "NO_COMMON_SIGNATURE_ALGORITHMS": "client and server have no signature algorithm in common",
        "WRONG_VERSION_NUMBER": "what came is not TLS",
        "HTTP_REQUEST": "what came is plain HTTP",
        "PEER_DID_NOT_RETURN_A_CERTIFICATE": "the client shows no certificate, and ssl.client.auth is required",
        "CERTIFICATE_VERIFY_FAILED":
            "the client's certificate is refused: it has expired, or no authority of the truststore vouches for it",
        "TLSV1_ALERT_UNKNOWN_CA": "the client does not trust the authority of this server's certificate",
        "SSLV3_ALERT_BAD_CERTIFICATE": "the client refuses this server's certificate",
        "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "the client refuses this server's certificate",
        "SSLV3_ALERT_CERTIFICATE_EXPIRED": "this server's certificate has expired, the client says",
        "TLSV1_ALERT_PROTOCOL_VERSION": "the client refuses the version of TLS",
        "SSLV3_ALERT_HANDSHAKE_FAILURE": "the client refuses the handshake",
        "EXCESSIVE_MESSAGE_SIZE": "a message of the handshake is too large",
        "TOO_MANY_EMPTY_FRAGMENTS": "the client sends empty records",
        "BAD_DECRYPT": "a record is damaged",
        // An alert of OpenSSL's that is not encrypted where TLS 1.3 wants it to be.
        "BAD_PACKET_LENGTH": "the client broke it off, as clients do that refuse this server's certificate",
    ]

    /// The library's name of a reason: `X` of `error:100000f7:SSL routines:OPENSSL_internal:X at file:line`.
    private static func reason(in text: String) -> String {
        guard let start = text.firstRange(of: "OPENSSL_internal:")?.upperBound else { return text }
        return String(text[start...].prefix { $0 != " " })
    }
}
