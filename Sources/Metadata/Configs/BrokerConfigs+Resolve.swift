extension BrokerConfigs {
    /// The value a topic has without an override, and where it comes from.
    package func topicDefault(_ name: String) -> (value: String, source: ConfigSource) {
        guard let config = TopicConfigs.all[name] else { preconditionFailure("\(name) is not a topic config") }
        for synonym in config.synonyms {
            if let (value, source) = self.setting(synonym.name) {
                return (Self.converted(value, by: synonym.factor), source)
            }
        }
        return (config.definition.defaultValue ?? "", .defaultConfig)
    }

    /// The settings in force for a topic.
    package func settings(for topic: Topic) -> TopicSettings {
        TopicSettings(overrides: topic.configs, broker: self)
    }

    /// Every setting of a topic for DescribeConfigs, by name.
    package func resolve(topic: Topic) -> [ResolvedConfig] {
        TopicConfigs.sortedNames.compactMap { self.resolve(topic: topic, name: $0) }
    }

    /// One setting of a topic; `nil` for a name that topics do not have.
    package func resolve(topic: Topic, name: String) -> ResolvedConfig? {
        guard let config = TopicConfigs.all[name] else { return nil }
        var synonyms: [ResolvedConfig.Synonym] = []
        if let value = topic.configs[name] {
            synonyms.append(.init(name: name, value: value, source: .dynamicTopic))
        }
        synonyms += self.synonyms(config.synonyms.map(\.name))
        let inherited = self.topicDefault(name)
        var value = topic.configs[name] ?? inherited.value
        // Its default is the topic's own: the way of the API that made it.
        if name == "shard.routing" { value = topic.routing.configValue }
        return ResolvedConfig(
            name: name,
            value: value,
            source: topic.configs[name] == nil ? inherited.source : .dynamicTopic,
            type: config.definition.type,
            isSensitive: false,
            isReadOnly: false,
            documentation: config.definition.documentation,
            synonyms: synonyms
        )
    }

    /// Every property of the broker for DescribeConfigs, by name: those that it honours, Kafka's others, and what is
    /// set for single listeners.
    package func resolveBroker() -> [ResolvedConfig] {
        let ofListeners = self.listenerSettings
        let names = ofListeners.isEmpty ? Self.describedNames : (Self.describedNames + ofListeners).sorted()
        return names.compactMap { self.resolveBroker(name: $0) }
    }

    /// One property of the broker; `nil` for an unknown name.
    package func resolveBroker(name: String) -> ResolvedConfig? {
        guard let definition = Self.definition(of: name) ?? KafkaBrokerTable.rows[name]?.definition else { return nil }
        var synonyms = self.synonyms(Self.synonymNames(of: name), isSensitive: definition.isSensitive)
        // Of a property in several units each has its own value.
        synonyms = Array(synonyms.drop { $0.name != name })
        let setting = self.setting(name)
        // What is not set of a listener is not a property of its own.
        if setting == nil, ListenerProperty(name) != nil { return nil }
        return ResolvedConfig(
            name: name,
            value: definition.isSensitive ? nil : setting?.value ?? definition.defaultValue,
            source: setting?.source ?? .defaultConfig,
            type: definition.type,
            isSensitive: definition.isSensitive,
            isReadOnly: !Self.isDynamic(name),
            documentation: definition.documentation,
            synonyms: synonyms
        )
    }

    /// What was set for every broker while they ran: all that the resource without a name has.
    package func resolveCluster() -> [ResolvedConfig] {
        self.clusterNames.compactMap { name in
            guard let definition = Self.definition(of: name), let value = self.clusterValue(name) else { return nil }
            return ResolvedConfig(
                name: name,
                value: value,
                source: .dynamicDefaultBroker,
                type: definition.type,
                documentation: definition.documentation,
                synonyms: [.init(name: name, value: value, source: .dynamicDefaultBroker)]
            )
        }
    }

    /// Where a value could come from, the most decisive first: what was set of any of the names, then the defaults.
    private func synonyms(_ names: [String], isSensitive: Bool = false) -> [ResolvedConfig.Synonym] {
        let settings = names.flatMap { name in self.settings(name).map { (name, $0.value, $0.source) } }
        let defaults = names.compactMap { name -> (String, String, ConfigSource)? in
            let definition = Self.definition(of: name) ?? KafkaBrokerTable.rows[name]?.definition
            return definition?.defaultValue.map { (name, $0, .defaultConfig) }
        }
        var synonyms: [ResolvedConfig.Synonym] = []
        for source in [ConfigSource.dynamicBroker, .dynamicDefaultBroker, .staticBroker, .defaultConfig] {
            for (name, value, place) in settings + defaults where place == source {
                synonyms.append(.init(name: name, value: isSensitive ? nil : value, source: source))
            }
        }
        return synonyms
    }

    /// The names that a property may be set by, in order of precedence.
    private static func synonymNames(of name: String) -> [String] {
        if let property = ListenerProperty(name) { return [name, property.base] }
        let config = TopicConfigs.all.values.first { config in
            config.synonyms.count > 1 && config.synonyms.contains { $0.name == name }
        }
        return config?.synonyms.map(\.name) ?? [name]
    }

    private static let describedNames = Set(Self.all.keys).union(KafkaBrokerTable.rows.keys).sorted()

    private static func converted(_ value: String, by factor: Int64) -> String {
        guard factor > 1, let number = Int64(value) else { return value }
        // -1 hours means no limit, as -1 ms does.
        return String(number < 0 ? -1 : number * factor)
    }
}
