internal import Authentication
internal import BearerTokens
internal import Broker
internal import KafkaServer
internal import Logging
internal import Metadata

/// The SASL of each Kafka listener that has it, and the keys of tokens that they need.
struct SaslSetup {
    private(set) var listeners: [String: SaslListener] = [:]
    /// To be kept up to date while the server runs.
    private(set) var keySets: [KeySetVerifier] = []

    /// - Throws: `Failure`: what is set is not possible, or keys cannot be read.
    init(_ configuration: ServeConfiguration, _ broker: Broker, _ interBroker: InterBrokerSetup?) async throws {
        let configs = broker.configs
        for listener in configuration.kafka where listener.securityProtocol.usesSASL {
            do {
                let settings = try SaslListener.Settings(listener: listener.name, configs)
                var keys: KeySetVerifier?
                if let url = settings.keysAddress, settings.machine.mechanisms.contains(.oauthBearer) {
                    keys = try await Self.keys(listener.name, url, settings, configs, broker)
                }
                if let keys { self.keySets.append(keys) }
                self.listeners[listener.name] = SaslListener(
                    name: listener.name,
                    settings: settings,
                    bearers: keys,
                    brokerLogin: interBroker?.listener == listener.name ? interBroker?.login : nil
                )
                for name in settings.unservedMechanisms {
                    broker.environment.logger.notice(
                        "a mechanism of sasl.enabled.mechanisms is not served",
                        metadata: ["listener": "\(listener.name)", "mechanism": "\(name)"]
                    )
                }
            } catch let error as ConfigError {
                throw Failure(error.message)
            } catch let refusal as BearerRefusal {
                throw Failure("the keys of OAUTHBEARER at the listener \(listener.name): \(refusal.reason)")
            }
        }
    }

    private static func keys(
        _ listener: String,
        _ url: String,
        _ settings: SaslListener.Settings,
        _ configs: BrokerConfigs,
        _ broker: Broker
    ) async throws -> KeySetVerifier {
        func number(_ name: String) -> Int64 {
            let text = configs.string("sasl.oauthbearer.jwks.endpoint." + name, listener: listener)
            return text.flatMap { Int64($0) } ?? 1000
        }
        let verifier = KeySetVerifier(
            .init(
                source: try KeySetSource(url: url, authorities: settings.keysAuthorities),
                rules: settings.bearerRules,
                refreshMilliseconds: number("refresh.ms"),
                retryMilliseconds: number("retry.backoff.ms"),
                retryMillisecondsMax: number("retry.backoff.max.ms")
            ),
            logger: LeveledLogHandler.Name.kafka.logger(broker.environment.loggerLevels)
        )
        try await verifier.load()
        return verifier
    }
}
