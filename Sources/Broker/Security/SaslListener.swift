package import Authentication
package import Metadata
internal import Synchronization

/// What a Kafka listener with SASL offers and demands, from the broker's properties; followed while they change.
package final class SaslListener: Sendable {
    /// Everything of one moment.
    package struct Settings: Sendable, Equatable {
        package var machine: SaslMachine.Settings
        /// `sasl.enabled.mechanisms`, those that are served, as clients are told.
        package var mechanismNames: [String]
        /// The others that are named there.
        package var unservedMechanisms: [String]
        /// Of PLAIN, from `sasl.jaas.config`: passwords by user.
        package var plainUsers: [String: [UInt8]]
        /// `sasl.server.max.receive.size`: the longest frame before the client has authenticated.
        package var receiveBytesMax: Int
        /// `connection.failed.authentication.delay.ms`
        package var failureDelayMilliseconds: Int64
        package var bearerRules: BearerRules
        /// `sasl.oauthbearer.jwks.endpoint.url`
        package var keysAddress: String?
        /// Of that address: `ssl.truststore.location` in `sasl.jaas.config` of OAUTHBEARER, as in Kafka; a PEM file.
        package var keysAuthorities: String?

        /// - Throws: `.invalidValue`.
        package init(listener: String, _ configs: BrokerConfigs) throws(ConfigError) {
            let property = "sasl.enabled.mechanisms"
            let named = configs.list(property, listener: listener)
            let mechanisms = named.compactMap(SaslMechanism.init(rawValue:))
            guard !mechanisms.isEmpty else {
                let served = SaslMechanism.allCases.map(\.rawValue).joined(separator: ", ")
                throw ConfigError(
                    .invalidValue,
                    property,
                    "\(property) of the listener \(listener) is \(named.joined(separator: ",")), and of these none is "
                        + "served; there are \(served)"
                )
            }
            self.mechanismNames = mechanisms.map(\.rawValue)
            self.unservedMechanisms = named.filter { SaslMechanism(rawValue: $0) == nil }
            self.machine = SaslMachine.Settings(mechanisms: mechanisms)
            for mechanism in mechanisms {
                let text = configs.string(
                    "connections.max.reauth.ms",
                    listener: listener,
                    mechanism: mechanism.rawValue
                )
                if let time = text.flatMap({ Int64($0) }), time > 0 { self.machine.sessionLifetimes[mechanism] = time }
            }
            self.plainUsers = try Self.jaas(listener, .plain, configs)?.plainUsers.mapValues { Array($0.utf8) } ?? [:]
            self.keysAuthorities = try Self.jaas(listener, .oauthBearer, configs)?.entries
                .first { $0.module == JaasLine.bearerModule }?.options["ssl.truststore.location"]
            self.receiveBytesMax = configs.int("sasl.server.max.receive.size")
            self.failureDelayMilliseconds = configs.int64("connection.failed.authentication.delay.ms")
            self.bearerRules = BearerRules(listener: listener, configs)
            self.keysAddress = configs.string("sasl.oauthbearer.jwks.endpoint.url", listener: listener)
            guard self.keysAddress != nil || !mechanisms.contains(.oauthBearer) else {
                throw ConfigError(
                    .invalidValue,
                    property,
                    "OAUTHBEARER of the listener \(listener) needs sasl.oauthbearer.jwks.endpoint.url: unsigned tokens "
                        + "are not accepted"
                )
            }
        }

        private static func jaas(
            _ listener: String,
            _ mechanism: SaslMechanism,
            _ configs: BrokerConfigs
        ) throws(ConfigError) -> JaasLine? {
            let property = "sasl.jaas.config"
            guard let text = configs.string(property, listener: listener, mechanism: mechanism.rawValue) else {
                return nil
            }
            do throws(JaasLine.Failure) {
                return try JaasLine(text)
            } catch {
                let name = ListenerProperty(listener: listener, mechanism: mechanism.rawValue, base: property).name
                throw ConfigError(.invalidValue, name, "\(name): \(error.reason)")
            }
        }
    }

    package let name: String
    /// Of OAUTHBEARER; `nil`: that is not offered.
    package let bearers: (any BearerVerifier)?
    /// Of the listener for other brokers.
    let brokerLogin: BrokerLogin?
    private let settings: Mutex<Settings>

    package init(
        name: String,
        settings: Settings,
        bearers: (any BearerVerifier)?,
        brokerLogin: BrokerLogin? = nil
    ) {
        self.name = name
        self.bearers = bearers
        self.brokerLogin = brokerLogin
        self.settings = Mutex(settings)
    }

    package var current: Settings { self.settings.withLock { $0 } }

    /// The properties have changed: the next connections, and the next passwords, follow. What is not valid is not
    /// taken over.
    package func configsChanged(_ configs: BrokerConfigs) {
        guard let settings = try? Settings(listener: self.name, configs) else { return }
        self.settings.withLock { $0 = settings }
    }
}

extension BearerRules {
    init(listener: String, _ configs: BrokerConfigs) {
        self.init()
        func text(_ name: String) -> String? {
            configs.string("sasl.oauthbearer." + name, listener: listener, mechanism: "oauthbearer")
        }
        self.issuer = text("expected.issuer")
        self.audiences = (text("expected.audience") ?? "").split(separator: ",").map { item in
            String(item.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
        self.clockSkewSeconds = text("clock.skew.seconds").flatMap { Int64($0) } ?? self.clockSkewSeconds
        self.scopeClaim = text("scope.claim.name") ?? self.scopeClaim
        self.subjectClaim = text("sub.claim.name") ?? self.subjectClaim
    }
}
