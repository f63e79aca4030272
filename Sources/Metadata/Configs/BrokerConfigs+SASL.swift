// Properties of authentication: SASL, delegation tokens.

extension BrokerConfigs {
    /// Those that a listener may have of its own.
    static let saslNames: Set<String> = [
        "connections.max.reauth.ms", "sasl.enabled.mechanisms", "sasl.jaas.config",
        "sasl.oauthbearer.clock.skew.seconds",
        "sasl.oauthbearer.expected.audience", "sasl.oauthbearer.expected.issuer",
        "sasl.oauthbearer.jwks.endpoint.refresh.ms", "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms",
        "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms", "sasl.oauthbearer.jwks.endpoint.url",
        "sasl.oauthbearer.scope.claim.name", "sasl.oauthbearer.sub.claim.name", "sasl.server.callback.handler.class",
    ]

    /// Those that each mechanism of a listener may have of its own.
    static let saslMechanismNames: Set<String> = Self.saslNames.subtracting(["sasl.enabled.mechanisms"])

    /// The class that stands for what this broker does with OAUTHBEARER anyway.
    static let bearerHandlers = [
        "org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler",
        "org.apache.kafka.common.security.oauthbearer.secured.OAuthBearerValidatorCallbackHandler",
    ]

    static let saslTable: [ConfigDefinition] = [
        .init(
            "connection.failed.authentication.delay.ms",
            .int,
            "100",
            .atLeast(0),
            "How long the answer to a failed authentication, and the end of its connection, are held back."
        ),
        .init(
            "connections.max.reauth.ms",
            .long,
            "0",
            .atLeast(0),
            "How long a client that has authenticated by SASL may go without authenticating again; 0: forever."
        ),
        .init(
            "delegation.token.expiry.check.interval.ms",
            .long,
            "3600000",
            .atLeast(1),
            "How often expired delegation tokens are removed."
        ),
        .init(
            "delegation.token.expiry.time.ms",
            .long,
            "86400000",
            .atLeast(1),
            "How long a delegation token is valid before it has to be renewed."
        ),
        .init(
            "delegation.token.max.lifetime.ms",
            .long,
            "604800000",
            .atLeast(1),
            "How long a delegation token can be renewed."
        ),
        .init(
            "delegation.token.secret.key",
            .password,
            nil,
            "The secret that delegation tokens follow from; without it there are none. Another one voids all tokens."
        ),
        .init(
            "sasl.enabled.mechanisms",
            .list,
            "SCRAM-SHA-256,SCRAM-SHA-512",
            "The mechanisms that clients may choose from: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER. (Kafka's is "
                + "GSSAPI, which is not served.)"
        ),
        .init(
            "sasl.jaas.config",
            .password,
            nil,
            "Of a listener and a mechanism: users of PLAIN as options user_NAME of Kafka's PlainLoginModule."
        ),
        .init(
            "sasl.oauthbearer.clock.skew.seconds",
            .int,
            "30",
            .atLeast(0),
            "By how much the clocks of those who sign tokens may differ."
        ),
        .init("sasl.oauthbearer.expected.audience", .list, "", "Whom tokens must be for: one of these; any if empty."),
        .init("sasl.oauthbearer.expected.issuer", .string, nil, "Who must have signed tokens; anybody if not set."),
        .init(
            "sasl.oauthbearer.jwks.endpoint.refresh.ms",
            .long,
            "3600000",
            .atLeast(1),
            "How often the keys of tokens are read again."
        ),
        .init(
            "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms",
            .long,
            "10000",
            .atLeast(1),
            "The longest pause before the keys of tokens are tried again."
        ),
        .init(
            "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms",
            .long,
            "100",
            .atLeast(1),
            "The first pause before the keys of tokens are tried again."
        ),
        .init(
            "sasl.oauthbearer.jwks.endpoint.url",
            .string,
            nil,
            "Where the keys of tokens are: file:///path or https://host/path."
        ),
        .init(
            "sasl.oauthbearer.scope.claim.name",
            .string,
            "scope",
            "The claim of a token that has its scopes."
        ),
        .init("sasl.oauthbearer.sub.claim.name", .string, "sub", "The claim of a token that names the user."),
        .init(
            "sasl.server.callback.handler.class",
            .class,
            nil,
            .oneOf(Self.bearerHandlers),
            "Kafka's class that verifies signed tokens, which is what this broker does."
        ),
        .init(
            "sasl.server.max.receive.size",
            .int,
            "524288",
            .atLeast(1),
            "The largest request of a client that has not authenticated."
        ),
    ]
}
