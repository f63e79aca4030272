import KinesisProtocol
import Metadata
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOPosix
import Serving
import Synchronization
import Testing

@testable import AdminServer

/// Bodies that are made while they are sent.
@Suite(.timeLimit(.minutes(20))) struct AdminStreamTests {
    private struct Nobody: AdminDirectory {
        func role(of user: String) -> AdminRole? { nil }
        func owner(ofToken token: String) -> (user: String, tokenID: String)? { nil }
        func hasToken(id: String) -> Bool { false }
    }

    private static func desk(_ produce: @escaping @Sendable (AdminBodyWriter) async -> Void) -> AdminDesk {
        var settings = AdminServer.Settings(
            host: "",
            port: 0,
            users: AdminUsers(directory: Nobody()),
            clock: AdminClock(now: { 0 }, monotonicMilliseconds: { 0 })
        )
        settings.routes = [
            AdminRoute(.get, "/stream", access: .open, handler: .immediate { _ in .stream("text/plain", produce) })
        ]
        return AdminServer.makeDesk(
            settings,
            AdminServer.Sources(unreadiness: { nil }, damage: { [] }, metrics: { "" })
        )
    }

    private static func connect(_ desk: AdminDesk) async throws -> NIOAsyncTestingChannel {
        let channel = NIOAsyncTestingChannel()
        try await channel.testingEventLoop.executeInContext {
            let connection = AdminConnection(remote: Endpoint(host: "127.0.0.1", port: 1), isSecure: false)
            try channel.pipeline.syncOperations.addHandler(AdminHandler(desk: desk, connection: connection))
        }
        try await channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).get()
        return channel
    }

    private static func ask(_ channel: NIOAsyncTestingChannel, _ method: HTTPMethod = .GET) async throws {
        var head = HTTPRequestHead(version: .http1_1, method: method, uri: "/stream")
        head.headers.add(name: "host", value: "localhost")
        try await channel.writeInbound(HTTPServerRequestPart.head(head))
        try await channel.writeInbound(HTTPServerRequestPart.end(nil))
    }

    private static func part(_ channel: NIOAsyncTestingChannel) async throws -> String {
        switch try await channel.waitForOutboundWrite(as: HTTPServerResponsePart.self) {
        case .head(let head): "\(head.status.code) \(head.headers.first(name: "content-length") ?? "chunked")"
        case .body(.byteBuffer(let buffer)): String(buffer: buffer)
        case .body: "file"
        case .end: "end"
        }
    }

    @Test func `parts go out in order, and the connection serves the next request`() async throws {
        let desk = Self.desk { writer in
            for text in ["one", "two"] { guard await writer.write(text) else { return } }
        }
        let channel = try await Self.connect(desk)
        for _ in 0..<2 {
            try await Self.ask(channel)
            for expected in ["200 chunked", "one", "two", "end"] { #expect(try await Self.part(channel) == expected) }
        }
        #expect(desk.streams.count == 0)
        _ = try? await channel.finish(acceptAlreadyClosed: true)
    }

    @Test func `HEAD is answered without the body`() async throws {
        let desk = Self.desk { _ in Issue.record("made for nobody") }
        let channel = try await Self.connect(desk)
        try await Self.ask(channel, .HEAD)
        #expect(try await Self.part(channel) == "200 chunked")
        #expect(try await Self.part(channel) == "end")
        _ = try? await channel.finish(acceptAlreadyClosed: true)
    }

    @Test func `a stream that waits ends with its connection`() async throws {
        let ended = AsyncStream<Bool>.makeStream()
        let desk = Self.desk { writer in
            _ = await writer.write("begun")
            let isWoken = await writer.pause(for: .hours(1))
            ended.continuation.yield(isWoken || !writer.isEnded)
        }
        let channel = try await Self.connect(desk)
        try await Self.ask(channel)
        #expect(try await Self.part(channel) == "200 chunked")
        #expect(try await Self.part(channel) == "begun")
        try await channel.close()
        var outcomes = ended.stream.makeAsyncIterator()
        #expect(await outcomes.next() == false)
    }

    @Test func `a shutdown ends streams, and no further one begins`() async throws {
        let desk = Self.desk { writer in
            _ = await writer.write("begun")
            _ = await writer.pause(for: .hours(1))
        }
        let channel = try await Self.connect(desk)
        try await Self.ask(channel)
        #expect(try await Self.part(channel) == "200 chunked")
        #expect(try await Self.part(channel) == "begun")
        desk.streams.close()
        #expect(try await Self.part(channel) == "end")
        try await Self.ask(channel)
        #expect(try await Self.part(channel).hasPrefix("503"))
        _ = try? await channel.finish(acceptAlreadyClosed: true)
    }

    @Test func `a call of wake before the wait is not lost`() async {
        let signal = StreamSignal(eventLoop: NIOAsyncTestingEventLoop())
        signal.wake()
        signal.wake()
        #expect(await signal.wait(.hours(1)))
        signal.end()
        #expect(await !signal.wait(.hours(1)))
        signal.wake()
        #expect(signal.isEnded)
    }

    @Test func `a wait ends when its time is over`() async {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        #expect(await !StreamSignal(eventLoop: loop).wait(.milliseconds(1)))
    }

    @Test func `events have their lines`() {
        var text = EventText()
        text.retry(milliseconds: 5)
        text.event("record", id: "7", data: Array("{}".utf8))
        text.heartbeat()
        #expect(String(buffer: text.take()) == "retry: 5\n\nid: 7\nevent: record\ndata: {}\n\n: alive\n\n")
        #expect(text.isEmpty)
    }
}
