import Broker
import Model
import Testing

@Suite struct BrokerRegistryTests {
    private static func broker(_ id: Int32, _ endpoints: [String: BrokerSettings.Endpoint] = [:]) -> RegisteredBroker {
        RegisteredBroker(id: BrokerID(id), endpoints: endpoints, rack: "r\(id)", epoch: Int64(id) * 10)
    }

    private static let advertised = BrokerSettings.Endpoint(host: "public.example", port: 19092)

    @Test func `a broker without an advertised endpoint is where the client came through`() {
        let registry = BrokerRegistry(own: Self.broker(1))
        let view = registry.view(listener: "PLAINTEXT", reachedAt: "10.0.0.7", port: 9092)
        #expect(view.all == [view.own])
        #expect(view.own.id == BrokerID(1))
        #expect(view.own.host == "10.0.0.7")
        #expect(view.own.port == 9092)
        #expect(view.own.rack == "r1")
        #expect(view.own.epoch == 10)
        #expect(view.controller == view.own)
        #expect(view[BrokerID(2)] == nil)
    }

    @Test func `each listener advertises its own endpoint`() {
        let registry = BrokerRegistry(own: Self.broker(1, ["EXTERNAL": Self.advertised]))
        let outside = registry.view(listener: "EXTERNAL", reachedAt: "10.0.0.7", port: 9093).own
        #expect(outside.host == "public.example")
        #expect(outside.port == 19092)
        let inside = registry.view(listener: "INTERNAL", reachedAt: "10.0.0.7", port: 9094).own
        #expect(inside.host == "10.0.0.7")
        #expect(inside.port == 9094)
    }

    @Test func `brokers that the metadata names are in the order of their numbers`() {
        let registry = BrokerRegistry(own: Self.broker(5))
        let view = registry.view(listener: "PLAINTEXT", reachedAt: "h", port: 1)
        let hidden = Self.broker(7, ["INTERNAL": Self.advertised])
        registry.publish([
            Self.broker(9, ["PLAINTEXT": Self.advertised]), Self.broker(5), hidden,
            Self.broker(2, ["PLAINTEXT": Self.advertised]),
        ])
        let later = registry.view(listener: "PLAINTEXT", reachedAt: "h", port: 1)
        #expect(later.all.map(\.id.rawValue) == [2, 5, 9])
        #expect(later.own.id == BrokerID(5))
        #expect(later[BrokerID(2)]?.host == "public.example")
        // A view is of one moment.
        #expect(view.all.count == 1)
    }

    @Test func `a registry without the broker itself is a fault of ours`() async {
        await #expect(processExitsWith: .failure) {
            let own = RegisteredBroker(id: BrokerID(1), endpoints: [:], rack: nil, epoch: 0)
            let other = RegisteredBroker(id: BrokerID(2), endpoints: [:], rack: nil, epoch: 0)
            BrokerRegistry(own: own).publish([other])
        }
    }
}
