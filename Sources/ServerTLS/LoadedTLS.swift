internal import Certificates
internal import Glibc
internal import NIOCore
internal import NIOSSL

/// Settings of TLS with everything that they name read and understood.
struct LoadedTLS: Sendable {
    let context: NIOSSLContext
    let settings: TLSSettings
    /// Of the server's certificate.
    let subject: CertificateSubject
    /// Seconds since the epoch.
    let notValidAfter: Int

    /// Reads the files. Blocking, for files of a few kilobytes.
    init(_ settings: TLSSettings) throws(ServerTLSFailure) {
        let certificates = try Self.certificates(settings.certificates, of: "certificate")
        let key = try Self.key(settings.key, password: settings.keyPassword)
        do {
            self.subject = try CertificateSubject(certificate: try certificates[0].toDERBytes())
        } catch {
            throw ServerTLSFailure("\(Self.place(settings.certificates)): the certificate cannot be read")
        }
        self.settings = settings
        self.notValidAfter = Int(certificates[0].notValidAfter)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: certificates.map { .certificate($0) },
            privateKey: .privateKey(key)
        )
        try Self.choose(settings, &configuration)
        configuration.applicationProtocols = settings.applicationProtocols
        // What a client that is gone is waited for.
        configuration.shutdownTimeout = .seconds(2)
        do {
            // Also says whether key and certificate belong together.
            let context = try NIOSSLContext(configuration: configuration)
            if let signing = SigningKey(rsa: try key.derBytes) {
                configuration.privateKey = .privateKey(NIOSSLPrivateKey(customPrivateKey: OffloadedKey(signing)))
                self.context = try NIOSSLContext(configuration: configuration)
            } else {
                self.context = context
            }
        } catch {
            throw ServerTLSFailure(
                "\(Self.place(settings.certificates)) and \(Self.place(settings.key)) do not belong together: the key is "
                    + "not that of the certificate"
            )
        }
    }

    /// Whom clients are verified by, which versions and which suites.
    private static func choose(
        _ settings: TLSSettings,
        _ configuration: inout TLSConfiguration
    ) throws(ServerTLSFailure) {
        switch settings.clientAuthentication {
        case .none: break
        case .requested: configuration.certificateVerification = .optionalVerification
        case .required: configuration.certificateVerification = .noHostnameVerification
        }
        if settings.clientAuthentication != .none {
            guard let authorities = settings.authorities else {
                throw ServerTLSFailure(
                    "certificates of clients are \(settings.clientAuthentication.rawValue), and no authority to verify "
                        + "them by is named (ssl.truststore.location)"
                )
            }
            configuration.trustRoots = .certificates(try Self.certificates(authorities, of: "authority"))
        }
        let suites = try CipherSuites(settings.cipherSuites, versions: settings.versions)
        configuration.minimumTLSVersion = suites.versions.contains(.tls12) ? .tlsv12 : .tlsv13
        configuration.maximumTLSVersion = suites.versions.contains(.tls13) ? .tlsv13 : .tlsv12
        if !suites.ofTLS12.isEmpty { configuration.cipherSuiteValues = suites.ofTLS12 }
    }

    // MARK: PEM

    private static func certificates(
        _ source: TLSSettings.Source,
        of what: String
    ) throws(ServerTLSFailure) -> [NIOSSLCertificate] {
        let blocks = try Self.document(source).certificates
        guard !blocks.isEmpty else { throw ServerTLSFailure("\(Self.place(source)) holds no \(what) in PEM") }
        var certificates: [NIOSSLCertificate] = []
        for block in blocks {
            guard let certificate = try? NIOSSLCertificate(bytes: Array(block.text.utf8), format: .pem) else {
                throw ServerTLSFailure("\(Self.place(source)): the \(what) number \(certificates.count + 1) is damaged")
            }
            certificates.append(certificate)
        }
        return certificates
    }

    private static func key(
        _ source: TLSSettings.Source,
        password: String?
    ) throws(ServerTLSFailure) -> NIOSSLPrivateKey {
        let blocks = try Self.document(source).privateKeys
        guard let block = blocks.first else {
            throw ServerTLSFailure("\(Self.place(source)) holds no private key in PEM")
        }
        guard blocks.count == 1 else {
            throw ServerTLSFailure("\(Self.place(source)) holds \(blocks.count) private keys, and must hold one")
        }
        let bytes = Array(block.text.utf8)
        let isEncrypted = block.label == "ENCRYPTED PRIVATE KEY" || block.text.contains("ENCRYPTED")
        do {
            guard isEncrypted else { return try NIOSSLPrivateKey(bytes: bytes, format: .pem) }
            guard let password else {
                throw ServerTLSFailure("\(Self.place(source)): the private key is encrypted; set ssl.key.password")
            }
            return try NIOSSLPrivateKey(bytes: bytes, format: .pem) { $0(Array(password.utf8)) }
        } catch let failure as ServerTLSFailure {
            throw failure
        } catch {
            throw ServerTLSFailure(
                isEncrypted
                    ? "\(Self.place(source)): the private key cannot be decrypted; is ssl.key.password right?"
                    : "\(Self.place(source)): the private key cannot be read"
            )
        }
    }

    private static func document(_ source: TLSSettings.Source) throws(ServerTLSFailure) -> PEMDocument {
        let text: String
        switch source {
        case .text(let given): text = given
        case .file(let path): text = try Self.text(of: path)
        }
        do throws(CertificateFailure) {
            return try PEMDocument(text)
        } catch {
            throw ServerTLSFailure("\(Self.place(source)): \(error)")
        }
    }

    private static func text(of path: String) throws(ServerTLSFailure) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw ServerTLSFailure("\(path) cannot be read: \(String(cString: strerror(errno)))") }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count <= PEMDocument.bytesMax {
            let count = read(file, &chunk, chunk.count)
            guard count >= 0 else {
                throw ServerTLSFailure("\(path) cannot be read: \(String(cString: strerror(errno)))")
            }
            if count == 0 { break }
            bytes += chunk.prefix(count)
        }
        // The beginnings of Java's own format and of PKCS #12, which is DER.
        if bytes.starts(with: [0xfe, 0xed, 0xfe, 0xed]) || bytes.starts(with: [0x30, 0x82]) {
            throw ServerTLSFailure("\(path) is not PEM. " + TLSSettings.conversion(of: path))
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ServerTLSFailure("\(path) is not PEM: it is not a text")
        }
        return text
    }

    private static func place(_ source: TLSSettings.Source) -> String {
        switch source {
        case .file(let path): path
        case .text: "the PEM text of the property"
        }
    }
}
