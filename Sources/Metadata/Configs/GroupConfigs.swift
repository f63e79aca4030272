/// The settings of one group (`group` resources, KIP-848): what was set, over the broker's properties.
///
/// Stored in the metadata under `kv/groups/<group ID>`, a line `name=value` for each.
package struct GroupConfigs: Sendable, Equatable {
    /// One setting of a group, and the broker's properties behind it.
    package struct Definition: Sendable {
        package var name: String
        /// The broker's property that holds where nothing is set.
        package var property: String
        package var minimumProperty: String
        package var maximumProperty: String
        package var documentation: String
    }

    package static let sessionTimeout = "consumer.session.timeout.ms"
    package static let heartbeatInterval = "consumer.heartbeat.interval.ms"

    /// In byte order.
    package static let all: [Definition] = [
        Definition(
            name: Self.heartbeatInterval,
            property: "group.consumer.heartbeat.interval.ms",
            minimumProperty: "group.consumer.min.heartbeat.interval.ms",
            maximumProperty: "group.consumer.max.heartbeat.interval.ms",
            documentation: "How often members of the consumer protocol show life."
        ),
        Definition(
            name: Self.sessionTimeout,
            property: "group.consumer.session.timeout.ms",
            minimumProperty: "group.consumer.min.session.timeout.ms",
            maximumProperty: "group.consumer.max.session.timeout.ms",
            documentation: "How long a member of the consumer protocol may be silent."
        ),
    ]

    /// What was set, by name. Every name is known and every value a number.
    package private(set) var values: [String: Int32] = [:]

    package init() {}

    /// Checks settings as a client gives them. Throws `.unknownName` or `.invalidValue`.
    package init(_ texts: [String: String], over broker: BrokerConfigs) throws(ConfigError) {
        for (name, text) in texts.sorted(by: { $0.key < $1.key }) {
            guard let definition = Self.all.first(where: { $0.name == name }) else {
                throw ConfigError(.unknownName, name, "Unknown group config name: \(name)")
            }
            let bounds =
                broker.int(
                    definition.minimumProperty
                )...max(
                    broker.int(definition.minimumProperty),
                    broker.int(definition.maximumProperty)
                )
            guard let value = Int32(ConfigText.trimmed(text)) else {
                throw ConfigError(
                    .invalidValue,
                    name,
                    "Invalid value \(text) for configuration \(name): Not a number of type INT"
                )
            }
            guard Int(value) >= bounds.lowerBound else {
                throw ConfigError(
                    .invalidValue,
                    name,
                    "\(name) must be greater than or equal to \(definition.minimumProperty)"
                )
            }
            guard Int(value) <= bounds.upperBound else {
                throw ConfigError(
                    .invalidValue,
                    name,
                    "\(name) must be less than or equal to \(definition.maximumProperty)"
                )
            }
            self.values[name] = value
        }
        let session = self.values[Self.sessionTimeout].map(Int.init) ?? broker.int("group.consumer.session.timeout.ms")
        let interval =
            self.values[Self.heartbeatInterval].map(Int.init) ?? broker.int("group.consumer.heartbeat.interval.ms")
        guard session > interval else {
            throw ConfigError(
                .invalidValue,
                Self.sessionTimeout,
                "\(Self.sessionTimeout) must be greater than \(Self.heartbeatInterval)"
            )
        }
    }

    /// Reads what `encoded` writes. What is not known (written by a later version) is left out.
    package init(decoding bytes: [UInt8]) {
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let value = Int32(parts[1]) else { continue }
            let name = String(parts[0])
            if Self.all.contains(where: { $0.name == name }) { self.values[name] = value }
        }
    }

    /// Settings that were stored, as `texts` gives them. What is not known is left out.
    package init(stored texts: [String: String]) {
        for (name, text) in texts {
            guard let value = Int32(text), Self.all.contains(where: { $0.name == name }) else { continue }
            self.values[name] = value
        }
    }

    package var encoded: [UInt8] {
        Array(self.values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: "\n").utf8)
    }

    /// What was set, as clients give and get it.
    package var texts: [String: String] { self.values.mapValues(String.init) }

    /// Every setting, with where its value comes from.
    package func resolve(over broker: BrokerConfigs) -> [ResolvedConfig] {
        Self.all.map { definition in
            let fallback = broker.resolveBroker(name: definition.property)
            let own = self.values[definition.name].map(String.init)
            var synonyms = fallback?.synonyms ?? []
            if let own { synonyms.insert(.init(name: definition.name, value: own, source: .dynamicGroup), at: 0) }
            return ResolvedConfig(
                name: definition.name,
                value: own ?? fallback?.value,
                source: own == nil ? fallback?.source ?? .defaultConfig : .dynamicGroup,
                type: .int,
                isSensitive: false,
                isReadOnly: false,
                documentation: definition.documentation,
                synonyms: synonyms
            )
        }
    }
}
