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
}
