import Metadata
import Testing

/// Settings of single groups.
@Suite struct GroupConfigTests {
    private static let session = GroupConfigs.sessionTimeout
    private static let interval = GroupConfigs.heartbeatInterval

    @Test func `what is set is stored and read again`() throws {
        let configs = try GroupConfigs([Self.session: " 50000 ", Self.interval: "6000"], over: BrokerConfigs())
        #expect(configs.values == [Self.session: 50_000, Self.interval: 6_000])
        #expect(GroupConfigs(decoding: configs.encoded) == configs)
        #expect(GroupConfigs(decoding: []) == GroupConfigs())
        #expect(GroupConfigs(decoding: Array("later=1\nx\n=\n\(Self.session)=7".utf8)).values == [Self.session: 7])
    }

    @Test(
        arguments: [
            ["nope": "1"], [Self.session: ""], [Self.session: "x"], [Self.session: "44999"], [Self.session: "60001"],
            [Self.interval: "4999"], [Self.interval: "15001"], [Self.session: "99999999999"],
        ]
    )
    func `what is unknown or out of the broker's bounds is refused`(texts: [String: String]) {
        #expect(throws: ConfigError.self) { _ = try GroupConfigs(texts, over: BrokerConfigs()) }
    }

    @Test func `a session is longer than an interval`() throws {
        let broker = try BrokerConfigs(
            parsing: [
                (name: "group.consumer.min.session.timeout.ms", value: "1000"),
                (name: "group.consumer.session.timeout.ms", value: "6000"),
            ]
        )
        #expect(throws: ConfigError.self) { _ = try GroupConfigs([Self.session: "5000"], over: broker) }
        #expect(try GroupConfigs([Self.session: "5001"], over: broker).values == [Self.session: 5_001])
    }

    @Test func `each value says where it comes from`() throws {
        let broker = try BrokerConfigs(parsing: [(name: "group.consumer.session.timeout.ms", value: "46000")])
        let resolved = try GroupConfigs([Self.interval: "7000"], over: broker).resolve(over: broker)
        #expect(resolved.map(\.name) == [Self.interval, Self.session])
        #expect(resolved.map(\.value) == ["7000", "46000"])
        #expect(resolved.map(\.source) == [.dynamicGroup, .staticBroker])
        #expect(resolved[0].synonyms.map(\.source) == [.dynamicGroup, .defaultConfig])
    }
}
