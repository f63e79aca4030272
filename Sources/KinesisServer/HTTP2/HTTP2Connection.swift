internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTP2
internal import Serving

/// The end of the pipeline of an HTTP/2 connection: counts it, and closes it on an error. The streams have pipelines of
/// their own.
///
/// What one client may cause is bounded by NIO, which ends a connection that passes a bound:
///
/// | what | bound |
/// | --- | --- |
/// | open streams of a connection | `streamsMax`; of the server: `ConnectionRegistry.admitStream` |
/// | names and values of a request | `headerBytesMax`, decoded |
/// | resets by the client (rapid reset), and faulty streams | 200 in 30 seconds |
/// | PING, SETTINGS and PRIORITY frames | 200 in 30 seconds |
/// | CONTINUATION frames in a row, empty DATA frames in a row | 5; 1 |
/// | what the client may send of a body before we read it | `windowBytes` a stream, `connectionWindowBytes` in all |
/// | a stream on which nothing moves | the idle time |
/// | a connection without streams | the idle time, then `goAwayAnswerTime` |
/// | a connection whose client is gone | a PING each minute, `pingAnswerTime`, then `goAwayAnswerTime` |
final class HTTP2Connection: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame

    static let streamsMax = 128
    static let headerBytesMax = 16 << 10
    static let windowBytes = socketReadBytesMax
    static let connectionWindowBytes = 1 << 20
    private static let pingInterval = TimeAmount.seconds(60)
    /// How long a client has to answer a PING, and then the one behind a GOAWAY.
    static let pingAnswerTime = TimeAmount.seconds(20)
    static let goAwayAnswerTime = TimeAmount.seconds(10)
    /// What a stream buffers of an answer that the connection or its client does not take.
    private static let bufferedBytesMax = 256 << 10

    private let client: ClientContext

    private init(client: ClientContext) { self.client = client }

    /// Sets up the pipeline of a connection whose client has begun with HTTP/2's preface.
    ///
    /// - Parameter predecessor: what gives the connection's bytes.
    static func configure(
        _ channel: any Channel,
        after predecessor: any ChannelHandler,
        client: ClientContext,
        idleTimeout: TimeAmount,
        admitStream: @escaping @Sendable (any Channel) -> Bool
    ) throws {
        let eventLoop = channel.eventLoop
        let management = NIOHTTP2ServerConnectionManagementHandler(
            eventLoop: eventLoop,
            configuration: .init(
                maxIdleTime: idleTimeout,
                maxAge: nil,
                // The registry closes what is left at the end of its own time.
                maxGraceTime: nil,
                keepalive: .init(pingInterval: Self.pingInterval, ackTimeout: Self.pingAnswerTime)
            )
        )
        var connection = NIOHTTP2Handler.ConnectionConfiguration()
        connection.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: Self.streamsMax),
            HTTP2Setting(parameter: .maxHeaderListSize, value: Self.headerBytesMax),
            HTTP2Setting(parameter: .initialWindowSize, value: Self.windowBytes),
        ]
        connection.targetWindowSize = Self.connectionWindowBytes
        connection.maximumBufferedControlFrames = 1000
        var stream = NIOHTTP2Handler.StreamConfiguration()
        stream.targetWindowSize = Self.windowBytes
        stream.outboundBufferSizeHighWatermark = Self.bufferedBytesMax
        stream.outboundBufferSizeLowWatermark = Self.bufferedBytesMax / 4
        let shared = NIOLoopBound(
            (client: client, stamps: AnswerStamps(clock: client.service.backend.now)),
            eventLoop: eventLoop
        )
        let handler = NIOHTTP2Handler(
            mode: .server,
            eventLoop: eventLoop,
            connectionConfiguration: connection,
            streamConfiguration: stream,
            streamDelegate: management.http2StreamDelegate
        ) { channel in
            channel.eventLoop.makeCompletedFuture {
                guard admitStream(channel) else { throw ChannelError.operationUnsupported }
                let (client, stamps) = shared.value
                let pipeline = channel.pipeline.syncOperations
                try pipeline.addHandler(HTTP2FramePayloadToHTTP1ServerCodec())
                try pipeline.addHandler(
                    ExchangeHandler(client: client, wire: HTTP2Wire(stamps: stamps), idleTimeout: idleTimeout)
                )
            }
        }
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandlers(
            [handler, GoAwayDeadline(Self.goAwayAnswerTime), management, HTTP2Connection(client: client)],
            position: .after(predecessor)
        )
        // It starts its timers at `channelActive`, which has passed. The event ends at the handler behind it.
        management.channelActive(context: try pipeline.context(handler: management))
    }

    /// Frames of the connection itself, which the handlers before this one have dealt with.
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

    /// The management handler's; the handlers of HTTP/1.1, which may still be behind this one, have had theirs.
    func channelActive(context: ChannelHandlerContext) {}

    func handlerAdded(context: ChannelHandlerContext) {
        self.client.metrics.connected(on: self.client.session.listener)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.client.metrics.disconnected(from: self.client.session.listener)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.client.logger.debug("closing a connection", metadata: ["error": "\(error)"])
        // An error of one stream is that stream's.
        if error is NIOHTTP2Errors.StreamError { return }
        context.close(promise: nil)
    }
}
