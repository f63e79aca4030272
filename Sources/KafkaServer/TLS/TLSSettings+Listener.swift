package import Metadata
package import ServerTLS

extension TLSSettings {
    /// TLS of a listener, from Kafka's properties.
    ///
    /// - Parameter listener: its name; its own properties hold over those without the prefix.
    /// - Throws: `ServerTLSFailure` that names the property.
    package init(
        listener: String,
        _ securityProtocol: SecurityProtocol,
        _ configs: BrokerConfigs
    ) throws(ServerTLSFailure) {
        func value(_ name: String) -> String? {
            configs.string(name, listener: listener).flatMap { $0.isEmpty ? nil : $0 }
        }
        let (certificates, key) = try Self.identity(value)
        let client = Self.clientAuthentication(listener, securityProtocol, configs)
        self.init(
            certificates: certificates,
            key: key,
            keyPassword: value("ssl.key.password"),
            authorities: try Self.authorities(value),
            clientAuthentication: client,
            versions: Set(configs.list("ssl.enabled.protocols", listener: listener).compactMap(Version.init)),
            cipherSuites: configs.list("ssl.cipher.suites", listener: listener),
            principals: try PrincipalMapping(value("ssl.principal.mapping.rules") ?? "DEFAULT")
        )
    }

    /// What a certificate that is set while the server runs may change.
    package static func changes(listener: String, _ configs: BrokerConfigs) -> ServerTLS.Changes {
        ServerTLS.Changes(
            ofSubject: configs.string("ssl.allow.dn.changes", listener: listener) == "true",
            ofAlternativeNames: configs.string("ssl.allow.san.changes", listener: listener) == "true"
        )
    }

    /// As Kafka has it (KIP-684): clients that authenticate by SASL are asked for a certificate only where the property
    /// is set for their listener alone.
    private static func clientAuthentication(
        _ listener: String,
        _ securityProtocol: SecurityProtocol,
        _ configs: BrokerConfigs
    ) -> ClientAuthentication {
        let name = "ssl.client.auth"
        let isOwn = configs.isSet(name, listener: listener)
        guard isOwn || !securityProtocol.usesSASL else { return .none }
        return configs.string(name, listener: listener).flatMap(ClientAuthentication.init) ?? .none
    }

    private typealias Value = (_ name: String) -> String?

    private static func identity(_ value: Value) throws(ServerTLSFailure) -> (certificates: Source, key: Source) {
        let location = value("ssl.keystore.location")
        try Self.checkType("ssl.keystore.type", value, location)
        guard value("ssl.keystore.password") == nil else {
            throw ServerTLSFailure(
                "ssl.keystore.password cannot be set with PEM, only ssl.key.password, for an encrypted key"
            )
        }
        switch (location, value("ssl.keystore.certificate.chain"), value("ssl.keystore.key")) {
        case (let path?, nil, nil): return (.file(path), .file(path))
        case (nil, let chain?, let key?): return (.text(chain), .text(key))
        case (nil, nil, nil):
            throw ServerTLSFailure(
                "no certificate: set ssl.keystore.location to a PEM file with the private key and the certificate "
                    + "(`millrace generate certs` makes one to try with)"
            )
        case (_?, _, _):
            throw ServerTLSFailure("ssl.keystore.location and ssl.keystore.key or .certificate.chain are both set")
        case (nil, _, nil): throw ServerTLSFailure("ssl.keystore.certificate.chain is set, and ssl.keystore.key is not")
        case (nil, nil, _): throw ServerTLSFailure("ssl.keystore.key is set, and ssl.keystore.certificate.chain is not")
        }
    }

    private static func authorities(_ value: Value) throws(ServerTLSFailure) -> Source? {
        let location = value("ssl.truststore.location")
        try Self.checkType("ssl.truststore.type", value, location)
        guard value("ssl.truststore.password") == nil else {
            throw ServerTLSFailure("ssl.truststore.password cannot be set with PEM")
        }
        switch (location, value("ssl.truststore.certificates")) {
        case (nil, nil): return nil
        case (let path?, nil): return .file(path)
        case (nil, let text?): return .text(text)
        case (_?, _?): throw ServerTLSFailure("ssl.truststore.location and ssl.truststore.certificates are both set")
        }
    }

    private static func checkType(
        _ property: String,
        _ value: Value,
        _ location: String?
    ) throws(ServerTLSFailure) {
        guard let type = value(property), type.uppercased() != "PEM" else { return }
        throw ServerTLSFailure(
            "\(property) is \(type), and only PEM is read. " + TLSSettings.conversion(of: location ?? "store.jks")
        )
    }
}
