internal import CSystemCrypto
internal import Text

/// Seals what a client carries for the server: shard iterators and page tokens.
///
/// AES-256-GCM with a random nonce, so that tokens are opaque and cannot be forged or altered. After 2^40 tokens
/// under one key (three years at 10,000 a second) two share a nonce with a probability of 2^-17; what that would risk
/// is a forged read position, not a secret.
package struct TokenSealer: Sendable {
    /// What the token is for; one kind never opens as another.
    package enum Purpose: UInt8, Sendable {
        case shardIterator = 1
        case listShards = 2
        case listStreams = 3
        case listConsumers = 4
    }

    package static let keyBytes = 32
    private static let nonceBytes = 12
    private static let tagBytes = 16
    static let overheadBytes = Self.nonceBytes + Self.tagBytes
    private static let version: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 1]
    private static let tokenLengthMax = 4096

    /// Looked up once: libcrypto goes through its providers each time that a cipher is asked for by `EVP_aes_256_gcm`.
    // SAFETY: immutable and counted by libcrypto; never freed.
    nonisolated(unsafe) private static let cipher =
        EVP_CIPHER_fetch(nil, "AES-256-GCM", nil) ?? EVP_aes_256_gcm()

    private let key: [UInt8]

    /// - Parameter key: `keyBytes` random bytes, one key for all servers of a cluster, kept over restarts.
    package init(key: [UInt8]) {
        precondition(key.count == Self.keyBytes)
        self.key = key
    }

    /// A new random key.
    package static func makeKey() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<Self.keyBytes).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    /// - Returns: base64 of an eight-byte version 1, nonce, ciphertext and tag.
    package func seal(_ payload: [UInt8], for purpose: Purpose) -> String {
        var generator = SystemRandomNumberGenerator()
        var nonce: [UInt8] = []
        nonce.append(bigEndian: UInt64.random(in: 0 ... .max, using: &generator))
        nonce.append(bigEndian: UInt32.random(in: 0 ... .max, using: &generator))
        guard let (ciphertext, tag) = self.encrypt(payload, nonce: nonce, purpose: purpose) else {
            // Sizes are right and libcrypto has the cipher: this fails when memory has run out, and only then.
            preconditionFailure("libcrypto could not seal a token")
        }
        let bytes = Self.version + nonce + ciphertext + tag
        return String(unsafeUninitializedCapacity: Base64.encodedCount(of: bytes.count)) { target in
            bytes.withUnsafeBytes { Base64.encode($0, into: UnsafeMutableRawBufferPointer(target)) }
        }
    }

    /// - Returns: the payload, or `nil` when the token was not sealed with this key for this purpose.
    package func open(_ token: some StringProtocol, for purpose: Purpose) -> [UInt8]? {
        guard token.utf8.count <= Self.tokenLengthMax, let bytes = Base64.decode(Array(token.utf8)),
            bytes.count >= Self.version.count + Self.overheadBytes, bytes.starts(with: Self.version)
        else { return nil }
        let sealed = bytes.dropFirst(Self.version.count)
        return self.decrypt(
            Array(sealed.dropFirst(Self.nonceBytes).dropLast(Self.tagBytes)),
            nonce: Array(sealed.prefix(Self.nonceBytes)),
            tag: Array(sealed.suffix(Self.tagBytes)),
            purpose: purpose
        )
    }

    private func encrypt(
        _ payload: [UInt8],
        nonce: [UInt8],
        purpose: Purpose
    ) -> (ciphertext: [UInt8], tag: [UInt8])? {
        guard let context = EVP_CIPHER_CTX_new() else { return nil }
        defer { EVP_CIPHER_CTX_free(context) }
        let length = Int32(payload.count)
        var written: Int32 = 0
        var ciphertext = [UInt8](repeating: 0, count: payload.count)
        var tag = [UInt8](repeating: 0, count: Self.tagBytes)
        var context8 = purpose.rawValue
        // GCM's default nonce is the twelve bytes used here.
        guard EVP_EncryptInit_ex(context, Self.cipher, nil, self.key, nonce) == 1,
            EVP_EncryptUpdate(context, nil, &written, &context8, 1) == 1,
            EVP_EncryptUpdate(context, &ciphertext, &written, payload, length) == 1, written == length,
            EVP_EncryptFinal_ex(context, nil, &written) == 1,
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(Self.tagBytes), &tag) == 1
        else { return nil }
        return (ciphertext, tag)
    }

    private func decrypt(_ ciphertext: [UInt8], nonce: [UInt8], tag: [UInt8], purpose: Purpose) -> [UInt8]? {
        guard let context = EVP_CIPHER_CTX_new() else { return nil }
        defer { EVP_CIPHER_CTX_free(context) }
        let length = Int32(ciphertext.count)
        var written: Int32 = 0
        var payload = [UInt8](repeating: 0, count: ciphertext.count)
        var tag = tag
        var context8 = purpose.rawValue
        guard EVP_DecryptInit_ex(context, Self.cipher, nil, self.key, nonce) == 1,
            EVP_DecryptUpdate(context, nil, &written, &context8, 1) == 1,
            EVP_DecryptUpdate(context, &payload, &written, ciphertext, length) == 1, written == length,
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(Self.tagBytes), &tag) == 1,
            EVP_DecryptFinal_ex(context, nil, &written) == 1
        else { return nil }
        return payload
    }
}

/// Reads the fields of a payload that this server wrote; a short one is an older version's, not a fault.
struct PayloadReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { self.rest = bytes[...] }

    mutating func integer<Value: FixedWidthInteger>(as type: Value.Type = Value.self) -> Value? {
        let size = MemoryLayout<Value>.size
        guard self.rest.count >= size else { return nil }
        var value: Value = 0
        for byte in self.rest.prefix(size) {
            // A byte shifted by its own width would be zero anyway.
            value = (size > 1 ? value << 8 : 0) | Value(truncatingIfNeeded: byte)
        }
        self.rest = self.rest.dropFirst(size)
        return value
    }

    /// A string of up to 65,535 bytes after its length.
    mutating func string() -> String? {
        guard let count = self.integer(as: UInt16.self), self.rest.count >= Int(count) else { return nil }
        let text = String(validating: self.rest.prefix(Int(count)), as: UTF8.self)
        self.rest = self.rest.dropFirst(Int(count))
        return text
    }
}

extension [UInt8] {
    mutating func append(bigEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.bigEndian) { self.append(contentsOf: $0) }
    }

    mutating func append(lengthPrefixed text: String) {
        let bytes = text.utf8.prefix(Int(UInt16.max))
        self.append(bigEndian: UInt16(bytes.count))
        self.append(contentsOf: bytes)
    }
}
