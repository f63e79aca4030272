internal import ClientTLS
internal import NIOCore
internal import NIOHPACK
internal import NIOHTTP2
internal import NIOPosix

/// One HTTP/2 connection to a gRPC server, with any number of calls on it.
///
/// gRPC on HTTP/2 is a path, three headers, five bytes before each message and a status in the trailers: it is spoken
/// here on NIO's HTTP/2 alone (decision 0058 has the measurements).
final class GRPCConnection: Sendable {
    /// The largest message that is taken: more than a page of a range, or a fragment of a watch, has.
    static let messageBytesMax = 64 << 20
    private static let windowBytes = 4 << 20

    private let channel: any Channel
    private let streams: NIOHTTP2Handler.StreamMultiplexer
    private let authority: String
    private let scheme: String

    private init(channel: any Channel, streams: NIOHTTP2Handler.StreamMultiplexer, endpoint: EtcdEndpoint, tls: Bool) {
        self.channel = channel
        self.streams = streams
        self.authority = endpoint.description
        self.scheme = tls ? "https" : "http"
    }

    /// Connects; with TLS the future completes after the handshake.
    static func connect(
        to endpoint: EtcdEndpoint,
        tls: ClientTLS?,
        timeout: TimeAmount,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<GRPCConnection> {
        let connected = ClientBootstrap(group: eventLoop)
            .connectTimeout(timeout)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .connect(host: endpoint.host, port: endpoint.port, tls: tls) { channel in
                var connection = NIOHTTP2Handler.ConnectionConfiguration()
                connection.initialSettings = [
                    HTTP2Setting(parameter: .enablePush, value: 0),
                    HTTP2Setting(parameter: .initialWindowSize, value: Self.windowBytes),
                ]
                connection.targetWindowSize = Self.windowBytes
                var stream = NIOHTTP2Handler.StreamConfiguration()
                stream.targetWindowSize = Self.windowBytes
                let handler = NIOHTTP2Handler(
                    mode: .client,
                    eventLoop: channel.eventLoop,
                    connectionConfiguration: connection,
                    streamConfiguration: stream
                ) { channel in
                    // The server opens no streams.
                    channel.eventLoop.makeFailedFuture(ChannelError.operationUnsupported)
                }
                try channel.pipeline.syncOperations.addHandlers(handler, ConnectionEnd())
            }
        return connected.flatMapThrowing { channel in
            let handler = try channel.pipeline.syncOperations.handler(type: NIOHTTP2Handler.self)
            return GRPCConnection(
                channel: channel,
                streams: try handler.syncMultiplexer(),
                endpoint: endpoint,
                tls: tls != nil
            )
        }
    }

    var eventLoop: any EventLoop { self.channel.eventLoop }
    var isActive: Bool { self.channel.isActive }

    func close() { self.channel.close(promise: nil) }

    /// Makes a call with one message and takes the first message of the answer.
    ///
    /// - Returns: fails with a `GRPCStatus`; with `.silent` after the timeout.
    func call(
        _ method: EtcdMethod,
        _ message: ByteBuffer,
        token: String?,
        timeout: TimeAmount
    ) -> EventLoopFuture<ByteBuffer> {
        let promise = self.eventLoop.makePromise(of: ByteBuffer.self)
        self.eventLoop.execute {
            var answer: ByteBuffer?
            let deadline = self.eventLoop.assumeIsolated().scheduleTask(in: timeout) { promise.fail(GRPCStatus.silent) }
            let call = self.open(
                method,
                token: token,
                timeout: timeout,
                onMessage: { answer = answer ?? $0 },
                onEnd: { status in
                    deadline.cancel()
                    if status.code == .ok, let answer {
                        promise.succeed(answer)
                    } else if status.code == .ok {
                        promise.fail(GRPCStatus.disconnected("the answer has no message"))
                    } else {
                        promise.fail(status)
                    }
                }
            )
            call.send(message, isLast: true)
            promise.futureResult.assumeIsolated().whenFailure { _ in call.close() }
        }
        return promise.futureResult
    }

    /// Opens a call for several messages; on the event loop. `onEnd` is called once, also when nothing could be sent.
    func open(
        _ method: EtcdMethod,
        token: String?,
        timeout: TimeAmount? = nil,
        onMessage: @escaping (ByteBuffer) -> Void,
        onEnd: @escaping (GRPCStatus) -> Void
    ) -> GRPCCall {
        self.eventLoop.preconditionInEventLoop()
        let handler = NIOLoopBound(
            GRPCCallHandler(messageBytesMax: Self.messageBytesMax, onMessage: onMessage, onEnd: onEnd),
            eventLoop: self.eventLoop
        )
        var headers = HPACKHeaders([
            (":method", "POST"), (":scheme", self.scheme), (":path", method.rawValue), (":authority", self.authority),
            ("te", "trailers"), ("content-type", "application/grpc"),
            // etcd then ends calls on a member that has lost its leader.
            ("hasleader", "true"),
        ])
        if let timeout { headers.add(name: "grpc-timeout", value: "\(max(1, timeout.nanoseconds / 1_000_000))m") }
        if let token { headers.add(name: "token", value: token) }
        let opened = self.eventLoop.makePromise(of: (any Channel).self)
        self.streams.createStreamChannel(promise: opened) { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(handler.value)
            }
        }
        opened.futureResult.assumeIsolated().whenFailure { error in handler.value.failedToOpen(error) }
        let call = GRPCCall(opened.futureResult)
        call.write(.headers(.init(headers: headers)))
        return call
    }
}

/// A call that is open. Used on its event loop.
struct GRPCCall: Sendable {
    private let channel: EventLoopFuture<any Channel>

    fileprivate init(_ channel: EventLoopFuture<any Channel>) { self.channel = channel }

    func send(_ message: ByteBuffer, isLast: Bool = false) {
        self.write(.data(.init(data: .byteBuffer(GRPCFrames.frame(message)), endStream: isLast)))
    }

    func close() {
        self.channel.whenSuccess { $0.close(promise: nil) }
    }

    fileprivate func write(_ payload: HTTP2Frame.FramePayload) {
        self.channel.whenSuccess { $0.writeAndFlush(payload, promise: nil) }
    }
}

/// Closes a connection that has failed; its calls end with it.
private final class ConnectionEnd: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // The server ends the connection; what is under way on it is repeated on another one.
        if case .goAway = self.unwrapInboundIn(data).payload { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is NIOHTTP2Errors.StreamError { return }
        context.close(promise: nil)
    }
}
