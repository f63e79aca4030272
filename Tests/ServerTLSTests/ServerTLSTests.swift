import FoundationEssentials
import Logging
import NIOCore
import NIOEmbedded
import NIOSSL
import Testing

@testable import Certificates
@testable import ServerTLS

@Suite struct ServerTLSTests {
    private let authority: TestAuthority
    private let folder: String

    init() throws {
        self.authority = try TestAuthority()
        self.folder = FileManager.default.temporaryDirectory.path + "/tls-\(UInt64.random(in: 0...UInt64.max))"
        try FileManager.default.createDirectory(atPath: self.folder, withIntermediateDirectories: true)
    }

    private func write(_ name: String, _ text: String) throws -> String {
        let path = "\(self.folder)/\(name)"
        try Data(text.utf8).write(to: URL(filePath: path))
        return path
    }

    private static func keystore(_ credential: Credential) -> String { credential.keyPEM + credential.certificatePEM }

    private func settings(_ path: String) -> TLSSettings { TLSSettings(certificates: .file(path), key: .file(path)) }

    private func logger(_ store: LogLines.Store) -> Logger {
        Logger(label: "test", factory: { _ in LogLines(store: store) })
    }

    // MARK: What cannot be used

    @Test func `what is wrong with the files is said in words`() throws {
        let server = try self.authority.server()
        let encrypted = """
            -----BEGIN ENCRYPTED PRIVATE KEY-----
            AAAA
            -----END ENCRYPTED PRIVATE KEY-----

            """
        let cases: [(content: String, password: String?, message: String)] = [
            ("", nil, "holds no certificate in PEM"), (server.keyPEM, nil, "holds no certificate in PEM"),
            (server.certificatePEM, nil, "holds no private key in PEM"),
            (Self.keystore(server) + server.keyPEM, nil, "holds 2 private keys"),
            (try self.authority.server().keyPEM + server.certificatePEM, nil, "do not belong together"),
            (server.certificatePEM + encrypted, nil, "set ssl.key.password"),
            (server.certificatePEM + encrypted, "secret", "is ssl.key.password right?"),
            (server.certificatePEM.replacing("-----END", with: "----- END"), nil, "does not end"),
            (server.keyPEM + "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n", nil, "is not base64"),
            (server.keyPEM + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", nil, "is damaged"),
        ]
        for (content, password, message) in cases {
            var settings = self.settings(try self.write("keystore.pem", content))
            settings.keyPassword = password
            let failure = #expect(throws: ServerTLSFailure.self) { try ServerTLS(settings, name: "the listener SSL") }
            let text = failure?.description ?? ""
            #expect(text.contains(message) && text.contains("the listener SSL"), "\(text)")
            #expect(!text.contains("secret") && !text.contains("AAAA"))
        }
    }

    @Test func `a store in Java's format is refused with the way out`() throws {
        let path = "\(self.folder)/store.jks"
        try Data([0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2]).write(to: URL(filePath: path))
        let failure = #expect(throws: ServerTLSFailure.self) { try ServerTLS(self.settings(path), name: "x") }
        #expect(failure?.description.contains("keytool -importkeystore -srckeystore \(path)") == true)
    }

    @Test func `certificates of clients need an authority`() throws {
        var settings = try self.authority.settings()
        settings.clientAuthentication = .required
        let failure = #expect(throws: ServerTLSFailure.self) { try ServerTLS(settings, name: "x") }
        #expect(failure?.description.contains("ssl.truststore.location") == true)
    }

    @Test(
        arguments: [
            (["TLS_NULL"], "there is no TLS_NULL"), (["TLS_AES_128_GCM_SHA256"], "all three suites are spoken or none"),
            (["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"], "no suite of the versions"),
        ]
    )
    func `suites that cannot be spoken are refused`(names: [String], message: String) throws {
        let failure = #expect(throws: ServerTLSFailure.self) { try CipherSuites(names, versions: [.tls13]) }
        #expect(failure?.description.contains(message) == true, "\(failure?.description ?? "")")
    }

    @Test func `a key and a certificate may be on one line each, as in a property`() throws {
        let server = try self.authority.server()
        let settings = TLSSettings(
            certificates: .text(server.certificatePEM.replacing("\n", with: " ")),
            key: .text(try server.keyPKCS8PEM().replacing("\n", with: "  "))
        )
        let pair = try TLSPair(try ServerTLS(settings, name: "x"))
        pair.exchange()
        #expect(pair.atServer.secured.count == 1)
    }

    // MARK: Replaced while the server runs

    /// The name of the certificate that a client sees.
    private func seen(_ tls: ServerTLS) throws -> String {
        let pair = try TLSPair(tls)
        pair.exchange()
        let certificate = try #require(try pair.client.pipeline.syncOperations.nioSSL_peerCertificate())
        return try CertificateSubject(certificate: try certificate.toDERBytes()).name
    }

    @Test func `a changed file is used once it stands still, and a broken one is not`() throws {
        let store = LogLines.Store()
        let path = try self.write("keystore.pem", Self.keystore(try self.authority.server(commonName: "one")))
        let tls = try ServerTLS(self.settings(path), name: "the listener SSL")
        let open = try TLSPair(tls)
        open.exchange()
        _ = try self.write("keystore.pem", Self.keystore(try self.authority.server(commonName: "twice")))
        tls.look(self.logger(store))
        #expect(try self.seen(tls) == "CN=one")
        tls.look(self.logger(store))
        #expect(try self.seen(tls) == "CN=twice")
        #expect(store.all.count == 1)
        open.send("still there")
        #expect(open.atServer.received == "still there")
        _ = try self.write("keystore.pem", "nonsense")
        for _ in 0..<4 { tls.look(self.logger(store)) }
        #expect(try self.seen(tls) == "CN=twice")
        #expect(store.all.count == 2 && store.all[1].contains("the certificate in use stays"), "\(store.all)")
        _ = try self.write("keystore.pem", Self.keystore(try self.authority.server(commonName: "three")))
        tls.reloadRequested(self.logger(store))
        #expect(try self.seen(tls) == "CN=three")
    }

    @Test func `a certificate of another subject, or with fewer names, must be permitted`() throws {
        let tls = try ServerTLS(
            try self.authority.settings(try self.authority.server(names: ["a", "b"], commonName: "one")),
            name: "x"
        )
        func check(_ names: [String], _ commonName: String, _ changes: ServerTLS.Changes) throws {
            try tls.check(
                try self.authority.settings(try self.authority.server(names: names, commonName: commonName)),
                allowing: changes
            )
        }
        let none = ServerTLS.Changes(ofSubject: false, ofAlternativeNames: false)
        try check(["b", "c", "a"], "one", none)
        #expect(throws: ServerTLSFailure.self) { try check(["a"], "one", none) }
        #expect(throws: ServerTLSFailure.self) { try check(["a", "b"], "two", none) }
        try check(["a"], "one", ServerTLS.Changes(ofSubject: false, ofAlternativeNames: true))
        try check(["a", "b"], "two", ServerTLS.Changes(ofSubject: true, ofAlternativeNames: false))
        try check([], "two", .all)
        #expect(try self.seen(tls) == "CN=one", "a check changes nothing")
    }

    @Test func `other settings are used from then on`() throws {
        let store = LogLines.Store()
        let tls = try ServerTLS(try self.authority.settings(), name: "x")
        let next = try self.authority.settings(try self.authority.server(commonName: "next"))
        tls.settingsChanged(to: next, self.logger(store))
        tls.settingsChanged(to: next, self.logger(store))
        #expect(try self.seen(tls) == "CN=next" && store.all.count == 1)
    }
}
