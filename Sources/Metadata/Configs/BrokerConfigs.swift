/// The broker's properties: what was set while it ran, over what was set at its start, over the defaults.
package struct BrokerConfigs: Sendable, Equatable {
    /// What was set at the start, by name, trimmed. Every name is known and every value valid.
    package let properties: [String: String]
    /// What was set since; valid as well.
    package internal(set) var dynamic = DynamicBrokerConfigs()

    /// Nothing set.
    package init() { self.properties = [:] }

    /// Checks properties as a file or a command line gives them; of a name set twice the last value holds.
    ///
    /// Throws `.unknownName`, with the nearest known name in the message, or `.invalidValue`.
    package init(parsing properties: some Sequence<(name: String, value: String)>) throws(ConfigError) {
        var values: [String: String] = [:]
        for (name, value) in properties {
            guard let definition = Self.definition(of: name) else {
                throw ConfigError(.unknownName, name, Self.refusal(of: name))
            }
            try definition.validate(value)
            values[name] = ConfigText.trimmed(value)
        }
        self.properties = values
        try self.checkTogether()
    }

    /// By name.
    package static let all: [String: ConfigDefinition] = Dictionary(
        uniqueKeysWithValues: [
            Self.brokerTable, Self.logTable, Self.coordinatorTable, Self.tlsTable, Self.saslTable,
        ].joined()
            .map {
                ($0.name, $0)
            }
    )

    /// In byte order.
    package static let sortedNames: [String] = Self.all.keys.sorted()

    /// The text in force, `nil` when there is none. Our bug for a name that is not in `all`.
    package func string(_ name: String) -> String? {
        if let (value, _) = self.setting(name) { return value }
        guard let definition = Self.definition(of: name) else {
            preconditionFailure("\(name) is not a broker property")
        }
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

    /// What was set of a property and where, the most decisive first.
    func settings(_ name: String) -> [(value: String, source: ConfigSource)] {
        let layers: [(value: String?, source: ConfigSource)] = [
            (self.dynamic.broker[name], .dynamicBroker), (self.clusterValue(name), .dynamicDefaultBroker),
            (self.properties[name], .staticBroker),
        ]
        return layers.compactMap { layer in layer.value.map { ($0, layer.source) } }
    }

    /// What was set of a property, and where; `nil` when it has its default.
    func setting(_ name: String) -> (value: String, source: ConfigSource)? {
        if let value = self.dynamic.broker[name] { return (value, .dynamicBroker) }
        if let value = self.clusterValue(name) { return (value, .dynamicDefaultBroker) }
        return self.properties[name].map { ($0, .staticBroker) }
    }

    /// A cluster of Kafka 4.1 and later has this property set for every broker from its first start on, to what the
    /// first broker was started with (KIP-966), and tools expect to find it there.
    private static let clusterWide = "min.insync.replicas"

    /// Names that are set for every broker.
    var clusterNames: [String] { Set(self.dynamic.cluster.keys).union([Self.clusterWide]).sorted() }

    /// What is set of a property for every broker.
    func clusterValue(_ name: String) -> String? {
        if let value = self.dynamic.cluster[name] { return value }
        return name == Self.clusterWide ? self.properties[name] ?? Self.all[name]?.defaultValue : nil
    }

    func checkTogether() throws(ConfigError) {
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
                guard let value = self.setting(synonym.name).flatMap({ Int64($0.value) }) else { continue }
                guard !value.multipliedReportingOverflow(by: synonym.factor).overflow else {
                    throw ConfigError(.invalidValue, synonym.name, "\(synonym.name) is too large: \(value)")
                }
            }
        }
        try self.checkConnectionOverrides()
        try TopicConfigs.validate([:], defaults: self)
    }
}
