internal import Broker
internal import KafkaServer
internal import Logging
internal import Metadata
internal import ServerTLS

/// TLS of the Kafka listeners, which their properties may change while the server runs.
struct KafkaTLS: Sendable {
    private let listeners: [KafkaServer.Listener]
    /// By the listener's name.
    let ports: [String: ServerTLS]

    init(_ listeners: [KafkaServer.Listener], _ configs: BrokerConfigs) throws(Failure) {
        self.listeners = listeners.filter(\.securityProtocol.usesTLS)
        var ports: [String: ServerTLS] = [:]
        for listener in self.listeners {
            let name = "the listener \(listener.name)"
            do throws(ServerTLSFailure) {
                let settings: TLSSettings
                do throws(ServerTLSFailure) {
                    settings = try TLSSettings(listener: listener.name, listener.securityProtocol, configs)
                } catch {
                    throw ServerTLSFailure("\(name): \(error)")
                }
                ports[listener.name] = try ServerTLS(settings, name: name)
            } catch {
                throw Failure(error.description)
            }
        }
        self.ports = ports
    }

    /// Has changes of the properties checked before they are stored, and used once they are.
    func follow(_ store: BrokerConfigStore, _ logger: Logger) {
        guard !self.listeners.isEmpty else { return }
        store.check { configs throws(BrokerError) in
            for listener in self.listeners {
                do throws(ServerTLSFailure) {
                    let settings = try TLSSettings(listener: listener.name, listener.securityProtocol, configs)
                    try self.ports[listener.name]?.check(
                        settings,
                        allowing: TLSSettings.changes(listener: listener.name, configs)
                    )
                } catch {
                    throw BrokerError(.invalidRequest, error.description)
                }
            }
        }
        store.observe { configs in
            for listener in self.listeners {
                // Checked before it was stored.
                guard
                    let settings = try? TLSSettings(listener: listener.name, listener.securityProtocol, configs)
                else { continue }
                self.ports[listener.name]?.settingsChanged(to: settings, logger)
            }
        }
    }
}
