import KafkaProtocol
import Model
import NIOCore
import NIOEmbedded
import Serving
import Testing

@testable import KafkaServer

/// What a connection counts, and that nothing of it stays when it is gone.
@Suite struct ConnectionMemoryUseTests {
    private static let frameBytes = 1 << 20

    /// The length of a large request and the beginning of it.
    private static func half() -> ByteBuffer {
        var bytes = ByteBuffer(integer: Int32(Self.frameBytes))
        bytes.writeInteger(APIKey.produce.rawValue)
        bytes.writeRepeatingByte(0, count: 100_000)
        return bytes
    }

    /// Takes all memory, so that every claim waits.
    private static func exhaust(_ memory: ConnectionMemory) { memory.change(by: memory.bytesMax) }

    private static let fetch = FetchRequest(
        maxWaitMs: 0,
        topics: [.init(name: "none", partitions: [.init(partitionIndex: 0, partitionMaxBytes: 1)])]
    )

    @Test func `half a request is counted whole, and not at all once its connection is gone`() async throws {
        try await ConnectionHarness.withConnection { harness in
            try harness.channel.writeInbound(Self.half())
            #expect(harness.memory.heldBytes == Self.frameBytes + 4)
            _ = try? harness.channel.finish()
            #expect(harness.memory.heldBytes == 0)
        }
    }

    @Test func `a request without room in memory is read only once it has room`() async throws {
        try await ConnectionHarness.withConnection { harness in
            Self.exhaust(harness.memory)
            try harness.channel.writeInbound(Self.half())
            #expect(harness.memory.isAwaited)
            #expect(harness.memory.heldBytes == harness.memory.bytesMax)
            harness.memory.change(by: -harness.memory.bytesMax)
            harness.channel.embeddedEventLoop.run()
            #expect(!harness.memory.isAwaited)
            #expect(harness.memory.heldBytes == Self.frameBytes + 4)
        }
    }

    @Test func `a fetch does not begin while memory is exhausted; small requests do`() async throws {
        try await ConnectionHarness.withConnection { harness in
            Self.exhaust(harness.memory)
            try harness.send(DescribeClusterRequest(), version: 0, correlationID: 1)
            #expect(try harness.receive(DescribeClusterResponse.self, version: 0)?.correlationID == 1)
            try harness.send(Self.fetch, version: 4, correlationID: 2)
            #expect(try harness.receive(FetchResponse.self, version: 4) == nil)
            #expect(harness.memory.isAwaited)
            harness.memory.change(by: -harness.memory.bytesMax)
            harness.channel.embeddedEventLoop.run()
            #expect(try harness.receive(FetchResponse.self, version: 4)?.correlationID == 2)
        }
    }

    /// What a connection may wait for when its client goes.
    enum Wait: CaseIterable {
        case nothing
        case roomForRequest
        case roomForAnswer
    }

    @Test(arguments: Wait.allCases)
    func `a connection that is gone waits for nothing, holds nothing and is released`(wait: Wait) async throws {
        try await ConnectionHarness.withConnection { harness in
            Self.exhaust(harness.memory)
            switch wait {
            case .nothing: break
            case .roomForRequest: try harness.channel.writeInbound(Self.half())
            case .roomForAnswer: try harness.send(Self.fetch, version: 4)
            }
            #expect(harness.memory.isAwaited == (wait != .nothing))
            #expect(harness.connection != nil)
            _ = try? harness.channel.finish()
            #expect(!harness.memory.isAwaited)
            #expect(harness.memory.heldBytes == harness.memory.bytesMax)
            harness.channel.embeddedEventLoop.run()
            #expect(harness.connection == nil)
        }
    }

    @Test func `a connection whose request waits for memory is not idle`() async throws {
        try await ConnectionHarness.withConnection { harness in
            Self.exhaust(harness.memory)
            try harness.channel.writeInbound(Self.half())
            harness.channel.embeddedEventLoop.advanceTime(by: .seconds(200))
            #expect(harness.channel.isActive)
            harness.memory.change(by: -harness.memory.bytesMax)
            harness.channel.embeddedEventLoop.advanceTime(by: .seconds(200))
            #expect(!harness.channel.isActive)
        }
    }

    @Test func `a client that sends half a request and stops is closed once others wait for five seconds`() async throws
    {
        try await ConnectionHarness.withConnection { harness in
            let loop = harness.channel.embeddedEventLoop
            try harness.channel.writeInbound(Self.half())
            loop.advanceTime(by: .seconds(30))
            #expect(harness.channel.isActive, "nobody waits")
            Self.exhaust(harness.memory)
            let claim = harness.memory.whenGranted(upTo: 1, atLeast: 1, on: loop) { _ in }
            loop.advanceTime(by: ConnectionCore.stallCheckInterval)
            #expect(!harness.channel.isActive, "it has stood still for long enough already")
            claim.cancel()
        }
    }
}
