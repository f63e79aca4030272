import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import Serving

@Suite struct ConnectionRegistryTests {
    private final class Told: Sendable {
        let counts = Mutex<[Int]>([])
    }

    @Test func `the first refusal is told of at once, the rest of a flood together, and none is left out`() {
        let (registry, loop, told) = (ConnectionRegistry(limit: 0), EmbeddedEventLoop(), Told())
        let refuse = { registry.refused(on: loop) { count in told.counts.withLock { $0.append(count) } } }
        refuse()
        #expect(told.counts.withLock { $0 } == [1])
        for _ in 0..<100 { refuse() }
        loop.advanceTime(by: .seconds(9))
        #expect(told.counts.withLock { $0 } == [1])
        loop.advanceTime(by: .seconds(1))
        #expect(told.counts.withLock { $0 } == [1, 100])
        refuse()
        loop.advanceTime(by: .seconds(10))
        #expect(told.counts.withLock { $0 } == [1, 100, 1])
        // Quiet for ten seconds: the next one is the first again.
        loop.advanceTime(by: .seconds(10))
        refuse()
        #expect(told.counts.withLock { $0 } == [1, 100, 1, 1])
    }
}
