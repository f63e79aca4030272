internal import AccessControl
internal import Broker
internal import KafkaProtocol
internal import Logging
internal import NIOCore
internal import ServerTLS
internal import Serving

/// One client connection: frames in, answers out in the order of the requests. Lives on the channel's event loop.
///
/// The shell of a `ConnectionCore`, which decides what begins when, what is read and when the connection ends:
///
/// | file | what it carries out |
/// | --- | --- |
/// | this one | channel events, the socket, the end |
/// | `KafkaConnection+Requests` | frames to requests, the gate, dispatch |
/// | `KafkaConnection+Answers` | answers, deadlines |
/// | `KafkaConnection+Sasl` | what a listener with SASL admits, tokens |
/// | `KafkaConnection+Encrypted` | answers that are encrypted as the client takes them |
/// | `KafkaConnection+Memory` | what is counted, stalled clients |
/// | `KafkaConnection+Quotas` | what requests use of quotas, throttling |
final class KafkaConnection: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Requests of one connection that may be in flight. Kafka has one; clients pipeline five produce requests.
    static let requestsMax = 64

    /// Where an answer is written: flushed by itself, or with others once all that has arrived is taken.
    enum Turn {
        case outside
        case takingRequests
    }

    let services: Services
    let metrics: BrokerMetrics.Face
    /// Where the event loop's requests are counted; there once the client has connected.
    private(set) var stripe: RequestMetrics.Stripe?
    private let logger: Logger
    private let listener: String

    private(set) var context: ChannelHandlerContext?
    private(set) var session: Session?
    /// `socket.request.max.bytes`, within what memory there is.
    let frameBytesMax: Int
    /// Of a listener with SASL.
    let sasl: KafkaSasl?
    /// Of the last request.
    var knownRights: (session: Session, rights: Rights)?
    /// What the client said that it is.
    var software: ClientSoftware?
    var core = ConnectionCore(.init(ordering: .pipelined, requestsMax: KafkaConnection.requestsMax))
    var frames: FrameDecoder
    var turn = Turn.outside
    var hasUnflushed = false
    /// What comes in and goes out is encrypted by a handler in front of this one.
    let isEncrypted: Bool
    /// Answers that are to be encrypted, where that is so.
    var paced = PacedWrites()
    var isPacing = false
    /// The last answer waits in `paced`.
    var closesWhenPaced = false
    /// The request that the core holds.
    var heldFrame: ByteBuffer?
    /// Since when, as long as there is one.
    var heldSince: NIODeadline?
    /// What waits for room on behalf of this connection; cancelled with it.
    var memoryClaim: MemoryClaim?
    /// Reaches the connection from waits that cannot be cancelled, until it is gone.
    private(set) var reference: NIOLoopBoundBox<KafkaConnection?>?
    var share: ConnectionShare
    let fetch = ConnectionFetch()
    var loopTime = LoopTime()
    /// The quotas have been asked about the answer that comes next.
    var isAnswerCharged = false
    let idleTimer: IdleTimer
    var deadlineTimer: NIOScheduledCallback?
    var deadlineHandler: DeadlineHandler?

    init(
        services: Services,
        listener: String,
        sasl: SaslListener? = nil,
        frameBytesMax: Int,
        idleTime: TimeAmount,
        isEncrypted: Bool = false,
        logger: Logger
    ) {
        self.services = services
        self.sasl = sasl.map { KafkaSasl($0, services.broker.authentication) }
        self.isEncrypted = isEncrypted
        self.listener = listener
        self.idleTimer = IdleTimer(limit: idleTime)
        self.metrics = services.broker.metrics.kafka
        self.logger = logger
        let memory = services.broker.memory
        self.frameBytesMax = min(frameBytesMax, memory.requestBytesMax)
        self.frames = FrameDecoder(
            frameBytesMax: min(self.frameBytesMax, self.sasl?.settings.receiveBytesMax ?? self.frameBytesMax)
        )
        self.share = ConnectionShare(of: memory)
    }

    var memory: ConnectionMemory { self.services.broker.memory }

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
        guard self.session == nil else { return }
        self.session = Session(listener: self.listener, of: context.channel)
        self.reference = NIOLoopBoundBox(self, eventLoop: context.eventLoop)
        self.deadlineHandler = DeadlineHandler(self, on: context.eventLoop)
        self.metrics.connected(on: self.listener)
        self.stripe = self.metrics.requestMetrics.stripe(of: context.eventLoop)
        self.idleTimer.start(on: context.eventLoop) { self.idleLimitReached() }
        self.startSaslDeadline(on: context.eventLoop)
    }

    /// The client has authenticated: requests from now on are of this session.
    func replaceSession(_ session: Session) { self.session = session }

    private func idleLimitReached() {
        guard let context else { return }
        let isTaking = self.idleTimer.isTaking(unsentBytes: self.unsentBytes(context.channel))
        if self.core.idleLimitReached(isTaking: isTaking) == .close { context.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !self.core.isClosed else { return }
        self.idleTimer.activity()
        let before = self.frames.arrivedBytes
        let bytes = self.unwrapInboundIn(data)
        if self.isEncrypted { self.frames.append(copying: bytes) } else { self.frames.append(bytes) }
        let count = self.frames.arrivedBytes - before
        self.core.received(count)
        self.metrics.bytesReceived.add(count)
        self.takeRequests()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.flush()
        self.countHoldings()
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        if self.core.readRequested() == .read { context.read() }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        self.channelTakes(context)
        self.countHoldings()
        self.advance()
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent:
            let action = self.core.quiesce()
            self.writeAnswers()
            self.flush()
            self.carryOut(action)
            self.carryOut(self.core.endIfAnswered())
        case let event as ConnectionSecured:
            self.session = self.session?.secured(event)
            self.logger.debug(
                "connection secured",
                metadata: [
                    "listener": "\(self.listener)", "client": "\(self.session?.remote.host ?? "")",
                    "tls": "\(event.tls.version)", "certificate": "\(event.tls.peerName ?? "none")",
                    "principal": "\(event.principal)",
                ]
            )
        case let event as ChannelEvent where event == .inputClosed:
            context.close(promise: nil)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.logger.debug(
            "connection failed",
            metadata: ["client": "\(self.session?.remote.host ?? "")", "error": "\(error)"]
        )
        context.close(promise: nil)
    }

    // MARK: Reading the socket

    var isBetweenFrames: Bool { self.frames.isBetweenFrames }

    /// See `FrameDecoder.receiveBuffer`. NIO hands the buffer to `channelRead` once it has read something.
    func receiveBuffer(available: Int, length: Int32?) -> ByteBuffer {
        if let length, !self.memory.admitsRequest(Int(length)) {
            // A few bytes, so that the decoder learns of the frame; the rest stays in the socket.
            return self.frames.receiveBuffer(available: 0, length: nil)
        }
        return self.frames.receiveBuffer(available: available, length: length)
    }

    // MARK: The end

    /// No request begins any more; the connection closes behind the answers that are under way.
    func endAfterAnswers() { self.carryOut(self.core.quiesce()) }

    /// Something changed that requests or answers may have waited for.
    func advance() {
        guard self.turn == .outside else { return }
        self.flush()
        self.takeRequests()
        self.flush()
        self.countHoldings()
        self.carryOut(self.core.endIfAnswered())
    }

    func carryOut(_ action: ConnectionCore.EndAction) {
        guard action == .closeAfterWrites, let context else { return }
        guard self.paced.isEmpty else {
            self.closesWhenPaced = true
            return
        }
        // Behind the answers that the socket has not taken.
        context.writeAndFlush(self.wrapOutboundOut(ByteBuffer())).assumeIsolated().whenComplete { _ in
            context.close(promise: nil)
        }
    }

    /// Closes without regard to answers on their way: the client has broken the protocol or does not move.
    func close(_ kind: ConnectionLog.Kind, because reason: @autoclosure () -> String) {
        guard let context, !self.core.isClosed else { return }
        self.metrics.requestsFailed.add()
        self.services.log.warn(kind, reason(), client: self.session?.remote.host ?? "", on: context.eventLoop)
        self.end()
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.end()
        self.metrics.disconnected(from: self.listener)
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.end()
        self.context = nil
    }

    /// Lets go of all that is kept for the client, and of all that keeps the connection.
    private func end() {
        for cancel in self.core.closed() { cancel() }
        self.heldFrame = nil
        self.memoryClaim?.cancel()
        self.memoryClaim = nil
        self.share.hold(requests: 0, answers: 0)
        self.paced.removeAll()
        self.fetch.closed()
        self.sasl?.end()
        self.idleTimer.stop()
        self.deadlineTimer?.cancel()
        self.deadlineTimer = nil
        self.deadlineHandler = nil
        self.reference?.value = nil
        self.reference = nil
    }
}
