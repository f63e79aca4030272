/// What a port's TLS is made of.
package struct TLSSettings: Sendable, Equatable {
    /// Where a PEM text is.
    package enum Source: Sendable, Hashable {
        case file(String)
        /// The text itself.
        case text(String)
    }

    /// Whether clients show certificates (Kafka's `ssl.client.auth`).
    package enum ClientAuthentication: String, Sendable {
        case none
        /// A client may show one; one that is shown must be good.
        case requested
        case required
    }

    package enum Version: String, Sendable, CaseIterable {
        case tls12 = "TLSv1.2"
        case tls13 = "TLSv1.3"
    }

    /// The server's certificate first, then those that vouch for it.
    package var certificates: Source
    /// May be the same file.
    package var key: Source
    /// Of an encrypted key.
    package var keyPassword: String?
    /// Whom clients' certificates are verified by.
    package var authorities: Source?
    package var clientAuthentication: ClientAuthentication
    /// At least one.
    package var versions: Set<Version>
    /// By their registered names; empty: those with forward secrecy.
    package var cipherSuites: [String]
    /// How a client's certificate becomes a principal.
    package var principals: PrincipalMapping
    /// For ALPN, the preferred first.
    package var applicationProtocols: [String]

    package init(
        certificates: Source,
        key: Source,
        keyPassword: String? = nil,
        authorities: Source? = nil,
        clientAuthentication: ClientAuthentication = .none,
        versions: Set<Version> = Set(Version.allCases),
        cipherSuites: [String] = [],
        principals: PrincipalMapping = .distinguishedName,
        applicationProtocols: [String] = []
    ) {
        self.certificates = certificates
        self.key = key
        self.keyPassword = keyPassword
        self.authorities = authorities
        self.clientAuthentication = clientAuthentication
        self.versions = versions
        self.cipherSuites = cipherSuites
        self.principals = principals
        self.applicationProtocols = applicationProtocols
    }

    /// Every file that is read, each once.
    var files: [String] {
        var files: [String] = []
        for source in [self.certificates, self.key, self.authorities] {
            if case .file(let path)? = source, !files.contains(path) { files.append(path) }
        }
        return files
    }

    /// How a store in one of Java's formats becomes PEM.
    package static func conversion(of path: String) -> String {
        "Convert it: keytool -importkeystore -srckeystore \(path) -destkeystore store.p12 -deststoretype PKCS12, then "
            + "openssl pkcs12 -in store.p12 -nodes -out store.pem; then set the type to PEM and the location to store.pem"
    }
}
