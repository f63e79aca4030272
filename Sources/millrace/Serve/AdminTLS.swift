internal import ServerTLS

/// TLS of the admin port; with it nothing else is spoken there.
struct AdminTLS: Sendable, Equatable {
    /// `nil`: plain text.
    var certificate: String?
    /// May be the same file.
    var key: String?
    /// The authorities of clients' certificates, which are required then.
    var clientAuthorities: String?

    init(certificate: String?, key: String?, clientAuthorities: String?) throws(Failure) {
        guard certificate != nil || (key == nil && clientAuthorities == nil) else {
            throw Failure("--admin-tls-key and --admin-tls-client-ca need --admin-tls-cert")
        }
        self.certificate = certificate
        self.key = key
        self.clientAuthorities = clientAuthorities
    }

    func load() throws(Failure) -> ServerTLS? {
        guard let certificate else { return nil }
        let settings = TLSSettings(
            certificates: .file(certificate),
            key: .file(self.key ?? certificate),
            authorities: self.clientAuthorities.map { .file($0) },
            clientAuthentication: self.clientAuthorities == nil ? .none : .required,
            applicationProtocols: ["http/1.1"]
        )
        do throws(ServerTLSFailure) {
            return try ServerTLS(settings, name: "--admin-tls-cert")
        } catch {
            throw Failure(error.description)
        }
    }
}
