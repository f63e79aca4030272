import Model
import NIOCore
import NIOEmbedded
import Quotas
import Synchronization
import Testing

@testable import Serving

/// How connections of a listening socket are taken when there are too many, with a clock that the tests move.
@Suite struct AcceptThrottleTests {
    /// Answers what it was told, in turn.
    private final class Policy: ConnectionPolicy {
        let isLimitingConnections: Bool
        let pauses: Mutex<[Int64]>
        let admissions: Mutex<[ConnectionRates.Admission]>

        init(
            isLimiting: Bool = true,
            pauses: [Int64] = [],
            admissions: [ConnectionRates.Admission] = []
        ) {
            self.isLimitingConnections = isLimiting
            self.pauses = Mutex(pauses)
            self.admissions = Mutex(admissions)
        }

        func connectionArrived(on listener: String) -> Int64 {
            self.pauses.withLock { $0.isEmpty ? 0 : $0.removeFirst() }
        }

        func admit(_ address: NetworkAddress?, on listener: String) -> ConnectionRates.Admission {
            self.admissions.withLock { $0.isEmpty ? .serve : $0.removeFirst() }
        }
    }

    /// A listening channel, and what it lets through.
    private final class Listening {
        private final class Served: ChannelInboundHandler {
            typealias InboundIn = any Channel
            var channels: [any Channel] = []
            func channelRead(context: ChannelHandlerContext, data: NIOAny) {
                self.channels.append(self.unwrapInboundIn(data))
            }
        }

        /// How often the socket was read.
        private final class Reads: ChannelOutboundHandler {
            typealias OutboundIn = Never
            var count = 0
            func read(context: ChannelHandlerContext) {
                self.count += 1
                context.read()
            }
        }

        let channel = EmbeddedChannel()
        private let served = Served()
        private let reads = Reads()

        init(_ policy: Policy) throws {
            let pipeline = self.channel.pipeline.syncOperations
            try pipeline.addHandlers([self.reads, AcceptThrottle(policy, listener: "L"), self.served])
            self.channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
        }

        var servedCount: Int { self.served.channels.count }
        var readCount: Int { self.reads.count }

        func accept(_ count: Int = 1) throws -> [EmbeddedChannel] {
            try (0..<count).map { _ in
                let channel = EmbeddedChannel()
                channel.connect(to: try SocketAddress(ipAddress: "10.0.0.1", port: 2), promise: nil)
                self.channel.pipeline.fireChannelRead(channel as any Channel)
                return channel
            }
        }

        func advance(_ milliseconds: Int64) {
            self.channel.embeddedEventLoop.advanceTime(by: .milliseconds(milliseconds))
        }
    }

    @Test func `without limits connections pass`() throws {
        let listening = try Listening(Policy(isLimiting: false, pauses: [1000]))
        _ = try listening.accept(3)
        #expect(listening.servedCount == 3)
    }

    @Test func `a delayed connection holds up those behind it, and the socket is not read`() throws {
        let listening = try Listening(Policy(pauses: [0, 500, 0, 300]))
        _ = try listening.accept(5)
        #expect(listening.servedCount == 1)
        let before = listening.readCount
        listening.channel.read()
        #expect(listening.readCount == before)
        listening.advance(499)
        #expect(listening.servedCount == 1)
        listening.advance(1)
        #expect(listening.servedCount == 3, "the fourth waits again")
        #expect(listening.readCount == before)
        listening.advance(300)
        #expect(listening.servedCount == 5)
        #expect(listening.readCount == before + 1)
    }

    @Test func `a connection of an address that makes too many is closed later`() throws {
        let listening = try Listening(Policy(admissions: [.serve, .closeLater(200), .serve]))
        let channels = try listening.accept(3)
        #expect(listening.servedCount == 2)
        listening.advance(199)
        #expect(channels.map(\.isActive) == [true, true, true])
        listening.advance(1)
        #expect(channels.map(\.isActive) == [true, false, true])
    }

    @Test func `only so many are kept to be closed`() throws {
        let count = AcceptThrottle.keptMax + 5
        let listening = try Listening(Policy(admissions: Array(repeating: .closeLater(100), count: count)))
        let channels = try listening.accept(count)
        #expect(channels.count(where: \.isActive) == AcceptThrottle.keptMax)
        listening.advance(100)
        #expect(channels.allSatisfy { !$0.isActive } && listening.servedCount == 0)
    }

    @Test func `what waits is closed with the listening socket`() throws {
        let listening = try Listening(Policy(pauses: [0, 500], admissions: [.closeLater(100)]))
        let channels = try listening.accept(3)
        _ = try listening.channel.finish(acceptAlreadyClosed: true)
        #expect(channels.allSatisfy { !$0.isActive } && listening.servedCount == 0)
        listening.advance(1000)
    }
}
