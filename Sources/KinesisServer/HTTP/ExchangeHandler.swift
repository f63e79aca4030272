internal import KinesisProtocol
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import Serving

/// One HTTP/1.1 connection, or one stream of an HTTP/2 connection: carries one exchange after the other. Lives on the
/// channel's event loop.
///
/// The shell of a `ConnectionCore`, which decides what begins when, what is read and when the connection ends, and of a
/// `MessageMachine`, which knows whose bytes come in and how answers are framed:
///
/// | file | what it carries out |
/// | --- | --- |
/// | this one | channel events, the socket, the end |
/// | `ExchangeHandler+Requests` | parts of requests to the exchange |
/// | `ExchangeHandler+Answers` | answers, at the pace of the client |
/// | `ExchangeHandler+Memory` | what is counted, stalled clients |
final class ExchangeHandler<Wire: AnswerWire>: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = Never
    typealias OutboundOut = Never

    /// What came while an answer was under way.
    enum Arrival {
        case part(HTTPServerRequestPart)
        /// Not HTTP.
        case malformed
    }

    /// The body of the answer that is being sent.
    enum Sending {
        case nothing
        case chunks(any ChunkedBody)
        case stream(any StreamedBody, ResponseHead.Framing)

        /// The memory of what is still to be made.
        var heldBytes: Int {
            switch self {
            case .nothing: 0
            case .chunks(let body): body.heldBytes
            case .stream(let body, _): body.heldBytes
            }
        }
    }

    /// Where events come from: what is taken from `arrivals` may be answered at once, which calls back into the loop
    /// that takes.
    enum Turn {
        case outside
        case takingArrivals
    }

    let client: ClientContext
    private let makeExchange: (ClientContext, any ExchangeTransport) -> any Exchange
    /// Used for one request after the other.
    private(set) lazy var exchange: any Exchange = self.makeExchange(self.client, self)
    /// One request at a time.
    var core = ConnectionCore(.init(ordering: .pipelined, requestsMax: 1))
    var messages = MessageMachine()
    let wire: Wire
    /// Of the request under way.
    var ticket: RequestTicket?
    /// The body of the request that is coming in.
    var incoming = IncomingBody()
    var sending = Sending.nothing
    var isSending = false
    private(set) var context: ChannelHandlerContext?
    var arrivals = CircularBuffer<Arrival>()
    /// Of bodies in `arrivals`.
    var arrivedBytes = 0
    var turn = Turn.outside
    var share: ConnectionShare
    /// What waits for room on behalf of this connection; cancelled with it.
    var memoryClaim: MemoryClaim?
    let idleTimer: IdleTimer
    private var isConnected = false
    /// Reaches the connection from waits that cannot be cancelled, until it is gone.
    private var madeReference: NIOLoopBoundBox<ExchangeHandler?>?

    init(
        client: ClientContext,
        wire: Wire,
        idleTimeout: TimeAmount,
        exchange: @escaping (ClientContext, any ExchangeTransport) -> any Exchange = KinesisExchange.init(of:on:)
    ) {
        self.client = client
        self.wire = wire
        self.idleTimer = IdleTimer(limit: idleTimeout)
        self.share = ConnectionShare(of: client.memory)
        self.makeExchange = exchange
    }

    /// `nil` once the connection is gone.
    var reference: NIOLoopBoundBox<ExchangeHandler?>? {
        guard !self.core.isClosed else { return nil }
        if self.madeReference == nil {
            self.madeReference = NIOLoopBoundBox(self, eventLoop: self.client.eventLoop)
        }
        return self.madeReference
    }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { self.connected(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        self.connected(context)
        context.fireChannelActive()
    }

    private func connected(_ context: ChannelHandlerContext) {
        guard !self.isConnected else { return }
        self.isConnected = true
        if !Wire.isStream { self.client.metrics.connected(on: self.client.session.listener) }
        self.idleTimer.start(on: context.eventLoop) { self.idleLimitReached() }
    }

    private func idleLimitReached() {
        guard let context else { return }
        let isTaking = self.idleTimer.isTaking(unsentBytes: self.wire.unsentBytes(context))
        if self.core.idleLimitReached(isTaking: isTaking) == .close { context.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !self.core.isClosed else { return }
        let part = self.unwrapInboundIn(data)
        self.wire.received(part)
        self.idleTimer.activity()
        if case .body(let bytes) = part { self.core.received(bytes.readableBytes) }
        if self.arrivals.isEmpty, self.core.takesInput {
            self.take(part, context)
        } else {
            self.arrivals.append(.part(part))
            if case .body(let bytes) = part { self.arrivedBytes += bytes.readableBytes }
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.countHoldings()
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        if self.core.readRequested() == .read { context.read() }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        self.core.writabilityChanged(isWritable: context.channel.isWritable)
        if context.channel.isWritable {
            self.idleTimer.activity()
            self.sendMore()
            self.takeArrivals()
        }
        self.countHoldings()
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent:
            self.carryOut(self.core.quiesce())
            if case .stream(let body, _) = self.sending { body.quiesce() }
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.client.logger.debug("closing a connection", metadata: ["error": "\(error)"])
        guard error is HTTPParserError else {
            context.close(promise: nil)
            return
        }
        self.arrivals.append(.malformed)
        self.takeArrivals()
    }

    // MARK: The end

    func carryOut(_ action: ConnectionCore.EndAction) {
        guard action == .closeAfterWrites, let context else { return }
        self.wire.closeAfterWrites(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.end()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.end()
        self.context = nil
    }

    /// Lets go of all that is kept for the client, and of all that keeps the connection.
    private func end() {
        guard !self.core.isClosed else { return }
        if self.isConnected, !Wire.isStream {
            self.client.metrics.disconnected(from: self.client.session.listener)
        }
        self.isConnected = false
        for cancel in self.core.closed() { cancel() }
        if self.messages.connectionClosed(), case .stream(let body, _) = self.sending { body.cancel() }
        self.exchange.cancel()
        self.sending = .nothing
        self.arrivals = []
        self.memoryClaim?.cancel()
        self.memoryClaim = nil
        self.share.hold(requests: 0, answers: 0)
        self.idleTimer.stop()
        self.madeReference?.value = nil
        self.madeReference = nil
    }
}

extension MessageMachine.Request {
    init(_ head: HTTPRequestHead) {
        self.init(
            isHTTP10: head.version == .http1_0,
            // What follows a CONNECT would not be HTTP. A stream of HTTP/2 ends by itself.
            isKeepAlive: head.version.major > 1 || (head.isKeepAlive && head.method != .CONNECT),
            isHead: head.method == .HEAD
        )
    }
}
