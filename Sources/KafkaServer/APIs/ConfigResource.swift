internal import Broker
internal import Model

/// What a configuration request is about: Kafka's `ConfigResource.Type`.
enum ConfigResource {
    case topic(String)
    /// This broker, or, with an empty name, the default of all brokers.
    case broker(String)
    /// A consumer group, which need not exist.
    case group(String)
    case unsupported(Int8)

    init(type: Int8, name: String) {
        switch type {
        case 2: self = .topic(name)
        case 4: self = .broker(name)
        case 32: self = .group(name)
        default: self = .unsupported(type)
        }
    }

    static func unsupported(_ type: Int8) -> BrokerError {
        BrokerError(
            .invalidRequest,
            "Resources of type \(type) have no configuration here; topics (2), brokers (4) and groups (32) do."
        )
    }

    /// Refuses a broker number that is not this one.
    static func check(broker name: String, _ broker: Broker) throws(BrokerError) {
        guard let number = Int32(name) else {
            throw BrokerError(.invalidRequest, "Broker id must be an integer, but it is: \(name)")
        }
        guard number == broker.settings.nodeID.rawValue else {
            throw BrokerError(
                .invalidRequest,
                "Unexpected broker id, expected \(broker.settings.nodeID) or empty string, but received \(name)"
            )
        }
    }

    /// The broker's properties are read at the start.
    static let brokerIsStatic = BrokerError(
        .policyViolation,
        "Broker properties cannot be changed while the broker runs: set them with --set or in the configuration file."
    )
}
