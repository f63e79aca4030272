/// A broker's properties as Kafka users have them, in `server.properties` or in `KAFKA_*` variables: sorted by what
/// this broker does with each.
package struct KafkaProperties: Sendable {
    /// Honoured here.
    package private(set) var honoured: [(name: String, value: String)] = []
    /// Kafka's, but without effect here: threads, replication, TLS of listeners that are not there.
    package private(set) var withoutEffect: [String] = []
    /// Not Kafka's either.
    package private(set) var unknown: [(name: String, value: String)] = []

    /// Properties that nobody sets without relying on what they do: ignoring them would let in whom they keep out, or
    /// lose what they keep.
    private static let reliedOn = [
        "alter.config.policy.class.name", "client.quota.callback.class",
        "create.topic.policy.class.name", "remote.log.storage.system.enable", "ssl.engine.factory.class",
    ]

    /// - Throws: `.invalidValue` for a property that must not be ignored.
    package init(_ properties: some Sequence<(name: String, value: String)>) throws(ConfigError) {
        for (name, value) in properties {
            if BrokerConfigs.definition(of: name) != nil {
                self.honoured.append((name, value))
            } else if Self.reliedOn.contains(name), !["", "false"].contains(ConfigText.trimmed(value)) {
                throw ConfigError(
                    .invalidValue,
                    name,
                    "\(name) is set, and this broker cannot do what it says: remove it to start without it"
                )
            } else if KafkaBrokerTable.rows[name] != nil {
                self.withoutEffect.append(name)
            } else {
                self.unknown.append((name, value))
            }
        }
        self.withoutEffect = Set(self.withoutEffect).sorted()
    }

    /// Why an unknown property is refused.
    package static func refusal(of name: String) -> String { BrokerConfigs.refusal(of: name) }

    /// The name of the property that a variable of Kafka's container image stands for: `KAFKA_` in front, then capital
    /// letters with `_` for a dot, `__` for an underscore and `___` for a dash.
    ///
    /// - Returns: `nil` for a variable that stands for no property of a broker.
    package static func name(ofVariable variable: String) -> String? {
        let prefix = "KAFKA_"
        guard variable.hasPrefix(prefix), variable.count > prefix.count else { return nil }
        var name = ""
        var underscores = 0
        for character in variable.dropFirst(prefix.count).lowercased() + "\0" {
            if character == "_" {
                underscores += 1
                continue
            }
            while underscores > 0 {
                let count = min(underscores, 3)
                name += count == 3 ? "-" : count == 2 ? "_" : "."
                underscores -= count
            }
            if character != "\0" { name.append(character) }
        }
        let isKnown = BrokerConfigs.definition(of: name) != nil || KafkaBrokerTable.rows[name] != nil
        return isKnown ? name : nil
    }
}
