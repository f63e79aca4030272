import NIOCore
import NIOEmbedded
import Synchronization
import Testing

/// When an HTTP/2 connection ends by itself. The frames are made by hand, over an embedded channel and its clock.
@Suite struct HTTP2ConnectionTests {
    private struct Frame: Equatable {
        enum Kind: UInt8 {
            case data = 0
            case headers = 1
            case settings = 4
            case ping = 6
            case goAway = 7
            case windowUpdate = 8
        }

        var kind: Kind?
        var flags: UInt8 = 0
        var stream: UInt32 = 0
        var payload: [UInt8] = []

        /// An acknowledgement, of PING and SETTINGS.
        static let ack: UInt8 = 1

        func write(to buffer: inout ByteBuffer) {
            let length = UInt32(self.payload.count) << 8 | UInt32(self.kind?.rawValue ?? 0)
            buffer.writeMultipleIntegers(length, self.flags, self.stream)
            buffer.writeBytes(self.payload)
        }
    }

    /// The client's end.
    private struct Client {
        let harness: Harness
        private var received = ByteBuffer()

        init(idleTimeout: TimeAmount) throws {
            self.harness = try Harness(idleTimeout: idleTimeout)
            var start = ByteBuffer(string: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            Frame(kind: .settings).write(to: &start)
            try self.harness.channel.writeInbound(start)
        }

        var isConnected: Bool { self.harness.channel.isActive }

        func send(_ frame: Frame) throws {
            var bytes = ByteBuffer()
            frame.write(to: &bytes)
            try self.harness.channel.writeInbound(bytes)
        }

        func advance(by time: TimeAmount) { self.harness.channel.embeddedEventLoop.advanceTime(by: time) }

        /// What came since the last call.
        mutating func frames() throws -> [Frame] {
            self.harness.channel.embeddedEventLoop.run()
            while var part = try self.harness.channel.readOutbound(as: ByteBuffer.self) {
                self.received.writeBuffer(&part)
            }
            var frames: [Frame] = []
            while let (word, flags, stream) = self.received.readMultipleIntegers(as: (UInt32, UInt8, UInt32).self) {
                let kind = Frame.Kind(rawValue: UInt8(word & 0xFF))
                let payload = self.received.readBytes(length: Int(word >> 8))
                frames.append(Frame(kind: kind, flags: flags, stream: stream, payload: try #require(payload)))
            }
            return frames
        }

        /// The payload of the PING behind a GOAWAY that takes every stream.
        mutating func farewell() throws -> [UInt8] {
            let frames = try self.frames().filter { $0.kind == .goAway || $0.kind == .ping }
            #expect(frames.map(\.kind) == [.goAway, .ping])
            #expect(frames.first?.payload == [0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0])
            return try #require(frames.last?.payload)
        }
    }

    /// `GET /`, which is answered 403.
    private static let get: [UInt8] = [0x82, 0x86, 0x84, 0x41, 0x01, 0x61]

    @Test func `a connection that never had a stream ends after the idle time`() throws {
        var client = try Client(idleTimeout: .seconds(30))
        client.advance(by: .milliseconds(29_999))
        #expect(try client.frames().allSatisfy { $0.kind != .goAway })
        client.advance(by: .milliseconds(1))
        try client.send(Frame(kind: .ping, flags: Frame.ack, payload: client.farewell()))
        #expect(try client.frames().map(\.kind) == [.goAway])
        #expect(!client.isConnected)
    }

    @Test func `the idle time begins again when the last stream ends`() throws {
        var client = try Client(idleTimeout: .seconds(30))
        client.advance(by: .seconds(20))
        // END_STREAM and END_HEADERS
        try client.send(Frame(kind: .headers, flags: 5, stream: 1, payload: Self.get))
        #expect(try client.frames().contains { $0.kind == .headers && $0.stream == 1 })
        client.advance(by: .milliseconds(29_999))
        #expect(try client.frames().isEmpty)
        client.advance(by: .milliseconds(1))
        _ = try client.farewell()
        client.advance(by: .seconds(10))
        #expect(!client.isConnected, "a client that does not answer is not waited for")
    }

    @Test(arguments: [true, false])
    func `a client is asked each minute whether it is there`(isThere: Bool) throws {
        var client = try Client(idleTimeout: .seconds(600))
        // A request whose body does not come keeps the connection from being idle.
        try client.send(Frame(kind: .headers, flags: 4, stream: 1, payload: [0x83] + Self.get.dropFirst()))
        _ = try client.frames()
        for _ in 0..<5 {
            client.advance(by: .seconds(60))
            let frames = try client.frames()
            #expect(frames.map(\.kind) == [.ping])
            guard isThere else { break }
            try client.send(Frame(kind: .ping, flags: Frame.ack, payload: try #require(frames.first?.payload)))
        }
        client.advance(by: .seconds(20))
        guard !isThere else {
            #expect(try client.frames().isEmpty)
            return
        }
        _ = try client.farewell()
        client.advance(by: .milliseconds(9999))
        #expect(client.isConnected)
        client.advance(by: .milliseconds(1))
        #expect(!client.isConnected)
    }

    /// A field that is not indexed, in HPACK.
    private static func literal(_ name: String, _ value: String) -> [UInt8] {
        func text(_ text: String) -> [UInt8] {
            let count = text.utf8.count
            // A prefix of seven bits; the rest fits a byte.
            precondition(count < 127 + 128)
            return (count < 127 ? [UInt8(count)] : [127, UInt8(count - 127)]) + Array(text.utf8)
        }
        return [0] + text(name) + text(value)
    }

    @Test func `a connection that ends keeps what is under way`() throws {
        var client = try Client(idleTimeout: .seconds(600))
        try client.harness.createStream("s")
        let log = try #require(client.harness.backend.log("s"))
        log.state.withLock { $0.isHolding = true }
        let headers = [
            ("content-type", "application/x-amz-json-1.1"), ("x-amz-target", "Kinesis_20131202.PutRecord"),
            ("x-amz-date", "20261123T000000Z"), ("authorization", Harness.authorization),
        ]
        let head = [0x83] + Self.get.dropFirst() + headers.flatMap { Self.literal($0, $1) }
        try client.send(Frame(kind: .headers, flags: 4, stream: 1, payload: head))
        let body = Array(#"{"StreamName":"s","Data":"YQ==","PartitionKey":"k"}"#.utf8)
        try client.send(Frame(kind: .data, flags: 1, stream: 1, payload: body))
        #expect(try client.frames().allSatisfy { $0.stream == 0 })
        client.harness.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        try client.send(Frame(kind: .ping, flags: Frame.ack, payload: client.farewell()))
        #expect(try client.frames().map(\.kind) == [.goAway])
        client.advance(by: .seconds(30))
        #expect(client.isConnected)
        log.release()
        #expect(try client.frames().contains { $0.kind == .headers && $0.stream == 1 })
        client.advance(by: .seconds(1))
        #expect(!client.isConnected)
    }
}
