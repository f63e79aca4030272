/// A subscription to metrics of clients (KIP-714): a `client-metrics` resource.
package struct ClientMetricsConfigs: Sendable, Equatable {
    /// What a client is matched by: Kafka's names of its attributes.
    package static let attributes: Set<String> = [
        "client_instance_id", "client_id", "client_software_name", "client_software_version", "client_source_address",
        "client_source_port",
    ]

    package static let metrics = "metrics"
    package static let interval = "interval.ms"
    package static let match = "match"

    // swift-format-ignore
    package static let all: [ConfigDefinition] = [
        .init(
            Self.interval, .int, "300000", .between(100, 3_600_000),
            "How often clients push the metrics, in milliseconds."
        ),
        .init(
            Self.match, .list, "",
            "The clients that push: NAME=EXPRESSION for their attributes, all of which must match. Empty: every client."
        ),
        .init(
            Self.metrics, .list, "",
            "Prefixes of the names of the metrics that clients push; * for all. Empty: none."
        ),
    ]

    /// What was set, as texts.
    package let texts: [String: String]
    /// Prefixes of metric names; `*` stands for all.
    package let metricPrefixes: [String]
    package let intervalMilliseconds: Int32
    /// Attribute and expression, which the whole attribute has to match.
    package let matches: [(attribute: String, expression: String)]

    package static func == (left: Self, right: Self) -> Bool { left.texts == right.texts }

    /// Throws `.unknownName` or `.invalidValue`.
    package init(_ texts: [String: String]) throws(ConfigError) {
        for (name, text) in texts.sorted(by: { $0.key < $1.key }) {
            guard let definition = Self.all.first(where: { $0.name == name }) else {
                throw ConfigError(.unknownName, name, "Unknown client metrics configuration: \(name)")
            }
            try definition.validate(text)
        }
        self.texts = texts.mapValues(ConfigText.trimmed)
        self.metricPrefixes = ConfigText.list(texts[Self.metrics] ?? "")
        self.intervalMilliseconds = texts[Self.interval].flatMap { Int32(ConfigText.trimmed($0)) } ?? 300_000
        var matches: [(attribute: String, expression: String)] = []
        for pattern in ConfigText.list(texts[Self.match] ?? "") {
            let parts = pattern.split(separator: "=", omittingEmptySubsequences: false)
                .map { ConfigText.trimmed(String($0)) }
            guard parts.count == 2, Self.attributes.contains(parts[0]) else {
                throw ConfigError(.invalidValue, Self.match, "Illegal client matching pattern: \(pattern)")
            }
            matches.append((parts[0], parts[1]))
        }
        self.matches = matches
    }

    /// Every setting, for DescribeConfigs.
    package func resolve() -> [ResolvedConfig] {
        Self.all.map { definition in
            let own = self.texts[definition.name]
            return ResolvedConfig(
                name: definition.name,
                value: own ?? definition.defaultValue,
                source: own == nil ? .defaultConfig : .dynamicClientMetrics,
                type: definition.type,
                documentation: definition.documentation,
                synonyms: own.map { [.init(name: definition.name, value: $0, source: .dynamicClientMetrics)] } ?? []
            )
        }
    }
}
