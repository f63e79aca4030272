internal import CSystemCrypto
internal import Secrets

/// The computations of Signature Version 4A: signatures by ECDSA on P-256, good in a set of regions.
///
/// Client and server derive one key pair from an access key, by AWS's published algorithm: a key derivation of NIST
/// SP 800-108 in counter mode with HMAC-SHA256 over the access key ID and a counter, which is raised until the result
/// is below the order of the curve.
enum SignatureVersion4A {
    static let algorithm = "AWS4-ECDSA-P256-SHA256"

    /// The order of P-256, less two: candidates above it are passed over.
    private static let candidateMax: [UInt8] = [
        0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x4F,
    ]
    /// Of a signature in DER: two numbers of 33 bytes with their lengths, and the length of both.
    private static let signatureBytesMax = 72

    /// The public half of the key of an access key, which verifies.
    final class PublicKey: Sendable {
        // SAFETY: immutable after `init`; libcrypto verifies with a key from several threads.
        nonisolated(unsafe) private let key: OpaquePointer

        fileprivate init(_ key: OpaquePointer) { self.key = key }
        deinit { EC_KEY_free(self.key) }

        /// - Parameter signature: DER in hexadecimal digits.
        func verifies(_ signature: String, of text: String) -> Bool {
            guard let signature = SignatureVersion4A.bytes(hex: signature) else { return false }
            var digest = [UInt8](repeating: 0, count: 32)
            var length: UInt32 = 0
            let message = Array(text.utf8)
            guard EVP_Digest(message, message.count, &digest, &length, EVP_sha256(), nil) == 1 else { return false }
            let outcome = ECDSA_verify(0, digest, Int32(digest.count), signature, Int32(signature.count), self.key)
            // What is not a signature at all leaves reasons behind, which are of no use.
            if outcome != 1 { ERR_clear_error() }
            return outcome == 1
        }

        /// Both coordinates, 32 bytes each.
        var coordinates: [UInt8] {
            var point = [UInt8](repeating: 0, count: 65)
            let count = EC_POINT_point2oct(
                EC_KEY_get0_group(self.key),
                EC_KEY_get0_public_key(self.key),
                POINT_CONVERSION_UNCOMPRESSED,
                &point,
                point.count,
                nil
            )
            return count == point.count ? Array(point.dropFirst()) : []
        }
    }

    /// `nil` when no counter gives a key, which has a probability of 2^-8000.
    static func publicKey(accessKeyID: String, secret: SecretBytes) -> PublicKey? {
        guard var scalar = Self.privateKey(accessKeyID: accessKeyID, secret: secret) else { return nil }
        defer { SecretBytes.wipe(&scalar) }
        guard let key = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1) else { return nil }
        guard let number = BN_bin2bn(scalar, Int32(scalar.count), nil) else {
            EC_KEY_free(key)
            return nil
        }
        defer { BN_clear_free(number) }
        let group = EC_KEY_get0_group(key)
        guard let point = EC_POINT_new(group) else {
            EC_KEY_free(key)
            return nil
        }
        defer { EC_POINT_free(point) }
        guard EC_POINT_mul(group, point, number, nil, nil, nil) == 1, EC_KEY_set_public_key(key, point) == 1 else {
            EC_KEY_free(key)
            return nil
        }
        return PublicKey(key)
    }

    /// The private key, a number of 32 bytes, most significant first.
    static func privateKey(accessKeyID: String, secret: SecretBytes) -> [UInt8]? {
        var input = Array("AWS4A".utf8)
        secret.withBytes { input.append(contentsOf: $0) }
        defer { SecretBytes.wipe(&input) }
        let one: [UInt8] = [0, 0, 0, 1]
        let bits: [UInt8] = [0, 0, 1, 0]
        for counter in UInt8(1)...254 {
            let context = Array(accessKeyID.utf8) + [counter]
            let label = Array(Self.algorithm.utf8)
            var candidate = SignatureVersion4.hmac(key: input, one + label + [0] + context + bits)
            if Self.isAtMost(candidate, Self.candidateMax) {
                Self.addOne(&candidate)
                return candidate
            }
        }
        return nil
    }

    /// Compares numbers of one length in the same time for all.
    private static func isAtMost(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        var borrow: Int32 = 0
        for (left, right) in zip(left, right).reversed() { borrow = (Int32(right) - Int32(left) - borrow) >> 8 & 1 }
        return borrow == 0
    }

    private static func addOne(_ number: inout [UInt8]) {
        var carry: UInt16 = 1
        for index in number.indices.reversed() {
            let sum = UInt16(number[index]) + carry
            number[index] = UInt8(truncatingIfNeeded: sum)
            carry = sum >> 8
        }
    }

    private static func bytes(hex text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count % 2 == 0, (16...(2 * Self.signatureBytesMax)).contains(digits.count) else { return nil }
        func value(_ digit: UInt8) -> UInt8? {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
            default: nil
            }
        }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = value(digits[index]), let low = value(digits[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }
}
