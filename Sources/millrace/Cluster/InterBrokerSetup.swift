internal import Authentication
internal import Broker
internal import ClientTLS
internal import InterBroker
internal import KafkaClient
internal import KafkaServer
internal import Metadata

/// The listener that is for other brokers, and how this broker reaches those of the others.
struct InterBrokerSetup: Sendable {
    /// What `addListener` calls the listener.
    static let listenerName = "BROKERS"
    private static let connectTimeout = Duration.seconds(3)
    private static let requestTimeout = Duration.seconds(15)

    let listener: String
    /// Of the whole cluster.
    let login: BrokerLogin
    let client: ClientSettings

    /// - Parameter secret: of the cluster, for brokers that have no user of their own.
    init(_ configuration: ServeConfiguration, secret: [UInt8]) throws(Failure) {
        let configs = configuration.broker
        let name = configs.string("inter.broker.listener.name") ?? configs.string("security.inter.broker.protocol")
        guard let listener = configuration.kafka.first(where: { $0.name == name?.uppercased() }) else {
            throw Failure("a broker of a cluster needs a listener for other brokers: set inter.broker.listener.name")
        }
        self.listener = listener.name
        self.login = BrokerLogin(secret: secret)
        var client = ClientSettings()
        client.clientID = "broker-\(configs.int("node.id"))"
        client.softwareVersion = Version.number
        client.connectTimeout = Self.connectTimeout
        client.requestTimeout = Self.requestTimeout
        if listener.securityProtocol.usesTLS { client.tls = try Self.tls(listener.name, configs) }
        if listener.securityProtocol.usesSASL { client.login = try Self.login(listener.name, configs, self.login) }
        self.client = client
    }

    /// The listener's own certificate and authorities, as Kafka's brokers use them among each other.
    private static func tls(_ listener: String, _ configs: BrokerConfigs) throws(Failure) -> ClientTLS {
        func path(_ name: String) -> String? {
            configs.string(name, listener: listener).flatMap { $0.isEmpty ? nil : $0 }
        }
        for name in ["ssl.keystore.key", "ssl.truststore.certificates", "ssl.key.password"] where path(name) != nil {
            throw Failure("the listener \(listener) is for brokers: \(name) is not read there, give files of PEM")
        }
        do throws(TLSFailure) {
            return try ClientTLS(
                ClientTLS.Files(
                    authorities: path("ssl.truststore.location"),
                    certificate: path("ssl.keystore.location")
                )
            )
        } catch {
            throw Failure("the listener \(listener): \(error)")
        }
    }

    /// `username` and `password` of `sasl.jaas.config`, as in Kafka; without them the cluster's secret.
    private static func login(
        _ listener: String,
        _ configs: BrokerConfigs,
        _ own: BrokerLogin
    ) throws(Failure) -> ClientLogin {
        let property = "sasl.mechanism.inter.broker.protocol"
        let name = configs.string(property) ?? BrokerLogin.mechanism.rawValue
        guard let mechanism = SaslMechanism(rawValue: name), mechanism != .oauthBearer else {
            throw Failure("\(property) is \(name), and brokers speak PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")
        }
        let enabled = configs.list("sasl.enabled.mechanisms", listener: listener)
        guard enabled.contains(name) else {
            throw Failure("\(property) is \(name), which the listener \(listener) has not in sasl.enabled.mechanisms")
        }
        if let text = configs.string("sasl.jaas.config", listener: listener, mechanism: name),
            let options = (try? JaasLine(text))?.entries.first(where: { $0.options["username"] != nil })?.options,
            let user = options["username"], let password = options["password"]
        {
            return ClientLogin(user: user, password: password, mechanism: mechanism)
        }
        guard mechanism == BrokerLogin.mechanism else {
            throw Failure("the listener \(listener) is for brokers: sasl.jaas.config names no username for \(name)")
        }
        return ClientLogin(user: BrokerLogin.user, password: own.password, mechanism: mechanism)
    }

    // MARK: Without configuration

    /// Gives the brokers of a cluster a listener of their own where none is named: on the host of the first listener,
    /// on a free port that the others read in the metadata, with authentication by the cluster's secret.
    static func addListener(to properties: inout [String: String]) {
        guard properties["inter.broker.listener.name"] == nil, properties["security.inter.broker.protocol"] == nil,
            let listeners = properties["listeners"], let first = listeners.split(separator: ",").first,
            let start = first.firstRange(of: "://")?.upperBound, let end = first.lastIndex(of: ":"), start <= end
        else { return }
        let name = Self.listenerName
        properties["listeners"] = "\(listeners),\(name)://\(first[start..<end]):0"
        let map = properties["listener.security.protocol.map"].map { $0 + "," } ?? ""
        properties["listener.security.protocol.map"] = "\(map)\(name):\(SecurityProtocol.saslPlaintext.rawValue)"
        properties["listener.name.\(name.lowercased()).sasl.enabled.mechanisms"] = BrokerLogin.mechanism.rawValue
        properties["inter.broker.listener.name"] = name
    }
}
