import NIOCore
import NIOEmbedded
import Testing

@testable import Serving

@Suite struct ConnectionMemoryTests {
    private static let mib = 1 << 20

    private let loop = EmbeddedEventLoop()
    private let memory = ConnectionMemory(bytesMax: 64 << 20)

    /// What was granted to whom, in order.
    private final class Grants {
        var all: [(name: String, bytes: Int)] = []
        var names: [String] { self.all.map(\.name) }
    }

    private let grants = Grants()

    private func wait(_ name: String, upTo wanted: Int) -> MemoryClaim {
        let bound = NIOLoopBound(self.grants, eventLoop: self.loop)
        return self.memory.whenGranted(upTo: wanted, atLeast: Self.mib, on: self.loop) {
            bound.value.all.append((name, $0))
        }
    }

    @Test func `all that is wanted is granted while there is plenty, a quantum when it is scarce, then nothing`() {
        var granted: [Int] = []
        while let bytes = self.memory.grant(upTo: 10 << 20, atLeast: Self.mib) { granted.append(bytes) }
        #expect(granted.prefix(4) == [10 << 20, 10 << 20, 10 << 20, 10 << 20])
        #expect(granted.dropFirst(4).allSatisfy { $0 == self.memory.quantum })
        #expect(self.memory.heldBytes <= self.memory.bytesMax)
        #expect(granted.count == 4 + 24)
        #expect(self.memory.isExhausted)
    }

    @Test func `those who wait are served in order, and each gets a quantum while others wait behind it`() {
        self.memory.change(by: 64 << 20)
        for name in ["a", "b", "c"] { _ = self.wait(name, upTo: 10 << 20) }
        #expect(self.memory.isAwaited)
        #expect(self.memory.grant(upTo: 1, atLeast: 1) == nil, "nobody overtakes")
        self.memory.change(by: -(32 << 20))
        self.loop.run()
        #expect(self.grants.names == ["a", "b", "c"])
        #expect(self.grants.all.map(\.bytes) == [Self.mib, Self.mib, 10 << 20])
        #expect(!self.memory.isAwaited)
    }

    @Test func `a claim that is cancelled gets nothing, and what it was just granted goes to the next`() {
        self.memory.change(by: 64 << 20)
        let (first, _) = (self.wait("gone", upTo: Self.mib), self.wait("next", upTo: Self.mib))
        self.memory.change(by: -Self.mib)
        // Granted, and not delivered yet.
        first.cancel()
        self.loop.run()
        #expect(self.grants.names == ["next"])
        #expect(self.memory.heldBytes == self.memory.bytesMax)
        let last = self.wait("last", upTo: Self.mib)
        last.cancel()
        #expect(!self.memory.isAwaited)
        self.memory.change(by: -Self.mib)
        self.loop.run()
        #expect(self.grants.names == ["next"])
    }

    private func waitForRequest(_ name: String, _ bytes: Int) -> MemoryClaim {
        let bound = NIOLoopBound(self.grants, eventLoop: self.loop)
        return self.memory.whenRequestFits(bytes, on: self.loop) { bound.value.all.append((name, $0)) }
    }

    @Test func `the smallest and the oldest waiting request are served in turns, and none overtakes them`() {
        #expect(self.memory.reserveRequest(32 << 20))
        let sizes = [("a", 16), ("b", 16), ("c", 4), ("d", 1)]
        for (name, size) in sizes { _ = self.waitForRequest(name, size << 20) }
        #expect(!self.memory.reserveRequest(1))
        #expect(self.memory.grant(upTo: 1, atLeast: 1) == 1, "answers do not wait for requests")
        self.memory.changeRequests(by: -Self.mib)
        self.loop.run()
        #expect(self.grants.names == ["d"])
        self.memory.changeRequests(by: -(8 << 20))
        self.loop.run()
        #expect(self.grants.names == ["d"], "room is kept for the oldest")
        self.memory.changeRequests(by: -(8 << 20))
        self.loop.run()
        #expect(self.grants.names == ["d", "a"])
        self.memory.changeRequests(by: -(32 << 20))
        self.loop.run()
        #expect(self.grants.names == ["d", "a", "c", "b"])
    }

    @Test func `one who leaves the front of the queue lets the next one in`() {
        #expect(self.memory.reserveRequest(30 << 20))
        let large = self.waitForRequest("large", 8 << 20)
        let larger = self.waitForRequest("larger", 16 << 20)
        self.loop.run()
        #expect(self.grants.names.isEmpty)
        self.memory.changeRequests(by: -(20 << 20))
        self.loop.run()
        #expect(self.grants.names == ["large"])
        _ = large
        _ = self.waitForRequest("small", Self.mib)
        self.loop.run()
        #expect(self.grants.names == ["large"], "it is the turn of the oldest")
        larger.cancel()
        self.loop.run()
        #expect(self.grants.names == ["large", "small"])
    }

    @Test func `requests take at most half, so that answers can always go out`() {
        #expect(self.memory.reserveRequest(32 << 20))
        #expect(!self.memory.admitsRequest(ConnectionMemory.countedFrom))
        #expect(!self.memory.reserveRequest(1))
        #expect(!self.memory.isExhausted)
        #expect(self.memory.grant(upTo: 10 << 20, atLeast: 1) == 10 << 20)
    }

    @Test func `patience is short while a claim has waited longer than the long one`() {
        #expect(self.memory.patience(now: self.loop.now) == ConnectionMemory.patience)
        self.memory.change(by: 64 << 20)
        let claim = self.wait("a", upTo: 1)
        self.loop.advanceTime(by: .seconds(5))
        #expect(self.memory.patience(now: self.loop.now) == ConnectionMemory.patience)
        self.loop.advanceTime(by: .milliseconds(1))
        #expect(self.memory.patience(now: self.loop.now) == ConnectionMemory.shortPatience)
        claim.cancel()
        #expect(self.memory.patience(now: self.loop.now) == ConnectionMemory.patience)
    }

    @Test func `a connection's share comes back when the connection goes`() {
        do {
            var share = ConnectionShare(of: self.memory)
            let isReserved = share.reserveRequest(5000)
            #expect(isReserved)
            share.hold(requests: 9000, answers: 20_000)
            share.adoptAnswer(self.memory.grant(upTo: 1000, atLeast: 1) ?? 0)
            #expect(share.bytes == 30_000)
            #expect(self.memory.heldBytes == 30_000)
        }
        #expect(self.memory.heldBytes == 0)
    }
}
