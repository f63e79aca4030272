import Testing

@testable import Metadata

@Suite struct BrokerConfigTests {
    /// Defaults that are Millrace's own, and why.
    private static let ownDefaults: Set = [
        // Durable before acknowledged.
        "log.flush.interval.messages",
        // One broker on one machine needs no properties at all.
        "node.id", "process.roles", "listeners", "controller.listener.names", "log.dir",
        // Java's own format is not read.
        "ssl.keystore.type", "ssl.truststore.type",
        // Kafka's is GSSAPI alone.
        "sasl.enabled.mechanisms", "sasl.mechanism.inter.broker.protocol",
    ]

    @Test func `the table has each of Kafka's 340 properties`() throws {
        #expect(KafkaBrokerTable.rows.count == 340)
        for row in KafkaBrokerTable.rows.values {
            if let value = row.definition.defaultValue { try row.definition.validate(value) }
            #expect(!row.definition.documentation.isEmpty)
            #expect(row.definition.isSensitive == (row.definition.type == .password))
        }
    }

    @Test func `what is honoured has Kafka's type and default`() {
        for definition in BrokerConfigs.all.values {
            guard let kafka = KafkaBrokerTable.rows[definition.name]?.definition else { continue }
            #expect(definition.type == kafka.type, "\(definition.name)")
            guard !Self.ownDefaults.contains(definition.name) else { continue }
            #expect(definition.defaultValue == kafka.defaultValue, "\(definition.name)")
        }
    }

    @Test func `the broker describes all of Kafka's properties and its own`() throws {
        let described = BrokerConfigs().resolveBroker()
        #expect(described.map(\.name) == described.map(\.name).sorted())
        let names = Set(described.map(\.name))
        #expect(names.isSuperset(of: KafkaBrokerTable.rows.keys) && names.isSuperset(of: BrokerConfigs.all.keys))
        let threads = try #require(described.first { $0.name == "num.io.threads" })
        #expect(threads.value == "8" && threads.isReadOnly && threads.source == .defaultConfig)
        let password = try #require(described.first { $0.name == "ssl.key.password" })
        #expect(password.isSensitive && password.value == nil && password.type == .password)
        #expect(described.first { $0.name == "log.retention.ms" }?.isReadOnly == false)
        #expect(described.first { $0.name == "log.retention.hours" }?.isReadOnly == true)
    }

    @Test func `what is set while the broker runs holds over what was set at its start`() throws {
        let start = try BrokerConfigs(parsing: [
            (name: "num.partitions", value: "2"), (name: "log.retention.hours", value: "1"),
        ])
        let changed = try start.applying(
            DynamicBrokerConfigs(
                broker: ["num.partitions": " 4 "],
                cluster: ["num.partitions": "3", "log.retention.ms": "9"]
            )
        )
        #expect(changed.int("num.partitions") == 4)
        let partitions = try #require(changed.resolveBroker(name: "num.partitions"))
        #expect(partitions.source == .dynamicBroker)
        #expect(
            partitions.synonyms.map { "\($0.source.name) \($0.value ?? "")" } == [
                "DYNAMIC_BROKER_CONFIG 4", "DYNAMIC_DEFAULT_BROKER_CONFIG 3", "STATIC_BROKER_CONFIG 2",
                "DEFAULT_CONFIG 1",
            ]
        )
        let topic = try makeTopic(partitions: 1)
        let retention = try #require(changed.resolve(topic: topic, name: "retention.ms"))
        #expect(retention.value == "9" && retention.source == .dynamicDefaultBroker)
        #expect(changed.settings(for: topic).int64("retention.ms") == 9)
        #expect(changed.resolveCluster().map(\.name) == ["log.retention.ms", "min.insync.replicas", "num.partitions"])
        #expect(try changed.applying(DynamicBrokerConfigs()) == start)
    }

    @Test(
        arguments: [
            ("num.partitions", "0", "Value must be at least 1"), ("log.retention.ms", "soon", "Not a number"),
            ("node.id", "4", "Cannot update these configs dynamically: [node.id]"),
            ("num.io.threads", "4", "num.io.threads is a property of Kafka that has no effect on this broker."),
            ("num.partition", "4", "Did you mean num.partitions?"),
            ("max.connections.per.ip.overrides", "10.0.0.1", "must be a list of ADDRESS:COUNT"),
            ("log.cleaner.max.compaction.lag.ms", "0", "Value must be at least 1"),
            ("log.cleaner.threads", "0", "Log cleaner threads should be at least 1"),
            ("group.consumer.session.timeout.ms", "50000", "Cannot update these configs dynamically"),
            ("transaction.max.timeout.ms", "50000", "Cannot update these configs dynamically"),
        ]
    )
    func `a change that is not valid is refused`(name: String, value: String, message: String) {
        for changes in [DynamicBrokerConfigs(broker: [name: value]), DynamicBrokerConfigs(cluster: [name: value])] {
            let error = #expect(throws: ConfigError.self) { try BrokerConfigs().applying(changes) }
            #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
        }
    }

    @Test func `what Kafka changes and this broker honours is changed`() {
        for (name, row) in KafkaBrokerTable.rows where BrokerConfigs.all[name] != nil {
            let isDynamic = row.updateMode == .cluster || name == "num.partitions"
            #expect(BrokerConfigs.isDynamic(name) == isDynamic, "\(name)")
        }
        for name in ["threads", "backoff.ms", "dedupe.buffer.size", "io.buffer.size", "io.max.bytes.per.second"] {
            #expect(BrokerConfigs.isDynamic("log.cleaner.\(name)"), "\(name)")
        }
    }

    @Test func `every broker has a number of replicas to be in sync, as a cluster of Kafka's has`() throws {
        let topic = try makeTopic(partitions: 1)
        let usual = try #require(BrokerConfigs().resolve(topic: topic, name: "min.insync.replicas"))
        #expect(usual.value == "1" && usual.source == .dynamicDefaultBroker)
        let started = try BrokerConfigs(parsing: [(name: "min.insync.replicas", value: "2")])
        #expect(started.resolveCluster().map { "\($0.name)=\($0.value ?? "")" } == ["min.insync.replicas=2"])
        let changed = try started.applying(DynamicBrokerConfigs(cluster: ["min.insync.replicas": "3"]))
        let synonyms = try #require(changed.resolve(topic: topic, name: "min.insync.replicas")).synonyms
        #expect(
            synonyms.map { "\($0.source.name) \($0.value ?? "")" } == [
                "DYNAMIC_DEFAULT_BROKER_CONFIG 3", "STATIC_BROKER_CONFIG 2", "DEFAULT_CONFIG 1",
            ]
        )
    }

    @Test func `stored changes that this version does not know are left out`() throws {
        let stored = DynamicBrokerConfigs(broker: ["num.partitions": "7", "from.later": "1", "node.id": "3"])
        #expect(BrokerConfigs().applying(stored: stored).dynamic.broker == ["num.partitions": "7"])
        let configs = ["a": "1", "b": "x\ny=z", "": ""]
        #expect(try DynamicBrokerConfigs.decode(DynamicBrokerConfigs.encode(configs)) == configs)
        #expect(throws: MetadataError.self) { try DynamicBrokerConfigs.decode([9]) }
        #expect(throws: MetadataError.self) { try DynamicBrokerConfigs.decode([1, 200]) }
    }

    @Test func `addresses may have limits of their own`() throws {
        let configs = try BrokerConfigs(
            parsing: [(name: "max.connections.per.ip.overrides", value: "10.0.0.1:5, ::1:7")]
        )
        #expect(configs.connectionOverrides == ["10.0.0.1": 5, "::1": 7])
    }
}

@Suite struct KafkaListenersTests {
    private func listeners(_ properties: [String: String]) throws(ConfigError) -> KafkaListeners {
        try KafkaListeners(try BrokerConfigs(parsing: properties.map { (name: $0.key, value: $0.value) }))
    }

    @Test func `Kafka's own server properties have one listener for clients`() throws {
        let listeners = try self.listeners([
            "process.roles": "broker,controller", "node.id": "1",
            "listeners": "PLAINTEXT://:9092,CONTROLLER://:9093",
            "inter.broker.listener.name": "PLAINTEXT",
            "advertised.listeners": "PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map":
                "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL",
        ])
        #expect(listeners.bound == [NamedEndpoint(name: "PLAINTEXT", host: "", port: 9092)])
        #expect(listeners.advertised.mapValues(\.host) == ["PLAINTEXT": "localhost"])
    }

    @Test func `each listener has its name, address and what clients are told`() throws {
        let listeners = try self.listeners([
            "listeners": "internal://[::1]:1, External://0.0.0.0:2",
            "listener.security.protocol.map": "INTERNAL:plaintext,EXTERNAL:PLAINTEXT",
            "advertised.listeners": "EXTERNAL://kafka.example.org:443",
        ])
        #expect(listeners.bound.map(\.description) == ["INTERNAL://[::1]:1", "EXTERNAL://0.0.0.0:2"])
        #expect(listeners.advertised["EXTERNAL"]?.port == 443 && listeners.advertised["INTERNAL"] == nil)
    }

    @Test func `each listener speaks one of the four protocols`() throws {
        let listeners = try self.listeners([
            "listeners": "SSL://:1,internal://:2,SASL_SSL://:3,OUT://:4",
            "listener.security.protocol.map": "SSL:SSL,INTERNAL:PLAINTEXT,SASL_SSL:sasl_ssl,out:SASL_PLAINTEXT",
            "security.inter.broker.protocol": "SSL",
        ])
        #expect(
            listeners.securityProtocols
                == ["SSL": .ssl, "INTERNAL": .plaintext, "SASL_SSL": .saslSSL, "OUT": .saslPlaintext]
        )
        #expect(SecurityProtocol.allCases.map(\.usesTLS) == [false, true, false, true])
        #expect(SecurityProtocol.allCases.map(\.usesSASL) == [false, false, true, true])
    }

    @Test(
        arguments: [
            (["listeners": "localhost:9092"], "must be a list of NAME://HOST:PORT"),
            (["listeners": "PLAINTEXT://h"], "must be a list of NAME://HOST:PORT"),
            (["listeners": "PLAINTEXT://h:70000"], "must be a list of NAME://HOST:PORT"),
            (["listeners": "://h:1"], "must be a list of NAME://HOST:PORT"),
            (["listeners": "PLAINTEXT://a:1,plaintext://b:2"], "a different name"),
            (["listeners": "OUT://a:1"], "No security protocol defined for listener OUT"),
            (["listeners": "OUT://a:1", "listener.security.protocol.map": "OUT"], "a list of NAME:PROTOCOL"),
            (["listeners": "OUT://a:1", "listener.security.protocol.map": "OUT:X"], "no security protocol X"),
            (["listeners": "PLAINTEXT://a:1", "advertised.listeners": "OUT://b:1"], "not among the listeners"),
            (["listeners": "PLAINTEXT://a:1", "advertised.listeners": "PLAINTEXT://0.0.0.0:1"], "cannot tell clients"),
            (["listeners": "PLAINTEXT://a:1", "inter.broker.listener.name": "OUT"], "must be the name of a listener"),
            (["listeners": "PLAINTEXT://a:1", "security.inter.broker.protocol": "SSL"], "no listener has that name"),
            (
                [
                    "listeners": "SSL://a:1", "security.inter.broker.protocol": "SSL",
                    "inter.broker.listener.name": "SSL",
                ],
                "Only one of"
            ),
            (["listeners": "C://a:1", "controller.listener.names": "C"], "none for clients"),
        ] as [([String: String], String)]
    )
    func `listeners that contradict each other are refused`(properties: [String: String], message: String) {
        let error = #expect(throws: ConfigError.self) { try self.listeners(properties) }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }
}

@Suite struct KafkaPropertiesTests {
    @Test func `properties are sorted by what the broker does with them`() throws {
        let sorted = try KafkaProperties([
            (name: "num.partitions", value: "3"), (name: "num.io.threads", value: "8"), (name: "nonsense", value: "1"),
            (name: "create.topic.policy.class.name", value: " "), (name: "ssl.provider", value: "x"),
            (name: "listener.name.out.ssl.keystore.location", value: "/x"),
        ])
        #expect(sorted.honoured.map(\.name) == ["num.partitions", "listener.name.out.ssl.keystore.location"])
        #expect(sorted.withoutEffect == ["create.topic.policy.class.name", "num.io.threads", "ssl.provider"])
        #expect(sorted.unknown.map(\.name) == ["nonsense"])
    }

    @Test func `a property that keeps others out is not ignored`() {
        #expect(throws: ConfigError.self) {
            try KafkaProperties([(name: "create.topic.policy.class.name", value: "org.example.Policy")])
        }
    }

    @Test(
        arguments: [
            ("KAFKA_NODE_ID", "node.id"), ("KAFKA_LISTENER_SECURITY_PROTOCOL_MAP", "listener.security.protocol.map"),
            ("KAFKA_ADVERTISED_LISTENERS", "advertised.listeners"), ("KAFKA_NUM_IO_THREADS", "num.io.threads"),
            ("KAFKA_HEAP_OPTS", nil), ("KAFKA_SERVICE_HOST", nil), ("KAFKA_", nil), ("NODE_ID", nil),
            ("KAFKA_LISTENER_NAME_SSL_SSL_KEYSTORE_LOCATION", "listener.name.ssl.ssl.keystore.location"),
            ("KAFKA_PORT_9092_TCP_ADDR", nil), ("KAFKA_NODE__ID", nil),
        ] as [(String, String?)]
    )
    func `variables of the container image name properties`(variable: String, name: String?) {
        #expect(KafkaProperties.name(ofVariable: variable) == name)
    }
}
