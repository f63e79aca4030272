internal import CSystemCrypto

/// The hash functions of the SCRAM mechanisms, over libcrypto. The raw values are those of Kafka's SCRAM APIs.
package enum ScramHash: UInt8, Sendable, CaseIterable {
    case sha256 = 1
    case sha512 = 2

    /// How often a password may be hashed: fewer protect it too little, more cost those who verify it too much.
    package static let iterations = 4096...16384

    package var mechanism: SaslMechanism { self == .sha256 ? .scramSHA256 : .scramSHA512 }

    /// Bytes of a digest.
    package var byteCount: Int { self == .sha256 ? 32 : 64 }

    private var function: OpaquePointer? { self == .sha256 ? EVP_sha256() : EVP_sha512() }

    /// RFC 5802's `H`.
    package func digest(_ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: self.byteCount)
        guard EVP_Digest(bytes, bytes.count, &digest, nil, self.function, nil) == 1 else {
            preconditionFailure("libcrypto cannot hash")
        }
        return digest
    }

    /// RFC 5802's `HMAC`.
    package func code(key: [UInt8], of bytes: [UInt8]) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: self.byteCount)
        guard HMAC(self.function, key, Int32(key.count), bytes, bytes.count, &code, nil) != nil else {
            preconditionFailure("libcrypto cannot compute a message authentication code")
        }
        return code
    }

    /// RFC 5802's `Hi`: PBKDF2. Takes milliseconds; never on an event loop.
    ///
    /// - Parameter iterations: at least 1.
    package func saltedPassword(_ password: [UInt8], salt: [UInt8], iterations: Int) -> [UInt8] {
        var key = [UInt8](repeating: 0, count: self.byteCount)
        let isDone = password.withUnsafeBytes { password in
            PKCS5_PBKDF2_HMAC(
                password.baseAddress?.assumingMemoryBound(to: CChar.self),
                Int32(password.count),
                salt,
                Int32(salt.count),
                Int32(clamping: iterations),
                self.function,
                Int32(key.count),
                &key
            )
        }
        guard isDone == 1 else { preconditionFailure("libcrypto cannot derive a key") }
        return key
    }
}

/// Comparisons and random bytes for secrets.
package enum CredentialBytes {
    /// Whether two secrets are equal, in a time that depends on their lengths alone.
    package static func areEqual(_ first: [UInt8], _ second: [UInt8]) -> Bool {
        first.count == second.count && CRYPTO_memcmp(first, second, first.count) == 0
    }

    /// From the generator of libcrypto.
    package static func randomBytes(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        guard RAND_bytes(&bytes, Int32(count)) == 1 else { preconditionFailure("libcrypto has no random bytes") }
        return bytes
    }

    /// Overwrites a secret that is not needed any more.
    package static func erase(_ bytes: inout [UInt8]) {
        bytes.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
        bytes = []
    }
}
