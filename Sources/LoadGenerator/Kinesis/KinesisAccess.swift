package import ClientTLS
package import KinesisProtocol

/// Where requests of the Kinesis API go, in whose name, and over what.
package struct KinesisAccess: Sendable {
    package var endpoint: KinesisEndpoint
    /// Of an `https` endpoint.
    package var tls: ClientTLS?
    package var signer: RequestSigner

    /// - Parameters:
    ///   - files: PEM files; an `https` endpoint without any is verified by the system's authorities.
    ///   - variable: the value of an environment variable, for credentials and region.
    /// - Throws: `LoadFailure` for a malformed address, files for plain text and AWS without credentials; `TLSFailure`.
    package init(endpoint text: String, files: ClientTLS.Files, variable: (String) -> String?) throws {
        let endpoint = try KinesisEndpoint(text)
        guard endpoint.isSecure || files == ClientTLS.Files() else {
            throw LoadFailure(
                "\(text) is an endpoint in plain text; --ca-file, --cert-file and --key-file go with https://"
            )
        }
        guard endpoint.awsRegion == nil || RequestSigner.hasCredentials(variable) else {
            throw LoadFailure(
                "\(endpoint.host) takes signed requests only; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, for example "
                    + "by `eval $(aws configure export-credentials --format env)`"
            )
        }
        self.endpoint = endpoint
        self.tls = endpoint.isSecure ? try ClientTLS(files) : nil
        self.signer = RequestSigner.fromEnvironment(variable, region: endpoint.awsRegion)
    }
}
