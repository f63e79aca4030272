internal import FoundationEssentials
internal import Glibc
internal import KafkaServer
internal import KinesisServer
internal import LogFiles
internal import Logging
internal import Metadata
internal import Yams

/// The settings of `serve`, resolved from the command line, the environment, the configuration file and the defaults.
struct ServeConfiguration: Sendable {
    /// Where a listener binds; `nil` means that the face is off.
    struct Address: Sendable, Equatable {
        var host: String
        var port: Int
    }

    /// One source of settings; `nil` where it says nothing.
    struct Layer: Sendable {
        var dataDirectory: String?
        var kafka: String?
        var kinesis: String?
        var initialStreams: String?
        var localStack: String?
        var readyText: String?
        var kinesisTLS: String?
        var kinesisTLSCertificate: String?
        var kinesisTLSKey: String?
        var kinesisTLSClientCA: String?
        var kinesisTLSClientAuth: String?
        var adminTLSCertificate: String?
        var adminTLSKey: String?
        var adminTLSClientCA: String?
        var kinesisCredentials: String?
        var admin: String?
        var logLevel: String?
        var memoryLimit: String?
        var pageCacheLimit: String?
        var scrubRate: String?
        var security = SecurityConfiguration.Layer()
        var cluster = ClusterConfiguration.Layer()
        var properties: [(name: String, value: String)] = []
        /// Properties that neither this broker nor Kafka has.
        var unknown: [String] = []
        /// What the log says of this source at the start.
        var notices: [String] = []
        /// Why the server does not start with this source.
        var refusal: String?
    }

    var dataDirectory: String
    /// Without any the face is off.
    var kafka: [KafkaServer.Listener]
    /// Empty when the face is off.
    var kinesis: [Address]
    /// Streams that are created when they are missing.
    var initialStreams: [InitialStream] = []
    /// Printed when connections are accepted: what programs wait for in another server's log.
    var readyTexts: [String] = []
    var kinesisTLS = KinesisTLS.off
    var adminTLS: AdminTLS
    var kinesisCredentials: KinesisCredentials
    var admin: Address?
    var security: SecurityConfiguration
    /// `nil` for a server of its own.
    var cluster: ClusterConfiguration?
    var logLevel: Logger.Level
    var memory: MemoryLimit
    /// Bytes that may stay in the page cache; `.max` without a limit.
    var pageCache: PageCacheLimit
    /// Bytes of stored data that are verified in the background a second; 0: none.
    var scrubBytesPerSecond: Int64
    var broker: BrokerConfigs
    /// What the log says of the sources at the start.
    var notices: [String] = []
    /// Made at the start if there is none of the name.
    var initialUser: InitialUser?
    /// Partitions that the metadata does not know are set aside instead of refused.
    var acceptsMetadataLoss = false

    static func resolve(
        commandLine: Layer,
        file: String?,
        properties: String? = nil,
        toleratesUnknown: Bool = false,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(Failure) -> ServeConfiguration {
        let fromEnvironment = Self.layer(environment: environment)
        let path = file ?? environment["MILLRACE_CONFIG"]
        let fromFile = try path.map { path throws(Failure) in try Self.layer(file: path) } ?? Layer()
        let propertiesPath = properties ?? environment["MILLRACE_PROPERTIES"]
        let fromProperties =
            try propertiesPath.map { path throws(Failure) in try Self.layer(properties: path) } ?? Layer()
        let layers = [
            commandLine, fromEnvironment, try Self.layer(kafkaEnvironment: environment), fromProperties, fromFile,
        ]
        let notices = try Self.notices(of: layers, toleratesUnknown: toleratesUnknown)
        func first(_ key: KeyPath<Layer, String?>) -> String? { layers.lazy.compactMap { $0[keyPath: key] }.first }

        guard let dataDirectory = try Self.dataDirectory(layers) else {
            throw Failure("no data directory: give one with --data-dir DIR or MILLRACE_DATA_DIR")
        }
        let levelName = first(\.logLevel) ?? "info"
        guard let level = Logger.Level(rawValue: levelName) else {
            throw Failure(
                "--log-level must be trace, debug, info, notice, warning, error or critical, not \(levelName)"
            )
        }
        let cluster = try ClusterConfiguration.resolve(layers.map(\.cluster), environment: environment)
        let kafka = try Self.kafka(layers, dataDirectory: dataDirectory, isClustered: cluster != nil)
        let isLocalStack = try Self.isOn(first(\.localStack), option: "--localstack")
        let memory = try first(\.memoryLimit).map(MemoryLimit.init(text:)) ?? .ofMachine()
        return ServeConfiguration(
            dataDirectory: dataDirectory,
            kafka: kafka.listeners,
            kinesis: try Self.addresses(
                first(\.kinesis)
                    ?? (cluster != nil ? "off" : isLocalStack ? Self.localStackAddresses : "127.0.0.1:4567"),
                option: "--kinesis"
            ),
            initialStreams: try first(\.initialStreams).map { text throws(Failure) in
                try InitialStreams.parse(text, option: "--initialize-streams")
            } ?? [],
            // What test containers wait for in LocalStack's log.
            readyTexts: [isLocalStack ? "Ready." : nil, first(\.readyText)].compactMap { $0 },
            kinesisTLS: try KinesisTLS(
                KinesisTLS.Words(
                    mode: first(\.kinesisTLS) ?? (isLocalStack ? "on" : nil),
                    certificate: first(\.kinesisTLSCertificate),
                    key: first(\.kinesisTLSKey),
                    clientAuthorities: first(\.kinesisTLSClientCA),
                    clientAuthentication: first(\.kinesisTLSClientAuth)
                )
            ),
            adminTLS: try AdminTLS(
                certificate: first(\.adminTLSCertificate),
                key: first(\.adminTLSKey),
                clientAuthorities: first(\.adminTLSClientCA)
            ),
            kinesisCredentials: try KinesisCredentials(
                file: first(\.kinesisCredentials),
                environment: environment
            ),
            admin: try Self.address(first(\.admin) ?? "127.0.0.1:8080", option: "--admin"),
            security: try SecurityConfiguration(layers.map(\.security)),
            cluster: cluster,
            logLevel: level,
            memory: memory,
            pageCache: try first(\.pageCacheLimit).map(Self.pageCache) ?? memory.pageCache,
            scrubBytesPerSecond: try Self.scrubRate(first(\.scrubRate) ?? "10MiB"),
            broker: kafka.configs,
            notices: notices
        )
    }

    /// What is to be said of the sources. Throws what one of them is refused for.
    private static func notices(of layers: [Layer], toleratesUnknown: Bool) throws(Failure) -> [String] {
        var notices: [String] = []
        for layer in layers {
            if let refusal = layer.refusal { throw Failure(refusal) }
            notices += layer.notices
            for name in layer.unknown {
                let refusal = KafkaProperties.refusal(of: name)
                guard toleratesUnknown else { throw Failure(refusal + " --tolerate-unknown starts without it.") }
                notices.append(refusal)
            }
        }
        return notices
    }

    /// Those of LocalStack and of kinesis-mock, which has TLS and plain text on ports of their own.
    private static let localStackAddresses = "0.0.0.0:4566,0.0.0.0:4567,0.0.0.0:4568"

    private static func isOn(_ text: String?, option: String) throws(Failure) -> Bool {
        switch text {
        case nil, "off", "false", "0", "": false
        case "on", "true", "1": true
        case let text?: throw Failure("\(option) is on or off, not \(text)")
        }
    }

    /// Several addresses with commas between them.
    static func addresses(_ text: String, option: String) throws(Failure) -> [Address] {
        var addresses: [Address] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            if let address = try Self.address(String(part), option: option) { addresses.append(address) }
        }
        return addresses
    }

    /// `NAME=VALUE`
    static func property(_ text: String) throws(Failure) -> (name: String, value: String) {
        guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
            throw Failure("--set takes NAME=VALUE, for example --set num.partitions=3, not \(text)")
        }
        return (String(text[..<equals]), String(text[text.index(after: equals)...]))
    }

    private static func pageCache(_ text: String) throws(Failure) -> PageCacheLimit {
        if text == "off" { return .unlimited }
        let bytes = try ByteSize.parse(text, option: "--page-cache-limit")
        // What a checkpoint's time brings should still be there for those who read a little later.
        guard bytes >= 16 << 20 else { throw Failure("--page-cache-limit must be at least 16MiB, or off, not \(text)") }
        return .bytes(Int64(bytes))
    }

    private static func scrubRate(_ text: String) throws(Failure) -> Int64 {
        text == "off" ? 0 : Int64(try ByteSize.parse(text, option: "--scrub-rate"))
    }

    static func address(_ text: String, option: String) throws(Failure) -> Address? {
        if text == "off" { return nil }
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65535).contains(port), colon != text.startIndex
        else {
            throw Failure("\(option) takes HOST:PORT or off, not \(text)")
        }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        return Address(host: host, port: port)
    }

    private static func layer(environment: [String: String]) -> Layer {
        let prefix = "MILLRACE_SET_"
        let properties = environment.filter { $0.key.hasPrefix(prefix) }
            .sorted { $0.key < $1.key }
            .map { entry in
                let name = entry.key.dropFirst(prefix.count).lowercased().replacing("_", with: ".")
                return (name: name, value: entry.value)
            }
        return Layer(
            dataDirectory: environment["MILLRACE_DATA_DIR"],
            kafka: environment["MILLRACE_KAFKA"],
            kinesis: environment["MILLRACE_KINESIS"],
            initialStreams: environment["MILLRACE_INITIALIZE_STREAMS"] ?? environment["INITIALIZE_STREAMS"]
                ?? environment["KINESIS_INITIALIZE_STREAMS"],
            localStack: environment["MILLRACE_LOCALSTACK"],
            readyText: environment["MILLRACE_READY_TEXT"],
            kinesisTLS: environment["MILLRACE_KINESIS_TLS"],
            kinesisTLSCertificate: environment["MILLRACE_KINESIS_TLS_CERT"],
            kinesisTLSKey: environment["MILLRACE_KINESIS_TLS_KEY"],
            kinesisTLSClientCA: environment["MILLRACE_KINESIS_TLS_CLIENT_CA"],
            kinesisTLSClientAuth: environment["MILLRACE_KINESIS_TLS_CLIENT_AUTH"],
            adminTLSCertificate: environment["MILLRACE_ADMIN_TLS_CERT"],
            adminTLSKey: environment["MILLRACE_ADMIN_TLS_KEY"],
            adminTLSClientCA: environment["MILLRACE_ADMIN_TLS_CLIENT_CA"],
            kinesisCredentials: environment["MILLRACE_KINESIS_CREDENTIALS"],
            admin: environment["MILLRACE_ADMIN"],
            logLevel: environment["MILLRACE_LOG_LEVEL"],
            memoryLimit: environment["MILLRACE_MEMORY_LIMIT"],
            pageCacheLimit: environment["MILLRACE_PAGE_CACHE_LIMIT"],
            scrubRate: environment["MILLRACE_SCRUB_RATE"],
            security: SecurityConfiguration.Layer(environment: environment),
            cluster: ClusterConfiguration.Layer(environment: environment),
            properties: properties
        )
    }

    /// ```yaml
    /// data-dir: /var/lib/millrace
    /// kafka: 0.0.0.0:9092
    /// set:
    ///   num.partitions: 3
    /// ```
    private static func layer(file path: String) throws(Failure) -> Layer {
        guard access(path, R_OK) == 0 else {
            throw Failure("cannot read the configuration file \(path): \(String(cString: strerror(errno)))")
        }
        let node: Node?
        do {
            node = try compose(yaml: try String(contentsOfFile: path, encoding: .utf8))
        } catch let error as YamlError {
            throw Failure("\(path) is not valid YAML: \(Self.oneLine(error))")
        } catch {
            throw Failure("cannot read the configuration file \(path): it is not a file of UTF-8 text")
        }
        guard let node else { return Layer() }
        guard let mapping = node.mapping else {
            throw Failure("\(path) must be a mapping of settings, for example `data-dir: /var/lib/millrace`")
        }
        var layer = Layer()
        for (key, value) in mapping {
            let name = key.string ?? ""
            if name == "set" {
                layer.properties = try Self.properties(value, path: path)
                continue
            }
            guard let text = value.scalar?.string else { throw Failure("\(path): \(name) must be a single value") }
            switch name {
            case "data-dir": layer.dataDirectory = text
            case "kafka": layer.kafka = text
            case "kinesis": layer.kinesis = text
            case "initialize-streams": layer.initialStreams = text
            case "localstack": layer.localStack = text
            case "ready-text": layer.readyText = text
            case "kinesis-tls": layer.kinesisTLS = text
            case "kinesis-tls-cert": layer.kinesisTLSCertificate = text
            case "kinesis-tls-key": layer.kinesisTLSKey = text
            case "kinesis-tls-client-ca": layer.kinesisTLSClientCA = text
            case "kinesis-tls-client-auth": layer.kinesisTLSClientAuth = text
            case "admin-tls-cert": layer.adminTLSCertificate = text
            case "admin-tls-key": layer.adminTLSKey = text
            case "admin-tls-client-ca": layer.adminTLSClientCA = text
            case "kinesis-credentials": layer.kinesisCredentials = text
            case "admin": layer.admin = text
            case "log-level": layer.logLevel = text
            case "memory-limit": layer.memoryLimit = text
            case "page-cache-limit": layer.pageCacheLimit = text
            case "scrub-rate": layer.scrubRate = text
            case let name where SecurityConfiguration.Layer.names.contains(name): layer.security.values[name] = text
            case let name where ClusterConfiguration.Layer.names.contains(name): layer.cluster.values[name] = text
            default:
                throw Failure(
                    "\(path): unknown setting \(name); there are data-dir, kafka, kinesis, initialize-streams, localstack, "
                        + "ready-text, kinesis-tls, kinesis-tls-cert, kinesis-tls-key, kinesis-tls-client-ca, "
                        + "kinesis-tls-client-auth, kinesis-credentials, admin, admin-tls-cert, admin-tls-key, "
                        + "admin-tls-client-ca, log-level, memory-limit, "
                        + "page-cache-limit, scrub-rate, \(SecurityConfiguration.Layer.names.joined(separator: ", ")), "
                        + "\(ClusterConfiguration.Layer.names.joined(separator: ", ")) and set"
                )
            }
        }
        return layer
    }

    /// Yams describes an error with the text around it; a message of ours takes one line.
    private static func oneLine(_ error: YamlError) -> String {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            "line \(mark.line), column \(mark.column): \(problem)"
        case .reader(let problem, _, _, _):
            problem
        default:
            "\(error)".split(separator: "\n").joined(separator: " ")
        }
    }

    private static func properties(_ node: Node, path: String) throws(Failure) -> [(name: String, value: String)] {
        guard let mapping = node.mapping else { throw Failure("\(path): set must be a mapping of broker properties") }
        var properties: [(name: String, value: String)] = []
        for (key, value) in mapping {
            guard let name = key.scalar?.string, let text = value.scalar?.string else {
                throw Failure("\(path): the properties under set must be single values")
            }
            properties.append((name, text))
        }
        return properties
    }
}
