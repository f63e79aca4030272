internal import Broker
internal import KafkaServer
internal import Metadata
internal import NIOCore
internal import Quotas
internal import Serving

// How many connections the faces admit, and for how long idle ones stay.

extension ServerProcess {
    /// How long a connection of either face may be idle.
    var idleTime: TimeAmount {
        let limit = self.configuration.broker.int64("connections.max.idle.ms")
        return limit < 0 ? .hours(24 * 365) : .milliseconds(limit)
    }

    /// How many connections one face admits.
    func connectionLimits(_ configs: BrokerConfigs, encrypted: Bool) -> ConnectionRegistry.Limits {
        let capacity = min(
            self.configuration.memory.connectionsMax(encrypted: encrypted),
            DescriptorLimit.ofProcess().connectionsMax
        )
        return ConnectionRegistry.Limits(
            all: min(configs.int("max.connections"), capacity),
            ofOneAddress: configs.int("max.connections.per.ip"),
            ofAddresses: configs.connectionOverrides,
            ofListeners: self.listenerLimits("max.connections", configs),
            protectedListener: self.protectedListener,
            capacity: capacity
        )
    }

    /// What single Kafka listeners have of a limit, by their names.
    private func listenerLimits(_ name: String, _ configs: BrokerConfigs) -> [String: Int] {
        self.configuration.kafka.reduce(into: [:]) { limits, listener in
            guard configs.isSet(name, listener: listener.name) else { return }
            limits[listener.name] = configs.string(name, listener: listener.name).flatMap { Int($0) }
        }
    }

    /// The listener of other brokers: clients on other listeners do not use up its connections.
    private var protectedListener: String? {
        let names = self.configuration.kafka.map(\.name)
        let name = self.broker.configs.string("inter.broker.listener.name")
        return names.count > 1 ? names.first { $0 == name } : nil
    }

    /// How often connections may be made on the listeners of both faces.
    private func connectionRates(_ configs: BrokerConfigs) -> ConnectionRates.Settings {
        let rate = configs.int("max.connection.creation.rate")
        return ConnectionRates.Settings(
            ofBroker: rate < Int(Int32.max) ? Double(rate) : nil,
            ofListeners: self.listenerLimits("max.connection.creation.rate", configs).mapValues { Double($0) },
            protectedListener: self.protectedListener,
            window: QuotaSensors.Settings(configs).window
        )
    }

    /// Has the limits of connections follow the broker's properties.
    func limitConnections() {
        self.broker.quotas.connectionRatesChanged(self.connectionRates(self.broker.configs))
        self.broker.configStore.observe { self.broker.quotas.connectionRatesChanged(self.connectionRates($0)) }
    }
}
