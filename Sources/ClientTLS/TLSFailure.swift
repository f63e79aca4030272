internal import NIOSSL

/// Why a TLS connection failed: one line that names the cause and, where one is known, the next step.
package struct TLSFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package var description: String

    init(_ description: String) { self.description = description }

    static let closed = TLSFailure(
        "the server ended the connection during the TLS handshake; is TLS spoken on that port?"
    )
    static let silent = TLSFailure(
        "the server has not answered the TLS handshake within ten seconds; is TLS spoken on that port?"
    )

    /// What an error of the TLS library means.
    init(explaining error: any Error) {
        switch error {
        case let error as TLSFailure: self = error
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            self.init("the server's certificate is for another host; give an address that it names")
        case NIOSSLError.unableToValidateCertificate, NIOSSLError.noCertificateToValidate:
            self.init("the server has shown no certificate")
        case NIOSSLError.handshakeFailed(let cause), NIOSSLError.shutdownFailed(let cause): self.init(cause)
        case let error as BoringSSLError: self.init(error)
        default: self.init("\(error)")
        }
    }

    private init(_ error: BoringSSLError) {
        guard case .sslError(let stack) = error, let first = stack.first else {
            self.init("the TLS handshake failed (\(error))")
            return
        }
        guard first != .eofDuringHandshake else {
            self = Self.closed
            return
        }
        let reason = Self.reason(in: first.description)
        switch reason {
        case "CERTIFICATE_VERIFY_FAILED":
            self.init(
                "the server's certificate is refused: it has expired, or no trusted authority vouches for it; name the "
                    + "file of a private authority with --ca-file"
            )
        case "WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST":
            self.init("the server's answer is not TLS; is TLS spoken on that port?")
        case "TLSV1_ALERT_CERTIFICATE_REQUIRED", "TLSV13_ALERT_CERTIFICATE_REQUIRED",
            "SSLV3_ALERT_HANDSHAKE_FAILURE", "PEER_DID_NOT_RETURN_A_CERTIFICATE":
            self.init(
                "the server refused the TLS handshake (\(reason)); if it asks for a client's certificate, name one with "
                    + "--cert-file"
            )
        case "TLSV1_ALERT_UNKNOWN_CA", "SSLV3_ALERT_BAD_CERTIFICATE", "SSLV3_ALERT_CERTIFICATE_UNKNOWN":
            self.init("the server refuses the certificate of --cert-file (\(reason))")
        default: self.init("the TLS handshake failed (\(reason))")
        }
    }

    /// The library's name of a reason: `X` of `error:100000f7:SSL routines:OPENSSL_internal:X at file:line`.
    private static func reason(in text: String) -> String {
        guard let start = text.firstRange(of: "OPENSSL_internal:")?.upperBound else { return text }
        return String(text[start...].prefix { $0 != " " })
    }
}
