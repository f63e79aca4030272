internal import CSystemCrypto
package import Model
internal import Text

/// Signs HTTP requests with AWS Signature Version 4, as clients of AWS do.
///
/// The signing key holds for a day and a scope and is kept; a request then costs two digests of some hundred bytes and
/// one HMAC. The digest of the body is the caller's, who may send one body many times.
package struct RequestSigner: Sendable {
    package struct Keys: Sendable, Equatable {
        package var accessKeyID: String
        package var secretAccessKey: String
        /// Of temporary credentials.
        package var sessionToken: String?

        package init(accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil) {
            self.accessKeyID = accessKeyID
            self.secretAccessKey = secretAccessKey
            self.sessionToken = sessionToken
        }
    }

    private let keys: Keys
    private let region: String
    private let service: String
    private var day = ""
    private var signingKey: [UInt8] = []

    package init(keys: Keys, region: String, service: String = "kinesis") {
        self.keys = keys
        self.region = region
        self.service = service
    }

    /// The headers to add to a request, in this order: `X-Amz-Date`, `X-Amz-Security-Token` when there is a session,
    /// and `Authorization`.
    ///
    /// - Parameters:
    ///   - path: percent-encoded, without a query.
    ///   - headers: those to sign beside the added ones, `Host` among them. Values have no space at their ends and no
    ///     two in a row.
    ///   - bodyDigest: SHA-256 of the body in lower-case hexadecimal digits.
    package mutating func sign(
        method: String = "POST",
        path: String = "/",
        headers: [(name: String, value: String)],
        bodyDigest: String,
        at timestamp: Timestamp
    ) -> [(name: String, value: String)] {
        let date = CalendarTime(timestamp).basicISO8601
        var added = [(name: "X-Amz-Date", value: date)]
        if let token = self.keys.sessionToken { added.append((name: "X-Amz-Security-Token", value: token)) }
        let signed = (headers + added).map { (name: $0.name.lowercased(), value: $0.value) }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        let names = signed.map(\.name).joined(separator: ";")
        var canonical = "\(method)\n\(path)\n\n"
        for header in signed { canonical += "\(header.name):\(header.value)\n" }
        canonical += "\n\(names)\n\(bodyDigest)"
        self.renewKey(day: String(date.prefix(8)))
        let scope = "\(self.day)/\(self.region)/\(self.service)/aws4_request"
        let text = "AWS4-HMAC-SHA256\n\(date)\n\(scope)\n\(Self.digest(of: canonical))"
        let signature = Hex.text(Self.hmac(key: self.signingKey, text))
        added.append(
            (
                name: "Authorization",
                value: "AWS4-HMAC-SHA256 Credential=\(self.keys.accessKeyID)/\(scope), "
                    + "SignedHeaders=\(names), Signature=\(signature)"
            )
        )
        return added
    }

    private mutating func renewKey(day: String) {
        guard day != self.day else { return }
        self.day = day
        self.signingKey = Self.signingKey(
            secret: self.keys.secretAccessKey,
            day: day,
            region: self.region,
            service: self.service
        )
    }

    static func signingKey(secret: String, day: String, region: String, service: String) -> [UInt8] {
        [day, region, service, "aws4_request"].reduce(Array("AWS4\(secret)".utf8)) { self.hmac(key: $0, $1) }
    }

    private static func digest(of text: String) -> String {
        Array(text.utf8).withUnsafeBytes { SHA256Digest.hex($0) }
    }

    private static func hmac(key: [UInt8], _ text: String) -> [UInt8] {
        let message = Array(text.utf8)
        var code = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        guard HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &code, &length) != nil else {
            // It has no input that could be wrong: this fails when memory has run out, and only then.
            preconditionFailure("libcrypto could not compute a message authentication code")
        }
        return code
    }
}
