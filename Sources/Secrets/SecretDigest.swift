internal import CSystemCrypto

/// SHA-256 of libcrypto, and codes that authenticate messages.
package enum SecretDigest {
    package static func sha256(_ message: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        guard EVP_Digest(message, message.count, &digest, &length, EVP_sha256(), nil) == 1 else {
            // It has no input that could be wrong: this fails when memory has run out, and only then.
            preconditionFailure("libcrypto could not compute a digest")
        }
        return digest
    }

    /// HMAC-SHA256.
    package static func code(of message: [UInt8], key: SecretBytes) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        let isMade = key.withBytes {
            HMAC(EVP_sha256(), $0.baseAddress, Int32($0.count), message, message.count, &code, &length)
        }
        guard isMade != nil else { preconditionFailure("libcrypto could not compute a message authentication code") }
        return code
    }
}
