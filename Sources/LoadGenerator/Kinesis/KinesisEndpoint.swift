package import KinesisProtocol
package import NIOCore

/// Where a Kinesis API is served, over HTTP or HTTPS.
package struct KinesisEndpoint: Sendable, Equatable {
    package var host: String
    package var port: Int
    /// Percent-encoded, with a slash at its beginning.
    package var path: String
    /// Whether TLS is spoken: `https`.
    package var isSecure: Bool

    /// Reads `http://HOST[:PORT][/PATH]`, the same with `https`, or `HOST:PORT`, which is HTTP.
    ///
    /// - Throws: `LoadFailure`.
    package init(_ text: String) throws(LoadFailure) {
        let wrong = LoadFailure(
            "\(text) is not an address; give http://HOST:PORT or https://HOST, for example http://127.0.0.1:4567"
        )
        self.isSecure = text.hasPrefix("https://")
        let rest = self.isSecure ? text.dropFirst(8) : text.hasPrefix("http://") ? text.dropFirst(7) : text[...]
        guard !rest.contains("://") else { throw wrong }
        let end = rest.firstIndex(of: "/") ?? rest.endIndex
        let authority = rest[..<end]
        let path = rest[end...]
        guard path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") })
        else { throw wrong }
        self.path = path.isEmpty ? "/" : String(path)
        let hostEnd: Substring.Index
        if authority.hasPrefix("[") {
            guard let bracket = authority.firstIndex(of: "]") else { throw wrong }
            self.host = String(authority[authority.index(after: authority.startIndex)..<bracket])
            hostEnd = authority.index(after: bracket)
        } else {
            hostEnd = authority.firstIndex(of: ":") ?? authority.endIndex
            self.host = String(authority[..<hostEnd])
        }
        let portText = authority[hostEnd...]
        guard !self.host.isEmpty, self.host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { throw wrong }
        if portText.isEmpty {
            self.port = self.isSecure ? 443 : 80
        } else {
            guard portText.hasPrefix(":"), let port = UInt16(portText.dropFirst()), port > 0 else { throw wrong }
            self.port = Int(port)
        }
    }

    /// As in the `Host` header: without the port that HTTP or HTTPS has anyway (RFC 9110, 7.2).
    package var authority: String {
        self.port == (self.isSecure ? 443 : 80) ? self.bracketedHost : self.address
    }

    package var address: String { "\(self.bracketedHost):\(self.port)" }

    package var url: String { "\(self.isSecure ? "https" : "http")://\(self.authority)" }

    private var bracketedHost: String { self.host.contains(":") ? "[\(self.host)]" : self.host }

    /// The region of an endpoint of AWS, which its name has behind the service: `kinesis.eu-west-1.amazonaws.com`.
    package var awsRegion: String? {
        let name = self.host.lowercased()
        guard [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"].contains(where: name.hasSuffix) else { return nil }
        let labels = name.split(separator: ".")
        guard let service = labels.firstIndex(where: { $0 == "kinesis" || $0 == "kinesis-fips" }),
            service + 1 < labels.count
        else { return nil }
        return String(labels[service + 1])
    }
}

/// One operation with a body that can be sent many times: its digest is computed once and its head once a second,
/// because the signature holds the time in seconds.
package struct KinesisRequest: Sendable {
    package let operation: String
    package let body: ByteBuffer
    private let digest: String
    private var head = ByteBuffer()
    private var headSecond: Int64 = -1

    package init(operation: String, body: ByteBuffer) {
        self.operation = operation
        self.body = body
        self.digest = body.withUnsafeReadableBytes { SHA256Digest.hex($0) }
    }

    /// The request line and the headers, signed for now.
    ///
    /// - Parameter milliseconds: since the Unix epoch.
    package mutating func head(
        for endpoint: KinesisEndpoint,
        signer: inout RequestSigner,
        at milliseconds: Int64
    ) -> ByteBuffer {
        guard milliseconds / 1000 != self.headSecond else { return self.head }
        self.headSecond = milliseconds / 1000
        var headers = [
            (name: "Host", value: endpoint.authority),
            (name: "Content-Type", value: "application/x-amz-json-1.1"),
            (name: "X-Amz-Target", value: "Kinesis_20131202.\(self.operation)"),
        ]
        headers += signer.sign(path: endpoint.path, headers: headers, bodyDigest: self.digest, at: milliseconds)
        var text = "POST \(endpoint.path) HTTP/1.1\r\n"
        for header in headers { text += "\(header.name): \(header.value)\r\n" }
        text += "Content-Length: \(self.body.readableBytes)\r\n\r\n"
        self.head = ByteBuffer(string: text)
        return self.head
    }
}
