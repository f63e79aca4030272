package import Model

/// What a policy is asked about: who would do what with which resource, and from where.
package struct PolicyRequest: Sendable {
    /// The caller's ARN, for example `arn:aws:iam::123456789012:user/alice`; `nil` when it is not known who calls.
    package var principalARN: String?
    /// Twelve digits; `nil` when it is not known who calls.
    package var principalAccount: String?
    /// With its service, for example `kinesis:PutRecord`.
    package var action: String
    /// An ARN.
    package var resource: String
    /// Values of condition keys, by their names in lower case.
    private var context: [String: [String]] = [:]

    package init(principalARN: String?, principalAccount: String?, action: String, resource: String) {
        self.principalARN = principalARN
        self.principalAccount = principalAccount
        self.action = action
        self.resource = resource
        if let principalARN { self.set("aws:PrincipalArn", principalARN) }
        if let principalAccount { self.set("aws:PrincipalAccount", principalAccount) }
        if let name = principalARN?.split(separator: "/").last, principalARN?.contains(":user/") == true {
            self.set("aws:username", String(name))
        }
    }

    /// - Parameters:
    ///   - sourceAddress: of the connection; `nil` when the transport has none.
    ///   - isSecure: whether the request came over TLS.
    ///   - milliseconds: the time, since the Unix epoch.
    package mutating func setTransport(
        sourceAddress: NetworkAddress?,
        isSecure: Bool,
        milliseconds: Int64
    ) {
        if let sourceAddress { self.set("aws:SourceIp", sourceAddress.description) }
        self.set("aws:SecureTransport", isSecure ? "true" : "false")
        self.set("aws:EpochTime", "\(milliseconds / 1000)")
        self.set("aws:CurrentTime", "\(milliseconds / 1000)")
    }

    /// - Parameter key: in any case, as AWS names it.
    package mutating func set(_ key: String, _ values: String...) { self.context[key.lowercased()] = values }

    /// - Parameter key: in lower case.
    func values(of key: String) -> [String]? { self.context[key] }
}
