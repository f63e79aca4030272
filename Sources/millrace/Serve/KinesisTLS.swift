internal import Certificates
internal import Glibc
internal import ServerTLS

/// Whether the Kinesis port serves TLS, by which certificate, and whom it lets in.
struct KinesisTLS: Sendable, Equatable {
    enum Identity: Sendable, Equatable {
        /// By a certificate that an authority in the data directory issues at each start.
        case ownAuthority
        case files(certificate: String, key: String)
    }

    /// `nil`: plain text only.
    var identity: Identity?
    /// Clients in plain text are closed.
    var isRequired = false
    /// The authorities of clients' certificates, which are asked for then.
    var clientAuthorities: String?
    var clientAuthentication = TLSSettings.ClientAuthentication.none

    static let off = KinesisTLS()

    private init() {}

    /// What the options say.
    struct Words {
        /// `on`, `off` or `only`; a certificate alone turns it on.
        var mode: String?
        var certificate: String?
        var key: String?
        var clientAuthorities: String?
        /// `required` or `requested`.
        var clientAuthentication: String?
    }

    init(_ words: Words) throws(Failure) {
        switch (words.mode, words.certificate) {
        case ("off", _), (nil, nil): self.identity = nil
        case ("on", nil), ("only", nil): self.identity = .ownAuthority
        case ("on", let certificate?), ("only", let certificate?), (nil, let certificate?):
            self.identity = .files(certificate: certificate, key: words.key ?? certificate)
        case (let text?, _): throw Failure("--kinesis-tls must be on, off or only, not \(text)")
        }
        self.isRequired = words.mode == "only"
        if words.certificate == nil, words.key != nil { throw Failure("--kinesis-tls-key needs --kinesis-tls-cert") }
        guard let authorities = words.clientAuthorities else {
            if words.clientAuthentication != nil {
                throw Failure("--kinesis-tls-client-auth needs --kinesis-tls-client-ca")
            }
            return
        }
        guard self.identity != nil else { throw Failure("--kinesis-tls-client-ca needs --kinesis-tls") }
        self.clientAuthorities = authorities
        switch words.clientAuthentication {
        case nil, "required":
            self.clientAuthentication = .required
            // Or clients would do without a certificate by doing without TLS.
            self.isRequired = true
        case "requested": self.clientAuthentication = .requested
        case let text?: throw Failure("--kinesis-tls-client-auth must be required or requested, not \(text)")
        }
    }

    /// - Parameters:
    ///   - host: where the port listens.
    ///   - now: seconds since the epoch.
    func load(dataDirectory: String, host: String, now: Int) throws(Failure) -> ServerTLS? {
        let sources: (certificates: TLSSettings.Source, key: TLSSettings.Source)
        switch self.identity {
        case nil: return nil
        case .files(let certificate, let key): sources = (.file(certificate), .file(key))
        case .ownAuthority:
            let folder = dataDirectory + "/tls"
            do throws(CertificateFailure) {
                let authority = try Self.authority(in: folder, now: now)
                let issued = try authority.issue(
                    names: ["localhost", "*.localhost", "host.docker.internal", host, HostNames.own],
                    addresses: ["127.0.0.1", "::1", host].filter(HostNames.isAddress),
                    now: now
                )
                let chain = issued.certificatePEM + authority.credential.certificatePEM
                sources = (.text(chain), .text(issued.keyPEM))
            } catch {
                throw Failure("\(folder): \(error)")
            }
        }
        let settings = TLSSettings(
            certificates: sources.certificates,
            key: sources.key,
            authorities: self.clientAuthorities.map { .file($0) },
            clientAuthentication: self.clientAuthentication,
            applicationProtocols: ["h2", "http/1.1"]
        )
        do throws(ServerTLSFailure) {
            return try ServerTLS(settings, name: "--kinesis-tls")
        } catch {
            throw Failure(error.description)
        }
    }

    /// The authority of this data directory, made when there is none.
    private static func authority(in folder: String, now: Int) throws(CertificateFailure) -> CertificateAuthority {
        let (certificateFile, keyFile) = (folder + "/ca.pem", folder + "/ca-key.pem")
        if access(keyFile, F_OK) == 0 {
            return try CertificateFiles.authority(certificate: certificateFile, key: keyFile)
        }
        let made = try CertificateAuthority.make(now: now)
        guard mkdir(folder, 0o750) == 0 || errno == EEXIST else {
            throw CertificateFailure("cannot be made: \(String(cString: strerror(errno)))")
        }
        // The key is last: a start that is interrupted in between makes a new authority.
        try CertificateFiles.replace(certificateFile, by: made.credential.certificatePEM, mode: 0o644)
        try CertificateFiles.replace(keyFile, by: made.credential.keyPEM, mode: 0o600)
        return made
    }
}
