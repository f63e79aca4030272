internal import Broker
internal import Metadata
internal import Model

/// What a configuration request is about: Kafka's `ConfigResource.Type`.
enum ConfigResource {
    case topic(String)
    /// This broker, or, with an empty name, the default of all brokers.
    case broker(String)
    case brokerLogger(String)
    /// A subscription to metrics of clients, which need not exist.
    case clientMetrics(String)
    /// A consumer group, which need not exist.
    case group(String)
    case unsupported(Int8)

    init(type: Int8, name: String) {
        switch type {
        case 2: self = .topic(name)
        case 4: self = .broker(name)
        case 8: self = .brokerLogger(name)
        case 16: self = .clientMetrics(name)
        case 32: self = .group(name)
        default: self = .unsupported(type)
        }
    }

    static func unsupported(_ type: Int8) -> BrokerError {
        BrokerError(.invalidRequest, "Unknown resource type \(type)")
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

    /// The part of the broker's properties that a resource stands for.
    static func properties(of name: String, _ broker: Broker) throws(BrokerError) -> BrokerConfigStore.Resource {
        if name.isEmpty { return .everyBroker }
        try Self.check(broker: name, broker)
        return .thisBroker
    }

    /// Everything that is described of a resource.
    func resolve(_ broker: Broker) throws(BrokerError) -> [ResolvedConfig] {
        switch self {
        case .topic(let name):
            guard let topic = broker.topics.topic(named: name) else {
                if let problem = TopicName.problem(with: name) {
                    throw BrokerError(.invalidTopicName, "Topic name is invalid: \(problem)")
                }
                throw BrokerError(.unknownTopicOrPartition, "This server does not host this topic-partition.")
            }
            return broker.configs.resolve(topic: topic.topic)
        case .broker(let name):
            switch try Self.properties(of: name, broker) {
            case .everyBroker: return broker.configs.resolveCluster()
            case .thisBroker: return broker.configs.resolveBroker()
            }
        case .brokerLogger(let name):
            guard !name.isEmpty else { throw BrokerError(.invalidRequest, "Broker id must not be empty") }
            try Self.check(broker: name, broker)
            return broker.environment.loggerLevels.all.map { logger in
                ResolvedConfig(
                    name: logger.name,
                    value: logger.level,
                    source: .dynamicBrokerLogger,
                    type: .string,
                    documentation: "What this logger writes at least."
                )
            }
        case .clientMetrics(let name):
            guard !name.isEmpty else {
                throw BrokerError(.invalidRequest, "Client metrics subscription name must not be empty")
            }
            return try broker.clientMetrics.configs(of: name).resolve()
        case .group(let name):
            guard !name.isEmpty else {
                throw BrokerError(.invalidRequest, "Group name is invalid: the empty string is not allowed.")
            }
            return broker.groupConfigs.configs(of: name).resolve(over: broker.configs)
        case .unsupported(let type):
            throw Self.unsupported(type)
        }
    }

    /// What a list has that was never set, for operations that add to it or take from it.
    func defaultValue(of name: String, _ broker: Broker) -> (type: ConfigDefinition.ValueType, value: String)? {
        switch self {
        case .topic:
            return TopicConfigs.all[name].map { ($0.definition.type, broker.configs.topicDefault(name).value) }
        case .broker:
            return BrokerConfigs.definition(of: name).map { ($0.type, broker.configs.string(name) ?? "") }
        case .clientMetrics:
            return ClientMetricsConfigs.all.first { $0.name == name }.map { ($0.type, $0.defaultValue ?? "") }
        case .brokerLogger, .group, .unsupported:
            return nil
        }
    }

    /// Changes the settings of a resource.
    ///
    /// - Parameter edit: makes the new settings of the present ones; may run more than once.
    func alter(
        _ broker: Broker,
        validateOnly: Bool,
        _ edit: @escaping @Sendable (_ configs: [String: String]) throws(BrokerError) -> [String: String]
    ) async throws(BrokerError) {
        switch self {
        case .topic(let name):
            _ = try await broker.control.alterConfigs(of: name, validateOnly: validateOnly, edit: edit)
        case .group(let name):
            try await broker.groupConfigs.alter(name, validateOnly: validateOnly, edit)
        case .broker(let name):
            let resource = try Self.properties(of: name, broker)
            try await broker.configStore.alter(resource, validateOnly: validateOnly, edit)
        case .clientMetrics(let name):
            try await broker.clientMetrics.alter(name, validateOnly: validateOnly, edit)
        case .brokerLogger(let name):
            try Self.check(broker: name, broker)
            throw Self.unsupported(8)
        case .unsupported(let type): throw Self.unsupported(type)
        }
    }
}
