internal import NIOSSL

/// The suites of `ssl.cipher.suites`, and the versions of TLS that are left with them.
struct CipherSuites {
    /// Empty: the library's own choice.
    var ofTLS12: [NIOTLSCipher] = []
    var versions: Set<TLSSettings.Version>

    /// By their registered names, the preferred first. All have forward secrecy.
    static let tls12: [(name: String, suite: NIOTLSCipher)] = [
        ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
        ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256),
        ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384),
        ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384),
        ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256),
        ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256),
        ("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", .TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA),
        ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", .TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA),
        ("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", .TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA),
        ("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", .TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA),
    ]

    static let tls13: Set = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"]

    /// - Parameter names: empty for the library's own choice.
    init(_ names: [String], versions: Set<TLSSettings.Version>) throws(ServerTLSFailure) {
        self.versions = versions
        guard !versions.isEmpty else { throw ServerTLSFailure("ssl.enabled.protocols names no version of TLS") }
        guard !names.isEmpty else {
            // NIO's own list ends with suites without forward secrecy.
            if versions.contains(.tls12) { self.ofTLS12 = Self.tls12.map(\.suite) }
            return
        }
        var ofTLS13: Set<String> = []
        for name in names {
            if Self.tls13.contains(name) {
                ofTLS13.insert(name)
            } else if let known = Self.tls12.first(where: { $0.name == name }) {
                self.ofTLS12.append(known.suite)
            } else {
                let known = Self.tls13.sorted() + Self.tls12.map(\.name)
                throw ServerTLSFailure(
                    "ssl.cipher.suites: there is no \(name); there are \(known.joined(separator: ", "))"
                )
            }
        }
        guard ofTLS13.isEmpty || ofTLS13 == Self.tls13 else {
            throw ServerTLSFailure(
                "ssl.cipher.suites: of TLS 1.3 all three suites are spoken or none: name all of "
                    + "\(Self.tls13.sorted().joined(separator: ", ")), or none of them"
            )
        }
        if ofTLS13.isEmpty { self.versions.remove(.tls13) }
        if self.ofTLS12.isEmpty { self.versions.remove(.tls12) }
        guard !self.versions.isEmpty else {
            throw ServerTLSFailure("ssl.cipher.suites has no suite of the versions in ssl.enabled.protocols")
        }
    }
}
