/// A named address, as `listeners` and `advertised.listeners` give it: `NAME://HOST:PORT`.
package struct NamedEndpoint: Sendable, Hashable {
    /// Upper case, as Kafka compares listener names.
    package var name: String
    /// Empty: every address of the machine to listen on, or the address by which a client came.
    package var host: String
    package var port: Int

    package init(name: String, host: String, port: Int) {
        self.name = name
        self.host = host
        self.port = port
    }

    /// - Parameter property: where the text is from, for the message.
    init(_ text: String, property: String) throws(ConfigError) {
        let malformed = ConfigError(
            .invalidValue,
            property,
            "\(property) must be a list of NAME://HOST:PORT, for example PLAINTEXT://0.0.0.0:9092, not \(text)"
        )
        guard let separator = text.firstRange(of: "://"), separator.lowerBound != text.startIndex else {
            throw malformed
        }
        let address = text[separator.upperBound...]
        guard let colon = address.lastIndex(of: ":"), let port = UInt16(address[address.index(after: colon)...]) else {
            throw malformed
        }
        var host = address[..<colon]
        if host.first == "[", host.last == "]" { host = host.dropFirst().dropLast() }
        guard !host.contains("/") else { throw malformed }
        self.init(name: text[..<separator.lowerBound].uppercased(), host: String(host), port: Int(port))
    }

    package var description: String {
        let host = self.host.contains(":") ? "[\(self.host)]" : self.host
        return "\(self.name)://\(host):\(self.port)"
    }
}

/// The listeners of Kafka clients: what the broker binds, and what clients of each are told to connect to.
package struct KafkaListeners: Sendable, Equatable {
    /// In the order in which they are set; without those that only Kafka's controllers have.
    package let bound: [NamedEndpoint]
    /// By name. A listener that is missing, or has no host, is reached at the address through which the client came.
    package let advertised: [String: NamedEndpoint]
    /// What each bound listener speaks, by its name.
    package let securityProtocols: [String: SecurityProtocol]

    /// What a listener is called that was given by an address alone.
    package static let defaultName = "PLAINTEXT"

    /// - Parameter configs: `listeners` and the properties about them. Without `listeners` nothing is bound.
    /// - Throws: `.invalidValue` when they contradict each other, or ask for what the broker cannot do.
    package init(_ configs: BrokerConfigs) throws(ConfigError) {
        let controllers = Set(configs.list("controller.listener.names").map { $0.uppercased() })
        let listeners = try Self.endpoints("listeners", configs)
        let bound = listeners.filter { !controllers.contains($0.name) }
        guard !bound.isEmpty || listeners.isEmpty else {
            throw ConfigError(.invalidValue, "listeners", "listeners has none for clients, only for controllers")
        }
        let protocols = try Self.protocols(of: bound, configs)
        var advertised: [String: NamedEndpoint] = [:]
        for endpoint in try Self.endpoints("advertised.listeners", configs) where !controllers.contains(endpoint.name) {
            guard listeners.isEmpty || bound.contains(where: { $0.name == endpoint.name }) else {
                let names = bound.map(\.name).joined(separator: ", ")
                throw ConfigError(
                    .invalidValue,
                    "advertised.listeners",
                    "advertised.listeners names \(endpoint.name), which is not among the listeners (\(names))"
                )
            }
            guard endpoint.host != "0.0.0.0", endpoint.host != "::" else {
                throw ConfigError(
                    .invalidValue,
                    "advertised.listeners",
                    "advertised.listeners cannot tell clients to connect to \(endpoint.host)"
                )
            }
            advertised[endpoint.name] = endpoint
        }
        try Self.checkInterBroker(bound, configs)
        self.bound = bound
        self.securityProtocols = protocols
        self.advertised = advertised
    }

    private static func endpoints(_ property: String, _ configs: BrokerConfigs) throws(ConfigError) -> [NamedEndpoint] {
        var endpoints: [NamedEndpoint] = []
        for text in configs.list(property) { endpoints.append(try NamedEndpoint(text, property: property)) }
        guard Set(endpoints.map(\.name)).count == endpoints.count else {
            throw ConfigError(
                .invalidValue,
                property,
                "Each listener must have a different name, \(property) has one twice"
            )
        }
        return endpoints
    }

    private static func protocols(
        of listeners: [NamedEndpoint],
        _ configs: BrokerConfigs
    ) throws(ConfigError) -> [String: SecurityProtocol] {
        let property = "listener.security.protocol.map"
        var texts = Dictionary(uniqueKeysWithValues: SecurityProtocol.allCases.map { ($0.rawValue, $0.rawValue) })
        for entry in ConfigText.list(configs.string(property) ?? "") {
            let parts = entry.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2 else {
                throw ConfigError(.invalidValue, property, "\(property) must be a list of NAME:PROTOCOL, not \(entry)")
            }
            texts[parts[0].uppercased()] = parts[1].uppercased()
        }
        var protocols: [String: SecurityProtocol] = [:]
        for listener in listeners {
            guard let text = texts[listener.name] else {
                throw ConfigError(
                    .invalidValue,
                    property,
                    "No security protocol defined for listener \(listener.name): add \(listener.name):PLAINTEXT to "
                        + property
                )
            }
            guard let spoken = SecurityProtocol(rawValue: text) else {
                let known = SecurityProtocol.allCases.map(\.rawValue).joined(separator: ", ")
                throw ConfigError(
                    .invalidValue,
                    property,
                    "\(property): there is no security protocol \(text); there are \(known)"
                )
            }
            protocols[listener.name] = spoken
        }
        return protocols
    }

    private static func checkInterBroker(_ bound: [NamedEndpoint], _ configs: BrokerConfigs) throws(ConfigError) {
        let property = "inter.broker.listener.name"
        let security = "security.inter.broker.protocol"
        if let (spoken, _) = configs.setting(security) {
            guard configs.string(property) == nil else {
                throw ConfigError(.invalidValue, property, "Only one of \(property) and \(security) should be set.")
            }
            guard bound.isEmpty || bound.contains(where: { $0.name == spoken }) else {
                throw ConfigError(
                    .invalidValue,
                    security,
                    "\(security) is \(spoken), and no listener has that name: set \(property) to the name of one"
                )
            }
        }
        guard let name = configs.string(property), !bound.isEmpty else { return }
        guard bound.contains(where: { $0.name == name.uppercased() }) else {
            throw ConfigError(.invalidValue, property, "\(property) must be the name of a listener, not \(name)")
        }
    }
}
