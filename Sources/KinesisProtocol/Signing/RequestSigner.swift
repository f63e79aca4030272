package import Model
internal import Text

/// Signs HTTP requests with AWS Signature Version 4, as clients of AWS do.
///
/// The signing key holds for a day and a scope and is kept; a request then costs two digests of some hundred bytes and
/// one HMAC. The digest of the body is the caller's, who may send one body many times.
package struct RequestSigner: Sendable {
    /// An access key. Printed it shows its ID alone.
    package struct Keys: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
        package var accessKeyID: String
        package var secretAccessKey: String
        /// Of temporary credentials.
        package var sessionToken: String?

        package init(accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil) {
            self.accessKeyID = accessKeyID
            self.secretAccessKey = secretAccessKey
            self.sessionToken = sessionToken
        }

        package var description: String { self.accessKeyID }
        package var customMirror: Mirror { Mirror(self, children: ["accessKeyID": self.accessKeyID]) }
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
    ///   - path: percent-encoded, without a query. For S3 it is signed as it is.
    ///   - query: percent-encoded, without `?`.
    ///   - headers: those to sign beside the added ones, `Host` among them. Values have no space at their ends and no
    ///     two in a row.
    ///   - bodyDigest: SHA-256 of the body in lower-case hexadecimal digits.
    package mutating func sign(
        method: String = "POST",
        path: String = "/",
        query: String = "",
        headers: [(name: String, value: String)],
        bodyDigest: String,
        at timestamp: Timestamp
    ) -> [(name: String, value: String)] {
        let date = CalendarTime(timestamp).basicISO8601
        var added = [(name: "X-Amz-Date", value: date)]
        if let token = self.keys.sessionToken { added.append((name: "X-Amz-Security-Token", value: token)) }
        let signed = headers + added
        let names = signed.map { $0.name.lowercased() }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let request = CanonicalRequest(
            SignedParts(method: method, path: path, query: query, headers: signed),
            signedHeaders: names,
            isPathFinal: self.service == "s3",
            bodyDigest: bodyDigest
        )
        self.renewKey(day: String(date.prefix(8)))
        let scope = "\(self.day)/\(self.region)/\(self.service)/aws4_request"
        let signature = SignatureVersion4.signature(of: request, date: date, scope: scope, key: self.signingKey)
        added.append(
            (
                name: "Authorization",
                value: "\(SignatureVersion4.algorithm) Credential=\(self.keys.accessKeyID)/\(scope), "
                    + "SignedHeaders=\(names.joined(separator: ";")), Signature=\(signature)"
            )
        )
        return added
    }

    private mutating func renewKey(day: String) {
        guard day != self.day else { return }
        self.day = day
        self.signingKey = SignatureVersion4.signingKey(
            secret: self.keys.secretAccessKey,
            day: day,
            region: self.region,
            service: self.service
        )
    }
}
