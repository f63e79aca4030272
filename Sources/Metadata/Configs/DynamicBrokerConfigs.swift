/// What was set of the broker's properties while it ran: Kafka's dynamic broker configs.
///
/// Stored in the metadata under `kv/brokers/<broker ID>` and, for every broker, under `kv/brokers/` alone.
package struct DynamicBrokerConfigs: Sendable, Equatable {
    /// For this broker alone; these hold before `cluster`.
    package var broker: [String: String] = [:]
    /// For every broker: the resource without a name.
    package var cluster: [String: String] = [:]

    package init(broker: [String: String] = [:], cluster: [String: String] = [:]) {
        self.broker = broker
        self.cluster = cluster
    }
}

extension BrokerConfigs {
    /// Properties that take effect while the broker runs although Kafka's need a restart, or that only Millrace has.
    private static let alsoDynamic: Set = [
        "fetch.verify.checksums", "num.partitions", "record.validation", "alarms.pending.ms",
        "alarms.group.lag.seconds", "alarms.disk.free.percent", "alarms.lag.retention.percent", "alarms.disabled",
    ]

    /// Whether a property that this broker honours can be changed while it runs. What Kafka changes for one broker
    /// alone is changed here with the prefix of a listener only.
    package static func isDynamic(_ name: String) -> Bool {
        if let property = ListenerProperty(name) { return KafkaBrokerTable.rows[property.base]?.updateMode != .static }
        guard Self.all[name] != nil else { return false }
        return Self.alsoDynamic.contains(name) || KafkaBrokerTable.rows[name]?.updateMode == .cluster
    }

    /// These properties with what is set while the broker runs.
    ///
    /// - Parameter changes: as a client gives them; each is checked by itself and with the others.
    /// - Throws: `.unknownName` or `.invalidValue`.
    package func applying(_ changes: DynamicBrokerConfigs) throws(ConfigError) -> BrokerConfigs {
        var configs = self
        configs.dynamic.broker = try Self.checked(changes.broker)
        configs.dynamic.cluster = try Self.checked(changes.cluster, ofAllBrokers: true)
        try configs.checkTogether()
        return configs
    }

    /// As `applying`, of what is stored: what a version before or after this one left is not applied.
    package func applying(stored changes: DynamicBrokerConfigs) -> BrokerConfigs {
        func known(_ configs: [String: String], ofAllBrokers: Bool) -> [String: String] {
            configs.filter { entry in
                (try? Self.checked([entry.key: entry.value], ofAllBrokers: ofAllBrokers)) != nil
            }
        }
        let usable = DynamicBrokerConfigs(
            broker: known(changes.broker, ofAllBrokers: false),
            cluster: known(changes.cluster, ofAllBrokers: true)
        )
        return (try? self.applying(usable)) ?? self
    }

    private static func checked(
        _ changes: [String: String],
        ofAllBrokers: Bool = false
    ) throws(ConfigError) -> [String: String] {
        var checked: [String: String] = [:]
        for (name, value) in changes.sorted(by: { $0.key < $1.key }) {
            guard let definition = Self.definition(of: name) else {
                throw ConfigError(.unknownName, name, Self.refusal(of: name))
            }
            if ListenerProperty.scoped.contains(name), KafkaBrokerTable.rows[name]?.updateMode == .broker {
                throw ConfigError(
                    .invalidValue,
                    name,
                    "These security configs can be dynamically updated only per-listener using the listener prefix: "
                        + "[\(name)]"
                )
            }
            guard Self.isDynamic(name) else {
                throw ConfigError(.invalidValue, name, "Cannot update these configs dynamically: [\(name)]")
            }
            guard !ofAllBrokers || !Self.isOfOneBroker(name) else {
                throw ConfigError(
                    .invalidValue,
                    name,
                    "Cannot update these configs at default cluster level, broker id must be specified: [\(name)]"
                )
            }
            try definition.validate(value)
            checked[name] = ConfigText.trimmed(value)
        }
        // Kafka's own rule: none at the start turns compaction off, and a change may not.
        if checked["log.cleaner.threads"].flatMap({ Int($0) }) == 0 {
            throw ConfigError(.invalidValue, "log.cleaner.threads", "Log cleaner threads should be at least 1")
        }
        return checked
    }

    /// Whether a property may be changed for one broker, not for all of them.
    private static func isOfOneBroker(_ name: String) -> Bool {
        guard let property = ListenerProperty(name) else { return KafkaBrokerTable.rows[name]?.updateMode == .broker }
        return KafkaBrokerTable.rows[property.base]?.updateMode == .broker
    }

    /// Why a property that this broker does not honour is refused.
    static func refusal(of name: String) -> String {
        if KafkaBrokerTable.rows[name] != nil {
            return "\(name) is a property of Kafka that has no effect on this broker."
        }
        let nearest = ConfigText.nearest(to: name, among: Self.all.keys).map { " Did you mean \($0)?" } ?? ""
        return "Unknown broker property \(name).\(nearest)"
    }
}

extension BrokerConfigs {
    /// `max.connections.per.ip.overrides`: how many connections single addresses may have.
    package var connectionOverrides: [String: Int] {
        let entries = ConfigText.list(self.string(Self.connectionOverridesName) ?? "")
        return Dictionary(entries.compactMap(Self.connectionOverride), uniquingKeysWith: { $1 })
    }

    private static let connectionOverridesName = "max.connections.per.ip.overrides"

    func checkConnectionOverrides() throws(ConfigError) {
        let name = Self.connectionOverridesName
        for entry in ConfigText.list(self.string(name) ?? "") where Self.connectionOverride(entry) == nil {
            throw ConfigError(.invalidValue, name, "\(name) must be a list of ADDRESS:COUNT, not \(entry)")
        }
    }

    /// `ADDRESS:COUNT`; the address may have colons itself.
    private static func connectionOverride(_ entry: String) -> (String, Int)? {
        guard let colon = entry.lastIndex(of: ":"), colon != entry.startIndex,
            let count = Int(entry[entry.index(after: colon)...]), count >= 0
        else { return nil }
        return (String(entry[..<colon]), count)
    }
}

extension DynamicBrokerConfigs {
    /// The settings of one resource, as the metadata keeps them.
    package static func encode(_ configs: [String: String]) -> [UInt8] {
        var writer = FieldWriter()
        writer.byte(1)
        writer.map(configs)
        return writer.bytes
    }

    /// Reads what `encode` writes. Throws `.corrupt` or `.newerFormat`.
    package static func decode(_ bytes: [UInt8]) throws(MetadataError) -> [String: String] {
        var reader = FieldReader(bytes[...])
        let format = try reader.byte()
        guard format <= 1 else {
            throw MetadataError(.newerFormat, "Stored settings have format \(format), newer than this version.")
        }
        return try reader.map()
    }
}
