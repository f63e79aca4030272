internal import NIOCore
internal import NIOSSL

/// TLS of the Kinesis port: as whom the server presents itself.
package struct ServerTLS: Sendable {
    /// The certificate or the key cannot be used.
    package struct Failure: Error, Sendable, CustomStringConvertible {
        package var description: String
    }

    private let context: NIOSSLContext

    /// - Parameters:
    ///   - certificate: in DER.
    ///   - authority: who vouches for it, in DER.
    ///   - key: in DER.
    package init(certificate: [UInt8], authority: [UInt8], key: [UInt8]) throws(Failure) {
        do {
            self.context = try Self.context(
                [
                    try NIOSSLCertificate(bytes: certificate, format: .der),
                    try NIOSSLCertificate(bytes: authority, format: .der),
                ],
                try NIOSSLPrivateKey(bytes: key, format: .der)
            )
        } catch {
            throw Failure(description: "the certificate that was made cannot be used: \(error)")
        }
    }

    /// - Parameters:
    ///   - certificateFile: in PEM, the server's certificate first, then those that vouch for it.
    ///   - keyFile: in PEM; may be the same file.
    package init(certificateFile: String, keyFile: String) throws(Failure) {
        let certificates: [NIOSSLCertificate]
        do {
            certificates = try NIOSSLCertificate.fromPEMFile(certificateFile)
        } catch {
            throw Failure(description: "\(certificateFile) cannot be read or holds no certificate in PEM")
        }
        let key: NIOSSLPrivateKey
        do {
            key = try NIOSSLPrivateKey(file: keyFile, format: .pem)
        } catch {
            throw Failure(description: "\(keyFile) cannot be read or holds no private key in PEM")
        }
        do {
            self.context = try Self.context(certificates, key)
        } catch {
            throw Failure(description: "\(certificateFile) and \(keyFile) do not belong together: \(error)")
        }
    }

    private static func context(
        _ certificates: [NIOSSLCertificate],
        _ key: NIOSSLPrivateKey
    ) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: certificates.map { .certificate($0) },
            privateKey: .privateKey(key)
        )
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["h2", "http/1.1"]
        // What a client that is gone is waited for.
        configuration.shutdownTimeout = .seconds(2)
        return try NIOSSLContext(configuration: configuration)
    }

    func makeHandler() -> NIOSSLServerHandler { NIOSSLServerHandler(context: self.context) }
}
