internal import FoundationEssentials
internal import Glibc
internal import KafkaServer
internal import Metadata
internal import Text

// What Kafka users have: `server.properties`, `KAFKA_*` variables, named listeners.

extension ServeConfiguration {
    /// - Parameter path: a file in the format of Java's properties.
    static func layer(properties path: String) throws(Failure) -> Layer {
        guard access(path, R_OK) == 0, let data = FileManager.default.contents(atPath: path) else {
            throw Failure("cannot read the properties \(path): \(String(cString: strerror(errno)))")
        }
        do throws(JavaProperties.Failure) {
            var layer = Layer()
            try Self.add(try JavaProperties.parse(Array(data)), to: &layer, from: path)
            return layer
        } catch {
            throw Failure("\(path), line \(error.line): \(error.reason)")
        }
    }

    /// The variables of Kafka's container image. One that stands for no property is left alone: Kubernetes makes some
    /// for every service that is called kafka.
    static func layer(kafkaEnvironment environment: [String: String]) throws(Failure) -> Layer {
        var properties: [(name: String, value: String)] = []
        for (variable, value) in environment.sorted(by: { $0.key < $1.key }) {
            guard let name = KafkaProperties.name(ofVariable: variable) else { continue }
            properties.append((name, value))
        }
        var layer = Layer()
        do throws(JavaProperties.Failure) {
            try Self.add(properties, to: &layer, from: "KAFKA_* variables")
        } catch {
            preconditionFailure("variables are not parsed")
        }
        return layer
    }

    private static func add(
        _ properties: [(name: String, value: String)],
        to layer: inout Layer,
        from source: String
    ) throws(JavaProperties.Failure) {
        do throws(ConfigError) {
            let sorted = try KafkaProperties(properties)
            layer.properties = sorted.honoured
            layer.unknown = sorted.unknown.map(\.name)
            if !sorted.withoutEffect.isEmpty {
                layer.notices.append("\(source): without effect here: \(sorted.withoutEffect.joined(separator: ", "))")
            }
        } catch {
            layer.refusal = "\(source): \(error.message)"
        }
    }

    /// The Kafka listeners, and the properties as they are with them.
    ///
    /// - Parameter layers: the most decisive first.
    static func kafka(
        _ layers: [Layer],
        dataDirectory: String,
        isClustered: Bool
    ) throws(Failure) -> (listeners: [KafkaServer.Listener], configs: BrokerConfigs) {
        // The last value holds, so the most decisive layer comes last.
        var properties: [String: String] = [:]
        for layer in layers.reversed() {
            guard let address = layer.kafka else {
                for (name, value) in layer.properties { properties[name] = value }
                continue
            }
            guard !layer.properties.contains(where: { $0.name == "listeners" }) else {
                throw Failure("--kafka and listeners are two words for the same: give one of them")
            }
            // An address takes the place of listeners, and of what was advertised for them.
            if properties.removeValue(forKey: "listeners") != nil { properties["advertised.listeners"] = nil }
            for (name, value) in layer.properties { properties[name] = value }
            properties["listeners"] = try Self.listener(at: address, properties)
        }
        if layers.allSatisfy({ $0.kafka == nil }), properties["listeners"] == nil {
            properties["listeners"] = try Self.listener(at: "127.0.0.1:9092", properties)
        }
        if isClustered { InterBrokerSetup.addListener(to: &properties) }
        try Self.identify(&properties)
        properties["log.dirs"] = URL(filePath: dataDirectory, directoryHint: .notDirectory).standardized.path
        do throws(ConfigError) {
            let configs = try BrokerConfigs(parsing: properties.map { (name: $0.key, value: $0.value) })
            let kafka = try KafkaListeners(configs)
            let listeners = kafka.bound.map { endpoint in
                KafkaServer.Listener(
                    name: endpoint.name,
                    host: endpoint.host.isEmpty ? "0.0.0.0" : endpoint.host,
                    port: endpoint.port,
                    securityProtocol: kafka.securityProtocols[endpoint.name] ?? .plaintext
                )
            }
            return (listeners, configs)
        } catch {
            throw Failure(error.message)
        }
    }

    /// What `listeners` is for an address alone; `nil` when the face is off. It is called as what is advertised.
    private static func listener(at address: String, _ properties: [String: String]) throws(Failure) -> String? {
        guard let address = try Self.address(address, option: "--kafka") else { return nil }
        let advertised = properties["advertised.listeners"]?.split(separator: ",") ?? []
        let name = advertised.count == 1 ? advertised[0].split(separator: ":").first.map(String.init) : nil
        return NamedEndpoint(name: name ?? KafkaListeners.defaultName, host: address.host, port: address.port)
            .description
    }

    /// `node.id` and `broker.id` are the same number; `process.roles` must have a broker in it.
    private static func identify(_ properties: inout [String: String]) throws(Failure) {
        if let old = properties["broker.id"] {
            if let new = properties["node.id"], new != old {
                throw Failure("node.id is \(new) and broker.id is \(old): they must be the same number")
            }
            properties["node.id"] = old
        }
        properties["broker.id"] = properties["node.id"] ?? BrokerConfigs.all["node.id"]?.defaultValue
        let roles = (properties["process.roles"] ?? "broker").split(separator: ",")
            .map { String($0.filter { !$0.isWhitespace }) }
        guard roles.contains("broker") else {
            throw Failure(
                "process.roles is \(roles.joined(separator: ",")), without broker: a Millrace server needs no controller"
            )
        }
    }

    /// The data directory that properties name: `log.dirs`, else `log.dir`.
    static func dataDirectory(_ layers: [Layer]) throws(Failure) -> String? {
        for layer in layers {
            if let path = layer.dataDirectory { return path }
            for name in ["log.dirs", "log.dir"] {
                guard let value = layer.properties.last(where: { $0.name == name })?.value, !value.isEmpty else {
                    continue
                }
                guard !value.contains(",") else {
                    throw Failure(
                        "\(name) names several directories, and Millrace has one: give it with --data-dir DIR"
                    )
                }
                return value
            }
        }
        return nil
    }
}
