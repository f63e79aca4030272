/// The properties of TLS that are honoured, each also with the prefix of a listener. What they do together is decided
/// by `ServerTLS`.
extension BrokerConfigs {
    // swift-format-ignore
    static let tlsTable: [ConfigDefinition] = [
        .init(
            "ssl.allow.dn.changes", .boolean, "false",
            "Whether a certificate that is set while the broker runs may be of another subject than the one before."
        ),
        .init(
            "ssl.allow.san.changes", .boolean, "false",
            "Whether a certificate that is set while the broker runs may lack names or addresses of the one before."
        ),
        .init(
            "ssl.cipher.suites", .list, "",
            "The cipher suites, by their registered names; of TLS 1.3 all three or none. (default: those with forward secrecy)"
        ),
        .init(
            "ssl.client.auth", .string, "none", .oneOf(["required", "requested", "none"]),
            "Whether clients show a certificate: required, requested (one that is shown must be good), or none."
        ),
        .init(
            "ssl.enabled.protocols", .list, "TLSv1.2,TLSv1.3", .listOf(["TLSv1.2", "TLSv1.3"]),
            "The versions of TLS that are spoken."
        ),
        .init("ssl.key.password", .password, nil, "The password of an encrypted private key."),
        .init(
            "ssl.keystore.certificate.chain", .password, nil,
            "The certificate and those that vouch for it, as PEM in the property itself; with ssl.keystore.key."
        ),
        .init("ssl.keystore.key", .password, nil, "The private key, as PEM in the property itself."),
        .init(
            "ssl.keystore.location", .string, nil,
            "A PEM file with the private key, the certificate and those that vouch for it. It is read again when it changes."
        ),
        .init("ssl.keystore.password", .password, nil, "Of JKS and PKCS12 files, which are not read: must not be set."),
        .init(
            "ssl.keystore.type", .string, "PEM",
            "Only PEM is read; JKS and PKCS12 are refused with the commands that convert them. (Kafka's is JKS.)"
        ),
        .init(
            "ssl.principal.mapping.rules", .string, "DEFAULT",
            "How the name in a client's certificate becomes the name of its principal, the first rule that matches: "
                + "DEFAULT, or RULE:PATTERN/REPLACEMENT/ with L or U behind it."
        ),
        .init(
            "ssl.protocol", .string, "TLSv1.3", .oneOf(["TLSv1.3", "TLSv1.2", "TLS"]),
            "Kafka's name of an implementation: ssl.enabled.protocols decides what is spoken."
        ),
        .init(
            "ssl.truststore.certificates", .password, nil,
            "The authorities that clients' certificates are verified by, as PEM in the property itself."
        ),
        .init(
            "ssl.truststore.location", .string, nil,
            "A PEM file with these authorities. It is read again when it changes."
        ),
        .init("ssl.truststore.password", .password, nil, "Of JKS and PKCS12 files, which are not read: must not be set."),
        .init("ssl.truststore.type", .string, "PEM", "As ssl.keystore.type. (Kafka's is JKS.)"),
    ]

    static let tlsNames = Set(Self.tlsTable.map(\.name))
}
