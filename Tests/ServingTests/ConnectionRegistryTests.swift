import NIOCore
import NIOEmbedded
import Testing

@testable import Serving

@Suite struct ConnectionRegistryTests {
    @Test func `no more connections are admitted than the limit, and a closed one makes room`() throws {
        let registry = ConnectionRegistry(limit: 1)
        let (first, second) = (EmbeddedChannel(), EmbeddedChannel())
        #expect(registry.admit(first))
        #expect(!registry.admit(second))
        _ = try first.finish(acceptAlreadyClosed: true)
        #expect(registry.admit(second))
        _ = try second.finish(acceptAlreadyClosed: true)
    }

    @Test func `a connection that is accepted as the server goes down is refused`() async throws {
        let registry = ConnectionRegistry(limit: 1)
        let channel = NIOAsyncTestingChannel()
        await registry.quiesce(within: .seconds(1), on: channel.testingEventLoop)
        #expect(!registry.admit(channel))
        _ = try await channel.finish(acceptAlreadyClosed: true)
    }

    private static func channel(from address: String) throws -> EmbeddedChannel {
        let channel = EmbeddedChannel()
        channel.connect(to: try SocketAddress(ipAddress: address, port: 1), promise: nil)
        return channel
    }

    @Test func `an address has its own limit, however it is written`() throws {
        let limits = ConnectionRegistry.Limits(
            all: 10,
            ofOneAddress: 1,
            ofAddresses: ["0:0:0:0:0:0:0:1": 2, "10.0.0.9": 0]
        )
        let registry = ConnectionRegistry(limits: limits)
        #expect(registry.admit(try Self.channel(from: "10.0.0.1")))
        #expect(!registry.admit(try Self.channel(from: "::ffff:10.0.0.1")))
        #expect(!registry.admit(try Self.channel(from: "10.0.0.9")))
        #expect(registry.admit(try Self.channel(from: "::1")))
        #expect(registry.admit(try Self.channel(from: "::1")))
        #expect(!registry.admit(try Self.channel(from: "::1")))
    }

    @Test func `a listener has its own limit, and that of other brokers is not held up by clients`() throws {
        let limits = ConnectionRegistry.Limits(
            all: 3,
            ofListeners: ["CLIENT": 2],
            protectedListener: "INTERNAL",
            capacity: 4
        )
        let registry = ConnectionRegistry(limits: limits)
        let first = EmbeddedChannel()
        #expect(registry.admit(first, on: "CLIENT"))
        #expect(registry.admit(EmbeddedChannel(), on: "CLIENT"))
        #expect(!registry.admit(EmbeddedChannel(), on: "CLIENT"))
        #expect(registry.admit(EmbeddedChannel(), on: "OTHER"))
        #expect(!registry.admit(EmbeddedChannel(), on: "OTHER"), "max.connections")
        #expect(registry.admit(EmbeddedChannel(), on: "INTERNAL"))
        #expect(!registry.admit(EmbeddedChannel(), on: "INTERNAL"), "more cannot be held")
        _ = try first.finish(acceptAlreadyClosed: true)
        #expect(!registry.admit(EmbeddedChannel(), on: "CLIENT"), "three are open, max.connections")
        #expect(registry.admit(EmbeddedChannel(), on: "INTERNAL"))
    }
}
