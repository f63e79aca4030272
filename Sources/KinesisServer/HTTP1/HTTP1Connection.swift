internal import KinesisProtocol
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import Serving

/// One HTTP/1.1 connection of the Kinesis port: carries one exchange after the other. `HTTP1Machine` decides.
///
/// Answers keep the order of pipelined requests: the next one is not begun, nor the socket read, before the client has
/// taken most of the answer to the last.
final class HTTP1Connection: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    /// What came while an answer was under way.
    private enum Arrival {
        case part(HTTPServerRequestPart)
        /// Not HTTP.
        case malformed
    }

    /// The body of the answer that is being sent.
    enum Sending {
        case nothing
        case chunks(any ChunkedBody)
        case stream(any StreamedBody, HTTP1Machine.AnswerPlan.Framing)
    }

    let client: ClientContext
    private let decoder: HTTP1RequestDecoder
    private let makeExchange: (ClientContext, any ExchangeTransport) -> any Exchange
    /// Used for one request after the other.
    private(set) lazy var exchange: any Exchange = self.makeExchange(self.client, self)
    var machine = HTTP1Machine()
    var sending = Sending.nothing
    var isSending = false
    private(set) var context: ChannelHandlerContext?
    private var arrivals = CircularBuffer<Arrival>()
    private var arrivedBytes = 0
    /// Of bodies, ever.
    private var receivedBytes = 0
    private var isReadHeldBack = false
    private var isTakingArrivals = false
    var ids = RequestIDs()
    private var date: (second: Int64, text: String) = (.min, "")
    /// Of what has been written and the socket has not taken, or has come and was not taken by an exchange.
    private var share: ConnectionShare
    /// Of `share`: answers, by the promises that they leave with.
    private var unsentBytes = 0
    private let idleTimer: IdleTimer
    private let stallWatch = StallWatch()

    init(
        client: ClientContext,
        decoder: HTTP1RequestDecoder,
        idleTimeout: TimeAmount,
        exchange: @escaping (ClientContext, any ExchangeTransport) -> any Exchange = KinesisExchange.init(of:on:)
    ) {
        self.client = client
        self.decoder = decoder
        self.idleTimer = IdleTimer(limit: idleTimeout)
        self.share = ConnectionShare(of: client.memory)
        self.makeExchange = exchange
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        self.client.metrics.connections.add(1)
        self.client.metrics.connectionsAccepted.add()
        self.idleTimer.start(on: context.eventLoop) {
            guard let context = self.context, !self.idleTimer.isTaking(context.channel),
                self.machine.idleExpired()
            else { return }
            context.close(promise: nil)
        }
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.client.metrics.connections.add(-1)
        if self.machine.connectionClosed() {
            if case .stream(let body, _) = self.sending { body.cancel() }
        }
        self.exchange.cancel()
        self.client.close()
        self.sending = .nothing
        self.arrivals = []
        self.share.hold(0)
        self.idleTimer.stop()
        self.stallWatch.stop()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = self.unwrapInboundIn(data)
        self.decoder.parsed(part)
        self.idleTimer.activity()
        if self.arrivals.isEmpty, self.takesParts {
            self.take(part, context)
        } else {
            self.arrivals.append(.part(part))
            if case .body(let bytes) = part { self.arrivedBytes += bytes.readableBytes }
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if self.arrivedBytes > 0 { self.countMemory() }
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        if self.arrivals.isEmpty, self.takesParts {
            context.read()
        } else {
            self.isReadHeldBack = true
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            self.idleTimer.activity()
            self.sendMore()
            self.takeArrivals()
        }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent:
            if self.machine.quiesceBegan() { context.close(promise: nil) }
        default:
            context.fireUserInboundEventTriggered(event)
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

    // MARK: One request at a time

    private var takesParts: Bool { self.machine.takesParts(isWritable: self.context?.channel.isWritable ?? false) }

    /// Takes what came meanwhile, then reads the socket again.
    func takeArrivals() {
        // An answer given at once calls back into here; the loop below continues anyway.
        guard !self.isTakingArrivals, let context = self.context else { return }
        self.isTakingArrivals = true
        defer { self.isTakingArrivals = false }
        while self.takesParts, let arrival = self.arrivals.popFirst() {
            switch arrival {
            case .part(let part):
                if case .body(let bytes) = part { self.arrivedBytes -= bytes.readableBytes }
                self.take(part, context)
            case .malformed: self.refuseMalformed(context)
            }
        }
        if self.isReadHeldBack, self.arrivals.isEmpty, self.takesParts {
            self.isReadHeldBack = false
            context.read()
        }
    }

    private func take(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        switch part {
        case .head(let head):
            guard self.machine.headReceived(HTTP1Machine.Request(head)) else { return }
            self.exchange.begin(head)
            if self.machine.isReceiving, head.headers.first(name: "expect")?.lowercased() == "100-continue" {
                var invitation = context.channel.allocator.buffer(capacity: 32)
                ResponseHead.writeContinue(isHTTP10: head.version == .http1_0, to: &invitation)
                context.writeAndFlush(self.wrapOutboundOut(invitation), promise: nil)
            }
        case .body(let bytes):
            switch self.machine.bodyReceived(bytes.readableBytes) {
            case .pass:
                self.receivedBytes &+= bytes.readableBytes
                self.exchange.receive(bytes)
                self.watchForStall()
            case .drop: break
            case .close: context.close(promise: nil)
            }
        case .end:
            switch self.machine.endReceived() {
            case .pass: self.exchange.end()
            case .drop: break
            case .close: context.close(promise: nil)
            }
        }
    }

    private func refuseMalformed(_ context: ChannelHandlerContext) {
        switch self.machine.malformedReceived() {
        case .answer:
            self.exchange.cancel()
            context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(staticString: ResponseHead.malformed)), promise: nil)
            context.close(promise: nil)
        case .close: context.close(promise: nil)
        case .drop: break
        }
    }

    // MARK: Memory

    /// Smaller amounts are not counted.
    static let countedBytesMin = 64 << 10

    private func countMemory() {
        let bytes = self.unsentBytes + self.arrivedBytes
        self.share.hold(bytes > Self.countedBytesMin ? bytes : 0)
        self.watchForStall()
    }

    /// An answer, or its end, has been written and is counted until the socket has taken it.
    func countUnsent(_ bytes: Int) {
        self.unsentBytes += bytes
        self.countMemory()
    }

    /// A client that holds memory and does not move is not waited for when others need it (decision 0010).
    func watchForStall() {
        guard let context = self.context, self.heldBytes >= StallWatch.bytesMin else { return }
        self.stallWatch.start(on: context.eventLoop) { [weak self] in
            self?.stallState ?? .over
        } expired: { [weak self] in
            guard let self, let context = self.context else { return }
            self.client.warn(
                .stalled,
                "it holds \(self.heldBytes) bytes, does not move and others wait (--memory-limit)"
            )
            context.close(promise: nil)
        }
    }

    private var heldBytes: Int { self.share.bytes + self.exchange.heldBytes }

    private var stallState: StallWatch.State {
        guard let channel = self.context?.channel, channel.isActive else { return .over }
        guard self.heldBytes >= StallWatch.bytesMin else { return .over }
        guard self.machine.awaitsClient else { return .busy }
        let progress = self.receivedBytes - channel.unsentBytes - self.exchange.heldBytes
        let memory = self.client.memory
        let patience = memory.isAwaited ? memory.patience(now: self.client.eventLoop.now) : nil
        return .awaitsClient(progress: progress, patience: patience)
    }

    // MARK: What answers need

    func answerLeaves() { self.idleTimer.activity() }

    func httpDate() -> String {
        let now = self.client.service.backend.now()
        if self.date.second != now / 1000 { self.date = (now / 1000, CalendarTime(now).httpDate) }
        return self.date.text
    }
}

extension HTTP1Machine.Request {
    init(_ head: HTTPRequestHead) {
        self.init(
            isHTTP10: head.version == .http1_0,
            // What follows a CONNECT would not be HTTP.
            isKeepAlive: head.isKeepAlive && head.method != .CONNECT,
            isHead: head.method == .HEAD
        )
    }
}
