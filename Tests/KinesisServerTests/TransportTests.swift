import Broker
import KinesisProtocol
import LogCore
import Logging
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Serving
import Synchronization
import Testing

@testable import KinesisServer

/// The HTTP/1.1 transport over an embedded channel: what it makes of odd requests and of other protocols.
@Suite struct TransportTests {
    private static let upgrade = ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"]

    @Test(
        arguments: [
            Self.upgrade, ["Connection: upgrade", "Upgrade: websocket"], ["Upgrade: h2c"],
            ["Connection: keep-alive", "Connection: close-not, Upgrade", "Upgrade: TLS/1.0"],
        ]
    )
    func `an upgrade is ignored and the connection stays HTTP 1 1`(_ headers: [String]) throws {
        let harness = try Harness()
        let request = Harness.request("ListStreams", "{}", headers: headers)
        for _ in 0..<3 { #expect(Harness.parse(try harness.exchange(request)).map(\.status) == [200]) }
        // Pipelined, and split at every byte.
        let plain = Harness.request("ListStreams", "{}")
        let both = Harness.parse(try harness.exchange(request + plain + request + plain))
        #expect(both.map(\.status) == [200, 200, 200, 200])
        var answer = ""
        for byte in (request + plain).utf8 { answer += try harness.exchange(String(UnicodeScalar(byte))) }
        #expect(Harness.parse(answer).map(\.status) == [200, 200])
        #expect(harness.channel.isActive)
    }

    @Test func `an upgrade with a chunked body is answered like any request`() throws {
        let harness = try Harness()
        let request =
            Harness.request("ListStreams", "", headers: Self.upgrade)
            .replacing("Content-Length: 0", with: "Transfer-Encoding: chunked") + "2\r\n{}\r\n0\r\n\r\n"
        for _ in 0..<2 { #expect(Harness.parse(try harness.exchange(request)).map(\.status) == [200]) }
    }

    @Test func `a CONNECT is refused and ends the connection`() throws {
        let harness = try Harness()
        let answer = try harness.exchange("CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 403 "))
        #expect(!harness.channel.isActive)
    }

    // MARK: Other protocols

    private func answer(to bytes: [UInt8], _ harness: Harness) throws -> [UInt8] {
        try harness.channel.writeInbound(ByteBuffer(bytes: bytes))
        harness.channel.embeddedEventLoop.run()
        var answer: [UInt8] = []
        while let part = try harness.channel.readOutbound(as: ByteBuffer.self) {
            answer.append(contentsOf: part.readableBytesView)
        }
        return answer
    }

    @Test func `a TLS client gets plain text, and the log says what to set`() throws {
        let harness = try Harness()
        #expect(try self.answer(to: [0x16], harness).isEmpty)
        #expect(harness.channel.isActive)
        let answer = String(decoding: try self.answer(to: [3, 1, 2, 0, 1, 0], harness), as: UTF8.self)
        #expect(answer.hasPrefix("HTTP/1.1 400 "))
        #expect(!harness.channel.isActive)
        #expect(harness.warnings.contains { $0.contains("TLS") && $0.contains("http://") })
    }

    @Test(arguments: [("ListStreams", 200), ("Nonsense", 400), ("DescribeStream", 400)])
    func `a CBOR client is answered in CBOR, errors too`(_ operation: String, _ status: Int) throws {
        let harness = try Harness()
        let request = Harness.request(operation, "\u{60}").replacing("x-amz-json-1.1", with: "x-amz-cbor-1.1")
        var bytes = Array(request.utf8)
        bytes[bytes.count - 1] = 0xA0
        let answer = try self.answer(to: bytes, harness)
        let head = String(decoding: answer, as: UTF8.self)
        #expect(head.hasPrefix("HTTP/1.1 \(status) "))
        #expect(head.contains("\r\nContent-Type: application/x-amz-cbor-1.1\r\n"))
        let end = try #require(answer.firstRange(of: Array("\r\n\r\n".utf8))).upperBound
        #expect(answer[end] == 0xBF && answer.last == 0xFF)
    }

    // MARK: Admission

    private final class FixedGate: Gate {
        let decision: GateDecision
        let asked = Mutex<[String]>([])
        init(_ decision: GateDecision) { self.decision = decision }
        func decide(_ request: GateRequest) -> GateDecision {
            self.asked.withLock { $0.append("\(request.operation) \(request.clientID) \(request.bytes)") }
            return self.decision
        }
    }

    @Test(
        arguments: [
            (GateRefusal.notAuthorized, "AccessDeniedException: User: arn:aws:iam::123456789012:user/123456789012")
        ]
    )
    func `a request that the gate refuses is not carried out`(_ refusal: GateRefusal, _ answer: String) throws {
        let gate = FixedGate(.refuse(refusal))
        let harness = try Harness(gate: gate)
        try harness.createStream("s")
        let put = #"{"StreamName":"s","Data":"YQ==","PartitionKey":"k"}"#
        #expect(try harness.fail("PutRecord", put).hasPrefix(answer))
        #expect(harness.backend.log("s")?.offsets.logEnd == 0)
        #expect(gate.asked.withLock { $0 } == ["PutRecord 123456789012 \(put.utf8.count)"])
    }

    // MARK: Memory

    @Test(arguments: [true, false]) func `a large body waits for memory, announced or not`(isAnnounced: Bool) throws {
        let harness = try Harness()
        let memory = harness.backend.memory
        memory.change(by: memory.bytesMax)
        let body = "{}" + String(repeating: " ", count: 0x18000 - 2)
        let whole = Harness.request("ListStreams", body)
        let chunked =
            Harness.request("ListStreams", "")
            .replacing("Content-Length: 0", with: "Transfer-Encoding: chunked") + "18000\r\n\(body)\r\n0\r\n\r\n"
        #expect(try harness.exchange(isAnnounced ? whole : chunked).isEmpty)
        #expect(memory.isAwaited)
        harness.channel.embeddedEventLoop.advanceTime(by: .seconds(300))
        #expect(harness.channel.isActive, "it is we who keep it waiting")
        memory.change(by: -memory.bytesMax)
        #expect(Harness.parse(try harness.received()).map(\.status) == [200])
        #expect(memory.heldBytes == 0)
    }

    @Test func `a body is not read on while it waits for memory`() throws {
        let harness = try Harness()
        let reads = ReadCount()
        try harness.channel.pipeline.syncOperations.addHandler(reads, position: .first)
        let memory = harness.backend.memory
        memory.change(by: memory.bytesMax)
        let half = Harness.request("PutRecords", "").replacing("Content-Length: 0", with: "Content-Length: 9000000")
        _ = try harness.exchange(half + "{")
        let before = reads.count
        harness.channel.read()
        harness.channel.embeddedEventLoop.run()
        #expect(reads.count == before)
        memory.change(by: -memory.bytesMax)
        harness.channel.embeddedEventLoop.run()
        #expect(reads.count == before + 1)
        #expect(memory.heldBytes == 9_000_000)
        harness.channel.close(promise: nil)
        #expect(memory.heldBytes == 0)
    }

    @Test func `of more bodies than may wait the largest is refused`() throws {
        let harness = try Harness()
        let memory = harness.backend.memory
        memory.change(by: memory.bytesMax)
        let half = Harness.request("PutRecords", "").replacing("Content-Length: 0", with: "Content-Length: 9000000")
        #expect(try harness.exchange(half + "{").isEmpty)
        let places = memory.bytesMax / 8 / socketReadBytesMax
        let loop = harness.channel.eventLoop
        let claims = (1..<places).map { _ in
            #expect(memory.admitsWaitingRequest(of: 1 << 20, receivedBytesMax: socketReadBytesMax))
            return memory.whenRequestFits(1 << 20, on: loop, refused: {}) { memory.changeRequests(by: -$0) }
        }
        #expect(try harness.received().isEmpty)
        #expect(!memory.admitsWaitingRequest(of: 9_000_000, receivedBytesMax: socketReadBytesMax))
        #expect(memory.admitsWaitingRequest(of: 1 << 20, receivedBytesMax: socketReadBytesMax))
        let reply = try #require(Harness.parse(try harness.received()).first)
        #expect(reply.status == 503)
        #expect(reply.body.contains("ServiceUnavailable"))
        #expect(reply.headers.first(name: "connection") == "close")
        for claim in claims { claim.cancel() }
        #expect(memory.heldBytes == memory.bytesMax)
    }

    /// Waits for half of the memory, which is more than is free.
    private func claimAll(_ memory: ConnectionMemory, _ loop: EmbeddedEventLoop) {
        _ = memory.whenRequestFits(memory.requestBytesMax, on: loop) { memory.changeRequests(by: -$0) }
    }

    private func readRequest(_ harness: Harness) throws -> String {
        try harness.createStream("s")
        let data = String(repeating: "AAAA", count: 1 << 15)
        for _ in 0..<12 {
            _ = try harness.succeed("PutRecord", #"{"StreamName":"s","Data":"\#(data)","PartitionKey":"k"}"#)
        }
        let iterator = try harness.succeed(
            "GetShardIterator",
            #"{"StreamName":"s","ShardId":"shardId-000000000000","ShardIteratorType":"TRIM_HORIZON"}"#
        )["ShardIterator"].text
        return Harness.request("GetRecords", #"{"ShardIterator":"\#(iterator)"}"#)
    }

    @Test func `a read waits for memory, and takes no more than it is granted`() throws {
        let harness = try Harness()
        let request = try self.readRequest(harness)
        let memory = harness.backend.memory
        memory.change(by: memory.bytesMax)
        #expect(try harness.exchange(request).isEmpty)
        harness.channel.embeddedEventLoop.advanceTime(by: .seconds(30))
        #expect(try harness.received().isEmpty)
        // Room for what it begins with, and no more: fewer records than there are.
        memory.change(by: -(3 << 19))
        let scarce = try #require(Harness.parse(try harness.received()).first)
        #expect(scarce.status == 200)
        memory.change(by: (3 << 19) - memory.bytesMax)
        let ample = try #require(Harness.parse(try harness.exchange(request)).first)
        #expect(ample.body.ranges(of: "SequenceNumber").count == 12)
        #expect(memory.heldBytes == 0)
    }

    @Test func `a read that waits is gone with its client`() throws {
        let harness = try Harness()
        let request = try self.readRequest(harness)
        let memory = harness.backend.memory
        memory.change(by: memory.bytesMax)
        #expect(try harness.exchange(request).isEmpty)
        #expect(memory.isAwaited)
        harness.channel.close(promise: nil)
        harness.channel.embeddedEventLoop.run()
        #expect(!memory.isAwaited)
        memory.change(by: -memory.bytesMax)
        #expect(memory.heldBytes == 0)
    }

    @Test(arguments: [true, false]) func `a reader that does not move is closed when others wait`(isAwaited: Bool)
        throws
    {
        let harness = try Harness()
        let request = try self.readRequest(harness)
        let loop = harness.channel.embeddedEventLoop
        try harness.channel.pipeline.syncOperations.addHandler(StuckSocket(), position: .first)
        #expect(try harness.exchange(request).hasPrefix("HTTP/1.1 200 "))
        let memory = harness.backend.memory
        #expect(memory.heldBytes > ConnectionCore.stallBytesMin)
        memory.change(by: memory.bytesMax / 2)
        if isAwaited { self.claimAll(memory, loop) }
        loop.advanceTime(by: .milliseconds(4900))
        #expect(harness.channel.isActive)
        loop.advanceTime(by: .milliseconds(1100))
        #expect(harness.channel.isActive == !isAwaited)
        #expect(harness.warnings.contains { $0.contains("does not move and others wait") } == isAwaited)
        if isAwaited { #expect(memory.heldBytes == memory.bytesMax / 2) }
    }

    @Test func `a reader that moves is not closed, however slow it is`() throws {
        let harness = try Harness()
        let request = try self.readRequest(harness)
        let loop = harness.channel.embeddedEventLoop
        try harness.channel.pipeline.syncOperations.addHandler(StuckSocket(), position: .first)
        _ = try harness.exchange(request)
        let memory = harness.backend.memory
        memory.change(by: memory.bytesMax / 2)
        self.claimAll(memory, loop)
        // Others have waited for long after a while, and then the patience is a second.
        for _ in 0..<12 {
            loop.advanceTime(by: .milliseconds(900))
            #expect(harness.channel.isActive)
            harness.channel.isWritable = true
            harness.channel.pipeline.fireChannelWritabilityChanged()
            _ = try harness.received()
        }
    }

    @Test func `half of a large put that does not move is closed when others wait`() throws {
        let harness = try Harness()
        let loop = harness.channel.embeddedEventLoop
        let half = Harness.request("PutRecords", "").replacing("Content-Length: 0", with: "Content-Length: 9000000")
        #expect(try harness.exchange(half + "{").isEmpty)
        let memory = harness.backend.memory
        memory.change(by: memory.bytesMax / 2)
        self.claimAll(memory, loop)
        for _ in 0..<12 {
            loop.advanceTime(by: .milliseconds(900))
            #expect(try harness.exchange(String(repeating: " ", count: ConnectionCore.progressBytesMin)).isEmpty)
            #expect(harness.channel.isActive)
        }
        // A byte now and then is not a move.
        for _ in 0..<6 where harness.channel.isActive {
            loop.advanceTime(by: .seconds(1))
            if harness.channel.isActive { #expect(try harness.exchange(" ").isEmpty) }
        }
        #expect(!harness.channel.isActive)
        #expect(memory.heldBytes == memory.bytesMax / 2)
    }

    // MARK: Streamed answers

    /// Answers each request with what its source gives.
    private final class StreamExchange: Exchange {
        let source: Source
        private weak var transport: (any ExchangeTransport)?

        init(_ source: Source, _ transport: any ExchangeTransport) {
            self.source = source
            self.transport = transport
        }

        func begin(_ head: HTTPRequestHead) {}
        func receive(_ bytes: ByteBuffer) {}
        func end() {
            self.transport?.send(Answer(status: 200, contentType: "text/events", body: .stream(self.source)))
        }
        func refuse(_ error: KinesisError) {}
        func finished() { self.source.calls.append("finished") }
        func cancel() { self.source.calls.append("exchange cancelled") }
    }

    private final class Source: StreamedBody {
        var parts: [StreamPart] = []
        var calls: [String] = []
        private var ready: (() -> Void)?

        func next(ready: @escaping () -> Void) -> StreamPart {
            guard !self.parts.isEmpty else {
                self.ready = ready
                return .later
            }
            return self.parts.removeFirst()
        }

        func give(_ parts: [StreamPart]) {
            self.parts += parts
            let ready = self.ready
            self.ready = nil
            ready?()
        }

        var heldBytes: Int { 0 }
        func quiesce() { self.give([.end]) }
        func cancel() { self.calls.append("source cancelled") }
    }

    private func streaming(_ source: Source) throws -> EmbeddedChannel {
        let channel = EmbeddedChannel()
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let client = ClientContext(
            service: KinesisService(backend: FakeBackend(), sealer: TokenSealer(key: [UInt8](0..<32))),
            session: Session(listener: "KINESIS", of: channel),
            gate: OpenGate(),
            log: ConnectionLog(logger, face: "Kinesis"),
            logger: logger,
            eventLoop: channel.eventLoop
        )
        let decoder = HTTP1RequestDecoder()
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(ByteToMessageHandler(decoder))
        try pipeline.addHandler(
            ExchangeHandler(
                client: client,
                wire: HTTP1Wire(decoder: decoder, stamps: AnswerStamps(clock: { 0 })),
                idleTimeout: .seconds(60)
            ) { StreamExchange(source, $1) }
        )
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return channel
    }

    private func received(_ channel: EmbeddedChannel) throws -> String {
        channel.embeddedEventLoop.run()
        var answer = ""
        while let part = try channel.readOutbound(as: ByteBuffer.self) { answer += String(buffer: part) }
        return answer
    }

    @Test func `events are sent as they come, each in a chunk, and the next request follows their end`() throws {
        let source = Source()
        let channel = try self.streaming(source)
        let request = Harness.request("SubscribeToShard", "{}")
        try channel.writeInbound(ByteBuffer(string: request + request))
        let head = try self.received(channel)
        #expect(head.contains("Transfer-Encoding: chunked"))
        #expect(!head.contains("Content-Length"))
        source.give([
            .bytes(ByteBuffer(string: "first")), .bytes(ByteBuffer(string: String(repeating: "x", count: 17))),
        ])
        #expect(try self.received(channel) == "5\r\nfirst\r\n11\r\n\(String(repeating: "x", count: 17))\r\n")
        #expect(try self.received(channel).isEmpty)
        source.give([.end])
        let rest = try self.received(channel)
        #expect(rest.hasPrefix("0\r\n\r\nHTTP/1.1 200 OK\r\n"))
        #expect(source.calls == ["finished"])
    }

    @Test func `nothing is asked of the source while the client takes nothing`() throws {
        let source = Source()
        let channel = try self.streaming(source)
        try channel.writeInbound(ByteBuffer(string: Harness.request("SubscribeToShard", "{}")))
        _ = try self.received(channel)
        try channel.pipeline.syncOperations.addHandler(StuckSocket(), position: .first)
        source.give([.bytes(ByteBuffer(string: "a")), .bytes(ByteBuffer(string: "b"))])
        #expect(try self.received(channel) == "1\r\na\r\n")
        #expect(source.parts.count == 1)
        channel.isWritable = true
        channel.pipeline.fireChannelWritabilityChanged()
        #expect(try self.received(channel) == "1\r\nb\r\n")
    }

    @Test func `events end with the server, and the connection with them`() throws {
        let source = Source()
        let channel = try self.streaming(source)
        try channel.writeInbound(ByteBuffer(string: Harness.request("SubscribeToShard", "{}")))
        _ = try self.received(channel)
        channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        #expect(try self.received(channel) == "0\r\n\r\n")
        #expect(!channel.isActive)
    }

    @Test func `the source is told when the client goes`() throws {
        let source = Source()
        let channel = try self.streaming(source)
        try channel.writeInbound(ByteBuffer(string: Harness.request("SubscribeToShard", "{}")))
        _ = try self.received(channel)
        channel.close(promise: nil)
        channel.embeddedEventLoop.run()
        #expect(source.calls == ["source cancelled", "exchange cancelled"])
        source.give([.bytes(ByteBuffer(string: "late"))])
        #expect(try self.received(channel).isEmpty)
    }

    @Test func `HTTP 1 0 gets events until the connection ends`() throws {
        let source = Source()
        source.parts = [.bytes(ByteBuffer(string: "a")), .end]
        let channel = try self.streaming(source)
        let request = Harness.request("SubscribeToShard", "{}").replacing("HTTP/1.1", with: "HTTP/1.0")
        try channel.writeInbound(ByteBuffer(string: request))
        let answer = try self.received(channel)
        #expect(answer.contains("Connection: close\r\n"))
        #expect(answer.hasSuffix("\r\n\r\na"))
        #expect(!channel.isActive)
    }
}

/// A socket that takes one write, and no more until somebody says so.
private final class StuckSocket: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        (context.channel as? EmbeddedChannel)?.isWritable = false
        context.write(data, promise: promise)
    }
}

/// Counts the reads that reach the socket.
private final class ReadCount: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    var count = 0

    func read(context: ChannelHandlerContext) {
        self.count += 1
        context.read()
    }
}
