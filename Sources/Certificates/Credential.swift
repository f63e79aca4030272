internal import CSystemCrypto
internal import Text

/// A certificate and its private key, each in DER.
package struct Credential: Sendable, Equatable {
    package var certificate: [UInt8]
    /// Of an elliptic curve (SEC 1).
    package var key: [UInt8]

    package init(certificate: [UInt8], key: [UInt8]) {
        self.certificate = certificate
        self.key = key
    }

    package var certificatePEM: String { Self.pem("CERTIFICATE", self.certificate) }
    package var keyPEM: String { Self.pem("EC PRIVATE KEY", self.key) }

    /// The key in PKCS #8, the only form that Java reads.
    package func keyPKCS8PEM() throws(CertificateFailure) -> String {
        let encoded = self.key.withUnsafeBufferPointer { bytes -> [UInt8]? in
            var start = bytes.baseAddress
            guard let key = d2i_PrivateKey(EVP_PKEY_EC, nil, &start, bytes.count) else { return nil }
            defer { EVP_PKEY_free(key) }
            guard let wrapped = EVP_PKEY2PKCS8(key) else { return nil }
            defer { PKCS8_PRIV_KEY_INFO_free(wrapped) }
            let count = Int(i2d_PKCS8_PRIV_KEY_INFO(wrapped, nil))
            guard count > 0 else { return nil }
            var output = [UInt8](repeating: 0, count: count)
            let written = output.withUnsafeMutableBufferPointer { buffer in
                var place = buffer.baseAddress
                return i2d_PKCS8_PRIV_KEY_INFO(wrapped, &place)
            }
            return Int(written) == count ? output : nil
        }
        guard let encoded else { throw CertificateFailure("libcrypto could not encode a key") }
        return Self.pem("PRIVATE KEY", encoded)
    }

    /// Reads what `certificatePEM` and `keyPEM` have written.
    package init(certificatePEM: String, keyPEM: String) throws(CertificateFailure) {
        guard let certificate = Self.der("CERTIFICATE", certificatePEM) else {
            throw CertificateFailure("there is no certificate in PEM")
        }
        guard let key = Self.der("EC PRIVATE KEY", keyPEM) else {
            throw CertificateFailure("there is no EC private key in PEM")
        }
        self.init(certificate: certificate, key: key)
    }

    private static func pem(_ label: String, _ bytes: [UInt8]) -> String {
        var text = [UInt8](repeating: 0, count: Base64.encodedCount(of: bytes.count))
        _ = bytes.withUnsafeBytes { source in text.withUnsafeMutableBytes { Base64.encode(source, into: $0) } }
        var lines = ["-----BEGIN \(label)-----"]
        for start in stride(from: 0, to: text.count, by: 64) {
            lines.append(String(decoding: text[start..<min(start + 64, text.count)], as: UTF8.self))
        }
        lines.append("-----END \(label)-----")
        return lines.joined(separator: "\n") + "\n"
    }

    private static func der(_ label: String, _ pem: String) -> [UInt8]? {
        let lines = pem.split(whereSeparator: \.isNewline)
        guard let begin = lines.firstIndex(of: "-----BEGIN \(label)-----"),
            let end = lines[begin...].firstIndex(of: "-----END \(label)-----")
        else { return nil }
        return Base64.decode(Array(lines[(begin + 1)..<end].joined().utf8))
    }
}
