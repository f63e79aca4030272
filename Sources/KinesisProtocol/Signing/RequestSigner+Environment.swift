extension RequestSigner {
    /// A signer with the credentials and the region of the `AWS_…` environment variables.
    ///
    /// Without credentials dummy ones are used, which a server that checks none takes.
    ///
    /// - Parameter region: of an endpoint whose name tells it; then the variables' does not count, for which the
    ///   endpoint would refuse the signature.
    package static func fromEnvironment(_ value: (String) -> String?, region: String? = nil) -> RequestSigner {
        let keys =
            value("AWS_ACCESS_KEY_ID").flatMap { id in
                value("AWS_SECRET_ACCESS_KEY").map { secret in
                    Keys(accessKeyID: id, secretAccessKey: secret, sessionToken: value("AWS_SESSION_TOKEN"))
                }
            } ?? Keys(accessKeyID: "millrace", secretAccessKey: "millrace")
        let region = region ?? value("AWS_REGION") ?? value("AWS_DEFAULT_REGION") ?? "us-east-1"
        return RequestSigner(keys: keys, region: region)
    }

    package static func hasCredentials(_ value: (String) -> String?) -> Bool {
        value("AWS_ACCESS_KEY_ID") != nil && value("AWS_SECRET_ACCESS_KEY") != nil
    }
}
