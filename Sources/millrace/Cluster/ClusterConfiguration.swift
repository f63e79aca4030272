internal import ClientTLS
internal import KinesisProtocol
internal import MetadataEtcd
internal import ObjectStore

/// The cluster that a broker belongs to, as it is configured.
struct ClusterConfiguration: Sendable {
    /// One source of these settings, by the names of the options.
    struct Layer: Sendable {
        static let names = [
            "cluster", "cluster-name", "etcd-ca", "etcd-cert", "etcd-key", "etcd-user", "store", "store-endpoint",
            "store-ca",
        ]

        var values: [String: String] = [:]

        init() {}

        /// `MILLRACE_STORE_ENDPOINT` for `store-endpoint` and so on.
        init(environment: [String: String]) {
            for name in Self.names {
                self.values[name] = environment["MILLRACE_" + name.uppercased().replacing("-", with: "_")]
            }
        }
    }

    /// Where the records are.
    enum Store: Sendable {
        case directory(String)
        case s3(S3Settings)
    }

    var etcd: EtcdSettings
    var store: Store

    /// - Parameter layers: the most decisive first.
    /// - Returns: `nil` for a server of its own.
    static func resolve(_ layers: [Layer], environment: [String: String]) throws(Failure) -> ClusterConfiguration? {
        func value(_ name: String) -> String? { layers.lazy.compactMap { $0.values[name] }.first }
        guard let cluster = value("cluster"), cluster != "off" else {
            if let name = Layer.names.first(where: { $0 != "cluster" && value($0) != nil }) {
                throw Failure("--\(name) is of no use without --cluster")
            }
            return nil
        }
        guard let store = value("store") else {
            throw Failure("--cluster needs --store s3://BUCKET/PREFIX: the records of a cluster are in an object store")
        }
        return ClusterConfiguration(
            etcd: try Self.etcd(cluster, value, environment),
            store: try Self.store(store, value, environment)
        )
    }

    // MARK: etcd

    private static func etcd(
        _ text: String,
        _ value: (String) -> String?,
        _ environment: [String: String]
    ) throws(Failure) -> EtcdSettings {
        let prefix = "etcd="
        guard text.hasPrefix(prefix) else {
            throw Failure("--cluster takes etcd=HOST:PORT, several members with commas between them, not \(text)")
        }
        var endpoints: [EtcdEndpoint] = []
        var schemes: Set<String> = []
        for part in text.dropFirst(prefix.count).split(separator: ",", omittingEmptySubsequences: false) {
            let pieces = part.split(separator: "://", maxSplits: 1)
            let scheme = pieces.count == 2 ? String(pieces[0]) : "http"
            guard scheme == "http" || scheme == "https", let endpoint = pieces.last.flatMap({ EtcdEndpoint($0) }) else {
                throw Failure("--cluster: an etcd member is HOST:PORT or https://HOST:PORT, not \(part)")
            }
            schemes.insert(scheme)
            endpoints.append(endpoint)
        }
        guard schemes.count == 1 else {
            throw Failure("--cluster: all members of etcd are reached with TLS, or none of them")
        }
        let name = value("cluster-name") ?? "millrace"
        guard !name.isEmpty, !name.contains("/") else {
            throw Failure("--cluster-name is a name without slashes, not \(name)")
        }
        var settings = EtcdSettings(endpoints: endpoints, prefix: "/\(name)/")
        let files = ClientTLS.Files(
            authorities: value("etcd-ca"),
            certificate: value("etcd-cert"),
            key: value("etcd-key")
        )
        if schemes.contains("https") {
            settings.tls = try Self.tls(files, applicationProtocols: ["h2"])
        } else if files != ClientTLS.Files() {
            throw Failure("--etcd-ca, --etcd-cert and --etcd-key are for members that are reached at https://HOST:PORT")
        }
        if let user = value("etcd-user") {
            guard let password = environment["MILLRACE_ETCD_PASSWORD"] else {
                throw Failure("--etcd-user needs the password of \(user) in MILLRACE_ETCD_PASSWORD")
            }
            settings.credentials = EtcdSettings.Credentials(name: user, password: password)
        }
        return settings
    }

    private static func tls(_ files: ClientTLS.Files, applicationProtocols: [String]) throws(Failure) -> ClientTLS {
        do throws(TLSFailure) {
            return try ClientTLS(files, applicationProtocols: applicationProtocols)
        } catch {
            throw Failure("\(error)")
        }
    }

    // MARK: Store

    private static func store(
        _ text: String,
        _ value: (String) -> String?,
        _ environment: [String: String]
    ) throws(Failure) -> Store {
        if text.hasPrefix("file:///") {
            guard value("store-endpoint") == nil else { throw Failure("--store-endpoint is for --store s3://BUCKET") }
            return .directory(String(text.dropFirst("file://".count)))
        }
        guard text.hasPrefix("s3://") else {
            throw Failure("--store takes s3://BUCKET/PREFIX or file:///DIR, not \(text)")
        }
        let parts = text.dropFirst("s3://".count).split(separator: "/", maxSplits: 1)
        guard let bucket = parts.first else { throw Failure("--store: \(text) names no bucket") }
        var prefix = parts.count == 2 ? String(parts[1]) : ""
        if !prefix.isEmpty, !prefix.hasSuffix("/") { prefix += "/" }
        guard let id = environment["AWS_ACCESS_KEY_ID"], let secret = environment["AWS_SECRET_ACCESS_KEY"] else {
            throw Failure("--store \(text) needs an access key in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
        }
        let region = environment["AWS_REGION"] ?? environment["AWS_DEFAULT_REGION"] ?? "us-east-1"
        let endpoint =
            value("store-endpoint") ?? environment["AWS_ENDPOINT_URL_S3"] ?? environment["AWS_ENDPOINT_URL"]
        let place = try Self.endpoint(endpoint ?? "https://s3.\(region).amazonaws.com")
        let authorities = value("store-ca")
        return .s3(
            S3Settings(
                host: place.host,
                port: place.port,
                tls: place.isEncrypted
                    ? try Self.tls(ClientTLS.Files(authorities: authorities), applicationProtocols: ["http/1.1"]) : nil,
                bucket: String(bucket),
                prefix: prefix,
                keys: RequestSigner.Keys(
                    accessKeyID: id,
                    secretAccessKey: secret,
                    sessionToken: environment["AWS_SESSION_TOKEN"]
                ),
                region: region,
                // Other stores want the bucket in the path; S3 wants it in the name.
                usesPathStyle: endpoint != nil
            )
        )
    }

    private static func endpoint(_ url: String) throws(Failure) -> (host: String, port: Int, isEncrypted: Bool) {
        let pieces = url.split(separator: "://", maxSplits: 1)
        guard pieces.count == 2, pieces[0] == "http" || pieces[0] == "https" else {
            throw Failure("--store-endpoint is a URL such as http://HOST:PORT, not \(url)")
        }
        let isEncrypted = pieces[0] == "https"
        let authority = pieces[1].split(separator: "/", omittingEmptySubsequences: false)
        guard authority.dropFirst().allSatisfy(\.isEmpty), let place = authority.first else {
            throw Failure("--store-endpoint has a path, which is not served: \(url)")
        }
        let hasPort = place.last != "]" && place.contains(":")
        let text = hasPort ? String(place) : "\(place):\(isEncrypted ? 443 : 80)"
        guard let address = try ServeConfiguration.address(text, option: "--store-endpoint") else {
            throw Failure("--store-endpoint is a URL such as http://HOST:PORT, not \(url)")
        }
        return (address.host, address.port, isEncrypted)
    }
}
