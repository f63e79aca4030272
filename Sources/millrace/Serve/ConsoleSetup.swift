internal import AdminServer
internal import Broker
internal import Console
internal import KafkaServer
internal import Metadata
internal import NIOCore

/// What the console shows of this process beyond the broker: where its ports are, the file of prices.
struct ConsoleSetup: Sendable {
    let configuration: ServeConfiguration
    /// By the names of their listeners.
    let kafka: [(name: String, address: SocketAddress?)]
    let kinesis: [SocketAddress]

    /// In the data directory; in place of the built-in prices.
    private static let priceFile = "console-prices.json"
    private static let priceBytesMax = 64 << 10

    func routes(
        _ views: BrokerViews,
        _ history: RateHistory,
        _ identity: ServerIdentity,
        _ broker: Broker,
        _ api: [AdminRoute]
    ) -> [AdminRoute] {
        let facts = self.facts(identity, broker)
        let path = self.configuration.dataDirectory + "/" + Self.priceFile
        return ConsoleRoutes(
            views: views,
            history: history,
            access: AccessStores(keys: identity.keys, access: identity.access, broker: broker),
            connect: { [keys = identity.keys] in
                var facts = facts
                facts.needsAccessKey = keys.isRequired
                return facts
            },
            records: Self.records(api),
            priceFile: { SystemFile.text(path).map { Array($0.utf8.prefix(Self.priceBytesMax)) } }
        ).routes
    }

    /// The search of the API, which the page of records asks in the process.
    private static func records(_ api: [AdminRoute]) -> @Sendable (AdminRequest) async -> AdminAnswer {
        let path = "/api/v1/topics/{topic}/records"
        guard let route = api.first(where: { $0.method == .get && $0.pattern == path }) else {
            preconditionFailure("the API has lost \(path)")
        }
        switch route.handler {
        case .immediate(let handle): return { handle($0) }
        case .task(let handle): return handle
        }
    }

    private func facts(_ identity: ServerIdentity, _ broker: Broker) -> ConnectFacts {
        let listeners = self.configuration.kafka.map { listener in
            let advertised = broker.settings.advertised[listener.name]
            let bound = self.kafka.first { $0.name == listener.name }?.address
            let port = bound?.port ?? listener.port
            return ConnectFacts.Listener(
                name: listener.name,
                address: advertised.map { Self.text($0.host, $0.port) }
                    ?? Self.text(Self.reachable(listener.host), port),
                securityProtocol: listener.securityProtocol.rawValue,
                isAdvertised: advertised != nil
            )
        }
        let scheme = self.configuration.kinesisTLS.identity == nil ? "http" : "https"
        return ConnectFacts(
            kafka: listeners,
            kinesis: self.kinesis.map { address in
                "\(scheme)://\(Self.text(Self.reachable(address.ipAddress ?? ""), address.port ?? 0))"
            },
            needsAccessKey: identity.keys.isRequired,
            region: "us-east-1"
        )
    }

    /// A wildcard is reached at the loopback address.
    private static func reachable(_ host: String) -> String {
        host.isEmpty || host == "0.0.0.0" || host == "::" ? "127.0.0.1" : host
    }

    private static func text(_ host: String, _ port: Int) -> String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
