internal import CSystemCrypto

/// An authority of our own, which vouches for a server that was given no certificate. Clients trust it by its file.
///
/// libcrypto does the cryptography: keys on P-256, signatures with SHA-256.
package struct CertificateAuthority: Sendable {
    /// What clients are to trust, and the key that signs.
    package let credential: Credential

    private static let days: Int32 = 3650
    /// Of a server's certificate; some clients take none that is longer.
    private static let serverDays: Int32 = 397
    /// Clocks of clients may be behind.
    private static let leewaySeconds = 3600

    /// Takes up one that was made before.
    package init(_ credential: Credential) { self.credential = credential }

    /// Makes a new one.
    ///
    /// - Parameters:
    ///   - commonName: what people see it called.
    ///   - now: seconds since the epoch.
    package static func make(
        commonName: String = "Millrace local authority",
        now: Int
    ) throws(CertificateFailure) -> CertificateAuthority {
        let key = try Key.make()
        let certificate = try Certificate(for: key, subject: [("CN", commonName)], now: now, days: Self.days)
        try certificate.add(NID_basic_constraints, "critical,CA:TRUE,pathlen:0", issuer: certificate)
        try certificate.add(NID_key_usage, "critical,keyCertSign,cRLSign", issuer: certificate)
        try certificate.add(NID_subject_key_identifier, "hash", issuer: certificate)
        try certificate.sign(as: certificate, with: key)
        return CertificateAuthority(Credential(certificate: try certificate.der(), key: try key.der()))
    }

    /// Issues a certificate for a server.
    ///
    /// - Parameters:
    ///   - names: what clients connect to, as DNS names and addresses; those that are neither are left out.
    ///   - now: seconds since the epoch.
    package func issue(
        names: [String],
        addresses: [String],
        commonName: String = "Millrace",
        now: Int
    ) throws(CertificateFailure) -> Credential {
        let subjects =
            names.filter(Self.isName).map { "DNS:\($0)" } + addresses.filter(Self.isAddress).map { "IP:\($0)" }
        return try self.issue(
            [("CN", commonName)],
            usage: "serverAuth",
            alternativeNames: subjects,
            now: now,
            days: Self.serverDays
        )
    }

    /// Issues a certificate that a client shows.
    ///
    /// - Parameters:
    ///   - subject: the parts of its name as they are encoded, the most general first: short names of attribute types
    ///     (`C`, `O`, `OU`, `CN` and so on) and their values.
    ///   - now: seconds since the epoch.
    ///   - days: how long it is good from then on.
    package func issueClient(
        subject: [(type: String, value: String)],
        now: Int,
        days: Int32 = 397
    ) throws(CertificateFailure) -> Credential {
        try self.issue(subject, usage: "clientAuth", alternativeNames: [], now: now, days: days)
    }

    private func issue(
        _ subject: [(type: String, value: String)],
        usage: String,
        alternativeNames: [String],
        now: Int,
        days: Int32
    ) throws(CertificateFailure) -> Credential {
        let authority = try Certificate(der: self.credential.certificate)
        let signer = try Key(der: self.credential.key)
        let key = try Key.make()
        let certificate = try Certificate(for: key, subject: subject, now: now, days: days)
        try certificate.add(NID_basic_constraints, "critical,CA:FALSE", issuer: authority)
        try certificate.add(NID_key_usage, "critical,digitalSignature", issuer: authority)
        try certificate.add(NID_ext_key_usage, usage, issuer: authority)
        try certificate.add(NID_subject_key_identifier, "hash", issuer: authority)
        try certificate.add(NID_authority_key_identifier, "keyid", issuer: authority)
        if !alternativeNames.isEmpty {
            try certificate.add(NID_subject_alt_name, alternativeNames.joined(separator: ","), issuer: authority)
        }
        try certificate.sign(as: authority, with: signer)
        return Credential(certificate: try certificate.der(), key: try key.der())
    }

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 253
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "*"),
                    UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    /// Only what can be part of an address: OpenSSL's text form is a small language.
    private static func isAddress(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
                    UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: "."), UInt8(ascii: ":"):
                    true
                default: false
                }
            }
    }

    // MARK: libcrypto's objects

    private final class Key {
        let pointer: OpaquePointer

        init(_ pointer: OpaquePointer) { self.pointer = pointer }
        deinit { EVP_PKEY_free(self.pointer) }

        static func make() throws(CertificateFailure) -> Key {
            guard let context = EVP_PKEY_CTX_new_from_name(nil, "EC", nil) else {
                throw CertificateFailure("libcrypto has no elliptic curves")
            }
            defer { EVP_PKEY_CTX_free(context) }
            var key: OpaquePointer?
            guard EVP_PKEY_keygen_init(context) == 1, EVP_PKEY_CTX_set_group_name(context, "P-256") == 1,
                EVP_PKEY_generate(context, &key) == 1, let key
            else { throw CertificateFailure("libcrypto could not make a key") }
            return Key(key)
        }

        convenience init(der: [UInt8]) throws(CertificateFailure) {
            let key = der.withUnsafeBufferPointer { bytes in
                var start = bytes.baseAddress
                return d2i_PrivateKey(EVP_PKEY_EC, nil, &start, bytes.count)
            }
            guard let key else { throw CertificateFailure("the private key cannot be read") }
            self.init(key)
        }

        func der() throws(CertificateFailure) -> [UInt8] {
            try CertificateAuthority.encoded { i2d_PrivateKey(self.pointer, $0) }
        }
    }

    private final class Certificate {
        let pointer: OpaquePointer

        init(_ pointer: OpaquePointer) { self.pointer = pointer }
        deinit { X509_free(self.pointer) }

        convenience init(der: [UInt8]) throws(CertificateFailure) {
            let certificate = der.withUnsafeBufferPointer { bytes in
                var start = bytes.baseAddress
                return d2i_X509(nil, &start, bytes.count)
            }
            guard let certificate else { throw CertificateFailure("the certificate cannot be read") }
            self.init(certificate)
        }

        /// A certificate that nobody has signed yet.
        convenience init(
            for key: Key,
            subject: [(type: String, value: String)],
            now: Int,
            days: Int32
        ) throws(CertificateFailure) {
            guard let certificate = X509_new() else { throw CertificateFailure("libcrypto has no memory") }
            self.init(certificate)
            var now: time_t = now
            let version3 = 2
            let mayFail = [
                X509_set_version(certificate, version3),
                ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), UInt64.random(in: 1...UInt64(Int64.max))),
                X509_set_pubkey(certificate, key.pointer),
            ]
            for (type, value) in subject {
                let bytes = Array(value.utf8)
                // MBSTRING_UTF8, a macro of two that Swift does not see: the text is UTF-8.
                let isAdded = X509_NAME_add_entry_by_txt(
                    X509_get_subject_name(certificate),
                    type,
                    MBSTRING_FLAG,
                    bytes,
                    Int32(bytes.count),
                    -1,
                    0
                )
                guard isAdded == 1 else {
                    throw CertificateFailure("\(type)=\(value) cannot be part of a certificate's name")
                }
            }
            guard mayFail.allSatisfy({ $0 == 1 }),
                X509_time_adj_ex(
                    X509_getm_notBefore(certificate),
                    0,
                    -CertificateAuthority.leewaySeconds,
                    &now
                ) != nil,
                X509_time_adj_ex(X509_getm_notAfter(certificate), days, 0, &now) != nil
            else { throw CertificateFailure("libcrypto could not fill in a certificate") }
        }

        func add(_ extensionID: Int32, _ value: String, issuer: Certificate) throws(CertificateFailure) {
            guard millrace_add_extension(self.pointer, issuer.pointer, extensionID, value) == 1 else {
                throw CertificateFailure("libcrypto does not take the extension \(value)")
            }
        }

        func sign(as issuer: Certificate, with key: Key) throws(CertificateFailure) {
            guard X509_set_issuer_name(self.pointer, X509_get_subject_name(issuer.pointer)) == 1,
                X509_sign(self.pointer, key.pointer, EVP_sha256()) > 0
            else { throw CertificateFailure("libcrypto could not sign a certificate") }
        }

        func der() throws(CertificateFailure) -> [UInt8] {
            try CertificateAuthority.encoded { i2d_X509(self.pointer, $0) }
        }
    }

    /// - Parameter write: one of libcrypto's `i2d` functions, which tell the length when they get no place to write to.
    private static func encoded(
        _ write: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?) -> Int32
    ) throws(CertificateFailure) -> [UInt8] {
        let count = Int(write(nil))
        guard count > 0 else { throw CertificateFailure("libcrypto could not encode") }
        var bytes = [UInt8](repeating: 0, count: count)
        let written = bytes.withUnsafeMutableBufferPointer { buffer in
            var start = buffer.baseAddress
            return write(&start)
        }
        guard Int(written) == count else { throw CertificateFailure("libcrypto could not encode") }
        return bytes
    }
}
