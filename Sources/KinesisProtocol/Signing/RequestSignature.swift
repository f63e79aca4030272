internal import Model

/// What a request says of its signature, by the header `Authorization` or in its query.
struct RequestSignature {
    var accessKeyID: String
    /// The credential scope.
    var day: String
    var region: String
    var service: String
    var terminator: String
    /// In lower case, in the order of the request.
    var signedHeaders: [String]
    var signature: String
    /// When it was signed, as in `X-Amz-Date`.
    var date: String
    /// The same, in milliseconds since the epoch.
    var timestamp: Timestamp
    /// How long a query is good, in seconds; `nil` for a header.
    var expires: Int64?
    var sessionToken: String?

    var isPresigned: Bool { self.expires != nil }
    var scope: String { "\(self.day)/\(self.region)/\(self.service)/\(self.terminator)" }

    /// The longest time for which a query is good: seven days.
    private static let expiresMax: Int64 = 604_800

    /// - Throws: `MissingAuthenticationTokenException` without a signature, `IncompleteSignatureException` for one that
    ///   cannot be read.
    init(_ parts: SignedParts) throws(KinesisError) {
        let amzDate = parts.values(of: "x-amz-date").first
        let httpDate = parts.values(of: "date").first
        let authorization = parts.values(of: "authorization").first
        // Names what is missing.
        _ = try Credentials(
            authorization: authorization,
            query: parts.query,
            hasDate: amzDate != nil || httpDate != nil
        ).caller()
        if var authorization {
            let algorithm = String(authorization.prefix { $0 != " " })
            guard algorithm == SignatureVersion4.algorithm else { throw Self.unsupported(algorithm) }
            let (credential, names, signature) = authorization.withUTF8 { bytes in
                let values = AuthorizationValues(bytes)
                func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
                return (text(values.credential), text(values.signedHeaders), text(values.signature))
            }
            try self.init(credential: credential, signedHeaders: names, signature: signature)
            try self.setDate(amzDate ?? httpDate ?? "")
            self.sessionToken = parts.values(of: "x-amz-security-token").first
        } else {
            var query: [String: String] = [:]
            for part in parts.query.split(separator: "&") where part.hasPrefix("X-Amz-") {
                let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                let value = pair.count > 1 ? CanonicalRequest.percentDecoded(pair[1]) : []
                query[String(pair[0])] = String(decoding: value, as: UTF8.self)
            }
            let algorithm = query["X-Amz-Algorithm"] ?? ""
            guard algorithm == SignatureVersion4.algorithm else { throw Self.unsupported(algorithm) }
            try self.init(
                credential: query["X-Amz-Credential"] ?? "",
                signedHeaders: query["X-Amz-SignedHeaders"] ?? "",
                signature: query["X-Amz-Signature"] ?? ""
            )
            try self.setDate(query["X-Amz-Date"] ?? "")
            guard let expires = Int64(query["X-Amz-Expires"] ?? "300"), (0...Self.expiresMax).contains(expires) else {
                throw KinesisError(
                    .incompleteSignature,
                    "X-Amz-Expires must be a number of seconds from 0 to \(Self.expiresMax)."
                )
            }
            self.expires = expires
            self.sessionToken = query["X-Amz-Security-Token"]
        }
    }

    private init(credential: String, signedHeaders: String, signature: String) throws(KinesisError) {
        let scope = credential.split(separator: "/", omittingEmptySubsequences: false)
        guard scope.count >= 5 else {
            throw KinesisError(
                .incompleteSignature,
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got "
                    + "'\(ConstraintViolations.shortened(credential))'"
            )
        }
        // An access key ID may hold slashes.
        self.accessKeyID = scope.dropLast(4).joined(separator: "/")
        self.day = String(scope[scope.count - 4])
        self.region = String(scope[scope.count - 3])
        self.service = String(scope[scope.count - 2])
        self.terminator = String(scope[scope.count - 1])
        self.signedHeaders = signedHeaders.lowercased().split(separator: ";").map(String.init)
        self.signature = signature
        self.date = ""
        self.timestamp = 0
    }

    private mutating func setDate(_ text: String) throws(KinesisError) {
        if let timestamp = CalendarTime.timestamp(basicISO8601: text) {
            self.date = text
            self.timestamp = timestamp
        } else if let timestamp = CalendarTime.timestamp(httpDate: text) {
            self.date = CalendarTime(timestamp).basicISO8601
            self.timestamp = timestamp
        } else {
            throw KinesisError(
                .incompleteSignature,
                "Date must be in ISO-8601 'basic format'. Got '\(ConstraintViolations.shortened(text))'. "
                    + "See http://en.wikipedia.org/wiki/ISO_8601"
            )
        }
    }

    private static func unsupported(_ algorithm: String) -> KinesisError {
        KinesisError(
            .incompleteSignature,
            "Unsupported AWS 'algorithm': '\(ConstraintViolations.shortened(algorithm))'."
        )
    }
}
