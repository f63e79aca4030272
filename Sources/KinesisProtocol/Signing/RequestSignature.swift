internal import Model
internal import Text

/// What a request says of its signature, by the header `Authorization` or in its query.
struct RequestSignature {
    /// The algorithms that are served, with what each has of its own.
    enum Algorithm: Equatable {
        /// Signature Version 4: an HMAC, good in one region.
        case hmac(region: String)
        /// Signature Version 4A: ECDSA, good in the regions that the request lists.
        case ecdsa(regionSet: String)
    }

    var algorithm: Algorithm
    var accessKeyID: String
    /// The credential scope.
    var day: String
    var service: String
    var terminator: String
    /// In lower case, in the order of the request.
    var signedHeaders: [String]
    var signature: String
    /// When it was signed, as in `X-Amz-Date`.
    var date = ""
    /// The same, in milliseconds since the epoch.
    var timestamp: Timestamp = 0
    /// How long a query is good, in seconds; `nil` for a header.
    var expires: Int64?
    var sessionToken: String?

    var isPresigned: Bool { self.expires != nil }

    var scope: String {
        switch self.algorithm {
        case .hmac(let region): "\(self.day)/\(region)/\(self.service)/\(self.terminator)"
        case .ecdsa: "\(self.day)/\(self.service)/\(self.terminator)"
        }
    }

    /// The longest time for which a query is good: seven days.
    private static let expiresMax: Int64 = 604_800
    private static let signedHeadersMax = 64
    /// Headers that say what is signed or by whom: given twice, one reader takes the first and another one the last.
    private static let onceHeaders = [
        "authorization", "host", "x-amz-date", "date", "x-amz-security-token", "x-amz-target", "x-amz-region-set",
        "x-amz-content-sha256", "content-type",
    ]

    /// - Throws: `MissingAuthenticationTokenException` without a signature, `IncompleteSignatureException` for one that
    ///   cannot be read.
    init(_ parts: SignedParts) throws(KinesisError) {
        for name in Self.onceHeaders where parts.values(of: name).count > 1 {
            throw KinesisError(.incompleteSignature, "The header '\(name)' must not be given more than once.")
        }
        let amzDate = parts.values(of: "x-amz-date").first
        let httpDate = parts.values(of: "date").first
        let authorization = parts.values(of: "authorization").first
        // Names what is missing.
        _ = try Credentials(
            authorization: authorization,
            query: parts.query,
            hasDate: amzDate != nil || httpDate != nil
        ).caller()
        if let authorization {
            try self.init(header: authorization, regionSet: parts.values(of: "x-amz-region-set").first)
            try self.setDate(amzDate ?? httpDate ?? "")
            self.sessionToken = parts.values(of: "x-amz-security-token").first
        } else {
            try self.init(query: QueryParameters(parts.query))
        }
        try self.checkSignedHeaders(parts)
    }

    private init(header: String, regionSet: String?) throws(KinesisError) {
        var header = header
        let name = String(header.prefix { $0 != " " })
        let (credential, names, signature) = header.withUTF8 { bytes in
            let values = AuthorizationValues(bytes)
            func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
            return (text(values.credential), text(values.signedHeaders), text(values.signature))
        }
        try self.init(
            algorithm: name,
            credential: credential,
            regionSet: regionSet,
            signedHeaders: names,
            signature: signature
        )
    }

    private init(query: QueryParameters) throws(KinesisError) {
        if let name = query.repeatedName {
            throw KinesisError(.incompleteSignature, "The query parameter '\(name)' must not be given more than once.")
        }
        guard !query.isTooLong else {
            throw KinesisError(.incompleteSignature, "The query has too many parameters.")
        }
        try self.init(
            algorithm: query["X-Amz-Algorithm"] ?? "",
            credential: query["X-Amz-Credential"] ?? "",
            regionSet: query["X-Amz-Region-Set"],
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

    private init(
        algorithm: String,
        credential: String,
        regionSet: String?,
        signedHeaders: String,
        signature: String
    ) throws(KinesisError) {
        let elements = algorithm == SignatureVersion4A.algorithm ? 4 : 5
        guard elements == 4 || algorithm == SignatureVersion4.algorithm else {
            throw KinesisError(
                .incompleteSignature,
                "Unsupported AWS 'algorithm': '\(ConstraintViolations.shortened(algorithm))'."
            )
        }
        let scope = credential.split(separator: "/", omittingEmptySubsequences: false)
        guard scope.count >= elements else {
            let example = elements == 4 ? "keyid/date/service/term" : "keyid/date/region/service/term"
            throw KinesisError(
                .incompleteSignature,
                "Credential must have exactly \(elements) slash-delimited elements, e.g. \(example), got "
                    + "'\(ConstraintViolations.shortened(credential))'"
            )
        }
        // An access key ID may hold slashes.
        self.accessKeyID = scope.dropLast(elements - 1).joined(separator: "/")
        self.day = String(scope[scope.count - elements + 1])
        self.service = String(scope[scope.count - 2])
        self.terminator = String(scope[scope.count - 1])
        self.algorithm =
            elements == 4 ? .ecdsa(regionSet: regionSet ?? "") : .hmac(region: String(scope[scope.count - 3]))
        self.signedHeaders = signedHeaders.lowercased().split(separator: ";").map(String.init)
        self.signature = signature
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

    /// Without these a request could be carried out elsewhere, as something else or in other regions; and a line break
    /// in a value could make one header look like two.
    private func checkSignedHeaders(_ parts: SignedParts) throws(KinesisError) {
        guard self.signedHeaders.count <= Self.signedHeadersMax,
            Set(self.signedHeaders).count == self.signedHeaders.count
        else {
            throw KinesisError(.incompleteSignature, "'SignedHeaders' must name each header once, and not so many.")
        }
        func require(_ name: String, as shown: String) throws(KinesisError) {
            guard self.signedHeaders.contains(name) else {
                throw KinesisError(
                    .invalidSignature,
                    "\(shown) must be a 'SignedHeader' in the AWS Authorization."
                )
            }
        }
        try require("host", as: "'Host' or ':authority'")
        for name in ["x-amz-target", "x-amz-region-set"] where !parts.values(of: name).isEmpty {
            try require(name, as: "'\(name)'")
        }
        for name in self.signedHeaders {
            for value in parts.values(of: name) where value.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 }) {
                throw KinesisError(.incompleteSignature, "The header '\(name)' has a control character.")
            }
        }
    }
}
