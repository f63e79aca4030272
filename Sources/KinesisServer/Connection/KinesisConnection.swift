internal import Broker
internal import KinesisProtocol
internal import LogCore
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import Serving

/// One connection of the Kinesis port: gathers a request, has it carried out, writes the answer.
///
/// Requests are carried out one after the other, so answers keep the order of pipelined requests; the next one is not
/// begun, nor the socket read, before the client has taken most of the answer to the last. Data operations run here on
/// the loop; administrative ones in a task that this connection waits for.
///
/// HTTP is parsed by the handler before this one. Our own answers are few and plain, and are written in one piece.
final class KinesisConnection: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    /// 10 MiB of records in base64, 500 keys with escapes, and some room.
    static let bodyBytesMax = 16 << 20
    /// Smaller bodies are not counted before they are whole.
    private static let countedBodyBytesMin = 64 << 10
    /// Answers up to this size are not counted while the socket takes them.
    private static let countedAnswerBytesMin = 64 << 10
    /// A longer body is not copied behind its head.
    private static let copiedBodyBytesMax = 8 << 10
    /// After so many chunks of an answer other connections get their turn.
    private static let chunksPerTurn = 4
    /// What is read and thrown away of a request that is too large, so that its sender gets to see the answer.
    private static let discardedBytesMax = 64 << 20

    private enum State {
        case idle
        case receiving(HTTPRequestHead, ByteBuffer)
        /// Too large; answered already.
        case discarding(bytes: Int)
        /// The request is carried out.
        case answering
        /// The head of the answer is out, and not all of the body.
        case sending(any ChunkedBody, closes: Bool)
        /// The last answer is out but for what the socket has not taken.
        case closing
    }

    /// What came while an answer was under way.
    private enum Arrival {
        case part(HTTPServerRequestPart)
        /// No HTTP.
        case malformed
    }

    /// What an answer has to know of its request.
    private struct Origin {
        var isHTTP10: Bool
        var isKeepAlive: Bool
        var isHead: Bool

        init(_ head: HTTPRequestHead) {
            self.isHTTP10 = head.version == .http1_0
            self.isKeepAlive = head.isKeepAlive
            self.isHead = head.method == .HEAD
        }
    }

    private let service: KinesisService
    private let logger: Logger
    private var state = State.idle
    private var arrivals = CircularBuffer<Arrival>()
    private var isReadHeldBack = false
    private var isTakingArrivals = false
    private var isSending = false
    /// No more requests are begun; the connection closes when the answer under way is out.
    private var isQuiescing = false
    private var context: ChannelHandlerContext?
    private var ids = RequestIDs()
    /// The router of the stream that was last put to.
    private var router: (topic: HostedTopic, router: StreamRouter)?
    private var lastCaller = LastCaller()
    private var date: (second: Int64, text: String) = (.min, "")
    private var share: ConnectionShare
    private let idleTimer: IdleTimer

    init(service: KinesisService, idleTimeout: TimeAmount, logger: Logger) {
        self.service = service
        self.idleTimer = IdleTimer(limit: idleTimeout)
        self.logger = logger
        self.share = ConnectionShare(of: service.backend.memory)
    }

    private var metrics: BrokerMetrics.Face { self.service.backend.kinesisMetrics }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        self.metrics.connections.add(1)
        self.metrics.connectionsAccepted.add()
        self.idleTimer.start(on: context.eventLoop) {
            if case .answering = self.state { return }
            guard let context = self.context, !self.idleTimer.isTaking(context.channel) else { return }
            context.close(promise: nil)
        }
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.metrics.connections.add(-1)
        self.share.hold(0)
        self.idleTimer.stop()
        self.state = .closing
        self.arrivals = []
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = self.unwrapInboundIn(data)
        self.idleTimer.activity()
        if self.arrivals.isEmpty, self.takesArrivals {
            self.take(part, context)
        } else {
            self.arrivals.append(.part(part))
        }
    }

    func read(context: ChannelHandlerContext) {
        if self.arrivals.isEmpty, self.takesArrivals {
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
            self.isQuiescing = true
            if case .idle = self.state { context.close(promise: nil) }
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.logger.debug("closing a connection", metadata: ["error": "\(error)"])
        guard error is HTTPParserError else {
            context.close(promise: nil)
            return
        }
        self.arrivals.append(.malformed)
        self.takeArrivals()
    }

    // MARK: One request at a time

    private var takesArrivals: Bool {
        switch self.state {
        case .idle: !self.isQuiescing && (self.context?.channel.isWritable ?? false)
        case .receiving, .discarding: true
        case .answering, .sending, .closing: false
        }
    }

    /// Goes on with what came meanwhile, and reads the socket on.
    private func takeArrivals() {
        // An answer given at once calls back into here; the loop below goes on anyway.
        guard !self.isTakingArrivals, let context = self.context else { return }
        self.isTakingArrivals = true
        defer { self.isTakingArrivals = false }
        while self.takesArrivals, let arrival = self.arrivals.popFirst() {
            switch arrival {
            case .part(let part): self.take(part, context)
            case .malformed: self.refuseMalformed(context)
            }
        }
        if self.isReadHeldBack, self.arrivals.isEmpty, self.takesArrivals {
            self.isReadHeldBack = false
            context.read()
        }
    }

    private func take(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        switch part {
        case .head(let head): self.begin(head, context)
        case .body(let bytes): self.receive(bytes, context)
        case .end: self.end(context)
        }
    }

    private func refuseMalformed(_ context: ChannelHandlerContext) {
        if case .discarding = self.state {
            context.close(promise: nil)
            return
        }
        self.state = .closing
        context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(staticString: ResponseHead.malformed)), promise: nil)
        context.close(promise: nil)
    }

    // MARK: Receiving

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let announced = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
        guard announced <= Self.bodyBytesMax else {
            self.refuseTooLarge(head, context)
            return
        }
        guard announced <= Self.countedBodyBytesMin || self.share.reserve(announced) else {
            let body = OutputEncoding.encode(KinesisError.outOfMemory, as: .json)
            let answer = Answer(status: 503, contentType: ContentType.json.rawValue, body: .whole(body))
            self.refuseBody(answer, of: head)
            return
        }
        self.state = .receiving(head, ByteBuffer())
        if head.headers.first(name: "expect")?.lowercased() == "100-continue" {
            var invitation = context.channel.allocator.buffer(capacity: 32)
            ResponseHead.writeContinue(isHTTP10: head.version == .http1_0, to: &invitation)
            context.writeAndFlush(self.wrapOutboundOut(invitation), promise: nil)
        }
    }

    private func receive(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        switch self.state {
        case .receiving(let head, var body):
            // Let go of the second reference, so that the body grows in place.
            self.state = .idle
            guard body.readableBytes + bytes.readableBytes <= Self.bodyBytesMax else {
                self.refuseTooLarge(head, context)
                return
            }
            if body.readableBytes == 0 {
                body = bytes
            } else {
                self.reserve(&body, for: head)
                body.writeImmutableBuffer(bytes)
            }
            if body.readableBytes > max(self.share.bytes, Self.countedBodyBytesMin) {
                self.share.hold(body.readableBytes)
            }
            self.state = .receiving(head, body)
        case .discarding(let discarded):
            self.state = .discarding(bytes: discarded + bytes.readableBytes)
            if discarded > Self.discardedBytesMax { context.close(promise: nil) }
        case .idle, .answering, .sending, .closing: break
        }
    }

    /// Makes room for what was announced, but never more than a few times what has come.
    private func reserve(_ body: inout ByteBuffer, for head: HTTPRequestHead) {
        let announced = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
        let wanted = min(announced, body.readableBytes * 8)
        if wanted > body.capacity { body.reserveCapacity(wanted) }
    }

    private func end(_ context: ChannelHandlerContext) {
        switch self.state {
        case .receiving(let head, let body):
            self.state = .answering
            self.metrics.requests.add()
            self.metrics.bytesReceived.add(body.readableBytes)
            self.handle(head, body, context)
        case .discarding:
            context.close(promise: nil)
        case .idle, .answering, .sending, .closing: break
        }
    }

    private func refuseTooLarge(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        self.refuseBody(Answer(status: 413, contentType: nil, body: .whole(ByteBuffer())), of: head)
    }

    /// Answers before the body has come, and throws the body away.
    private func refuseBody(_ answer: Answer, of head: HTTPRequestHead) {
        self.metrics.requests.add()
        self.state = .discarding(bytes: 0)
        self.write(answer, to: Origin(head))
    }

    // MARK: Answering

    private struct Answer {
        var status: Int
        var contentType: String?
        var body: AnswerBody
    }

    private func handle(_ head: HTTPRequestHead, _ body: ByteBuffer, _ context: ChannelHandlerContext) {
        let origin = Origin(head)
        switch KinesisRequest.read(head, body, lastCaller: &self.lastCaller) {
        case .accepted(let request):
            self.run(request, origin, context.eventLoop)
        case .refused(let error, let contentType):
            self.answer(error, contentType, to: origin)
        case .notKinesis(let status, let xml):
            self.metrics.requestsFailed.add()
            let body = AnswerBody.whole(ByteBuffer(string: xml))
            self.write(Answer(status: status, contentType: nil, body: body), to: origin)
        }
    }

    /// Starts a request; a put waits until the log can take it. Nothing else is read from this connection meanwhile.
    private func run(_ request: KinesisRequest, _ origin: Origin, _ eventLoop: any EventLoop) {
        let engine = self.service.backend.engine
        if Self.isPut(request.operation), engine.isCongested {
            let bound = NIOLoopBound((self, request), eventLoop: eventLoop)
            engine.onRelief(on: eventLoop) {
                let (connection, request) = bound.value
                // The client may be gone by now.
                if connection.context != nil { connection.run(request, origin, eventLoop) }
            }
            return
        }
        if request.operation == .getRecords, !self.share.reserve(RecordCollector<JSONWriter>.heldBytesMax) {
            let bound = NIOLoopBound((self, request), eventLoop: eventLoop)
            self.share.memory.onRelief(on: eventLoop) {
                let (connection, request) = bound.value
                if connection.context != nil { connection.run(request, origin, eventLoop) }
            }
            return
        }
        let call = OperationCall(
            request: request,
            service: self.service,
            logger: self.logger,
            eventLoop: eventLoop,
            router: { [weak self] in self?.router(for: $0) ?? StreamRouter($0.topic) }
        )
        call.run { [weak self] result in
            switch result {
            case .success(let body):
                let type = request.contentType.rawValue
                self?.write(Answer(status: 200, contentType: type, body: body), to: origin)
            case .failure(let error):
                self?.answer(error, request.contentType, to: origin)
            }
        }
    }

    private static func isPut(_ operation: Operation) -> Bool {
        switch operation {
        case .putRecord, .putRecords: true
        default: false
        }
    }

    private func router(for topic: HostedTopic) -> StreamRouter {
        if let router, router.topic === topic { return router.router }
        let made = StreamRouter(topic.topic)
        self.router = (topic, made)
        return made
    }

    private func answer(_ error: KinesisError, _ contentType: ContentType, to origin: Origin) {
        self.metrics.requestsFailed.add()
        if error.status >= 500 {
            self.logger.warning("a request failed", metadata: ["code": "\(error.code.rawValue)"])
        }
        let body = AnswerBody.whole(OutputEncoding.encode(error, as: contentType))
        self.write(Answer(status: error.status, contentType: contentType.rawValue, body: body), to: origin)
    }

    private func write(_ answer: Answer, to origin: Origin) {
        // The client may be gone by now.
        guard let context = self.context, context.channel.isActive else { return }
        // What is refused before it has come is closed when that is over.
        var isRefusal = false
        if case .discarding = self.state { isRefusal = true }
        let closes = !origin.isKeepAlive || isRefusal || self.isQuiescing
        let bodyBytes =
            switch answer.body {
            case .whole(let body): body.readableBytes
            case .chunked(let body): body.byteCount
            }
        let copied = bodyBytes <= Self.copiedBodyBytesMax ? bodyBytes : 0
        var start = context.channel.allocator.buffer(capacity: ResponseHead.bytesMax + copied)
        ResponseHead(
            status: answer.status,
            isHTTP10: origin.isHTTP10,
            contentType: answer.contentType,
            contentLength: bodyBytes,
            closes: closes
        ).write(to: &start, ids: &self.ids, date: self.httpDate())
        self.metrics.bytesSent.add(bodyBytes)
        self.idleTimer.activity()
        switch answer.body {
        case .chunked(let body) where !origin.isHead && bodyBytes > 0:
            self.state = .sending(body, closes: closes)
            self.sendMore(after: start)
        case .whole(let body) where !origin.isHead && bodyBytes > copied:
            context.write(self.wrapOutboundOut(start), promise: nil)
            self.writeLast(body, closes: closes, isRefusal: isRefusal, context)
        case .whole(let body) where !origin.isHead:
            start.writeImmutableBuffer(body)
            self.writeLast(start, closes: closes, isRefusal: isRefusal, context)
        default:
            self.writeLast(start, closes: closes, isRefusal: isRefusal, context)
        }
    }

    /// Sends as much of a long answer as the socket takes, but not all at once.
    ///
    /// - Parameter start: the head of the answer, before the first chunk.
    private func sendMore(after start: ByteBuffer? = nil) {
        guard !self.isSending, case .sending(let body, let closes) = self.state, let context = self.context else {
            return
        }
        // Writing calls back when the socket takes no more, and when it does again.
        self.isSending = true
        defer { self.isSending = false }
        var start = start
        for _ in 0..<Self.chunksPerTurn {
            guard start != nil || context.channel.isWritable else { break }
            let chunk: ByteBuffer
            do throws(ChunkedBodyError) {
                chunk = try body.next(after: start.take() ?? ByteBuffer())
            } catch {
                self.logger.error("an answer was cut short", metadata: ["error": "\(error)"])
                context.close(promise: nil)
                return
            }
            if body.bytesLeft == 0 {
                // The next request may be answered, at length, before this returns.
                self.isSending = false
                self.writeLast(chunk, closes: closes || self.isQuiescing, isRefusal: false, context)
                return
            }
            self.share.hold(body.heldBytes + chunk.readableBytes)
            context.write(self.wrapOutboundOut(chunk), promise: nil)
            // A head by itself goes out with what follows.
            if chunk.readableBytes > ResponseHead.bytesMax { context.flush() }
            // The client may be gone by now.
            guard case .sending = self.state else { return }
        }
        context.flush()
        guard context.channel.isWritable else { return }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.execute { bound.value.sendMore() }
    }

    /// Writes the end of an answer, and goes on with the next request.
    private func writeLast(_ bytes: ByteBuffer, closes: Bool, isRefusal: Bool, _ context: ChannelHandlerContext) {
        let count = bytes.readableBytes
        let isCounted = count > Self.countedAnswerBytesMin
        self.share.hold(isCounted ? count : 0)
        if !isRefusal { self.state = closes ? .closing : .idle }
        if isCounted || (closes && !isRefusal) {
            context.writeAndFlush(self.wrapOutboundOut(bytes)).assumeIsolated().whenComplete { _ in
                if isCounted { self.share.hold(max(0, self.share.bytes - count)) }
                if closes, !isRefusal { context.close(promise: nil) }
            }
        } else {
            context.writeAndFlush(self.wrapOutboundOut(bytes), promise: nil)
        }
        self.takeArrivals()
    }

    private func httpDate() -> String {
        let now = self.service.backend.now()
        if self.date.second != now / 1000 { self.date = (now / 1000, CalendarTime(now).httpDate) }
        return self.date.text
    }
}
