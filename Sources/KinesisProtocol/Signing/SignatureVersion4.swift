internal import CSystemCrypto
internal import Secrets
internal import Text

/// The computations of Signature Version 4.
enum SignatureVersion4 {
    static let algorithm = "AWS4-HMAC-SHA256"

    static func signingKey(secret: String, day: String, region: String, service: String) -> [UInt8] {
        Self.signingKey(secret: SecretBytes(Array(secret.utf8)), day: day, region: region, service: service)
    }

    static func signingKey(secret: SecretBytes, day: String, region: String, service: String) -> [UInt8] {
        var start = Array("AWS4".utf8)
        secret.withBytes { start.append(contentsOf: $0) }
        defer { SecretBytes.wipe(&start) }
        return [day, region, service, "aws4_request"].reduce(start) { self.hmac(key: $0, Array($1.utf8)) }
    }

    /// - Parameters:
    ///   - date: as in `X-Amz-Date`.
    ///   - scope: `DAY/REGION/SERVICE/aws4_request`
    /// - Returns: in lower-case hexadecimal digits.
    static func signature(of request: CanonicalRequest, date: String, scope: String, key: [UInt8]) -> String {
        Hex.text(
            self.hmac(
                key: key,
                Array(Self.stringToSign(request, algorithm: Self.algorithm, date: date, scope: scope).utf8)
            )
        )
    }

    static func stringToSign(_ request: CanonicalRequest, algorithm: String, date: String, scope: String) -> String {
        let digest = Array(request.text.utf8).withUnsafeBytes { SHA256Digest.hex($0) }
        return "\(algorithm)\n\(date)\n\(scope)\n\(digest)"
    }

    /// Takes equally long for every difference.
    static func areEqual(_ first: String, _ second: String) -> Bool {
        let (first, second) = (Array(first.utf8), Array(second.utf8))
        return first.count == second.count && CRYPTO_memcmp(first, second, first.count) == 0
    }

    static func hmac(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        guard HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &code, &length) != nil else {
            // It has no input that could be wrong: this fails when memory has run out, and only then.
            preconditionFailure("libcrypto could not compute a message authentication code")
        }
        return code
    }
}
