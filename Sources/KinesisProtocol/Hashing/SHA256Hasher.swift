internal import CSystemCrypto
internal import Text

/// SHA-256 of bytes that come in parts.
package struct SHA256Hasher: ~Copyable {
    private let context: OpaquePointer

    package init() {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            // It has no input that could be wrong: this fails when memory has run out, and only then.
            preconditionFailure("libcrypto could not begin a digest")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(self.context) }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard EVP_DigestUpdate(self.context, bytes.baseAddress, bytes.count) == 1 else {
            preconditionFailure("libcrypto could not compute a digest")
        }
    }

    /// The digest in 64 lower-case hexadecimal digits.
    package consuming func hex() -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        guard EVP_DigestFinal_ex(self.context, &digest, &length) == 1 else {
            preconditionFailure("libcrypto could not compute a digest")
        }
        return Hex.text(digest)
    }
}
