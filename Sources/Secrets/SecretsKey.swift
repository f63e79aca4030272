internal import CSystemCrypto

/// One key that secrets at rest are sealed under, with AES-256-GCM of libcrypto.
package struct SecretsKey: Sendable {
    package static let byteCount = 32
    static let idBytes = 4
    static let nonceBytes = 12
    static let tagBytes = 16

    /// Looked up once: libcrypto goes through its providers each time that a cipher is asked for by name.
    // SAFETY: immutable and counted by libcrypto; never freed.
    nonisolated(unsafe) private static let cipher =
        EVP_CIPHER_fetch(nil, "AES-256-GCM", nil) ?? EVP_aes_256_gcm()

    private let bytes: SecretBytes
    /// The first bytes of its digest: tells keys apart and says nothing of them.
    let idBytes: [UInt8]

    /// - Parameter bytes: `byteCount` of them.
    package init(_ bytes: SecretBytes) {
        precondition(bytes.count == Self.byteCount, "a key of AES-256 has 32 bytes")
        self.bytes = bytes
        var digest = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        let isDigested = bytes.withBytes {
            EVP_Digest($0.baseAddress, $0.count, &digest, &length, EVP_sha256(), nil)
        }
        precondition(isDigested == 1, "libcrypto could not compute a digest")
        self.idBytes = Array(digest.prefix(Self.idBytes))
    }

    package static func random() -> SecretsKey { SecretsKey(.random(count: Self.byteCount)) }

    /// Eight hexadecimal digits.
    package var id: String { Self.text(self.idBytes) }

    static func text(_ id: some Sequence<UInt8>) -> String {
        id.reduce(into: "") { text, byte in
            let digits = String(byte, radix: 16)
            text += digits.count < 2 ? "0" + digits : digits
        }
    }

    /// The key in base64, for its file.
    var base64: String {
        var text = [UInt8](repeating: 0, count: (Self.byteCount + 2) / 3 * 4 + 1)
        let count = self.bytes.withBytes {
            EVP_EncodeBlock(&text, $0.baseAddress?.assumingMemoryBound(to: UInt8.self), Int32($0.count))
        }
        defer { SecretBytes.wipe(&text) }
        return String(decoding: text.prefix(Int(count)), as: UTF8.self)
    }

    init?(base64 text: Substring) {
        let characters = Array(text.utf8)
        // 44 characters, of which the last one pads.
        guard characters.count == 44, characters.last == UInt8(ascii: "="), characters[42] != UInt8(ascii: "=") else {
            return nil
        }
        var decoded = [UInt8](repeating: 0, count: 33)
        defer { SecretBytes.wipe(&decoded) }
        guard EVP_DecodeBlock(&decoded, characters, Int32(characters.count)) == 33 else { return nil }
        self.init(SecretBytes(decoded.prefix(Self.byteCount)))
    }

    // MARK: Authenticated encryption

    /// - Returns: nonce, ciphertext and tag.
    func seal(_ secret: SecretBytes, context: [UInt8]) -> [UInt8] {
        var nonce = [UInt8](repeating: 0, count: Self.nonceBytes)
        var ciphertext = [UInt8](repeating: 0, count: secret.count)
        var tag = [UInt8](repeating: 0, count: Self.tagBytes)
        var written: Int32 = 0
        guard RAND_bytes(&nonce, Int32(nonce.count)) == 1, let cipher = EVP_CIPHER_CTX_new() else {
            preconditionFailure("libcrypto could not seal a secret")
        }
        defer { EVP_CIPHER_CTX_free(cipher) }
        let isSealed = self.bytes.withBytes { key in
            secret.withBytes { plain in
                EVP_EncryptInit_ex(
                    cipher,
                    Self.cipher,
                    nil,
                    key.baseAddress?.assumingMemoryBound(to: UInt8.self),
                    nonce
                )
                    == 1 && EVP_EncryptUpdate(cipher, nil, &written, context, Int32(context.count)) == 1
                    && EVP_EncryptUpdate(
                        cipher,
                        &ciphertext,
                        &written,
                        plain.baseAddress?.assumingMemoryBound(to: UInt8.self),
                        Int32(plain.count)
                    ) == 1 && EVP_EncryptFinal_ex(cipher, nil, &written) == 1
                    && EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, Int32(Self.tagBytes), &tag) == 1
            }
        }
        // Sizes are right and libcrypto has the cipher: this fails when memory has run out, and only then.
        precondition(isSealed, "libcrypto could not seal a secret")
        return nonce + ciphertext + tag
    }

    /// `nil` when it was not sealed with this key in this context, or was changed.
    func open(_ sealed: ArraySlice<UInt8>, context: [UInt8]) -> SecretBytes? {
        guard sealed.count >= Self.nonceBytes + Self.tagBytes, let cipher = EVP_CIPHER_CTX_new() else { return nil }
        defer { EVP_CIPHER_CTX_free(cipher) }
        let nonce = Array(sealed.prefix(Self.nonceBytes))
        let ciphertext = Array(sealed.dropFirst(Self.nonceBytes).dropLast(Self.tagBytes))
        var tag = Array(sealed.suffix(Self.tagBytes))
        var plain = [UInt8](repeating: 0, count: ciphertext.count)
        defer { SecretBytes.wipe(&plain) }
        var written: Int32 = 0
        let isOpen = self.bytes.withBytes { key in
            EVP_DecryptInit_ex(cipher, Self.cipher, nil, key.baseAddress?.assumingMemoryBound(to: UInt8.self), nonce)
                == 1 && EVP_DecryptUpdate(cipher, nil, &written, context, Int32(context.count)) == 1
                && EVP_DecryptUpdate(cipher, &plain, &written, ciphertext, Int32(ciphertext.count)) == 1
                && EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, Int32(Self.tagBytes), &tag) == 1
                && EVP_DecryptFinal_ex(cipher, nil, &written) == 1
        }
        return isOpen ? SecretBytes(plain) : nil
    }
}
