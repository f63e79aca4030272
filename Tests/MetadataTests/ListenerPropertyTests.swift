import Testing

@testable import Metadata

@Suite struct ListenerPropertyTests {
    private static func configs(_ properties: [String: String]) throws(ConfigError) -> BrokerConfigs {
        try BrokerConfigs(parsing: properties.map { (name: $0.key, value: $0.value) })
    }

    @Test(
        arguments: [
            ("listener.name.ssl.ssl.client.auth", ListenerProperty(listener: "ssl", base: "ssl.client.auth")),
            ("listener.name.a.b.ssl.protocol", ListenerProperty(listener: "a.b", base: "ssl.protocol")),
            ("listener.name.ssl.num.partitions", nil), ("listener.name.ssl.client.auth", nil),
            ("listener.name..ssl.client.auth", nil), ("listener.name.", nil), ("listener.name.x", nil),
            ("ssl.client.auth", nil),
        ] as [(String, ListenerProperty?)]
    )
    func `names are read`(name: String, property: ListenerProperty?) {
        #expect(ListenerProperty(name) == property)
        if let property { #expect(property.name == name) }
    }

    @Test func `a listener's own value holds over that of all`() throws {
        let configs = try Self.configs([
            "ssl.client.auth": "required", "listener.name.out.ssl.client.auth": "none",
        ])
        #expect(configs.string("ssl.client.auth", listener: "OUT") == "none")
        #expect(configs.string("ssl.client.auth", listener: "IN") == "required")
        #expect(configs.list("ssl.enabled.protocols", listener: "OUT") == ["TLSv1.2", "TLSv1.3"])
    }

    @Test func `values and names are checked`() {
        let wrong = #expect(throws: ConfigError.self) {
            try Self.configs(["listener.name.out.ssl.client.auth": "maybe"])
        }
        #expect(wrong?.message.contains("listener.name.out.ssl.client.auth") == true)
        let unknown = #expect(throws: ConfigError.self) {
            try Self.configs(["listener.name.out.ssl.client.author": "none"])
        }
        #expect(unknown?.code == .unknownName)
    }

    @Test func `what is set of a listener is described, without its secrets`() throws {
        let configs = try Self.configs([
            "listener.name.out.ssl.keystore.key": "secret", "listener.name.out.ssl.client.auth": "none",
        ])
        let names = configs.resolveBroker().map(\.name)
        #expect(names.contains("listener.name.out.ssl.client.auth"))
        #expect(names == names.sorted())
        let key = try #require(configs.resolveBroker(name: "listener.name.out.ssl.keystore.key"))
        #expect(key.isSensitive && key.value == nil && key.synonyms.allSatisfy { $0.value == nil })
        #expect(!key.isReadOnly)
        #expect(configs.resolveBroker(name: "listener.name.in.ssl.client.auth") == nil)
        let auth = try #require(configs.resolveBroker(name: "listener.name.out.ssl.client.auth"))
        #expect(auth.synonyms.map(\.name) == ["listener.name.out.ssl.client.auth", "ssl.client.auth"])
    }

    @Test func `certificates change while the broker runs, for one listener of one broker`() throws {
        let name = "listener.name.out.ssl.keystore.location"
        let changed = try BrokerConfigs().applying(DynamicBrokerConfigs(broker: [name: "/new.pem"]))
        #expect(changed.string("ssl.keystore.location", listener: "out") == "/new.pem")
        let ofAll = #expect(throws: ConfigError.self) {
            try BrokerConfigs().applying(DynamicBrokerConfigs(cluster: [name: "/new.pem"]))
        }
        #expect(ofAll?.message.contains("broker id must be specified") == true)
        let bare = #expect(throws: ConfigError.self) {
            try BrokerConfigs().applying(DynamicBrokerConfigs(broker: ["ssl.keystore.location": "/new.pem"]))
        }
        #expect(bare?.message.contains("only per-listener using the listener prefix") == true)
        let fixed = #expect(throws: ConfigError.self) {
            try BrokerConfigs().applying(
                DynamicBrokerConfigs(broker: ["listener.name.out.ssl.allow.dn.changes": "true"])
            )
        }
        #expect(fixed?.message.contains("Cannot update these configs dynamically") == true)
        let stored = DynamicBrokerConfigs(broker: [name: "/a"], cluster: [name: "/b", "num.partitions": "3"])
        #expect(BrokerConfigs().applying(stored: stored).dynamic.cluster == ["num.partitions": "3"])
    }
}
