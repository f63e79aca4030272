/// Who calls, as far as the request says: the account and region that its answers are written for.
///
/// Signatures are not verified; the credential scope is read for what it names.
package struct Caller: Sendable, Equatable {
    package var accessKeyID: String
    package var region: String
    /// A twelve-digit access key ID is the account; every other one belongs to `000000000000`.
    package var account: String

    package static let defaultAccount = "000000000000"
    package static let defaultRegion = "us-east-1"

    package init(accessKeyID: String, region: String) {
        self.accessKeyID = accessKeyID
        self.region = region.isEmpty ? Self.defaultRegion : region
        let isAccount =
            accessKeyID.utf8.count == 12
            && accessKeyID.utf8.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        self.account = isAccount ? accessKeyID : Self.defaultAccount
    }

    /// The partition of the region, for ARNs.
    package var partition: String {
        if self.region.hasPrefix("cn-") { return "aws-cn" }
        if self.region.hasPrefix("us-gov-") { return "aws-us-gov" }
        return "aws"
    }

    package func streamARN(_ name: String) -> String {
        StreamARN(partition: self.partition, region: self.region, account: self.account, streamName: name).description
    }
}

/// What a request brings to say who it is from: the parts of HTTP that Signature Version 4 uses.
package struct Credentials: Sendable {
    package var authorization: String?
    /// The query string, without `?`.
    package var query: String
    /// Whether `X-Amz-Date` or `Date` is among the headers.
    package var hasDate: Bool

    package init(authorization: String?, query: String, hasDate: Bool) {
        self.authorization = authorization
        self.query = query
        self.hasDate = hasDate
    }

    /// Throws what AWS answers when the signature is absent or incomplete.
    package func caller() throws(KinesisError) -> Caller {
        let parameters = self.queryParameters
        if let authorization {
            guard parameters["X-Amz-Algorithm"] == nil else {
                throw KinesisError(
                    .invalidSignature,
                    "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."
                )
            }
            return try self.caller(fromHeader: authorization)
        }
        guard parameters["X-Amz-Algorithm"] != nil else {
            throw KinesisError(.missingAuthenticationToken, "Missing Authentication Token")
        }
        return try self.caller(fromQuery: parameters)
    }

    private func caller(fromHeader header: String) throws(KinesisError) -> Caller {
        var values: [Substring: Substring] = [:]
        for part in header.split(whereSeparator: { $0 == "," || $0 == " " }).dropFirst() {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { values[pair[0]] = pair[1] }
        }
        var missing = ""
        for name in ["Credential", "Signature", "SignedHeaders"] where values[name[...]]?.isEmpty ?? true {
            missing += "Authorization header requires '\(name)' parameter. "
        }
        if !self.hasDate {
            missing += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
        }
        guard missing.isEmpty, let credential = values["Credential"] else {
            throw KinesisError(
                .incompleteSignature,
                missing + "Authorization=\(ConstraintViolations.shortened(header))"
            )
        }
        return Self.caller(fromCredential: credential)
    }

    private func caller(fromQuery parameters: [String: String]) throws(KinesisError) -> Caller {
        var missing = ""
        for name in [
            "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date",
        ] where parameters[name]?.isEmpty ?? true {
            missing += "AWS query-string parameters must include '\(name)'. "
        }
        guard missing.isEmpty, let credential = parameters["X-Amz-Credential"] else {
            throw KinesisError(.incompleteSignature, missing + "Re-examine the query-string parameters.")
        }
        return Self.caller(fromCredential: credential[...])
    }

    /// `ACCESS-KEY-ID/DATE/REGION/SERVICE/aws4_request`; an access key ID may hold slashes.
    private static func caller(fromCredential credential: Substring) -> Caller {
        let parts = credential.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 5 else { return Caller(accessKeyID: String(parts[0]), region: "") }
        return Caller(
            accessKeyID: parts.dropLast(4).joined(separator: "/"),
            region: String(parts[parts.count - 3])
        )
    }

    private var queryParameters: [String: String] {
        guard !self.query.isEmpty else { return [:] }
        var parameters: [String: String] = [:]
        for part in self.query.split(separator: "&").prefix(64) {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            parameters[Self.percentDecoded(pair[0])] = pair.count > 1 ? Self.percentDecoded(pair[1]) : ""
        }
        return parameters
    }

    private static func percentDecoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let value = UInt8(String(Substring(rest.prefix(2))), radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
