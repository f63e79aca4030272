/// The caller as far as the request names it: the account and region that its answers are written for.
///
/// Read from the credential scope; whether the signature is right is `SignatureVerifier`'s matter.
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
    /// The header `X-Amz-Region-Set` of Signature Version 4A.
    package var regionSet: String?

    package init(authorization: String?, query: String, hasDate: Bool, regionSet: String? = nil) {
        self.authorization = authorization
        self.query = query
        self.hasDate = hasDate
        self.regionSet = regionSet
    }

    /// The caller, as `caller()` finds it, by way of the one before: a connection has the same credential again and
    /// again, and a signature that differs from request to request.
    package func caller(after last: inout LastCaller) throws(KinesisError) -> Caller {
        guard var authorization = self.authorization, self.query.isEmpty, self.hasDate, self.regionSet == nil else {
            return try self.caller()
        }
        let credential: [UInt8]? = authorization.withUTF8 { bytes in
            let values = AuthorizationValues(bytes)
            let isSame = values.areComplete && last.credential.elementsEqual(bytes[values.credential])
            return isSame ? nil : Array(bytes[values.credential])
        }
        if credential == nil, let caller = last.caller { return caller }
        let caller = try self.caller()
        last = LastCaller(credential: credential ?? [], caller: caller)
        return caller
    }

    /// Throws what AWS answers when the signature is absent or incomplete.
    package func caller() throws(KinesisError) -> Caller {
        let parameters = QueryParameters(self.query)
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
        var header = header
        let (isComplete, credential) = header.withUTF8 { bytes in
            let values = AuthorizationValues(bytes)
            return (values.areComplete, String(decoding: bytes[values.credential], as: UTF8.self))
        }
        guard isComplete, self.hasDate else { throw self.incomplete(header) }
        return Self.caller(
            fromCredential: credential[...],
            regionSet: header.hasPrefix(SignatureVersion4A.algorithm + " ") ? self.regionSet ?? "" : nil
        )
    }

    private func incomplete(_ header: String) -> KinesisError {
        var header = header
        let values = header.withUTF8 { AuthorizationValues($0) }
        var missing = ""
        for (name, value) in [
            ("Credential", values.credential), ("Signature", values.signature), ("SignedHeaders", values.signedHeaders),
        ] where value.isEmpty {
            missing += "Authorization header requires '\(name)' parameter. "
        }
        if !self.hasDate {
            missing += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
        }
        return KinesisError(
            .incompleteSignature,
            missing + "Authorization=\(ConstraintViolations.shortened(header))"
        )
    }

    private func caller(fromQuery parameters: QueryParameters) throws(KinesisError) -> Caller {
        var missing = ""
        for name in [
            "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date",
        ] where parameters[name]?.isEmpty ?? true {
            missing += "AWS query-string parameters must include '\(name)'. "
        }
        guard missing.isEmpty, let credential = parameters["X-Amz-Credential"] else {
            throw KinesisError(.incompleteSignature, missing + "Re-examine the query-string parameters.")
        }
        let isAsymmetric = parameters["X-Amz-Algorithm"] == SignatureVersion4A.algorithm
        return Self.caller(
            fromCredential: credential[...],
            regionSet: isAsymmetric ? parameters["X-Amz-Region-Set"] ?? "" : nil
        )
    }

    /// `ACCESS-KEY-ID/DATE/REGION/SERVICE/aws4_request`; an access key ID may hold slashes.
    ///
    /// - Parameter regionSet: of Signature Version 4A, whose credentials have no region: a list with commas, `*` for
    ///   all.
    private static func caller(fromCredential credential: Substring, regionSet: String?) -> Caller {
        let parts = credential.split(separator: "/", omittingEmptySubsequences: false)
        if let regionSet {
            let region = regionSet.split(separator: ",").first { !$0.contains("*") } ?? ""
            guard parts.count >= 4 else { return Caller(accessKeyID: String(parts[0]), region: String(region)) }
            return Caller(accessKeyID: parts.dropLast(3).joined(separator: "/"), region: String(region))
        }
        guard parts.count >= 5 else { return Caller(accessKeyID: String(parts[0]), region: "") }
        return Caller(
            accessKeyID: parts.dropLast(4).joined(separator: "/"),
            region: String(parts[parts.count - 3])
        )
    }
}

/// The credential that the last request of a connection named, and who it stands for.
package struct LastCaller: Sendable {
    fileprivate var credential: [UInt8]
    fileprivate var caller: Caller?

    package init() { self.init(credential: [], caller: nil) }

    fileprivate init(credential: [UInt8], caller: Caller?) {
        self.credential = credential
        self.caller = caller
    }
}
