package import ClientTLS
package import KinesisProtocol

/// Which bucket, and how it is reached.
package struct S3Settings: Sendable {
    package var host: String
    package var port: Int
    /// `nil` for plain text.
    package var tls: ClientTLS?
    package var bucket: String
    /// Before every name; empty, or ends with `/`.
    package var prefix: String
    package var keys: RequestSigner.Keys
    package var region: String
    /// `/BUCKET/NAME` in the path, as stores other than AWS's want it; else the bucket is in the host's name.
    package var usesPathStyle: Bool
    package var connectionsMax = 64
    package var connectTimeout: Duration = .seconds(2)
    /// For an answer to begin, or for bytes to move in either direction.
    package var silenceMax: Duration = .seconds(10)

    package init(
        host: String,
        port: Int,
        tls: ClientTLS?,
        bucket: String,
        prefix: String = "",
        keys: RequestSigner.Keys,
        region: String = "us-east-1",
        usesPathStyle: Bool = true
    ) {
        self.host = host
        self.port = port
        self.tls = tls
        self.bucket = bucket
        self.prefix = prefix
        self.keys = keys
        self.region = region
        self.usesPathStyle = usesPathStyle
    }

    /// The name in `Host`; a port that the scheme implies is left out, as signatures have it.
    var hostHeader: String {
        let host = self.usesPathStyle ? self.host : "\(self.bucket).\(self.host)"
        let named = host.contains(":") ? "[\(host)]" : host
        return self.port == (self.tls == nil ? 80 : 443) ? named : "\(named):\(self.port)"
    }

    /// The host to connect to.
    var connectHost: String { self.usesPathStyle ? self.host : "\(self.bucket).\(self.host)" }
}
