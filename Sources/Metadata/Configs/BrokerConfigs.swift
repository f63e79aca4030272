/// The broker's properties: what was set, over the defaults.
package struct BrokerConfigs: Sendable, Equatable {
    /// What was set, by name, trimmed. Every name is known and every value valid.
    package let properties: [String: String]

    /// Nothing set.
    package init() { self.properties = [:] }

    /// Checks properties as a file or a command line gives them; of a name set twice the last value holds.
    ///
    /// Throws `.unknownName`, with the nearest known name in the message, or `.invalidValue`.
    package init(parsing properties: some Sequence<(name: String, value: String)>) throws(ConfigError) {
        var values: [String: String] = [:]
        for (name, value) in properties {
            guard let definition = Self.all[name] else {
                let suggestion =
                    ConfigText.nearest(to: name, among: Self.all.keys).map { " Did you mean \($0)?" } ?? ""
                throw ConfigError(.unknownName, name, "Unknown broker property \(name).\(suggestion)")
            }
            try definition.validate(value)
            values[name] = ConfigText.trimmed(value)
        }
        self.properties = values
        try self.checkTogether()
    }

    /// By name.
    package static let all: [String: ConfigDefinition] = Dictionary(
        uniqueKeysWithValues: (Self.brokerTable + Self.logTable + Self.coordinatorTable).map { ($0.name, $0) }
    )

    /// In byte order.
    package static let sortedNames: [String] = Self.all.keys.sorted()

    /// The text in force, `nil` when there is none. Our bug for a name that is not in `all`.
    package func string(_ name: String) -> String? {
        if let value = self.properties[name] { return value }
        guard let definition = Self.all[name] else { preconditionFailure("\(name) is not a broker property") }
        return definition.defaultValue
    }

    /// Our bug for a property that is not a number or has neither value nor default.
    package func int64(_ name: String) -> Int64 {
        guard let value = self.string(name).flatMap({ Int64($0) }) else {
            preconditionFailure("\(name) is not a number")
        }
        return value
    }

    /// As `int64`, of a property of type INT or SHORT.
    package func int(_ name: String) -> Int { Int(self.int64(name)) }

    package func bool(_ name: String) -> Bool { self.string(name).flatMap(ConfigText.boolean) ?? false }

    package func list(_ name: String) -> [String] { self.string(name).map(ConfigText.list) ?? [] }

    private func checkTogether() throws(ConfigError) {
        let minimum = self.int64("group.min.session.timeout.ms")
        let maximum = self.int64("group.max.session.timeout.ms")
        guard minimum <= maximum else {
            throw ConfigError(
                .invalidValue,
                "group.min.session.timeout.ms",
                "group.min.session.timeout.ms (\(minimum)) is above group.max.session.timeout.ms (\(maximum))"
            )
        }
        // Hours and minutes become milliseconds for topics: the product must fit.
        for config in TopicConfigs.all.values {
            for synonym in config.synonyms where synonym.factor > 1 {
                guard let value = self.properties[synonym.name].flatMap({ Int64($0) }) else { continue }
                guard !value.multipliedReportingOverflow(by: synonym.factor).overflow else {
                    throw ConfigError(.invalidValue, synonym.name, "\(synonym.name) is too large: \(value)")
                }
            }
        }
        try TopicConfigs.validate([:], defaults: self)
    }
}

extension BrokerConfigs {
    /// The value a topic has without an override, and where it comes from.
    package func topicDefault(_ name: String) -> (value: String, source: ConfigSource) {
        guard let config = TopicConfigs.all[name] else { preconditionFailure("\(name) is not a topic config") }
        for synonym in config.synonyms {
            if let value = self.properties[synonym.name] {
                return (Self.converted(value, by: synonym.factor), .staticBroker)
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
        for synonym in config.synonyms {
            guard let value = self.properties[synonym.name] else { continue }
            synonyms.append(.init(name: synonym.name, value: value, source: .staticBroker))
        }
        for synonym in config.synonyms {
            guard let value = Self.all[synonym.name]?.defaultValue else { continue }
            synonyms.append(.init(name: synonym.name, value: value, source: .defaultConfig))
        }
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

    /// Every property of the broker for DescribeConfigs, by name.
    package func resolveBroker() -> [ResolvedConfig] {
        Self.sortedNames.compactMap { self.resolveBroker(name: $0) }
    }

    /// One property of the broker; `nil` for an unknown name.
    package func resolveBroker(name: String) -> ResolvedConfig? {
        guard let definition = Self.all[name] else { return nil }
        var synonyms: [ResolvedConfig.Synonym] = []
        if let value = self.properties[name] {
            synonyms.append(.init(name: name, value: definition.isSensitive ? nil : value, source: .staticBroker))
        }
        if let value = definition.defaultValue {
            synonyms.append(.init(name: name, value: definition.isSensitive ? nil : value, source: .defaultConfig))
        }
        return ResolvedConfig(
            name: name,
            value: definition.isSensitive ? nil : self.string(name),
            source: self.properties[name] == nil ? .defaultConfig : .staticBroker,
            type: definition.type,
            isSensitive: definition.isSensitive,
            // Properties are read at the start; changing them needs a restart.
            isReadOnly: true,
            documentation: definition.documentation,
            synonyms: synonyms
        )
    }

    private static func converted(_ value: String, by factor: Int64) -> String {
        guard factor > 1, let number = Int64(value) else { return value }
        // -1 hours means no limit, as -1 ms does.
        return String(number < 0 ? -1 : number * factor)
    }
}
