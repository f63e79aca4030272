internal import CSystemCrypto

/// What encryption costs by itself: AES-128-GCM, which TLS 1.3 chooses where the processor has instructions for it, in
/// blocks of the size of TLS's records.
enum CipherLimits {
    private static let recordBytes = 16 << 10
    private static let tagBytes: Int32 = 16

    static func measure(bytes: Int) -> [MachineLimit] {
        [
            self.measure("aes128_gcm_seal", bytes, isSealing: true),
            self.measure("aes128_gcm_open", bytes, isSealing: false),
        ]
    }

    private static func measure(_ name: String, _ bytes: Int, isSealing: Bool) -> MachineLimit {
        guard let cipher = EVP_CIPHER_fetch(nil, "AES-128-GCM", nil), let context = EVP_CIPHER_CTX_new() else {
            return .skipped(name, "libcrypto has no AES-128-GCM")
        }
        defer {
            EVP_CIPHER_CTX_free(context)
            EVP_CIPHER_free(cipher)
        }
        let key = [UInt8](repeating: 7, count: 16)
        var nonce = [UInt8](repeating: 0, count: 12)
        let input = [UInt8](repeating: 1, count: Self.recordBytes)
        var output = [UInt8](repeating: 0, count: Self.recordBytes)
        var tag = [UInt8](repeating: 0, count: Int(Self.tagBytes))
        let rounds = max(1, bytes / Self.recordBytes)
        guard EVP_CipherInit_ex2(context, cipher, key, nonce, isSealing ? 1 : 0, nil) == 1 else {
            return .skipped(name, "libcrypto could not begin")
        }
        let watch = ThreadStopwatch()
        for round in 0..<rounds {
            // Each record has a nonce of its own, as TLS has it.
            nonce[0] = UInt8(truncatingIfNeeded: round)
            nonce[1] = UInt8(truncatingIfNeeded: round >> 8)
            nonce[2] = UInt8(truncatingIfNeeded: round >> 16)
            var count: Int32 = 0
            guard EVP_CipherInit_ex2(context, nil, nil, nonce, isSealing ? 1 : 0, nil) == 1,
                EVP_CipherUpdate(context, &output, &count, input, Int32(input.count)) == 1
            else { return .skipped(name, "libcrypto could not carry on") }
            // A record that is opened has a wrong tag here, which costs as much to find out as a right one.
            if !isSealing { _ = EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Self.tagBytes, &tag) }
            _ = EVP_CipherFinal_ex(context, &output, &count)
            if isSealing { _ = EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Self.tagBytes, &tag) }
        }
        return watch.limit(name, bytes: rounds * Self.recordBytes)
    }
}
