internal import CSystemCrypto
internal import Text

/// SHA-256 of one buffer.
package enum SHA256Digest {
    /// The digest in 64 lower-case hexadecimal digits.
    package static func hex(_ bytes: UnsafeRawBufferPointer) -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        guard EVP_Digest(bytes.baseAddress, bytes.count, &digest, &length, EVP_sha256(), nil) == 1 else {
            // It has no input that could be wrong: this fails when memory has run out, and only then.
            preconditionFailure("libcrypto could not compute a digest")
        }
        return Hex.text(digest)
    }
}
