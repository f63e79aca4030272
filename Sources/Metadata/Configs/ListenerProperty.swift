/// A broker property that is set for one listener alone: `listener.name.NAME.PROPERTY`, for some properties of SASL
/// also `listener.name.NAME.MECHANISM.PROPERTY`. It holds over the property without the prefix.
package struct ListenerProperty: Sendable, Hashable {
    /// Of the listener, lower case.
    package var listener: String
    /// Of SASL, lower case, for example `scram-sha-256`; `nil`: for every mechanism.
    package var mechanism: String?
    /// The property's name without the prefix.
    package var base: String

    /// Properties that a listener may have of its own.
    static let scoped = BrokerConfigs.tlsNames.union(BrokerConfigs.saslNames)
        .union(["max.connections", "max.connection.creation.rate"])

    /// Properties that each SASL mechanism of a listener may have of its own.
    static let mechanismScoped: Set<String> = BrokerConfigs.saslMechanismNames

    private static let prefix = "listener.name."

    /// - Returns: `nil` for a name without the prefix, or of a property that listeners do not have of their own.
    package init?(_ name: String) {
        guard name.hasPrefix(Self.prefix) else { return nil }
        let parts = name.dropFirst(Self.prefix.count).split(separator: ".", omittingEmptySubsequences: false)
        // Names of listeners may have dots too: the shortest one with which a property is left.
        for end in 1..<max(1, parts.count) {
            let listener = parts[..<end].joined(separator: ".")
            guard !listener.isEmpty else { return nil }
            let rest = parts[end...].joined(separator: ".")
            if Self.scoped.contains(rest) {
                self.init(listener: listener, mechanism: nil, base: rest)
                return
            }
            let base = parts[(end + 1)...].joined(separator: ".")
            if Self.mechanismScoped.contains(base), !parts[end].isEmpty {
                self.init(listener: listener, mechanism: String(parts[end]), base: base)
                return
            }
        }
        return nil
    }

    package init(listener: String, mechanism: String? = nil, base: String) {
        self.listener = listener.lowercased()
        self.mechanism = mechanism?.lowercased()
        self.base = base
    }

    /// The whole name.
    package var name: String {
        let mechanism = self.mechanism.map { $0 + "." } ?? ""
        return "\(Self.prefix)\(self.listener).\(mechanism)\(self.base)"
    }
}

extension BrokerConfigs {
    /// The property of this name, also with the prefix of a listener; `nil` for a name that this broker does not know.
    package static func definition(of name: String) -> ConfigDefinition? {
        if let definition = Self.all[name] { return definition }
        guard let property = ListenerProperty(name), var definition = Self.all[property.base] else { return nil }
        definition.name = name
        // Without a value of its own the listener has that of the property without the prefix.
        definition.defaultValue = nil
        return definition
    }

    /// The text in force for a listener: its own, else that of all listeners, else the default.
    ///
    /// - Parameters:
    ///   - listener: its name, in any case.
    ///   - mechanism: of SASL, in any case; its own value holds over the listener's.
    package func string(_ name: String, listener: String, mechanism: String? = nil) -> String? {
        if let mechanism {
            let own = ListenerProperty(listener: listener, mechanism: mechanism, base: name).name
            if let (value, _) = self.setting(own) { return value }
        }
        if let (value, _) = self.setting(ListenerProperty(listener: listener, base: name).name) { return value }
        return self.string(name)
    }

    /// Whether a property is set for this listener alone.
    package func isSet(_ name: String, listener: String) -> Bool {
        self.setting(ListenerProperty(listener: listener, base: name).name) != nil
    }

    /// As `string(_:listener:mechanism:)`, of a list; empty when there is none.
    package func list(_ name: String, listener: String) -> [String] {
        self.string(name, listener: listener).map(ConfigText.list) ?? []
    }

    /// Every property with a listener's prefix that is set, by name.
    var listenerSettings: [String] {
        let names = [self.properties.keys, self.dynamic.broker.keys, self.dynamic.cluster.keys].joined()
        return Set(names.filter { ListenerProperty($0) != nil }).sorted()
    }
}
