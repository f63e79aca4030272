/// The values in force for one topic: its overrides over the broker's properties over the defaults.
package struct TopicSettings: Sendable {
    private let overrides: [String: String]
    private let broker: BrokerConfigs

    /// - Parameter overrides: valid ones (`TopicConfigs.validate`).
    package init(overrides: [String: String], broker: BrokerConfigs) {
        self.overrides = overrides
        self.broker = broker
    }

    /// The text in force. Our bug for a name that is not in `TopicConfigs`.
    package func string(_ name: String) -> String {
        if let value = self.overrides[name] { return ConfigText.trimmed(value) }
        return self.broker.topicDefault(name).value
    }

    /// A stored override that does not parse (written by other software) counts as not set, here and below.
    package func int64(_ name: String) -> Int64 {
        if let value = self.overrides[name].flatMap({ Int64(ConfigText.trimmed($0)) }) { return value }
        guard let value = Int64(self.broker.topicDefault(name).value) else {
            preconditionFailure("\(name) is not a number")
        }
        return value
    }

    package func bool(_ name: String) -> Bool {
        if let value = self.overrides[name].flatMap({ ConfigText.boolean(ConfigText.trimmed($0)) }) { return value }
        return ConfigText.boolean(self.broker.topicDefault(name).value) ?? false
    }

    package func double(_ name: String) -> Double {
        if let value = self.overrides[name].flatMap({ Double(ConfigText.trimmed($0)) }) { return value }
        guard let value = Double(self.broker.topicDefault(name).value) else {
            preconditionFailure("\(name) is not a number")
        }
        return value
    }

    package func list(_ name: String) -> [String] { ConfigText.list(self.string(name)) }
}

/// Where a setting's value comes from, with the numbers of DescribeConfigs.
package enum ConfigSource: Int8, Sendable {
    case dynamicTopic = 1
    case dynamicBroker = 2
    case dynamicDefaultBroker = 3
    case staticBroker = 4
    case defaultConfig = 5
    case dynamicBrokerLogger = 6
    case dynamicClientMetrics = 7
    case dynamicGroup = 8

    /// Kafka's name.
    package var name: String {
        switch self {
        case .dynamicTopic: "DYNAMIC_TOPIC_CONFIG"
        case .dynamicBroker: "DYNAMIC_BROKER_CONFIG"
        case .dynamicDefaultBroker: "DYNAMIC_DEFAULT_BROKER_CONFIG"
        case .staticBroker: "STATIC_BROKER_CONFIG"
        case .defaultConfig: "DEFAULT_CONFIG"
        case .dynamicBrokerLogger: "DYNAMIC_BROKER_LOGGER_CONFIG"
        case .dynamicClientMetrics: "DYNAMIC_CLIENT_METRICS_CONFIG"
        case .dynamicGroup: "DYNAMIC_GROUP_CONFIG"
        }
    }
}

/// A setting as DescribeConfigs reports it.
package struct ResolvedConfig: Sendable, Equatable {
    /// One of the places a value could come from, most decisive first.
    package struct Synonym: Sendable, Equatable {
        package var name: String
        package var value: String?
        package var source: ConfigSource
    }

    package var name: String
    /// `nil`: not set, or sensitive.
    package var value: String?
    package var source: ConfigSource
    package var type: ConfigDefinition.ValueType
    package var isSensitive: Bool
    package var isReadOnly: Bool
    package var documentation: String
    package var synonyms: [Synonym]

    package init(
        name: String,
        value: String?,
        source: ConfigSource,
        type: ConfigDefinition.ValueType,
        isSensitive: Bool = false,
        isReadOnly: Bool = false,
        documentation: String,
        synonyms: [Synonym] = []
    ) {
        self.name = name
        self.value = value
        self.source = source
        self.type = type
        self.isSensitive = isSensitive
        self.isReadOnly = isReadOnly
        self.documentation = documentation
        self.synonyms = synonyms
    }
}
