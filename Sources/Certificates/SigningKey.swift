internal import CSystemCrypto

/// A private key that signs: what a handshake of TLS needs of an RSA key. May be used by several threads.
package final class SigningKey: Sendable {
    package enum Digest: Sendable {
        case sha256
        case sha384
        case sha512
    }

    package enum Padding: Sendable {
        case pkcs1
        case pss
    }

    // SAFETY: libcrypto counts references to a key and makes none of its uses here change it; freed with this object.
    private nonisolated(unsafe) let pointer: OpaquePointer

    /// - Parameter der: of any form that libcrypto reads.
    /// - Returns: `nil` for what is not an RSA key.
    package init?(rsa der: [UInt8]) {
        let key = der.withUnsafeBufferPointer { bytes in
            var start = bytes.baseAddress
            return d2i_AutoPrivateKey(nil, &start, bytes.count)
        }
        guard let key else { return nil }
        guard EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA else {
            EVP_PKEY_free(key)
            return nil
        }
        self.pointer = key
    }

    deinit { EVP_PKEY_free(self.pointer) }

    /// Takes about a millisecond with 2,048 bits, six with 4,096.
    package func sign(
        _ data: UnsafeRawBufferPointer,
        _ digest: Digest,
        _ padding: Padding
    ) throws(CertificateFailure) -> [UInt8] {
        let hash =
            switch digest {
            case .sha256: EVP_sha256()
            case .sha384: EVP_sha384()
            case .sha512: EVP_sha512()
            }
        guard let context = EVP_MD_CTX_new() else { throw CertificateFailure("libcrypto has no memory") }
        defer { EVP_MD_CTX_free(context) }
        var parameters: OpaquePointer?
        guard EVP_DigestSignInit(context, &parameters, hash, nil, self.pointer) == 1 else {
            throw CertificateFailure("libcrypto could not begin to sign")
        }
        if padding == .pss {
            guard EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1,
                EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1
            else { throw CertificateFailure("libcrypto has no PSS") }
        }
        let bytes = data.bindMemory(to: UInt8.self)
        var count = 0
        guard EVP_DigestSign(context, nil, &count, bytes.baseAddress, bytes.count) == 1 else {
            throw CertificateFailure("libcrypto could not sign")
        }
        var signature = [UInt8](repeating: 0, count: count)
        guard EVP_DigestSign(context, &signature, &count, bytes.baseAddress, bytes.count) == 1 else {
            throw CertificateFailure("libcrypto could not sign")
        }
        return Array(signature.prefix(count))
    }
}
