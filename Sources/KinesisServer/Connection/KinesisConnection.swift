internal import Broker
internal import KinesisProtocol
internal import LogCore
internal import Logging
internal import NIOCore
internal import NIOHTTP1

/// One connection of the Kinesis port: gathers a request, has it carried out, writes the answer.
///
/// The pipeline hands over one request at a time. Data operations run here on the loop; administrative ones in a task
/// that this connection waits for.
final class KinesisConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// 10 MiB of records in base64, 500 keys with escapes, and some room.
    static let bodyBytesMax = 16 << 20
    /// Smaller bodies are not counted before they are whole.
    private static let countedBodyBytesMin = 64 << 10
    /// Held for a GetRecords under way: 10 MiB of records, or what they become as JSON.
    private static let getRecordsBytesMax = 14 << 20
    /// What is read and thrown away of a request that is too large, so that its sender gets to see the answer.
    private static let discardedBytesMax = 64 << 20

    private enum State {
        case idle
        case receiving(HTTPRequestHead, ByteBuffer)
        /// Too large; answered already.
        case discarding(bytes: Int)
        case answering
    }

    private let service: KinesisService
    private let logger: Logger
    private var state = State.idle
    private var context: ChannelHandlerContext?
    private var ids = RequestIDs()
    /// The router of the stream that was last put to.
    private var router: (topic: HostedTopic, router: StreamRouter)?
    private var lastCaller = LastCaller()
    private var date: (second: Int64, text: String) = (.min, "")
    private var share: ConnectionShare

    init(service: KinesisService, logger: Logger) {
        self.service = service
        self.logger = logger
        self.share = ConnectionShare(of: service.backend.memory)
    }

    private var metrics: BrokerMetrics.Face { self.service.backend.kinesisMetrics }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        self.metrics.connections.add(1)
        self.metrics.connectionsAccepted.add()
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.metrics.connections.add(-1)
        self.share.hold(0)
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data) {
        case .head(let head): self.begin(head, context)
        case .body(let bytes): self.receive(bytes, context)
        case .end: self.end(context)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is IdleStateHandler.IdleStateEvent else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        if case .answering = self.state { return }
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // What is no HTTP has been answered with 400 by the handler before this one.
        self.logger.debug("closing a connection", metadata: ["error": "\(error)"])
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
            self.refuseBody(Answer(status: 503, contentType: ContentType.json.rawValue, body: body), of: head)
            return
        }
        self.state = .receiving(head, ByteBuffer())
        if head.headers.first(name: "expect")?.lowercased() == "100-continue" {
            let response = HTTPResponseHead(version: head.version, status: .continue)
            context.writeAndFlush(self.wrapOutboundOut(.head(response)), promise: nil)
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
        case .idle, .answering: break
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
        case .idle, .answering: break
        }
    }

    private func refuseTooLarge(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        self.refuseBody(Answer(status: 413, contentType: nil, body: ByteBuffer()), of: head)
    }

    /// Answers before the body has come, and throws the body away.
    private func refuseBody(_ answer: Answer, of head: HTTPRequestHead) {
        self.metrics.requests.add()
        self.write(answer, to: head, isLast: true)
        self.state = .discarding(bytes: 0)
    }

    // MARK: Answering

    private struct Answer {
        var status: Int
        var contentType: String?
        var body: ByteBuffer
    }

    private func handle(_ head: HTTPRequestHead, _ body: ByteBuffer, _ context: ChannelHandlerContext) {
        let request: KinesisRequest
        switch KinesisRequest.read(head, body, lastCaller: &self.lastCaller) {
        case .accepted(let accepted): request = accepted
        case .refused(let error, let contentType):
            self.answer(error, contentType, to: head)
            return
        case .notKinesis(let status, let xml):
            self.metrics.requestsFailed.add()
            self.write(Answer(status: status, contentType: nil, body: ByteBuffer(string: xml)), to: head)
            return
        }
        self.run(request, head, context.eventLoop)
    }

    /// Starts a request; a put waits until the log can take it. Nothing else is read from this connection meanwhile.
    private func run(_ request: KinesisRequest, _ head: HTTPRequestHead, _ eventLoop: any EventLoop) {
        let engine = self.service.backend.engine
        if Self.isPut(request.operation), engine.isCongested {
            let bound = NIOLoopBound((self, request), eventLoop: eventLoop)
            engine.onRelief(on: eventLoop) {
                let (connection, request) = bound.value
                // The client may be gone by now.
                if connection.context != nil { connection.run(request, head, eventLoop) }
            }
            return
        }
        if request.operation == .getRecords, !self.share.reserve(Self.getRecordsBytesMax) {
            let bound = NIOLoopBound((self, request), eventLoop: eventLoop)
            self.share.memory.onRelief(on: eventLoop) {
                let (connection, request) = bound.value
                if connection.context != nil { connection.run(request, head, eventLoop) }
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
                self?.write(Answer(status: 200, contentType: type, body: body), to: head)
            case .failure(let error):
                self?.answer(error, request.contentType, to: head)
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

    private func answer(_ error: KinesisError, _ contentType: ContentType, to head: HTTPRequestHead) {
        self.metrics.requestsFailed.add()
        if error.status >= 500 {
            self.logger.warning("a request failed", metadata: ["code": "\(error.code.rawValue)"])
        }
        let body = OutputEncoding.encode(error, as: contentType)
        self.write(Answer(status: error.status, contentType: contentType.rawValue, body: body), to: head)
    }

    private func write(_ answer: Answer, to head: HTTPRequestHead, isLast: Bool = false) {
        // The client may be gone by now.
        guard let context = self.context else { return }
        self.state = .idle
        let answerBytes = answer.body.readableBytes
        self.share.hold(answerBytes)
        let closes = isLast || !head.isKeepAlive
        var headers = HTTPHeaders()
        headers.reserveCapacity(6)
        headers.add(name: "x-amzn-RequestId", value: self.ids.requestID())
        headers.add(name: "x-amz-id-2", value: self.ids.extendedID())
        headers.add(name: "Date", value: self.httpDate())
        if let contentType = answer.contentType { headers.add(name: "Content-Type", value: contentType) }
        headers.add(name: "Content-Length", value: String(answer.body.readableBytes))
        if closes { headers.add(name: "Connection", value: "close") }
        let response = HTTPResponseHead(
            version: head.version,
            status: HTTPResponseStatus(statusCode: answer.status),
            headers: headers
        )
        self.metrics.bytesSent.add(answer.body.readableBytes)
        context.write(self.wrapOutboundOut(.head(response)), promise: nil)
        if head.method != .HEAD, answer.body.readableBytes > 0 {
            context.write(self.wrapOutboundOut(.body(.byteBuffer(answer.body))), promise: nil)
        }
        let end = context.writeAndFlush(self.wrapOutboundOut(.end(nil)))
        // A request that is too large is still coming in: it is closed when that is over.
        end.assumeIsolated().whenComplete { _ in
            self.share.hold(max(0, self.share.bytes - answerBytes))
            if closes, !isLast { context.close(promise: nil) }
        }
    }

    private func httpDate() -> String {
        let now = self.service.backend.now()
        if self.date.second != now / 1000 { self.date = (now / 1000, CalendarTime(now).httpDate) }
        return self.date.text
    }
}
